import { AckloopError } from "../../core/errors.ts";
import { isInstant } from "./wire.ts";

/** Where to read on. Without either field: at the oldest message that is retained. */
export interface Place {
  /** Behind this message. Its time is kept beside its id, for a restart by time. */
  readonly after?: { readonly id: string; readonly time?: string | undefined } | undefined;
  /** From this time on, RFC 3339; used as long as no message has been acknowledged. */
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
  /** How many messages the run had been given up to here: orders the saves of one run. */
  readonly sequence: number;
  /** When long emptiness was last checked by time, epoch ms. */
  readonly checkedAt?: number | undefined;
}

/** Turns a place into what is stored: one JSON text, id and time together. */
export function encodePlace({ place, run, sequence, checkedAt }: SavedPlace): string {
  return JSON.stringify({
    version: 1,
    id: place.after?.id,
    time: place.after?.time,
    since: place.since,
    run,
    sequence,
    checkedAt,
  });
}

/**
 * Reads what {@link encodePlace} made.
 *
 * @throws {AckloopError} `config` when it is something else: reading on from a guess could skip
 * messages.
 */
export function decodePlace(value: string): SavedPlace {
  const stored = parse(value);
  const { id, time, since, run, sequence, checkedAt } = stored;
  if (stored["version"] !== 1 || typeof run !== "string" || typeof sequence !== "number") {
    throw unknownCursor();
  }
  if (![id, time, since].every((text) => text === undefined || typeof text === "string")) {
    throw unknownCursor();
  }
  if (time !== undefined && !isInstant(time)) throw unknownCursor();
  return {
    place: toPlace(id, time, since),
    run,
    sequence,
    checkedAt: typeof checkedAt === "number" ? checkedAt : undefined,
  };
}

function toPlace(id: unknown, time: unknown, since: unknown): Place {
  if (typeof id === "string") {
    return { after: { id, time: typeof time === "string" ? time : undefined } };
  }
  return typeof since === "string" ? { since } : {};
}

function parse(value: string): Readonly<Record<string, unknown>> {
  try {
    const stored: unknown = JSON.parse(value);
    if (typeof stored === "object" && stored !== null) return { ...stored };
  } catch {
    // Not JSON: refused below, like JSON of another shape.
  }
  throw unknownCursor();
}

function unknownCursor(): AckloopError {
  return new AckloopError(
    "config",
    "the stored cursor was not written by this feed; give another consumer name, or remove it",
    { provider: "workato", operation: "load cursor" },
  );
}
