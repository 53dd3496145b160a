import { AckloopError } from "../../core/errors.ts";
import { isTimestamp } from "./instant.ts";

/** Where to read on. Without either field: at the oldest item that is retained. */
export interface Place {
  /** Behind this position. The time of its item is kept beside it, for a restart by time. */
  readonly after?: { readonly position: string; readonly time?: string | undefined } | undefined;
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
    since: place.since,
    run,
    sequence,
    checkedAt,
  });
}

/** Reads what {@link encodePlace} made; `undefined` for anything else. */
export function decodePlace(value: string): SavedPlace | undefined {
  const { version, id, time, since, run, sequence, checkedAt } = parse(value);
  if (version !== 1 || typeof run !== "string" || typeof sequence !== "number") return undefined;
  if (![id, time, since].every((each) => each === undefined || typeof each === "string")) {
    return undefined;
  }
  if (time !== undefined && !isTimestamp(time)) return undefined;
  const checked = typeof checkedAt === "number" ? checkedAt : undefined;
  return { place: toPlace(id, time, since), run, sequence, checkedAt: checked };
}

function toPlace(id: unknown, time: string | undefined, since: unknown): Place {
  if (typeof id === "string") return { after: { position: id, time } };
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
