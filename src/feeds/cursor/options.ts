import {
  checkOptions,
  type FilledOf,
  list,
  milliseconds,
  name,
  oneOf,
  optionError,
  Rule,
  type TableOf,
  whole,
  withMethods,
} from "../../core/options.ts";
import type { CursorStore } from "../../core/stores.ts";
import type { CursorApi } from "./api.ts";
import { type Instant, isInstant } from "./instant.ts";
import type { Place } from "./place.ts";

/**
 * What happens when the position to read on behind is no longer known.
 *
 * `"halt"`: the pull rejects with `cursorExpired`. `"oldest"`: it goes on with the oldest item that is
 * retained. `"fromTime"`: it goes on from the saved item's time, less `restartMarginMs`. The last two may
 * repeat events, and skip none that is still there; what was removed is gone in any case.
 */
export type OnCursorExpired = "halt" | "oldest" | "fromTime";

/** What every feed takes whose place is kept here. */
export interface CursorFeedOptions {
  /** Where the place is kept; the provider keeps none. */
  readonly cursor: CursorStore;
  /** The reader's name, part of the key of its place: two services never share one. */
  readonly consumer: string;
  /**
   * Where a reader without a saved place starts. `"oldest"` cannot miss anything; `"now"` is a minute
   * ago, by the server's own clock where it tells it; a time to come is now. The last two need an API
   * that can be read from a time on. @default "oldest"
   */
  readonly from?: "oldest" | "now" | Instant | undefined;
  /** What happens when the saved position is no longer known. @default "halt" */
  readonly onCursorExpired?: OnCursorExpired | undefined;
  /** How far before the saved time `"fromTime"` starts, in ms, from 0 to a year. @default 1_000 */
  readonly restartMarginMs?: number | undefined;
  /**
   * After how much emptiness, in ms from 0, a saved position is suspected to be unknown, and the log is
   * asked once by time, where it can be. @default 3_600_000
   */
  readonly checkEmptyAfterMs?: number | undefined;
  /**
   * The statuses that may mean that the position to read on behind is unknown; the feed asks again
   * without it before it believes so. @default [400, 404, 410, 422]
   */
  readonly expiredStatuses?: readonly number[] | undefined;
}

/** Asks what time it is by the server's own clock, in epoch ms. */
export type AskClock = () => Promise<number>;

/** The checked options of a feed. */
export interface CursorSettings extends Omit<FilledOf<typeof cursorTable>, "from"> {
  /** Gives the place of a reader that has none saved; asks the server's clock where it needs to. */
  readonly startAt: (askClock: AskClock) => Promise<Place>;
}

/** How far back `"now"` reaches, in case the clocks of the provider's own machines differ. */
const nowMarginMs = 60_000;

/** A start further back than this is past by any clock. */
const longAgoMs = 86_400_000;

/** The rules of {@link CursorFeedOptions}. */
export const cursorTable = {
  cursor: withMethods<CursorStore>("load", "save").required(
    "a cursor store, such as memoryStores().cursors",
  ),
  consumer: name.required(),
  from: new Rule<NonNullable<CursorFeedOptions["from"]>>({
    must: '"oldest", "now", a Date, epoch ms, or RFC 3339 text with Z or an offset',
    test: (value) => value === "oldest" || value === "now" || isInstant(value),
  }).or("oldest"),
  onCursorExpired: oneOf<OnCursorExpired>("halt", "oldest", "fromTime").or("halt"),
  restartMarginMs: milliseconds(0).or(1_000),
  checkEmptyAfterMs: milliseconds(0, Number.POSITIVE_INFINITY).or(3_600_000),
  expiredStatuses: list(whole(100, 599)).or(Object.freeze([400, 404, 410, 422])),
} satisfies TableOf<CursorFeedOptions>;

/**
 * Checks the options of a feed once.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 */
export function checkCursorOptions(
  { provider, seek }: Pick<CursorApi, "provider" | "seek">,
  options: CursorFeedOptions,
): CursorSettings {
  const verb = `${provider} feed`;
  const { from, ...settings } = checkOptions(verb, options, cursorTable);
  if (seek === undefined) {
    const rule = "needs an API that can be read from a time on";
    if (from !== "oldest") throw optionError(verb, "from", `other than "oldest" ${rule}`);
    if (settings.onCursorExpired === "fromTime") {
      throw optionError(verb, "onCursorExpired", `"fromTime" ${rule}`);
    }
  }
  return { ...settings, startAt: toStart(from) };
}

/**
 * A server may read a time to come as now, each time that it is asked: what is published between two such
 * questions would be in neither answer. So no start is later than now by its own clock.
 */
function toStart(from: NonNullable<CursorFeedOptions["from"]>): CursorSettings["startAt"] {
  if (from === "oldest") return async () => ({});
  if (from === "now") return async (askClock) => toSince((await askClock()) - nowMarginMs);
  const at = new Date(from).getTime();
  return async (askClock) => {
    if (at < Date.now() - longAgoMs) return toSince(at);
    return toSince(Math.min(at, await askClock()));
  };
}

function toSince(epochMs: number): Place {
  return { since: new Date(epochMs).toISOString() };
}
