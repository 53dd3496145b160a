import { AckloopError } from "../core/errors.ts";
import type { CursorStore, StoredCursor, StoreKey } from "../core/stores.ts";
import { decodePlace, encodePlace } from "../feeds/cursor/place.ts";

/** What is known of a saved place. */
export interface PlaceFacts {
  /** The position to read on behind, where it is one of a feed that is read after a cursor. */
  readonly position?: string | undefined;
  /** When the item of that position happened, or from which time on it is read; RFC 3339. */
  readonly time?: string | undefined;
}

/** Reads what a place says; `undefined` where it is no place of a feed that is read after a cursor. */
export function factsOf(value: string): PlaceFacts | undefined {
  const { after, since } = decodePlace(value)?.place ?? {};
  if (after) return { position: after.position, ...(after.time && { time: after.time }) };
  if (since !== undefined) return { time: since };
  return decodePlace(value) && {};
}

/** A move of a saved place. */
export interface Rewind {
  readonly from: PlaceFacts;
  /** From which time on events come again, RFC 3339 in UTC. */
  readonly to: string;
  /** Saves it; to be called once a person has agreed. */
  save(): Promise<void>;
}

/**
 * Prepares to move a saved place back to a time: what happened from then on comes again. It saves nothing
 * yet.
 *
 * @param time Epoch ms.
 * @throws {AckloopError} `notFound` where no place is saved; `config` where it is no place that is read by
 * time, or the time is to come, or behind the place: events in between would never come. `save` rejects
 * with `conflict` where the place was saved since.
 */
export async function rewind(store: CursorStore, key: StoreKey, time: number): Promise<Rewind> {
  const stored = await loadPlace(store, key);
  const { consumer, feed } = key;
  const from = factsOf(stored.value);
  if (from === undefined) {
    const text = `what is saved for ${consumer} and ${feed} is no place that can be moved to a time`;
    throw new AckloopError("config", text);
  }
  const to = new Date(time).toISOString();
  if (time > Date.now()) {
    throw new AckloopError("config", `${to} is to come: a place is moved back, to a time that was`);
  }
  if (from.time !== undefined && Date.parse(from.time) < time) {
    const text = `the place stands at ${from.time}: moved on to ${to}, events in between would never come`;
    throw new AckloopError("config", text);
  }
  // A run of its own: whoever is at work saves no more, and ends.
  const run = crypto.randomUUID();
  const value = encodePlace({ place: { since: to }, run, sequence: 0 });
  return { from, to, save: () => replace(store, key, value, stored.revision) };
}

/** Gives the saved place. @throws {AckloopError} `notFound` where there is none. */
export async function loadPlace(store: CursorStore, key: StoreKey): Promise<StoredCursor> {
  const stored = await store.load(key);
  if (stored !== undefined) return stored;
  const text = `no place is saved for ${key.consumer} and ${key.feed}`;
  throw new AckloopError("notFound", text);
}

/** Saves a place on a revision. @throws {AckloopError} `conflict` where another was saved since. */
export async function replace(
  store: CursorStore,
  key: StoreKey,
  value: string,
  revision: number,
): Promise<void> {
  const { status } = await store.save(key, value, revision);
  if (status === "saved") return;
  const text = `${key.consumer} has saved a place of ${key.feed} meanwhile: stop its run first`;
  throw new AckloopError("conflict", text);
}
