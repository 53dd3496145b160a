import { messageOf, toErrorFacts } from "../../core/error-facts.ts";
import type { FeedEvent } from "../../core/event.ts";
import type { Logger } from "../../core/logger.ts";
import { silent } from "../../core/logger.ts";
import { isErrorNamed } from "../../core/realm.ts";
import { Repeats } from "../../core/repeats.ts";
import type { ReportBody } from "../../core/report.ts";
import { inWords } from "../../core/words.ts";

/** A report of one kind. */
type BodyOf<Kind extends ReportBody["kind"]> = Extract<ReportBody, { readonly kind: Kind }>;

/** What a voice works with. */
export interface VoiceParts {
  /** Where the lines go: it names the feed and the consumer. */
  readonly log: Logger;
  /** How many handlers run at once. */
  readonly concurrency: number;
  /** Whether requests are answered, rather than a feed pulled. @default false */
  readonly isWebhook?: boolean | undefined;
}

/** How many dead letters, or drops, of one type are warned of one by one, before that is done at intervals. */
const ONE_BY_ONE = 10;

/** For how many types that is counted apart. */
const MOST_TYPES = 100;

/** How long nothing may be settled in a full window before that is more than a step, in ms. */
export const LONG_MS = 60_000;

/** What fails and is asked again: what it is called, and what that means meanwhile. */
const troubled = {
  polls: ["polling", ""],
  acks: ["acknowledging", "what is not acknowledged comes again; "],
  deadLetters: ["the dead-letter store", "nothing that needs it is acknowledged before; "],
  dedupe: ["the dedupe store", "nothing that needs it is handled or acknowledged before; "],
  lease: ["the lease store", "nothing is read without the lease; "],
} as const satisfies Record<string, readonly [name: string, meanwhile: string]>;

/** What a feed of the user's throws that repeating does not mend. */
const bugs = ["TypeError", "RangeError", "ReferenceError", "SyntaxError"];

/**
 * Makes the lines that a person reads of what a run reports. It decides nothing, and needs no other part of the
 * loop.
 *
 * What repeats is told at once, and then at growing intervals, with how often and since when.
 */
export class Voice {
  readonly #parts: VoiceParts;
  readonly #troubles = new Map<keyof typeof troubled, Trouble>();
  readonly #types = new Map<string, Repeats>();
  readonly #waiting = new Repeats();
  /** When the lease was first found taken, by `performance.now`. */
  #waitsSince: number | undefined;
  /** What has halted the run. */
  #error: unknown;

  constructor(parts: VoiceParts) {
    this.#parts = parts;
  }

  /** Tells of a report, where a person would ask about it. */
  hear(report: ReportBody): void {
    const line = this.#lines[report.kind] as ((report: ReportBody) => void) | undefined;
    line?.(report);
  }

