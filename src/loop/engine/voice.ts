import { messageOf, toErrorFacts } from "../../core/error-facts.ts";
import type { FeedEvent } from "../../core/event.ts";
import type { Logger } from "../../core/logger.ts";
import { silent } from "../../core/logger.ts";
import { isErrorNamed } from "../../core/realm.ts";
import { Repeats } from "../../core/repeats.ts";
import type { ReportBody } from "../../core/report.ts";
import { Seldom } from "../../core/seldom.ts";
import { inWords } from "../../core/words.ts";

/** A report of one kind. */
export type BodyOf<Kind extends ReportBody["kind"]> = Extract<ReportBody, { readonly kind: Kind }>;

/** What is told of reports, by their kinds. */
export type Lines = {
  readonly [Kind in ReportBody["kind"]]?: ((report: BodyOf<Kind>) => void) | undefined;
};

/** How many dead letters, or drops, of one type are warned of one by one, before that is done at intervals. */
const ONE_BY_ONE = 10;

/** What fails and is asked again: what it is called, and what that means meanwhile. */
export type Troubled = readonly [name: string, meanwhile: string];

const stores = {
  // What is to be skipped is there too, so that a run knows it before its first handler.
  deadLetters: [
    "the dead-letter store",
    "nothing that needs it is acknowledged before, and a run that begins waits for it; ",
  ],
  dedupe: ["the dedupe store", "nothing that needs it is handled or acknowledged before; "],
  lease: ["the lease store", "nothing is read without the lease; "],
} as const satisfies Record<string, Troubled>;

/** What a feed of the user's throws that repeating does not mend. */
const bugs = ["TypeError", "RangeError", "ReferenceError", "SyntaxError"];

/**
 * Makes the lines that a person reads of what becomes of events, however they came. It decides nothing, and
 * needs no other part of the loop.
 *
 * What repeats is told at once, and then at growing intervals, with how often and since when.
 */
export class Voice {
  /** Where the lines go: it names the feed and the consumer. */
  protected readonly log: Logger;
  /** Whether events were set aside, or dropped, of which no warning has told. */
  protected hasUntold = false;
  readonly #troubles = new Map<string, Trouble>();
  readonly #seldom = new Seldom(ONE_BY_ONE);

  constructor(log: Logger) {
    this.log = log;
  }

  /** Tells of a report, where a person would ask about it. */
  hear(report: ReportBody): void {
    this.say(this.#lines, report);
  }

  protected say(lines: Lines, report: ReportBody): void {
    const line = lines[report.kind] as ((report: ReportBody) => void) | undefined;
    line?.(report);
  }

  readonly #lines: Lines = {
    storeFailed: (report) => this.failed(stores[report.store], report),
    storeBack: ({ store }) => this.works(stores[store]),
    retried: (report) => this.#retried(report),
    deadLettered: (report) => {
      const { event, identity, reason, attempts } = report;
      const what = `${nameOf(event, identity)} is a dead letter now: ${reason}`;
      const facts = { identity, ...factsOf(event), reason, attempts };
      this.ofType("deadLettered", event, `${what}; redrive() handles it again`, facts);
    },
    dropped: ({ event, reason }) => {
      const what = `${nameOf(event)} is dropped: ${reason}; it does not come again`;
      this.ofType("dropped", event, what, { ...factsOf(event), reason });
    },
    timedOut: ({ event, attempt, elapsedMs }) => {
      const what = `${nameOf(event)} is with its handler for longer than handlerTimeoutMs`;
      const next = "its signal fires now, and the attempt counts as failed once it returns";
      this.ofType("timedOut", event, `${what}; ${next}`, {
        ...factsOf(event),
        attempt,
        elapsedMs,
      });
    },
    halted: ({ error }) => {
      const what = `an event could not be settled: ${messageOf(error)}`;
      const text = `${what}; the request was answered 503, and is sent again`;
      // Each request may say it, for as long as something is away.
      this.ofType("halted", undefined, text, { error: toErrorFacts(error) }, "error");
    },
  };

  /** Tells of what has failed, and is asked again. */
  failed(
    [name, meanwhile]: Troubled,
    { error, delayMs }: { readonly error: unknown; readonly delayMs: number },
  ): void {
    const trouble = this.#troubles.get(name) ?? new Trouble();
    this.#troubles.set(name, trouble);
    if (!trouble.again(error)) return;
    const { failures, forMs } = trouble.facts;
    const times = failures === 1 ? "failed" : `has failed ${failures} times in ${inWords(forMs)}`;
    const next = `${meanwhile}trying again in ${inWords(delayMs)}`;
    const isBug = isErrorNamed((error as { readonly cause?: unknown } | undefined)?.cause, ...bugs);
    const advice = isBug ? "; it looks like a bug, which trying again does not mend" : "";
    const details = { error: toErrorFacts(error), failures, forMs, delayMs };
    const text = `${name} ${times}: ${messageOf(error)}; ${next}${advice}`;
    this.log[isBug ? "error" : "warn"](text, details);
  }

  /** Tells that it answers again. */
  works([name]: Troubled): void {
    const told = this.#troubles.get(name)?.over();
    if (told === undefined) return;
    const { failures, forMs } = told;
    const times = failures === 1 ? "1 failure" : `${failures} failures`;
    const text = `${name} works again, after ${times} in ${inWords(forMs)}`;
    this.log.info(text, told);
  }

  #retried({ event, attempt, delayMs, error }: BodyOf<"retried">): void {
    if (this.log.debug === silent.debug) return;
    const why = error === undefined ? "asked to be tried again" : `failed: ${messageOf(error)}`;
    const facts = error === undefined ? {} : { error: toErrorFacts(error) };
    this.log.debug(
      `${nameOf(event)}, attempt ${attempt}, ${why}; the next is in ${inWords(delayMs)}`,
      {
        ...{ ...factsOf(event), attempt, delayMs },
        ...facts,
      },
    );
  }

  /** What may be any number is warned of one by one, and then at growing intervals; all of it is for `debug`. */
  protected ofType(
    kind: "deadLettered" | "dropped" | "timedOut" | "handlerSlow" | "halted",
    event: FeedEvent | undefined,
    text: string,
    details: Readonly<Record<string, unknown>>,
    level: "warn" | "error" = "warn",
  ): void {
    const kinds = `${kind} ${event?.type}`;
    if (this.#seldom.warn(this.log, text, details, kinds, level)) return;
    this.log.debug(text, details);
    if (kind === "deadLettered" || kind === "dropped") this.hasUntold = true;
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

/** Names an event to a person. */
export function nameOf(
  event: FeedEvent | undefined,
  identity = "something that cannot be read",
): string {
  return event === undefined ? identity : `event ${event.id} (${event.type})`;
}

/** What a line tells of an event besides its text. */
export function factsOf(event: FeedEvent | undefined): {
  readonly id?: string;
  readonly type?: string;
} {
  return event === undefined ? {} : { id: event.id, type: event.type };
}
