import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Feed } from "../core/feed.ts";
import { whyNoKind } from "../core/feed.ts";
import type { FilledOf, Table, TableOf } from "../core/options.ts";
import { milliseconds, moment, whole } from "../core/options.ts";
import type { Summary } from "../core/summary.ts";
import type { Assignment } from "./engine/engine.ts";
import { Engine } from "./engine/engine.ts";
import { toLog } from "./engine/report.ts";
import { checkTimeLimit, tellOfStrangers, toRoutes } from "./engine/route.ts";
import type { Handlers } from "./handler.ts";
import type { LoopOptions } from "./options.ts";
import { checkSourceName, toLoopSettings, withConsumer } from "./options.ts";
import { Run } from "./run.ts";

/** The options of `consume`. */
export interface ConsumeOptions<E extends FeedEvent = FeedEvent> extends LoopOptions<E> {
  /**
   * How long handlers may be at work without one that ends before `health()` says that they stall, in ms, from
   * 1 to a year. @default 300_000, or twice `handlerTimeoutMs` where that is more
   */
  readonly stalledAfterMs?: number | undefined;
}

const consumeTable = {
  stalledAfterMs: milliseconds(1),
} satisfies TableOf<Omit<ConsumeOptions, keyof LoopOptions>>;

const STALLED_AFTER_MS = 300_000;

/**
 * Consumes a feed until it is stopped: pulls, handles, acknowledges what is settled, and waits when
 * nothing comes.
 *
 * Every event that the feed holds reaches its handler at least once, and none is acknowledged before
 * its handler is done with it, or it is stored as a dead letter, or dropped by the handler's word.
 *
 * @param handlers A map from event type to handler, one function, or `batch(...)`.
 * @throws {AckloopError} `config` for a wrong option, at once. The run rejects with what halted it.
 * @example
 * ```ts
 * import { consume, deadLetter } from "ackloop";
 *
 * const run = consume(feed, {
 *   "order.created": async (event) => console.log("booked", event.data.code),
 *   other: (event) => deadLetter(`no handler for ${event.type}`),
 * }, { concurrency: 10, deadLetters: stores.deadLetters });
 *
 * process.once("SIGTERM", () => run.stop());
 * const { handled, deadLettered } = await run;
 * ```
 */
export function consume<E extends FeedEvent>(
  feed: Feed<E>,
  handlers: NoInfer<Handlers<E>>,
  options: ConsumeOptions<E> = {},
): Run {
  const assignment = toAssignment("consume", feed, handlers, options, consumeTable);
  const { handlerTimeoutMs = 0, stalledAfterMs } = assignment.settings;
  const byDefault = Math.max(STALLED_AFTER_MS, 2 * handlerTimeoutMs);
  return new Run(new Engine(assignment), stalledAfterMs ?? byDefault);
}

const DAY_MS = 86_400_000;

/** The options of `drain`. */
export interface DrainOptions<E extends FeedEvent = FeedEvent> extends LoopOptions<E> {
  /**
   * When everything must be over, as a `Date` or epoch ms, from a day ago to ten years ahead. Pulling
   * and handling end `reserveMs` before it, so that the last acknowledgements still go out.
   * @default no deadline
   */
  readonly deadline?: Date | number | undefined;
  /**
   * Ends after so many events, from 1; a cumulative feed runs on to the next receipt, since an
   * acknowledgement in mid-page is not possible. @default no limit
   */
  readonly limit?: number | undefined;
}

/** The options that only `drain` has: what is right. */
export const drainTable = {
  deadline: moment({ pastMs: DAY_MS, aheadMs: 3652 * DAY_MS }),
  limit: whole(1),
} satisfies TableOf<Omit<DrainOptions, keyof LoopOptions>>;

/**
 * Handles what a feed holds, and ends: when it is empty, at the deadline, at the limit, or when the
 * signal fires. For cron jobs, serverless functions and scripts. An outage of what the handlers write to
 * ends it at its deadline alone: without one, three bad events with nothing good beside them hold it for
 * ever. See the option `circuitBreaker`.
 *
 * @throws {AckloopError} `config` for a wrong option, and whatever halted the run, with its summary.
 * @example
 * ```ts
 * import { drain } from "ackloop";
 *
 * // Called once a minute by a scheduler that ends it after 60 s.
 * const { handled, unsettled } = await drain(feed, handlers, {
 *   deadLetters: stores.deadLetters,
 *   deadline: Date.now() + 55_000,
 * });
 * ```
 */
export async function drain<E extends FeedEvent>(
  feed: Feed<E>,
  handlers: NoInfer<Handlers<E>>,
  options: DrainOptions<E> = {},
): Promise<Summary> {
  const assignment = toAssignment("drain", feed, handlers, options, drainTable);
  const { deadline, limit } = assignment.settings;
  return new Engine({ ...assignment, untilEmpty: true, deadline, limit }).run();
}

/** Checks what a verb was given, and makes the run's assignment of it. */
export function toAssignment<E extends FeedEvent, Own extends Table = Record<never, never>>(
  verb: string,
  feed: Feed<E>,
  handlers: Handlers<E>,
  options: LoopOptions<E>,
  own?: Own,
): Assignment & { readonly settings: FilledOf<Own> } {
  if (typeof feed?.pull !== "function" || typeof feed.ack !== "function") {
    throw new AckloopError(
      "config",
      `${verb}: the first argument must be a feed: it has \`pull\` and \`ack\``,
    );
  }
  checkSourceName(verb, "feed", feed.name);
  const fault = whyNoKind(feed);
  if (fault) throw new AckloopError("config", `${verb}: the feed ${feed.name}: ${fault}`);
  const routes = toRoutes(verb, handlers, feed.events);
  const settings = toLoopSettings(
    verb,
    withConsumer(verb, feed, options),
    routes.batch?.size ?? 1,
    own,
  );
  checkTimeLimit(verb, handlers, settings);
  const { logger, consumer } = settings;
  tellOfStrangers(feed, handlers, toLog(logger, { feed: feed.name, consumer }));
  return {
    // The handlers were matched with the feed's event type above; the engine needs it no more.
    feed: feed as Feed,
    routes,
    settings,
    untilEmpty: false,
    deadline: undefined,
    limit: undefined,
  };
}
