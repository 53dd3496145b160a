import type { Delivery } from "../../core/feed.ts";
import { notify } from "../../core/guard.ts";
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
    if (isAlike(again, delivery)) return again;
    // It may be a promise, and reject later.
    notify(() => again);
  } catch {
    // A fault of the feed's; what came first is the next best.
  }
  return delivery;
}

/** A feed of the user's may read anything anew: what is no event in the place of one would lose it. */
function isAlike(again: unknown, { event }: Delivery): again is Delivery {
  const read = (again ?? {}) as Partial<Delivery>;
  if (event === undefined) return read.unreadable !== undefined;
  return typeof read.event?.id === "string" && typeof read.event.source === "string";
}

/** The delivery to give to the next attempt: what earlier ones did to the event is not in it. */
export function toGiven(entry: Entry): Delivery {
  const { delivery } = entry;
  if (delivery.again === undefined) return copyOf(delivery);
  return entry.given === undefined ? delivery : asItCame(entry);
}

/**
 * Copies event and raw together, so that what they share stays shared. Some 5 us for an event of a few
 * hundred bytes. What cannot be copied, such as a function, is handed on as it is: the raw alone, where
 * the event can be copied.
 */
function copyOf(delivery: Delivery): Delivery {
  const { event, raw } = delivery;
  if (event === undefined) return delivery;
  for (const copied of [{ event, raw }, { event }]) {
    try {
      return { ...delivery, ...structuredClone(copied) };
    } catch {
      // Something in it cannot be copied.
    }
  }
  return delivery;
}
