import type { DrawnEvent } from "./drawn/plan.ts";
import { engine } from "./planted.ts";
import { bypasses, limits } from "./planted-calls.ts";
import { clocks } from "./planted-clocks.ts";
import { acting, inTrouble, type PlantedFault } from "./planted-fault.ts";
import { reach } from "./planted-reach.ts";

const isStuck = ({ failsUntil }: DrawnEvent): boolean => failsUntil > 0;

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
        find: "    if (mayStart()) void this.#send(next)",
        replace: "    if (mayStart() && !this.#parts.feed.acksOnPull) void this.#send(next)",
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
        find: "    if (until > now) return until;\n",
        replace: "",
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
    name: "takes what was acked lately for news of a list that promises more",
    when: ({ settings: { kind, order, stale, tellsMore, isPage, idleMs } }) =>
      kind === "list" &&
      order === "turns" &&
      stale > 0 &&
      isPage &&
      tellsMore &&
      idleMs[1] === 60_000,
    breaks: ["polls"],
    patches: [
      {
        file: engine("progress"),
        find: "return !brought.isRepeat && this.#isNews(brought);",
        replace: "return this.#isNews(brought) && !brought.isRepeat;",
      },
    ],
  },
  {
    name: "knows no page again",
    when: ({ settings: { stale } }) => stale === 1,
    breaks: ["repeated", "polls"],
    patches: [
      { file: window, find: "return this.#lately.isRepeat(seen);", replace: "return false;" },
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

/** Starts, stops and ends. */
const ends: readonly PlantedFault[] = [
  {
    name: "lets a nack that throws out of the stop",
    when: inTrouble("nack"),
    breaks: ["unhandled", "slowStop", "raw"],
    patches: [
      {
        file: engine("leaving"),
        find: 'await ask({ what: "stop", limitMs, own }, (signal) =>\n      Promise.all([',
        replace:
          "const { signal } = new AbortController();\n    await Promise.resolve(limitMs).then(() =>\n      Promise.all([",
      },
      {
        file: engine("leaving"),
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
        file: engine("report"),
        find: "notify(() => logger[level](line, { ...who, ...details }));",
        replace: "logger[level](line, { ...who, ...details });",
      },
      {
        file: engine("report"),
        find: "notify(() => voice.hear(report));",
        replace: "voice.hear(report);",
      },
    ],
  },
];

/** Users' functions outside of the policy that is made for their failures. */
const users: readonly PlantedFault[] = [
  {
    name: "takes another realm's promise of a schema for its answer",
    when: ({ settings: { deadLetters } }) => deadLetters,
    breaks: ["attempts"],
    patches: [
      {
        file: engine("admission"),
        find: "if (!isThenable(result)) return read(result);",
        replace: "if (!((result as unknown) instanceof Promise)) return read(result as never);",
      },
    ],
  },
  {
    name: "halts when a schema throws",
    when: inTrouble("schema"),
    breaks: ["halt"],
    patches: [
      {
        file: engine("admission"),
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
        find: "(thrown) => end(toFailed(thrown)),",
        replace: "(thrown) => end({ failure: (thrown as Error).message, thrown }),",
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

/** Reserves, what one event holds up, and iterators. */
const others: readonly PlantedFault[] = [
  {
    name: "pulls by half a window while one event is stuck",
    // What waits behind its key fills half of the window.
    when: ({ settings: { kind, maxInFlight = 1_000, ordered, tellsBytes }, events }) =>
      (kind === "list" || kind === "queue") &&
      (maxInFlight === 5 || maxInFlight === 10) &&
      ordered &&
      !tellsBytes &&
      events.some(isStuck),
    breaks: ["stall"],
    patches: [
      {
        file: pulling,
        find: "return window.held < settings.maxInFlight && settling.isIdle && isHungry();",
        replace: "return settling === undefined;",
      },
    ],
  },
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
        find: '    if (this.#ended) this.#engine.stop("signal");\n    for (',
        replace: "    if (!this.#ended) for (",
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

/**
 * The faults of the loop that readers and users have found.
 *
 * Not here, since no law or draw shows them: an extend that waits for the one before (two leases of very
 * different lengths must be in work at once, and the longer one's extension hang), a leased queue whose head
 * is open or there twice, the removal of all letters for one, a batch that waits though nothing can come, a stop whose
 * `forget` failed once, `context.finish`, a webhook's stores that hang.
 *
 * Not here, since they cannot be written any more: a mark that a failed pull carried comes again with its
 * page; a cursor has no ack on a pull; an iterator is no generator, whose `return` waits for its `next`; what
 * a store tells of an end is capped by the stores in memory too.
 */
export const plantedFaults: readonly PlantedFault[] = [
  ...identity,
  ...limits,
  ...wakes,
  ...places,
  ...paces,
  ...clocks,
  ...ends,
  ...users,
  ...changes,
  ...others,
  ...reach,
  ...bypasses,
];
