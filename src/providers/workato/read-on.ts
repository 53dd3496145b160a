import { AckloopError, isAckloopError } from "../../core/errors.ts";
import type { CallOptions } from "../../core/feed.ts";
import { isForeign } from "../../http/fail.ts";
import type { ConsumedPage } from "./consume.ts";
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
export type AskAt = (place: Place, wish: PageWish) => Promise<ConsumedPage>;

/** A page that was found. */
export interface FoundPage extends ConsumedPage {
  /** Where it was read in place of a message that is no longer known. */
  readonly restartedAt?: Place | undefined;
  /** How many of its messages, from the first, were delivered before. @default 0 */
  readonly known?: number | undefined;
}

/** What decides when a place is given up. */
export type ExpirySettings = Pick<
  FeedSettings,
  "onCursorExpired" | "restartMarginMs" | "expiredStatuses"
>;

/**
 * Reads the page at a place; when Workato refuses the message to read on behind, goes by the policy.
 *
 * How Workato answers an unknown message is not documented, and the statuses that are likely mean other
 * things too (no such topic, or one odd answer). So the same is asked once more as it was; when that is
 * refused as well, it is asked without the message, and only if that is answered, and the message refused
 * once more behind it, the message was what was refused: a spell of odd answers would have ended by then.
 *
 * @throws {AckloopError} `cursorExpired` under the policy `"halt"`, and what a call throws.
 */
export async function readOn(
  ask: AskAt,
  place: Place,
  wish: PageWish,
  settings: ExpirySettings,
): Promise<FoundPage> {
  const first = await askAfter(ask, place, wish, settings);
  if ("messages" in first) return first;
  const second = await askAfter(ask, place, wish, settings);
  if ("messages" in second) return second;
  const instead = await restart(ask, place, wish, settings, second.refused);
  const third = await askAfter(ask, place, wish, settings);
  if ("messages" in third) return third;
  if ("restartedAt" in instead) return instead;
  throw instead;
}

/** Asks for the page at a place; gives the status of a refusal that may mean that its message is unknown. */
async function askAfter(
  ask: AskAt,
  place: Place,
  wish: PageWish,
  { expiredStatuses }: ExpirySettings,
): Promise<ConsumedPage | { readonly refused: number }> {
  try {
    return await ask(place, wish);
  } catch (error) {
    if (!place.after || !isAckloopError(error) || error.status === undefined) throw error;
    if (!expiredStatuses.includes(error.status) || isForeign(error)) throw error;
    return { refused: error.status };
  }
}

/**
 * Looks by time whether the topic holds newer messages than a place that has answered "nothing" for
 * long: a message that was purged might be answered so for ever.
 *
 * Resolves to what to deliver, `undefined` when nothing is newer. Makes one request, and one or two
 * more when something is.
 *
 * @throws {AckloopError} as {@link readOn}.
 */
export async function checkEmptiness(
  ask: AskAt,
  place: Place,
  wish: PageWish,
  settings: ExpirySettings,
): Promise<FoundPage | undefined> {
  const time = place.after?.time;
  if (time === undefined) return undefined;
  // Only what is strictly newer counts: whether `since_time` is inclusive is not documented.
  const since = new Date(Date.parse(time) + 1).toISOString();
  const { signal } = wish;
  const newer = await ask({ since }, { limit: 1, signal });
  if (newer.messages.length === 0) return undefined;
  // It may have come between the two requests, or be of the very next millisecond.
  const after = await readOn(ask, place, { limit: wish.limit, signal }, settings);
  if (after.messages.length > 0) return after;
  const instead = await restart(ask, place, { limit: wish.limit, signal }, settings);
  if ("restartedAt" in instead) return instead;
  throw instead;
}

/** Asks without the message, by the policy: gives what to deliver then, or the error that ends the run. */
async function restart(
  ask: AskAt,
  place: Place,
  wish: PageWish,
  { onCursorExpired, restartMarginMs }: ExpirySettings,
  status?: number,
): Promise<(ConsumedPage & { readonly restartedAt: Place }) | AckloopError> {
  if (onCursorExpired === "halt") {
    await ask({}, { limit: 1, signal: wish.signal });
    return expired(status);
  }
  const time = place.after?.time;
  const restartedAt =
    onCursorExpired === "oldest" || time === undefined
      ? {}
      : { since: new Date(Date.parse(time) - restartMarginMs).toISOString() };
  return { ...(await ask(restartedAt, wish)), restartedAt };
}

function expired(status: number | undefined): AckloopError {
  return new AckloopError(
    "cursorExpired",
    "the message to read on behind is no longer known, since it was purged or is older than the " +
      "retention; set onCursorExpired to oldest or fromTime to go on",
    { provider: "workato", operation: "pull", status },
  );
}
