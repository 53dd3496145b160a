import type { Patch } from "./bundle.ts";
import type { DrawnPlan, DrawnTrouble, Service } from "./drawn/plan.ts";
import { engine } from "./planted.ts";

/** A fault that was found once, in the place where it would be now. */
export interface PlantedFault {
  /** What is wrong, as the loop that has the fault does it. */
  readonly name: string;
  readonly patches: readonly Patch[];
  /** The laws of which one must be found broken. */
  readonly breaks: readonly string[];
  /** Which drawn plans can show it at all. @default all */
  readonly when?: (plan: DrawnPlan) => boolean;
}

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

/** Plans in which a service is in such trouble. */
const inTrouble =
  (service: Service, ...hows: readonly DrawnTrouble["how"][]) =>
  ({ troubles }: DrawnPlan): boolean =>
    troubles.some(
      (each) => each.service === service && (hows.length === 0 || hows.includes(each.how)),
    );

/** Plans in which such a thing happens. */
const acting =
  (...kinds: readonly string[]) =>
  ({ actions }: DrawnPlan): boolean =>
    actions.some(({ kind }) => kinds.includes(kind));

const handling = engine("handling");
const keeping = engine("keeping");
const pulling = engine("pulling");
const settling = engine("settling");
const window = engine("window");

/** What "the same event" is. */
const identity: readonly PlantedFault[] = [
  {
    name: "takes events of two sources for one by their id",
    breaks: ["ackedEarly", "falseDuplicate", "lost", "endless"],
    patches: [
      {
        file: window,
        find: "return event && this.#events.get(event);",
        replace: 'return event && this.#events.get({ ...event, source: "" });',
      },
      {
        file: window,
        find: "this.#events.set(delivery.event, entry);",
        replace: 'this.#events.set({ ...delivery.event, source: "" }, entry);',
      },
      {
        file: window,
        find: "this.#events.delete(entry);",
        replace: 'this.#events.delete({ id: entry.id, source: "" });',
      },
    ],
  },
  {
    name: "keeps marks and letters by the id alone",
    breaks: ["falseDuplicate", "ackedEarly", "lost", "endless", "lettersLost"],
    patches: [
      {
        file: keeping,
        find: "return { consumer: settings.consumer, feed, identity: entry.identity };",
        replace:
          "return { consumer: settings.consumer, feed, identity: entry.identity.split(' ')[1] };",
      },
    ],
  },
  {
    name: "keeps one letter for all that have no id and equal content",
    when: ({ settings: { deadLetters } }) => deadLetters,
    breaks: ["lettersLost"],
    patches: [
      {
        file: keeping,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's text.
        find: "return namelessIdentity(digest, `${this.#run}/${this.#nameless}`);",
        replace: "return namelessIdentity(digest, 1);",
      },
    ],
  },
  {
    name: "takes what has no id for new with every list",
    when: ({ settings: { kind }, events }) =>
      kind === "list" && events.some((event) => event.kind === "derived"),
    breaks: ["repeated", "polls", "window", "endless"],
    patches: [
      { file: window, find: "    if (!this.#unacked) {\n", replace: "    if (content) {\n" },
    ],
  },
];

