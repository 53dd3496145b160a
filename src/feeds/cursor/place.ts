import { AckloopError } from "../../core/errors.ts";
import type { CursorItem } from "./api.ts";
import { isTimestamp, isToCome } from "./instant.ts";

/** What is known of the times up to a position. */
export interface Times {
  /** Of its item, or of the last one before it whose time was not to come: a restart counts from it. */
  readonly time?: string | undefined;
  /** The latest of all, where that is another: what has it, or an earlier one, is nothing new. */
  readonly latest?: string | undefined;
}

/** The times behind one more item. */
export function timesBehind(before: Times, given: CursorItem["time"], sentAt?: number): Times {
  if (!given) return before;
  const known = before.latest ?? before.time;
  const time = isToCome(given, sentAt) ? before.time : given;
  const latest = known && Date.parse(known) > Date.parse(given) ? known : given;
  return latest === time ? { time } : { time, latest };
}

/** Where to read on. Without either field: at the oldest item that is retained. */
export interface Place {
  /** Behind this position. The time of its item is kept beside it, for a restart by time. */
  readonly after?: ({ readonly position: string } & Times) | undefined;
  /** From this time on, RFC 3339; used as long as nothing has been acknowledged. */
  readonly since?: string | undefined;
}

/** What stands in the cursor store. */
export interface SavedPlace {
  /** Where to read on. */
  readonly place: Place;
  /**
   * Which run saved it. Two runs may want to save one and the same place; the mark tells them apart, so
   * that a store which takes an equal value for a repeated save cannot take one run for the other.
   */
  readonly run: string;
  /** How many items the run had been given up to here: orders the saves of one run. */
  readonly sequence: number;
  /** When long emptiness was last checked by time, epoch ms. */
  readonly checkedAt?: number | undefined;
}

/** Turns a place into what is stored: one JSON text, position and time together. */
export function encodePlace({ place, run, sequence, checkedAt }: SavedPlace): string {
  return JSON.stringify({
    version: 1,
    id: place.after?.position,
    time: place.after?.time,
    latest: place.after?.latest,
    since: place.since,
    run,
    sequence,
    checkedAt,
  });
}

/** Reads what {@link encodePlace} made; `undefined` for anything else. */
export function decodePlace(value: string): SavedPlace | undefined {
  const { version, id, time, latest, since, run, sequence, checkedAt } = parse(value);
  if (version !== 1 || typeof run !== "string" || typeof sequence !== "number") return undefined;
  if (![id, time, since].every((each) => each === undefined || typeof each === "string")) {
    return undefined;
  }
  if (time !== undefined && !isTimestamp(time)) return undefined;
  const checked = typeof checkedAt === "number" ? checkedAt : undefined;
  const times = isTimestamp(latest) ? { time, latest } : { time };
  return { place: toPlace(id, times, since), run, sequence, checkedAt: checked };
}

function toPlace(id: unknown, times: Times, since: unknown): Place {
  if (typeof id === "string") return { after: { position: id, ...times } };
  return typeof since === "string" ? { since } : {};
}

function parse(value: string): Readonly<Record<string, unknown>> {
  try {
    const stored: unknown = JSON.parse(value);
    return typeof stored === "object" && stored !== null ? { ...stored } : {};
  } catch {
    return {};
  }
}

/** The error for a value that another program wrote: reading on from a guess could skip events. */
export function unknownPlace(provider: string): AckloopError {
  return new AckloopError(
    "config",
    "the stored cursor was not written by this feed; give another consumer name, or remove it",
    { provider, operation: "load cursor" },
  );
}
