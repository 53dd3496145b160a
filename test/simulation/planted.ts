import type { Patch } from "./bundle.ts";
import type { ProviderName } from "./plan.ts";

/** A bug that the simulation must find. */
export interface PlantedBug {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** The providers whose runs find it. */
  readonly providers: readonly ProviderName[];
  /** The promises of which one must be found broken. */
  readonly breaks: readonly string[];
}

const loop = (name: string): string => `src/loop/${name}.ts`;

/** Bugs that users of such libraries have met, or nearly, put into the source by their text. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: "acks an event before its handler has run",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["ackedBeforeHandled"],
    patches: [
      {
        file: loop("engine"),
        find: "    this.#dispatcher.add(entry);\n",
        replace:
          "    this.#dispatcher.add(entry);\n    this.#window.settle(entry);\n    this.#acks.settled(entry);\n",
      },
    ],
  },
  {
    name: "acks past an event that is open",
    providers: ["tiki", "workato"],
    breaks: ["ackedBeforeHandled", "ackPassedOpen"],
    patches: [
      {
        file: loop("watermark"),
        find: "if (place === undefined || !place.settled) return;",
        replace: "if (place === undefined) return;",
      },
    ],
  },
  {
    name: "drops what is in work at a shutdown",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["ackedBeforeHandled"],
    patches: [
      {
        file: loop("processor"),
        find: 'if (leash.endedBy === "stop" || !this.#parts.mayStart()) return LEFT;',
        replace: 'if (leash.endedBy === "stop" || !this.#parts.mayStart()) return DROPPED;',
      },
    ],
  },
  {
    name: "counts a bare return after the signal as done",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["ackedBeforeHandled"],
    patches: [
      {
        file: loop("processor"),
        find: "        return leash.endedBy === undefined\n",
        replace: "        return leash !== undefined\n",
      },
    ],
  },
  {
    name: "polls without a wait when nothing comes",
    providers: ["tiki", "kekker"],
    breaks: ["polls", "endless"],
    patches: [
      {
        file: loop("pacing"),
        find: "    return Math.max(backoffMs(this.#attempt, this.#bounds), atLeastMs);",
        replace: "    return Math.min(backoffMs(this.#attempt, this.#bounds), atLeastMs);",
      },
    ],
  },
  {
    name: "loses an event that waits for its next attempt",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["endless", "lost"],
    patches: [
      {
        file: loop("dispatcher"),
        find: "    this.#ready.push(entry);\n    this.pump();\n",
        replace: "    this.pump();\n",
      },
    ],
  },
  {
    name: "saves the cursor when a page was read",
    providers: ["workato"],
    breaks: ["ackedBeforeHandled"],
    patches: [
      {
        file: "src/providers/workato/feed.ts",
        find: "      return toDeliveries(found, start, facts);\n",
        replace: `      const made = toDeliveries(found, start, facts);
      const last = made.at(-1)?.receipt;
      if (last) {
        const { run, place, sequence } = toMark(last);
        await advanceRun(ledger, run, place, sequence, { signal });
      }
      return made;
`,
      },
    ],
  },
  {
    name: "does not wait for the dead letter to be stored",
    providers: ["tiki", "kekker", "workato", "discue"],
    breaks: ["ackedBeforeHandled", "order", "lost"],
    patches: [
      {
        file: loop("processor"),
        find: "    const stored = await this.#parts.keeping.setAside(entry, reason, code);\n",
        replace:
          "    void this.#parts.keeping.setAside(entry, reason, code);\n    const stored = true;\n",
      },
    ],
  },
  {
    name: "counts an event that comes back as handled",
    providers: ["kekker", "workato"],
    breaks: ["ackedBeforeHandled", "ackPassedOpen", "falseDuplicate", "endless", "lost"],
    patches: [
      {
        file: loop("window"),
        find: '    if (entry.state !== "open") this.watermark.settle(position);\n',
        replace: "    this.settle(entry);\n    this.watermark.settle(position);\n",
      },
    ],
  },
  {
    name: "sends an old receipt again after a pull of unknown outcome",
    providers: ["tiki"],
    breaks: ["resent"],
    patches: [
      {
        file: loop("puller"),
        find: "if (certainlyRefused(error)) window.watermark.putBack(mark);",
        replace: "if (error && certainlyRefused) window.watermark.putBack(mark);",
      },
    ],
  },
  {
    name: "does not keep the order of a key",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["order"],
    patches: [
      { file: loop("dispatcher"), find: "      if (behind) {\n", replace: "      if (!entry) {\n" },
    ],
  },
  {
    name: "counts a stop as a failed attempt",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["attempts"],
    patches: [
      {
        file: loop("processor"),
        find: 'if (leash.endedBy === "stop" || !this.#parts.mayStart()) return LEFT;\n',
        replace: "",
      },
    ],
  },
  {
    name: "gives an event up one attempt too early",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["attempts"],
    patches: [
      {
        file: loop("processor"),
        find: "    if (entry.attempts >= attempts) {",
        replace: "    if (entry.attempts + 1 >= attempts) {",
      },
    ],
  },
  {
    name: "goes on although its lease has run out",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["lease", "endless"],
    patches: [
      {
        file: loop("lease"),
        find: "    if (performance.now() < this.#validUntil) return true;",
        replace: "    if (this.#validUntil > 0) return true;",
      },
    ],
  },
  {
    name: "takes an event that another has in work for done",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["ackedBeforeHandled", "ackPassedOpen", "falseDuplicate", "lost"],
    patches: [
      {
        file: loop("processor"),
        find: '      return { kind: "again", delayMs: Math.max(begun.endsInMs, 100), failed: false };',
        replace: "      return DUPLICATE;",
      },
    ],
  },
  {
    name: "forgets an ack that failed",
    providers: ["kekker"],
    breaks: ["endless", "duplicate"],
    patches: [
      {
        file: loop("acks"),
        find: "    for (const entry of this.#failed.splice(0)) this.#queue.push(entry);\n",
        replace: "    this.#failed.splice(0);\n",
      },
    ],
  },
  {
    name: "takes a list that is older than an ack for news",
    providers: ["kekker"],
    breaks: ["duplicate"],
    patches: [
      {
        file: loop("window"),
        find: "    if (this.#unacked && this.#pulling) this.#leaving.push(entry);\n    else this.#known",
        replace: "    this.#known",
      },
    ],
  },
  {
    name: "starts one handler too many",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["tooMany"],
    patches: [
      {
        file: loop("dispatcher"),
        find: "while (this.#running < this.#parts.concurrency &&",
        replace: "while (this.#running <= this.#parts.concurrency &&",
      },
    ],
  },
  {
    name: "takes longer for a stop than it was given",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["slowStop"],
    patches: [
      {
        file: loop("engine"),
        find: "      await within(graceMs, Promise.all([handlersDone, pulling]));",
        replace: "      await within(3 * graceMs, Promise.all([handlersDone, pulling]));",
      },
    ],
  },
  {
    name: "forgets what a webhook has settled",
    providers: ["discue"],
    breaks: ["duplicate", "endless"],
    patches: [
      {
        file: loop("webhook"),
        find: "      if (settled) this.#remember(event.id);\n",
        replace: "",
      },
    ],
  },
  {
    name: "gives up on the stores while a webhook's handler works",
    providers: ["discue"],
    breaks: ["duplicate", "attempts"],
    patches: [
      {
        file: loop("webhook"),
        find: "        this.rest();\n        try {",
        replace: "        try {",
      },
    ],
  },
];