/** Calls without a limit of their own. */
const limits: readonly PlantedFault[] = [
  {
    name: "waits for an ack for ever",
    when: inTrouble("ack", "hang"),
    breaks: ["endless"],
    patches: [
      {
        file: settling,
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
        find: "    this.#leased.set(message, { leaseMs, at });\n",
        replace:
          "    const [first = { at }] = this.#leased.values();\n    this.#leased.set(message, { leaseMs, at: Math.max(at, first.at) });\n",
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

/** A change that wakes nobody. */
const wakes: readonly PlantedFault[] = [
  {
    name: "looks at nothing when a handler has ended",
    breaks: ["stall", "endless"],
    patches: [
      {
        file: handling,
        find: "    this.#dispose(entry, disposition);\n    this.#parts.changed();\n",
        replace: "    this.#dispose(entry, disposition);\n",
      },
    ],
  },
  {
    name: "looks at nothing when a pull has ended",
    breaks: ["stall", "endless"],
    patches: [
      {
        file: pulling,
        find: "    window.pullEnded();\n    changed();\n",
        replace: "    window.pullEnded();\n",
      },
    ],
  },
  {
    name: "leaves the ack to a pull that does not come",
    when: ({ settings: { acksOnPull, verb } }) => acksOnPull && verb === "drain",
    breaks: ["endless"],
    patches: [
      {
        file: settling,
        find: "    if (mayStart()) void this.#send(next);\n",
        replace: "    if (mayStart() && !this.#parts.feed.acksOnPull) void this.#send(next);\n",
      },
    ],
  },
];

/** A place that goes back. The mark that a failed pull carried comes again with its page. */
const places: readonly PlantedFault[] = [
  {
    name: "repeats an ack that failed though a further one was confirmed",
    when: (plan) =>
      plan.settings.acksOnPull && inTrouble("ack", "reject", "verdict", "throw")(plan),
    breaks: ["ackBack", "acksAtOnce"],
    patches: [
      {
        file: settling,
        find: "if (error.retryable || !comesAgain) window.watermark.putBack(reach);",
        replace: "setTimeout(() => this.#send(reach), 5000);",
      },
      {
        file: settling,
        find: "    const delayMs = this.#pace.delay(error.retryAfterMs);\n    tell?.(",
        replace: "    const delayMs = 300;\n    tell?.(",
      },
    ],
  },
];

/** Several paces for one service. */
const paces: readonly PlantedFault[] = [
  {
    name: "sends an ack for each settled event whatever the last one was answered",
    when: ({ settings: { kind }, troubles }) =>
      (kind === "list" || kind === "queue") &&
      troubles.some(({ service, odd }) => service === "ack" && odd === "rateLimit"),
    breaks: ["retryAfter", "hotFailures"],
    patches: [
      {
        file: settling,
        find: "return next;\n    if (!this.#pace.isOpen(now)) return this.#pace.until;\n",
        replace: "return next;\n",
      },
    ],
  },
  {
    name: "takes a wait of no length for one",
    when: ({ settings: { waits, waitMs } }) => waits && waitMs === 2,
    breaks: ["polls"],
    patches: [
      {
        file: pulling,
        find: "elapsedMs >= Math.max(waitMs * 0.9, this.#parts.settings.idle.minMs);",
        replace: "elapsedMs >= waitMs * 0.9;",
      },
    ],
  },
  {
    name: "believes that a feed which waits has waited",
    when: ({ settings: { waits, ignoresWait } }) => waits && ignoresWait,
    breaks: ["polls"],
    patches: [
      {
        file: pulling,
        find: "elapsedMs >= Math.max(waitMs * 0.9, this.#parts.settings.idle.minMs);",
        replace: "elapsedMs >= 0;",
      },
    ],
  },
  {
    name: "knows no page again",
    when: ({ settings: { stale } }) => stale === 1,
    breaks: ["repeated", "polls"],
    patches: [
      { file: window, find: "return this.#lately.isRepeat(events);", replace: "return false;" },
    ],
  },
  {
    name: "ends a redrive when the store's list fails once",
    when: (plan) => acting("redrive")(plan) && inTrouble("letters")(plan),
    breaks: ["halt"],
    patches: [
      {
        file: "src/loop/redrive.ts",
        find: "await this.#store.list(this.#key, { limit: PAGE, after: this.#next, signal });",
        replace:
          'await this.#store.list(this.#key, { limit: PAGE, after: this.#next, signal }).catch(() => { throw new AckloopError("config", "no list"); });',
      },
    ],
  },
];

/** Who has the event loop. */
const turns: readonly PlantedFault[] = [
  {
    name: "keeps the thread while handlers compute",
    when: ({ events }) => events.some(({ script }) => script.some(({ burnMs }) => burnMs > 0)),
    breaks: ["starved"],
    patches: [
      {
        file: engine("turn"),
        find: "    return this.#isAwaited;\n",
        replace: "    return false;\n",
      },
    ],
  },
];

/** Starts, stops and ends. */
const ends: readonly PlantedFault[] = [
  {
    name: "lets a nack that throws out of the stop",
    when: inTrouble("nack"),
    breaks: ["unhandled", "slowStop", "raw"],
    patches: [
      {
        file: engine("engine"),
        find: 'await ask({ what: "stop", limitMs, own: this.#left }, (signal) =>\n      Promise.all([',
        replace:
          "const { signal } = new AbortController();\n    await Promise.resolve(limitMs).then(() =>\n      Promise.all([",
      },
      {
        file: engine("engine"),
        find: "const answer = await ask(asking, (signal) => feed.nack?.(receipts, { signal }));",
        replace:
          'await feed.nack?.(receipts, { signal: asking.signal });\n    const answer = { kind: "answered" } as { kind: string; error?: unknown };',
      },
    ],
  },
  {
    name: "gives a second stop no say",
    when: acting("stopTwice"),
    breaks: ["slowStop"],
    patches: [
      {
        file: engine("ending"),
        find: "if (now + withinMs >= this.#endAt) return;",
        replace: "if (now > 0) return;",
      },
    ],
  },
  {
    name: "lets a logger throw into the run",
    when: inTrouble("logger"),
    breaks: ["unhandled", "uncaught", "raw", "halt", "slowStop", "endless"],
    patches: [
      {
        file: engine("engine"),
        find: "this.#log = toLog(settings.logger);",
        replace: "this.#log = settings.logger;",
      },
    ],
  },
];

/** Users' functions outside of the policy that is made for their failures. */
const users: readonly PlantedFault[] = [
  {
    name: "halts when a schema throws",
    when: inTrouble("schema"),
    breaks: ["halt"],
    patches: [
      {
        file: engine("attempt"),
        find: "    } catch (thrown) {\n      return threw(thrown);\n    }\n    const later",
        replace: "    } catch (thrown) {\n      throw thrown;\n    }\n    const later",
      },
    ],
  },
  {
    name: "ends the run when a store rejects with an object of its own",
    breaks: ["halt"],
    patches: [
      {
        file: engine("service"),
        find: 'if (answer.kind === "failed" && answer.error.code === "config") throw answer.error;',
        replace: 'if (answer.kind === "failed" && answer.thrown) throw answer.error;',
      },
    ],
  },
  {
    name: "lets a listener throw into the run",
    when: inTrouble("onReport"),
    breaks: ["unhandled", "uncaught", "raw", "halt", "endless", "stall", "slowStop"],
    patches: [
      {
        file: engine("report"),
        find: "if (!isBroken) notify(() => onReport({ feed, ...report }), onThrown);",
        replace: "if (!isBroken) onReport({ feed, ...report });",
      },
    ],
  },
  {
    name: "asks whatever a handler throws for its message",
    breaks: ["unhandled", "uncaught", "raw", "halt", "endless"],
    patches: [
      {
        file: engine("attempt"),
        find: "onEnd(this.#failed(entry, leash, describeThrown(thrown), thrown), entry);",
        replace: "onEnd(this.#failed(entry, leash, (thrown as Error).message, thrown), entry);",
      },
    ],
  },
];

/** What one attempt changes, another sees. */
const changes: readonly PlantedFault[] = [
  {
    name: "gives every attempt the same event",
    breaks: ["changed", "changedLetter"],
    patches: [
      {
        file: engine("copy"),
        find: "if (delivery.again === undefined) return copyOf(delivery);",
        replace: "if (delivery.again === undefined) return delivery;",
      },
    ],
  },
  {
    name: "reads an event once, though it could again",
    breaks: ["changed", "attempts", "halt"],
    patches: [
      {
        file: engine("copy"),
        find: "return entry.given === undefined ? delivery : asItCame(entry);",
        replace: "return delivery;",
      },
    ],
  },
  {
    name: "stores what the last attempt has left",
    breaks: ["changedLetter"],
    patches: [
      {
        file: keeping,
        find: "const { event: came, raw } = asItCame(entry);",
        replace: "const { event: came, raw } = entry.given ?? entry.delivery;",
      },
    ],
  },
];

/** Reserves, and iterators. */
const others: readonly PlantedFault[] = [
  {
    name: "keeps all of a short time for the acks",
    when: ({ settings: { deadlineMs } }) => deadlineMs !== undefined,
    breaks: ["endless", "stall"],
    patches: [
      {
        file: engine("ending"),
        find: "return Math.min(reserveMs, Math.max(0, leftMs) * RESERVED_SHARE);",
        replace: "return Math.max(reserveMs, 0 * leftMs * RESERVED_SHARE);",
      },
    ],
  },
  {
    name: "does not stop the run of an iterator that is left",
    when: ({ settings: { verb } }) => verb === "deliveries",
    breaks: ["slowStop"],
    patches: [
      {
        file: "src/loop/deliveries.ts",
        find: "    if (this.#ended) this.#engine.leave(() => this.#unsettled.size);\n",
        replace: "",
      },
    ],
  },
  {
    name: "leaves a `next` waiting when the iterator is left",
    when: ({ settings: { verb } }) => verb === "deliveries",
    breaks: ["slowStop", "endless"],
    patches: [
      {
        file: "src/loop/deliveries.ts",
        find: "    for (const wake of this.#waiting.take(this.#waiting.length)) wake(true);\n",
        replace: "",
      },
    ],
  },
];

/** Calls made without the guard: awaited as they are, and told of as if they had answered. */
const bypasses: readonly PlantedFault[] = [
  {
    name: "awaits a pull",
    when: inTrouble("pull"),
    breaks: broken,
    patches: [
      {
        file: pulling,
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
        file: settling,
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
        file: keeping,
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
        find: `const answer = await ask(asking, (signal) =>
      store.renew(key, grant.fence, leaseMs, { signal }),
    );`,
        replace: answered("store.renew(key, grant.fence, leaseMs, asking)"),
      },
    ],
  },
  {
    name: "awaits a schema",
    when: inTrouble("schema"),
    breaks: broken,
    patches: [
      {
        file: engine("attempt"),
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
        find: "    settle<unknown>(\n      () => handler(event, context),\n",
        replace: `    (async (call: () => unknown, onValue: (value: unknown) => void) => onValue(await call()))(
      () => handler(event, context),
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
        find: "      settle<unknown>(\n        () => routes.batch?",
        replace: `      (async (call: () => unknown, onValue: (value: unknown) => void) => onValue(await call()))(
        () => routes.batch?`,
      },
    ],
  },
];

/**
 * The faults of the loop that readers and users have found.
 *
 * Not here, since no law or draw shows them within 3,000 runs, or only after a minute of them: a clock that
 * is read once for a page of handlers, an extend that waits for the one before,
 * half a window behind one event, a leased queue whose head is open, a release of another's lease, what a
 * store tells of an end, a lease by the clock that stands still, the time of handlers by the time of day, a
 * batch that waits though nothing can come, the removal of all letters for one, a stop whose `forget`
 * failed once, marks that are renewed in one round, an iterator that waits for its loop, `context.finish`,
 * a webhook's stores that hang. Not here, since they cannot be written any more: a mark that a failed
 * pull carried comes again with its page; a cursor has no ack on a pull.
 */
export const plantedFaults: readonly PlantedFault[] = [
  ...identity,
  ...limits,
  ...wakes,
  ...places,
  ...paces,
  ...turns,
  ...ends,
  ...users,
  ...changes,
  ...others,
  ...bypasses,
];
