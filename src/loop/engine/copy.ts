import type { Delivery, ReadableDelivery } from "../../core/feed.ts";
import { notify } from "../../core/guard.ts";
import { copyPlain, isPlain } from "../../core/plain.ts";
import type { Entry } from "./entry.ts";

/**
 * The delivery as the feed brought it, in objects that no handler has seen.
 *
 * A feed that has `again` reads it anew from the wire's text. Without it, the entry's own delivery was
 * never given away, since {@link toGiven} has made copies of it.
 */
export function asItCame(entry: Entry): Delivery {
  const { delivery } = entry;
  if (delivery.again === undefined) return delivery;
  try {
    const again: unknown = delivery.again();
    if (isAlike(again, entry)) return again;
    // It may be a promise, and reject later.
    notify(() => again);
  } catch {
    // A fault of the feed's; what came first is the next best.
  }
  return delivery;
}

/** A feed of the user's may read anything anew: what is not this event would be handled in its place. */
function isAlike(again: unknown, { delivery, id, source }: Entry): again is Delivery {
  const { event, unreadable } = (again ?? {}) as Partial<Delivery>;
  if (delivery.event === undefined) return unreadable !== undefined;
  return event?.id === id && event.source === source && typeof event.type === "string";
}

/** The delivery to give to the next attempt: what earlier ones did to the event is not in it. */
export function toGiven(entry: Entry): Delivery {
  const { delivery } = entry;
  if (delivery.again === undefined) return copyOf(delivery);
  return entry.given === undefined ? delivery : asItCame(entry);
}

/**
 * Copies event and raw together, so that what they share stays shared: the raw is handed on as it is where
 * it alone cannot be copied, such as one that nests too deep.
 */
function copyOf(delivery: Delivery): Delivery {
  const { event, raw } = delivery;
  if (event === undefined) return delivery;
  const facts = isPlain(delivery) ? delivery : factsOf(delivery);
  for (const copied of [{ event, raw }, { event }]) {
    try {
      return { ...facts, ...copyPlain(copied) };
    } catch {
      // A getter of it throws, or it nests too deep.
    }
  }
  return delivery;
}

/** What a spread would not find behind a class's prototype. */
function factsOf(delivery: ReadableDelivery): Omit<ReadableDelivery, "event"> {
  const { raw, receipt, identity, attempt, leaseMs, idDerived } = delivery;
  return { raw, receipt, identity, attempt, leaseMs, idDerived };
}
