import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Feed } from "../core/feed.ts";
import type { Summary } from "../core/summary.ts";
import type { Assignment } from "./engine.ts";
import { Engine } from "./engine.ts";
import type { Handlers } from "./handler.ts";
import type { LoopOptions } from "./options.ts";
import { optionError, toLoopSettings } from "./options.ts";
import { toRoutes } from "./route.ts";
import { Run } from "./run.ts";

/**
 * Consumes a feed until it is stopped: pulls, handles, acknowledges what is settled, and waits when
 * nothing comes.
 *
 * Every event that the feed holds reaches its handler at least once, and none is acknowledged before
 * its handler is done with it, or it is stored as a dead letter, or dropped by the handler's word.
 *
 * @param handlers A map from event type to handler, one function, or `batch(...)`.
 * @throws {AckloopError} `config` for a wrong option, at once. The run rejects with what halted it.
 */
export function consume<E extends FeedEvent>(
  feed: Feed<E>,
  handlers: Handlers<E>,
  options: LoopOptions<E> = {},
): Run {
  return new Run(new Engine(toAssignment("consume", feed, handlers, options, {})));
}

/** The options of `drain`. */
export interface DrainOptions<E extends FeedEvent = FeedEvent> extends LoopOptions<E> {
  /**
   * When everything must be over, as a `Date` or epoch ms. Pulling and handling end `reserveMs`
   * before it, so that the last acknowledgements still go out. @default no deadline
   */
  readonly deadline?: Date | number | undefined;
  /**
   * Ends after so many events, from 1; a cumulative feed runs on to the next receipt, since an
   * acknowledgement in mid-page is not possible. @default no limit
   */
  readonly limit?: number | undefined;
}

/**
 * Handles what a feed holds, and ends: when it is empty, at the deadline, at the limit, or when the
 * signal fires. For cron jobs, serverless functions and scripts.
 *
 * @throws {AckloopError} `config` for a wrong option, and whatever halted the run, with its summary.
 */
export async function drain<E extends FeedEvent>(
  feed: Feed<E>,
  handlers: Handlers<E>,
  options: DrainOptions<E> = {},
): Promise<Summary> {
  const { deadline, limit, ...rest } = options;
  const at = deadline instanceof Date ? deadline.getTime() : deadline;
  if (at !== undefined && !Number.isFinite(at)) {
    throw optionError("drain", "deadline", "must be a Date or epoch milliseconds");
  }
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1)) {
    throw optionError("drain", "limit", "must be a whole number from 1");
  }
  const assignment = toAssignment("drain", feed, handlers, rest, { deadline: at, limit });
  return new Engine({ ...assignment, untilEmpty: true }).run();
}

/** Checks what a verb was given, and makes the run's assignment of it. */
export function toAssignment<E extends FeedEvent>(
  verb: string,
  feed: Feed<E>,
  handlers: Handlers<E>,
  options: LoopOptions<E>,
  end: { readonly deadline?: number | undefined; readonly limit?: number | undefined },
): Assignment {
  if (typeof feed?.pull !== "function" || typeof feed.ack !== "function") {
    throw new AckloopError("config", `${verb}: the first argument must be a feed`);
  }
  const routes = toRoutes(verb, handlers, feed.events);
  return {
    // The handlers were matched with the feed's event type above; the engine needs it no more.
    feed: feed as Feed,
    routes,
    settings: toLoopSettings(verb, options, routes.batch?.size ?? 1),
    untilEmpty: false,
    deadline: end.deadline,
    limit: end.limit,
  };
}
