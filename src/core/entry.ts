import type { FeedEvent } from "./event.ts";
import type { Delivery } from "./feed.ts";
import { isObject } from "./options.ts";
import { toPlainEvent } from "./plain.ts";
import type { InboxEntry } from "./stores.ts";

/** Makes of a delivery what a queue keeps of it. */
export function entryOf(delivery: Delivery): InboxEntry {
  const { raw } = delivery;
  if (delivery.unreadable) {
    const { message, path } = delivery.unreadable;
    return { raw, unreadable: { message, path } };
  }
  // A queue knows an event by its id alone: where that is not enough, it is stored whenever it comes.
  const isDerived = delivery.idDerived || delivery.identity !== undefined;
  return { raw, event: delivery.event, ...(isDerived && { idDerived: true }) };
}

/** An entry as it is written as JSON. */
export function toPlainEntry(entry: InboxEntry): object {
  const { raw = null } = entry;
  if (entry.event === undefined) return { unreadable: entry.unreadable, raw };
  const event = toPlainEvent(entry.event);
  return { event, raw, ...(entry.idDerived && { idDerived: true }) };
}

/** Whether a value has what the loop and a feed rely on in an event. */
export function isEvent(value: unknown): value is FeedEvent {
  return (
    isObject(value) && ["id", "source", "type"].every((member) => typeof value[member] === "string")
  );
}

/** Whether what was read from JSON is an entry. */
export function isEntry(value: unknown): value is InboxEntry {
  if (!isObject(value)) return false;
  const { event, unreadable } = value;
  if (event !== undefined) return isEvent(event);
  return isObject(unreadable) && typeof unreadable["message"] === "string";
}
