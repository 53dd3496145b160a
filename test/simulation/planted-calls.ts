import { engine } from "./planted.ts";
import { inTrouble, type PlantedFault } from "./planted-fault.ts";

/** What a call without the guard may break. */
const broken = [
  "unhandled",
  "uncaught",
  "raw",
  "halt",
  "endless",
  "slowStop",
  "stall",
  "hotLoop",
  "timersLeft",
  "leaseEnded",
  "lease",
  "twoAtOnce",
];

/** A call that is awaited as it is, where an answer of the guard is wanted. */
const answered = (call: string): string =>
  `const answer: any = { kind: "answered", value: await ${call} };`;

/** Calls without a limit of their own. */
export const limits: readonly PlantedFault[] = [
  {
    name: "waits for an ack for ever",
    when: inTrouble("ack", "hang"),
    breaks: ["endless"],
    patches: [
      {
        file: engine("settling"),
        find: "limitMs: settings.callTimeoutMs, signal: over",
        replace: "limitMs: 1e9, signal: over",
      },
    ],
  },
  {
    name: "waits for a store for ever",
    when: (plan) => inTrouble("begin", "hang")(plan) || inTrouble("put", "hang")(plan),
    breaks: ["endless"],
    patches: [
      {
        file: engine("service"),
        find: "whom: name, limitMs, signal: quit }",
        replace: "whom: name, limitMs: 1e9, signal: quit }",
      },
    ],
  },
  {
    name: "waits for a lease's store for ever",
    when: inTrouble("acquire", "hang"),
    breaks: ["endless"],
    patches: [
      {
        file: engine("lease"),
        find: 'what: "acquire", whom: "lease", limitMs,',
        replace: 'what: "acquire", whom: "lease", limitMs: 1e9,',
      },
    ],
  },
  {
    name: "extends all leases of a page by the first one's",
    when: ({ settings: { extend, leases } }) =>
      extend && new Set(leases).size > 1 && leases.every((ms) => ms > 1),
    breaks: ["leaseEnded"],
    patches: [
      {
        file: engine("extending"),
        find: "    this.#leased.set(message, lease);\n",
        replace:
          "    const [first = lease] = this.#leased.values();\n    this.#leased.set(message, { ...lease, at: Math.max(lease.at, first.at) });\n",
      },
    ],
  },
  {
    name: "takes a lease of no length for one",
    when: ({ settings: { extend, leases } }) =>
      extend && leases.some((ms) => ms === 0 || ms === -1),
    breaks: ["renewals", "hotTimers", "hotLoop"],
    patches: [
      { file: engine("extending"), find: "!(leaseMs > 0) ||", replace: "leaseMs === undefined ||" },
    ],
  },
];

/** Calls made without the guard: awaited as they are, and told of as if they had answered. */
export const bypasses: readonly PlantedFault[] = [
  {
    name: "awaits a pull",
    when: inTrouble("pull"),
    breaks: broken,
    patches: [
      {
        file: engine("pulling"),
        find: `    void ask<Pulled>({ ...asking, onLate }, (signal) =>
      feed.pull(this.#optionsOf(waitMs, carried, signal)),
    ).then((answer) => this.#answered(pull, answer));
`,
        replace: `    const { signal } = { ...asking, onLate }.own;
    void feed.pull(this.#optionsOf(waitMs, carried, signal)).then((value) => this.#answered(pull, { kind: "answered", value }));
`,
      },
    ],
  },
  {
    name: "awaits an ack",
    when: inTrouble("ack"),
    breaks: broken,
    patches: [
      {
        file: engine("settling"),
        find: "const answer = await ask(asking, (signal) => feed.ack(receipts, { signal }));",
        replace: answered("feed.ack(receipts, { signal: over })"),
      },
    ],
  },
  {
    name: "awaits an extend",
    when: inTrouble("extend"),
    breaks: broken,
    patches: [
      {
        file: engine("extending"),
        find: "const answer = await ask(asking, (signal) => feed.extend?.(known, leaseMs, { signal }));",
        replace: answered("feed.extend?.(known, leaseMs, { signal: over })"),
      },
    ],
  },
  {
    name: "awaits a store that is asked until it answers",
    when: (plan) => inTrouble("put")(plan) || inTrouble("begin")(plan),
    breaks: broken,
    patches: [
      {
        file: engine("service"),
        find: "const answer = await ask({ what: operation, whom: name, limitMs, signal: quit }, call);",
        replace: answered("call(quit)"),
      },
    ],
  },
  {
    name: "awaits the renewal of a mark",
    when: inTrouble("renew"),
    breaks: broken,
    patches: [
      {
        file: engine("keeping"),
        find: `const answer = await ask(asking, (signal) =>
      store.renew(this.#key(entry), mark.text, markMs, { signal }),
    );`,
        replace: answered("store.renew(this.#key(entry), mark.text, markMs, asking)"),
      },
    ],
  },
  {
    name: "awaits the taking of a lease",
    when: inTrouble("acquire"),
    breaks: broken,
    patches: [
      {
        file: engine("lease"),
        find: `const answer = await ask(asking, async (signal) =>
      checkGrant(await store.acquire(key, holder, leaseMs, { signal })),
    );`,
        replace: answered("store.acquire(key, holder, leaseMs, asking)"),
      },
    ],
  },
  {
    name: "awaits the renewal of a lease",
    when: inTrouble("renewLease"),
    breaks: broken,
    patches: [
      {
        file: engine("lease"),
        find: `const answer = await ask(asking, (signal) => store.renew(key, fence, leaseMs, { signal }));`,
        replace: answered("store.renew(key, fence, leaseMs, asking)"),
      },
    ],
  },
  {
    name: "awaits a schema",
    when: inTrouble("schema"),
    breaks: broken,
    patches: [
      {
        file: engine("admission"),
        find: "return ask(asking, () => later).then((answer) => {",
        replace: `return later.then((value) => {
      const answer = { kind: "answered", value, asking } as any;`,
      },
    ],
  },
  {
    name: "awaits a handler",
    breaks: broken,
    patches: [
      {
        file: engine("attempt"),
        find: "    settle<unknown>(\n      () => enter(() => handler(event, context)),\n",
        replace: `    (async (call: () => unknown, onValue: (value: unknown) => void) => onValue(await call()))(
      () => enter(() => handler(event, context)),
`,
      },
    ],
  },
  {
    name: "awaits a batch handler",
    when: ({ settings: { verb } }) => verb === "batch",
    breaks: broken,
    patches: [
      {
        file: engine("attempt"),
        find: "      settle<unknown>(\n        () => enter(() => routes.batch?",
        replace: `      (async (call: () => unknown, onValue: (value: unknown) => void) => onValue(await call()))(
        () => enter(() => routes.batch?`,
      },
    ],
  },
];
