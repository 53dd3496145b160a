import { reasonOf, throwIfAborted } from "../../core/abort.ts";
import { kindOf, tell } from "../../core/foreign.ts";
import { ask, toFailure } from "../../core/guard.ts";
import type { Logger } from "../../core/logger.ts";
import type { CursorStore, StoredCursor, StoreKey } from "../../core/stores.ts";
import { earlierTime } from "./time.ts";

/** Where the watermark of one feed and consumer is kept. */
export interface WatermarkPlace {
  /** The store. */
  readonly cursors: CursorStore;
  /** Whose watermark it is. */
  readonly key: StoreKey;
  /** Where a store that fails is told. */
  readonly logger: Logger | undefined;
}

/** The watermark as it was before some acks. */
export interface Watermark {
  /**
   * Saves what these acks were answered. Rejects never: a watermark that stays behind repeats more
   * events after a reset, and loses none.
   */
  save(earliest: string, signal: AbortSignal | undefined): Promise<void>;
}

/** How often a save is tried against other processes that save meanwhile. */
const maxSaves = 5;

/**
 * Loads the watermark before the acks are sent, so that every save of another process that happens
 * while they are under way shows as a conflict.
 *
 * `undefined` when the store fails, which is told to the logger: the acks go on without it.
 *
 * @throws The signal's reason, when it fires.
 */
export async function loadWatermark(
  place: WatermarkPlace,
  signal: AbortSignal | undefined,
): Promise<Watermark | undefined> {
  try {
    const loaded = await within(signal, (own) => place.cursors.load(place.key, { signal: own }));
    return { save: (earliest, signal) => saveWatermark(place, loaded, earliest, signal) };
  } catch (error) {
    throwIfAborted(signal);
    warn(place, "the watermark could not be loaded", error);
    return undefined;
  }
}

async function saveWatermark(
  place: WatermarkPlace,
  loaded: StoredCursor | undefined,
  earliest: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  let current = loaded;
  let value = earliest;
  try {
    for (let saves = 0; saves < maxSaves; saves += 1) {
      if (current?.value === value) return;
      const revision = current?.revision ?? 0;
      const save = (own: AbortSignal) =>
        place.cursors.save(place.key, value, revision, { signal: own });
      const saved = await within(signal, save);
      if (saved.status === "saved") return;
      // Both were true when the node said them, in an order that nobody knows: the earlier is safe.
      current = saved.current;
      if (current !== undefined) value = earlierTime(value, current.value);
    }
    warn(place, "the watermark was not saved: others save it all the time");
  } catch (error) {
    warn(place, "the watermark could not be saved", error);
  }
}

/** The acks wait for the store, so one that hangs must give up well before they do. */
const storeLimitMs = 10_000;

async function within<Value>(
  signal: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const answer = await ask({ what: "cursor store", limitMs: storeLimitMs, signal }, call);
  if (answer.kind === "answered") return answer.value;
  if (answer.kind === "cut") throw reasonOf(signal);
  throw "thrown" in answer ? answer.thrown : answer.error;
}

function warn({ key, logger }: WatermarkPlace, what: string, error?: unknown): void {
  const failure = toFailure(error, { what });
  // The text of a store's own error may name its host or its user.
  const cause = failure === error ? failure.message : error !== undefined && kindOf(error);
  tell(logger, "warn", `kekker ack: ${what}`, { ...key, ...(cause ? { cause } : {}) });
}