  readonly #lines: { readonly [Kind in ReportBody["kind"]]?: (report: BodyOf<Kind>) => void } = {
    started: () => {
      const { log, concurrency } = this.#parts;
      log.info(`started; ${concurrency} at once`, { concurrency });
    },
    pulled: () => this.#works("polls"),
    pollFailed: (report) => this.#failed("polls", report),
    acked: () => this.#works("acks"),
    ackFailed: (report) => this.#failed("acks", report),
    storeFailed: (report) => this.#failed(report.store, report),
    storeBack: ({ store }) => this.#works(store),
    retried: (report) => this.#retried(report),
    deadLettered: (report) => {
      const { event, identity, reason, attempts } = report;
      const what = `${nameOf(event, identity)} is a dead letter now: ${reason}`;
      const facts = { identity, ...factsOf(event), reason, attempts };
      this.#ofType("deadLettered", event, `${what}; redrive() handles it again`, facts);
    },
    dropped: ({ event, reason }) => {
      const what = `${nameOf(event)} is dropped: ${reason}; it does not come again`;
      this.#ofType("dropped", event, what, { ...factsOf(event), reason });
    },
    windowFull: (report) => this.#full(report),
    handlerSlow: ({ event, attempt, forMs }) => {
      const { concurrency } = this.#parts;
      const places = concurrency === 1 ? "the only place" : `one of ${concurrency} places`;
      const what = `${nameOf(event)} has been with its handler for ${inWords(forMs)}`;
      const advice = "if it may hang, set handlerTimeoutMs and heed context.signal";
      const facts = { ...factsOf(event), attempt, forMs };
      this.#ofType("handlerSlow", event, `${what}, which keeps ${places}; ${advice}`, facts);
    },
    timedOut: ({ event, attempt, elapsedMs }) => {
      const what = `${nameOf(event)} is with its handler for longer than handlerTimeoutMs`;
      const next = "its signal fires now, and the attempt counts as failed once it returns";
      this.#ofType("timedOut", event, `${what}; ${next}`, {
        ...factsOf(event),
        attempt,
        elapsedMs,
      });
    },
    circuitOpened: ({ failed, delayMs }) => {
      const what = `${failed} different events have failed and none has succeeded since`;
      const meanwhile = "this counts as an outage of what the handlers need, and no attempt counts";
      const next = `one event is tried in ${inWords(delayMs)}, and so on until one succeeds`;
      this.#parts.log.warn(`${what}; ${meanwhile}; ${next}`, { failed, delayMs });
    },
    circuitClosed: ({ elapsedMs }) => {
      const what = `a handler has succeeded, after an outage of ${inWords(elapsedMs)}`;
      this.#parts.log.info(`${what}; all events are handled again`, { elapsedMs });
    },
    leaseTaken: (report) => this.#taken(report),
    leaseAcquired: ({ fence }) => {
      const since = this.#waitsSince;
      const waitedMs = since === undefined ? 0 : performance.now() - since;
      const waited = since === undefined ? "" : `, after ${inWords(waitedMs)}`;
      this.#waitsSince = undefined;
      this.#parts.log.info(`has taken the lease${waited}; reading begins`, { fence, waitedMs });
    },
    paused: () => this.#parts.log.info("paused; nothing is pulled before resume()"),
    resumed: () => this.#parts.log.info("resumed"),
    stopping: ({ open, unacked, withinMs, error }) => {
      this.#error = error;
      const left = `${open} open, ${unacked} not acknowledged`;
      const facts = { open, unacked, withinMs };
      this.#parts.log.info(`stopping, within ${inWords(withinMs)}; ${left}`, facts);
    },
    halted: (report) => this.#halted(report),
    stopped: ({ summary }) => {
      const { handled, deadLettered, dropped, unsettled, elapsedMs, stopped } = summary;
      const why = stopped === undefined ? "" : ` (${stopped})`;
      const ends = `${handled} handled, ${deadLettered} dead letters, ${dropped} dropped`;
      const what = `stopped${why} after ${inWords(elapsedMs)}: ${ends}, ${unsettled} left`;
      this.#parts.log.info(what, { ...summary });
    },
  };

  #failed(
    what: keyof typeof troubled,
    { error, delayMs }: { readonly error: unknown; readonly delayMs: number },
  ): void {
    const trouble = this.#troubles.get(what) ?? new Trouble();
    this.#troubles.set(what, trouble);
    if (!trouble.again(error)) return;
    const { failures, forMs } = trouble.facts;
    const [name, meanwhile] = troubled[what];
    const times = failures === 1 ? "failed" : `has failed ${failures} times in ${inWords(forMs)}`;
    const next = `${meanwhile}trying again in ${inWords(delayMs)}`;
    const isBug = isErrorNamed((error as { readonly cause?: unknown } | undefined)?.cause, ...bugs);
    const advice = isBug ? "; it looks like a bug, which trying again does not mend" : "";
    const details = { error: toErrorFacts(error), failures, forMs, delayMs };
    const text = `${name} ${times}: ${messageOf(error)}; ${next}${advice}`;
    this.#parts.log[isBug ? "error" : "warn"](text, details);
  }

  #works(what: keyof typeof troubled): void {
    const told = this.#troubles.get(what)?.over();
    if (told === undefined) return;
    const { failures, forMs } = told;
    const times = failures === 1 ? "1 failure" : `${failures} failures`;
    const text = `${troubled[what][0]} works again, after ${times} in ${inWords(forMs)}`;
    this.#parts.log.info(text, told);
  }

  #retried({ event, attempt, delayMs, error }: BodyOf<"retried">): void {
    const { log } = this.#parts;
    if (log.debug === silent.debug) return;
    const why = error === undefined ? "asked to be tried again" : `failed: ${messageOf(error)}`;
    const facts = error === undefined ? {} : { error: toErrorFacts(error) };
    log.debug(`${nameOf(event)}, attempt ${attempt}, ${why}; the next is in ${inWords(delayMs)}`, {
      ...{ ...factsOf(event), attempt, delayMs },
      ...facts,
    });
  }

  /** What may be any number is warned of one by one, and then at growing intervals; all of it is for `debug`. */
  #ofType(
    kind: "deadLettered" | "dropped" | "timedOut" | "handlerSlow" | "halted",
    event: FeedEvent | undefined,
    text: string,
    details: Readonly<Record<string, unknown>>,
    level: "warn" | "error" = "warn",
  ): void {
    const { log } = this.#parts;
    const isFew = this.#types.size < MOST_TYPES;
    const type = `${kind} ${isFew ? event?.type : ""}`;
    const repeats = this.#types.get(type) ?? new Repeats(ONE_BY_ONE);
    this.#types.set(type, repeats);
    const untold = repeats.next();
    if (untold === undefined) log.debug(text, details);
    else if (untold === 0) log[level](text, details);
    else log[level](`${text} (${untold} more since the last line)`, { ...details, more: untold });
  }

  #full({ open, heldBy, heldMs, stillMs }: BodyOf<"windowFull">): void {
    const what = open === 0 ? "acknowledgements" : `the ${open} events that are open`;
    const held = `pulling waits for ${what}`;
    const oldest = `the oldest, ${heldBy}, came ${inWords(heldMs)} ago`;
    const details = { open, heldBy, heldMs, stillMs };
    if (stillMs < LONG_MS) this.#parts.log.debug(`${held}; ${oldest}`, details);
    else {
      const still = `none was done in ${inWords(stillMs)}`;
      this.#parts.log.warn(`${held}, and ${still}; ${oldest}`, details);
    }
  }

  #halted({ error }: BodyOf<"halted">): void {
    const { log, isWebhook } = this.#parts;
    let what = "halted";
    let next = "what is not acknowledged comes again once it is mended and started anew";
    if (isWebhook) {
      what = "an event could not be settled";
      next = "the request was answered 503, and is sent again";
    } else if (error !== this.#error) what = "failed while stopping";
    const text = `${what}: ${messageOf(error)}; ${next}`;
    const details = { error: toErrorFacts(error) };
    // Each request may say it, for as long as something is away.
    if (isWebhook) this.#ofType("halted", undefined, text, details, "error");
    else log.error(text, details);
  }

  #taken({ delayMs, holder }: BodyOf<"leaseTaken">): void {
    this.#waitsSince ??= performance.now();
    if (this.#waiting.next(holder) === undefined) return;
    const by = holder === undefined ? "another" : holder;
    const text = `the lease is held by ${by}; asking again in ${inWords(delayMs)}`;
    this.#parts.log.info(text, { holder, delayMs, waitedMs: performance.now() - this.#waitsSince });
  }
}

/** What fails again and again: how often, and since when. */
class Trouble {
  readonly #repeats = new Repeats();
  #failures = 0;
  #since = 0;
  #isTold = false;

  /** It has failed once more; true where that is to be told. */
  again(error: unknown): boolean {
    if (this.#failures === 0) this.#since = performance.now();
    this.#failures += 1;
    const isDue = this.#repeats.next(String(toErrorFacts(error)["code"])) !== undefined;
    this.#isTold ||= isDue;
    return isDue;
  }

  get facts(): { readonly failures: number; readonly forMs: number } {
    return { failures: this.#failures, forMs: performance.now() - this.#since };
  }

  /** It works again; gives the facts where a failure was told. */
  over(): Trouble["facts"] | undefined {
    const told = this.#isTold ? this.facts : undefined;
    this.#failures = 0;
    this.#isTold = false;
    return told;
  }
}

function nameOf(event: FeedEvent | undefined, identity = "something that cannot be read"): string {
  return event === undefined ? identity : `event ${event.id} (${event.type})`;
}

function factsOf(event: FeedEvent | undefined): { readonly id?: string; readonly type?: string } {
  return event === undefined ? {} : { id: event.id, type: event.type };
}
