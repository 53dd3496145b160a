import { AckloopError, isAckloopError } from "../../core/errors.ts";
import type { CallOptions } from "../../core/feed.ts";
import { isForeign } from "../../core/network.ts";
import type { CursorPage } from "./api.ts";
import { isToCome } from "./instant.ts";
import type { CursorSettings } from "./options.ts";
import type { Place } from "./place.ts";

/** What one page is asked for by. */
export interface PageWish extends CallOptions {
  /** How many. */
  readonly limit?: number | undefined;
  /** How long the request may be held, in ms. */
  readonly waitMs?: number | undefined;
}

/** Asks for the page at a place. */
export type AskAt = (place: Place, wish: PageWish) => Promise<CursorPage>;

/** A page that was found. */
export interface FoundPage extends CursorPage {
  /** Where it was read in place of a position that is no longer known. */
  readonly restartedAt?: Place | undefined;
  /** How many of its items, from the first, were delivered before. @default 0 */
  readonly known?: number | undefined;
}

/** What decides when a place is given up. */
export type ExpirySettings = Pick<
  CursorSettings,
  "onCursorExpired" | "restartMarginMs" | "expiredStatuses"
> & {
  /** The provider, for errors. */
  readonly provider: string;
};

/**
 * Reads the page at a place; when the position to read on behind is refused, goes by the policy.
 *
 * How an unknown position is answered is seldom documented, and the statuses that are likely mean other
 * things too (no such log, or one odd answer). So the same is asked once more as it was; when that is
 * refused as well, it is asked without the position, and only if that is answered, and the position refused
 * once more behind it, the position was what was refused: a spell of odd answers would have ended by then.
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
  if ("items" in first) return first;
  const second = await askAfter(ask, place, wish, settings);
  if ("items" in second) return second;
  const instead = await restart(ask, place, wish, settings, second.refused.status);
  const third = await askAfter(ask, place, wish, settings);
  if ("items" in third) return third;
  if ("restartedAt" in instead) return instead;
  throw instead;
}

/** How many empty pages in a row are passed at once, though each says that there is more. */
const mostEmptyPages = 20;

/**
 * As {@link readOn}, and on over pages that are empty although there is more behind where they end: a filter
 * has emptied them, or the first answer is a position alone.
 */
export async function readOver(
  ask: AskAt,
  place: Place,
  wish: PageWish,
  settings: ExpirySettings,
): Promise<FoundPage> {
  let page = await readOn(ask, place, wish, settings);
  let at = place;
  for (let pages = 1; pages < mostEmptyPages; pages += 1) {
    const { items, more, position = at.after?.position } = page;
    if (items.length > 0 || more !== true || position === undefined) return page;
    if (position === at.after?.position) return page;
    at = { after: { ...at.after, position } };
    page = { position, ...(await readOn(ask, at, wish, settings)) };
  }
  return page;
}

/** Whether a page says that it ends elsewhere than where it was asked for. */
export function hasMoved({ position }: CursorPage, { after }: Place): boolean {
  return position !== undefined && position !== after?.position;
}

/** Asks for the page at a place; gives the refusal that may mean that its position is unknown. */
async function askAfter(
  ask: AskAt,
  place: Place,
  wish: PageWish,
  { expiredStatuses }: ExpirySettings,
): Promise<CursorPage | { readonly refused: AckloopError }> {
  try {
    return await ask(place, wish);
  } catch (error) {
    if (!place.after || !isAckloopError(error)) throw error;
    const { code, status = 0 } = error;
    const isRefused = expiredStatuses.includes(status) && !isForeign(error);
    if (!isRefused && code !== "cursorExpired") throw error;
    return { refused: error };
  }
}

/**
 * Looks by time whether the log holds newer items than a place that has answered "nothing" for long: a
 * position that was purged might be answered so for ever.
 *
 * Resolves to what to deliver, `undefined` when nothing is newer. Makes one request, and one or two
 * more when something is.
 *
 * @param timeOf Reads an item's time.
 * @throws {AckloopError} as {@link readOn}.
 */
export async function checkEmptiness(
  ask: AskAt,
  place: Place,
  wish: PageWish,
  settings: ExpirySettings,
  timeOf: (item: unknown, index: number) => string | null | undefined,
): Promise<FoundPage | undefined> {
  const { time, latest = time } = place.after ?? {};
  if (latest === undefined) return undefined;
  // Only what is strictly newer counts: whether a time to seek is inclusive is seldom documented.
  const newest = Date.parse(latest);
  const since = new Date(newest + 1).toISOString();
  const { signal } = wish;
  const newer = await ask({ since }, { limit: 1, signal });
  // An API that counts in seconds gives what is known once more.
  const isNewer = (item: unknown, index: number): boolean =>
    !(Date.parse(timeOf(item, index) ?? "") <= newest);
  if (!newer.items.some(isNewer)) return undefined;
  // It may have come between the two requests, or be of the very next millisecond.
  const after = await readOn(ask, place, { limit: wish.limit, signal }, settings);
  if (after.items.length > 0) return after;
  const instead = await restart(ask, place, { limit: wish.limit, signal }, settings);
  if ("restartedAt" in instead) return instead;
  throw instead;
}

/** Asks without the position, by the policy: gives what to deliver then, or the error that ends the run. */
async function restart(
  ask: AskAt,
  place: Place,
  wish: PageWish,
  { onCursorExpired, restartMarginMs, provider }: ExpirySettings,
  status?: number,
): Promise<(CursorPage & { readonly restartedAt: Place }) | AckloopError> {
  if (onCursorExpired === "halt") {
    await ask({}, { limit: 1, signal: wish.signal });
    return expired(provider, status);
  }
  const time = place.after?.time;
  const restartedAt =
    onCursorExpired === "oldest" || time === undefined || isToCome(time)
      ? {}
      : { since: new Date(Math.min(Date.parse(time), Date.now()) - restartMarginMs).toISOString() };
  return { ...(await ask(restartedAt, wish)), restartedAt };
}

function expired(provider: string, status: number | undefined): AckloopError {
  return new AckloopError(
    "cursorExpired",
    "the position to read on behind is no longer known, since it was purged or is older than the " +
      "retention; set onCursorExpired to oldest or fromTime to go on",
    { provider, operation: "pull", status },
  );
}
