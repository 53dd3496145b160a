import type { Patch } from "./bundle.ts";

/** A bug that the simulation must find. */
export interface PlantedBug {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** The subjects whose runs find it. */
  readonly providers: readonly string[];
  /** The promises of which one must be found broken. */
  readonly breaks: readonly string[];
  /** What the seeds of its search are made of: with another the first run that shows it may take minutes. */
  readonly seed?: number | undefined;
}

/** A file of the loop's engine. */
export const engine = (name: string): string => `src/loop/engine/${name}.ts`;

/**
 * Bugs that users of such libraries have met, or nearly, put into the source by their text.
 *
 * One that counted a stop as a failed attempt cannot be written any more: what is exhausted in a stop
 * is parked, no step gives it up, and it is left with the run.
 */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: "acks an event before its handler has run",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["ackedBeforeHandled"],
    patches: [
      {
        file: engine("engine"),
        find: "    this.#handling.add(entry);\n",
        replace:
          "    this.#handling.add(entry);\n    this.#window.settle(entry);\n    this.#settling.settled(entry);\n",
      },
    ],
  },
  {
    name: "acks past an event that is open",
    providers: ["tiki", "workato"],
    breaks: ["ackedBeforeHandled", "ackPassedOpen"],
    patches: [
      {
        file: engine("watermark"),
        find: "this.#settled[at] === true;",
        replace: "this.#settled[at] !== undefined;",
      },
    ],
  },
  {
    name: "drops what is in work at a shutdown",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["ackedBeforeHandled"],
    patches: [
      {
        file: engine("attempt"),
        find: 'if (leash?.endedBy === "stop" || !this.#parts.mayStart()) return LEFT;',
        replace: 'if (leash?.endedBy === "stop" || !this.#parts.mayStart()) return DROPPED;',
      },
    ],
  },
  {
    name: "counts a bare return after the signal as done",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["ackedBeforeHandled"],
    patches: [
      {
        file: engine("attempt"),
        find: "if (leash.endedBy === undefined) return this.#handled(entry, began);",
        replace: "if (leash) return this.#handled(entry, began);",
      },
    ],
  },
  {
    name: "polls without a wait when nothing comes",
    providers: ["tiki", "kekker"],
    breaks: ["polls", "endless"],
    patches: [
      {
        file: engine("pulling"),
        find: "    const delayMs = this.#pace.delay(0, { spentMs: waitedMs });\n",
        replace: "    const delayMs = 0;\n",
      },
    ],
  },
  {
    name: "loses an event that waits for its next attempt",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["endless", "lost"],
    patches: [
      {
        file: engine("handling"),
        find: "      this.#napping.delete(entry);\n      this.#ready.push(entry);\n",
        replace: "      this.#napping.delete(entry);\n",
      },
    ],
  },
  {
    name: "saves the cursor when a page was read",
    providers: ["workato"],
    breaks: ["ackedBeforeHandled"],
    patches: [
      {
        file: "src/feeds/cursor/feed.ts",
        find: "    return toPage(await passNameless(page, start.run, wish, read, facts), start);\n",
        replace: `    const made = toPage(await passNameless(page, start.run, wish, read, facts), start);
    const last = made.deliveries.at(-1)?.receipt;
    if (last) {
      const { run, place, sequence } = toMark(provider, last);
      await advanceRun(parts.ledger, run, place, sequence, { signal });
    }
    return made;
`,
      },
    ],
  },
  {
    name: "does not wait for the dead letter to be stored",
    providers: ["tiki", "kekker", "workato", "discue"],
    breaks: ["ackedBeforeHandled", "falseDuplicate", "order", "lost"],
    patches: [
      {
        file: engine("attempt"),
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
        file: engine("window"),
        find: "    const accepted =\n",
        replace: "    if (known) this.settle(known);\n    const accepted =\n",
      },
    ],
  },
  {
    name: "sends an old receipt again after a pull of unknown outcome",
    providers: ["tiki"],
    breaks: ["resent"],
    patches: [
      {
        file: engine("pulling"),
        find: "if (carried && isCertainlyRefused(error)) window.watermark.putBack(carried);",
        replace: "if (carried) window.watermark.putBack(carried);",
      },
    ],
  },
  {
    name: "does not keep the order of a key",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["order"],
    patches: [
      { file: engine("handling"), find: "      if (behind) {\n", replace: "      if (!entry) {\n" },
    ],
  },
  {
    name: "gives an event up one attempt too early",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["attempts"],
    patches: [
      {
        file: engine("attempt"),
        find: "    if (entry.attempts >= attempts) {",
        replace: "    if (entry.attempts + 1 >= attempts) {",
      },
    ],
  },
  {
    name: "takes an event that another has in work for done",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["ackedBeforeHandled", "ackPassedOpen", "falseDuplicate", "lost"],
    patches: [
      {
        file: engine("attempt"),
        find: '      return { kind: "again", delayMs, failed: false };',
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
        file: engine("settling"),
        find: "    for (const { message } of refused) this.#refused.set(message, pace.until);\n",
        replace: "",
      },
    ],
  },
  {
    name: "takes a list that is older than an ack for news",
    providers: ["kekker"],
    breaks: ["duplicate"],
    patches: [
      {
        file: engine("window"),
        find: "    if (this.#unacked && this.#pulling) this.#leaving.push(entry);\n    else this.#forget",
        replace: "    this.#forget",
      },
    ],
  },
  {
    name: "starts one handler too many",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["tooMany"],
    patches: [
      {
        file: engine("handling"),
        find: "if (this.#running >= concurrency) return false;",
        replace: "if (this.#running > concurrency) return false;",
      },
    ],
  },
  {
    name: "takes longer for a stop than it was given",
    providers: ["tiki", "kekker", "workato"],
    breaks: ["slowStop"],
    patches: [
      {
        file: engine("ending"),
        find: "now + facts.withinMs;",
        replace: "now + 3 * facts.withinMs;",
      },
    ],
  },
  {
    name: "forgets what a webhook has settled",
    providers: ["discue"],
    breaks: ["duplicate", "endless"],
    patches: [
      {
        file: "src/loop/webhook.ts",
        find: "if (settled) remember(",
        replace: "if (!identity) remember(",
      },
    ],
  },
  {
    name: "gives up on the stores while a webhook's handler works",
    seed: 2,
    providers: ["discue"],
    breaks: ["duplicate", "attempts"],
    patches: [
      {
        file: "src/loop/patience.ts",
        find: "    this.rest();\n    return this.#scope.open(onTimeout);",
        replace: "    return this.#scope.open(onTimeout);",
      },
      // What is done and not finished is known otherwise, and only its finish is asked for again.
      {
        file: "src/loop/webhook.ts",
        find: "    else if (entry.isDone) remember(this.#unfinished, identity, entry);\n    else await",
        replace: "    else if (!entry.isDone) await",
      },
    ],
  },
];
