import { messageOf, toErrorFacts } from "../../core/error-facts.ts";
import type { Logger } from "../../core/logger.ts";
import { Repeats } from "../../core/repeats.ts";
import type { ReportBody } from "../../core/report.ts";
import { inWords } from "../../core/words.ts";
import type { BodyOf, Lines, Troubled } from "./voice.ts";
import { factsOf, nameOf, Voice } from "./voice.ts";

/** How long nothing may be settled in a full window before that is more than a step, in ms. */
export const LONG_MS = 60_000;

const polls: Troubled = ["polling", ""];
const acks: Troubled = ["acknowledging", "what is not acknowledged comes again; "];

/** The voice of a run: what it tells of its feed, its lease and its end besides. */
export class RunVoice extends Voice {
  readonly #concurrency: number;
  readonly #waiting = new Repeats();
  /** When an outage is told of once more. */
  #outage = new Repeats();
  /** When the lease was first found taken, by `performance.now`. */
  #waitsSince: number | undefined;
  /** What has halted the run. */
  #error: unknown;

  /** @param concurrency How many handlers run at once. */
  constructor(log: Logger, concurrency: number) {
    super(log);
    this.#concurrency = concurrency;
  }

  override hear(report: ReportBody): void {
    if (report.kind in this.#lines) this.say(this.#lines, report);
    else super.hear(report);
  }

  readonly #lines: Lines = {
    started: () => {
      const concurrency = this.#concurrency;
      this.log.info(`started; ${concurrency} at once`, { concurrency });
    },
    pulled: () => this.works(polls),
    pollFailed: (report) => this.failed(polls, report),
    acked: () => this.works(acks),
    ackFailed: (report) => this.failed(acks, report),
    windowFull: (report) => this.#full(report),
    handlerSlow: ({ event, attempt, forMs }) => {
      const concurrency = this.#concurrency;
      const places = concurrency === 1 ? "the only place" : `one of ${concurrency} places`;
      const what = `${nameOf(event)} has been with its handler for ${inWords(forMs)}`;
      const advice = "if it may hang, set handlerTimeoutMs and heed context.signal";
      const facts = { ...factsOf(event), attempt, forMs };
      this.ofType("handlerSlow", event, `${what}, which keeps ${places}; ${advice}`, facts);
    },
    circuitOpened: ({ failed, delayMs, why }) => {
      const what = `${failed} different events have failed and none has succeeded since`;
      const meanwhile = "this counts as an outage of what the handlers need, and no attempt counts";
      const next = `one event is tried in ${inWords(delayMs)}, and so on until one succeeds`;
      const text = `${what}, the last with: ${why}; ${meanwhile}; ${next}`;
      this.#outage = new Repeats();
      this.#outage.next();
      this.log.warn(text, { failed, delayMs, why });
    },
    probeFailed: ({ elapsedMs, delayMs, why }) => {
      if (this.#outage.next() === undefined) return;
      const what = `the outage of what the handlers need goes on for ${inWords(elapsedMs)}`;
      const text = `${what}: ${why}; one event is tried in ${inWords(delayMs)}`;
      this.log.warn(text, { elapsedMs, delayMs, why });
    },
    circuitClosed: ({ elapsedMs }) => {
      const what = `a handler has succeeded, after an outage of ${inWords(elapsedMs)}`;
      this.log.info(`${what}; all events are handled again`, { elapsedMs });
    },
    leaseTaken: (report) => this.#taken(report),
    leaseAcquired: ({ fence }) => {
      const since = this.#waitsSince;
      const waitedMs = since === undefined ? 0 : performance.now() - since;
      const waited = since === undefined ? "" : `, after ${inWords(waitedMs)}`;
      this.#waitsSince = undefined;
      this.log.info(`has taken the lease${waited}; reading begins`, { fence, waitedMs });
    },
    paused: () => this.log.info("paused; nothing is pulled before resume()"),
    resumed: () => this.log.info("resumed"),
    stopping: ({ open, unacked, withinMs, error }) => {
      this.#error = error;
      const left = `${open} open, ${unacked} not acknowledged`;
      const facts = { open, unacked, withinMs };
      this.log.info(`stopping, within ${inWords(withinMs)}; ${left}`, facts);
    },
    halted: ({ error }) => {
      const what = error === this.#error ? "halted" : "failed while stopping";
      const next = "what is not acknowledged comes again once it is mended and started anew";
      this.log.error(`${what}: ${messageOf(error)}; ${next}`, { error: toErrorFacts(error) });
    },
    stopped: ({ summary }) => {
      const { handled, deadLettered, dropped, unsettled, elapsedMs, stopped } = summary;
      const why = stopped === undefined ? "" : ` (${stopped})`;
      const ends = `${handled} handled, ${deadLettered} dead letters, ${dropped} dropped`;
      const what = `stopped${why} after ${inWords(elapsedMs)}: ${ends}, ${unsettled} left`;
      this.log[this.hasUntold ? "warn" : "info"](what, { ...summary });
    },
  };

  #full({ open, heldBy, heldMs, stillMs }: BodyOf<"windowFull">): void {
    const what = open === 0 ? "acknowledgements" : `the ${open} events that are open`;
    const held = `pulling waits for ${what}`;
    const oldest = `the oldest, ${heldBy}, came ${inWords(heldMs)} ago`;
    const details = { open, heldBy, heldMs, stillMs };
    if (stillMs < LONG_MS) this.log.debug(`${held}; ${oldest}`, details);
    else {
      const still = `none was done in ${inWords(stillMs)}`;
      this.log.warn(`${held}, and ${still}; ${oldest}`, details);
    }
  }

  #taken({ delayMs, holder }: BodyOf<"leaseTaken">): void {
    this.#waitsSince ??= performance.now();
    if (this.#waiting.next(holder) === undefined) return;
    const by = holder === undefined ? "another" : holder;
    const text = `the lease is held by ${by}; asking again in ${inWords(delayMs)}`;
    this.log.info(text, { holder, delayMs, waitedMs: performance.now() - this.#waitsSince });
  }
}
