import { AckloopError, isAckloopError } from "../../core/errors.ts";
import type { CallOptions } from "../../core/feed.ts";
import type { Place } from "./cursor.ts";
import type { FeedSettings } from "./feed-options.ts";

/** What one page is asked for by. */
export interface PageWish extends CallOptions {
  /** How many. */
  readonly limit?: number | undefined;
  /** How long the request may be held, in ms. */
  readonly waitMs?: number | undefined;
}

/** Asks for the page at a place. */
export type AskAt = (place: Place, wish: PageWish) => Promise<readonly unknown[]>;

/** What decides when a place is given up. */
export type ExpirySettings = Pick<
  FeedSettings,
  "onCursorExpired" | "restartMarginMs" | "expiredStatuses"
>;

/**
 * Reads the page at a place; when Workato refuses the message to read on behind, goes by the policy.
 *
 * How Workato answers an unknown message is not documented, and the statuses that are likely mean other
 * things too (no such topic). So the same is asked without the message, and only if that is answered,
 * the message was what was refused.
 *
 * @throws {AckloopError} `cursorExpired` under the policy `"halt"`, and what a call throws.
 */
export async function readOn(
  ask: AskAt,
  place: Place,
  wish: PageWish,
  settings: ExpirySettings,
): Promise<readonly unknown[]> {
  try {
    return await ask(place, wish);
  } catch (error) {
    if (!place.after || !isAckloopError(error) || error.status === undefined) throw error;
    if (!settings.expiredStatuses.includes(error.status)) throw error;
    return await restart(ask, place, wish, settings, error.status);
  }
}

/**
 * Looks by time whether the topic holds newer messages than a place that has answered "nothing" for
 * long: a message that was purged might be answered so for ever.
 *
 * Resolves to what to deliver, an empty list when nothing is newer. Makes one request, and one or two
 * more when something is.
 *
 * @throws {AckloopError} as {@link readOn}.
 */
export async function checkEmptiness(
  ask: AskAt,
  place: Place,
  wish: PageWish,
  settings: ExpirySettings,
): Promise<readonly unknown[]> {
  const time = place.after?.time;
  if (time === undefined) return [];
  // Only what is strictly newer counts: whether `since_time` is inclusive is not documented.
  const since = new Date(Date.parse(time) + 1).toISOString();
  const { signal } = wish;
  const newer = await ask({ since }, { limit: 1, signal });
  if (newer.length === 0) return [];
  // It may have come between the two requests, or be of the very next millisecond.
  const after = await readOn(ask, place, { limit: wish.limit, signal }, settings);
  if (after.length > 0) return after;
  return await restart(ask, place, { limit: wish.limit, signal }, settings);
}

async function restart(
  ask: AskAt,
  place: Place,
  wish: PageWish,
  { onCursorExpired, restartMarginMs }: ExpirySettings,
  status?: number,
): Promise<readonly unknown[]> {
  if (onCursorExpired === "halt") {
    await ask({}, { limit: 1, signal: wish.signal });
    throw expired(status);
  }
  const time = place.after?.time;
  if (onCursorExpired === "oldest" || time === undefined) return await ask({}, wish);
  const since = new Date(Date.parse(time) - restartMarginMs).toISOString();
  return await ask({ since }, wish);
}

function expired(status: number | undefined): AckloopError {
  return new AckloopError(
    "cursorExpired",
    "the message to read on behind is no longer known, since it was purged or is older than the " +
      "retention; set onCursorExpired to oldest or fromTime to go on",
    { provider: "workato", operation: "pull", status },
  );
}
