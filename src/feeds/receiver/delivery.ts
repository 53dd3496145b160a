import type { FeedEvent } from "../../core/event.ts";
import { type Delivery, type Receipt, toReceipt } from "../../core/feed.ts";
import { parseJson } from "../../core/json.ts";

/** The one receipt of a request: what settles it is its answer. */
export const answerReceipt: Receipt = toReceipt("answer");

/**
 * Gives a delivery the way to be read anew, which is not copied along when the delivery is spread: what
 * is made of it is another one.
 */
export function withAgain<E extends FeedEvent>(
  delivery: Delivery<E>,
  again: () => Delivery<E>,
): Delivery<E> {
  return Object.defineProperty(delivery, "again", { value: again });
}

/**
 * The value of a JSON text, or the text itself: when it is not JSON, since any text may be sent,
 * and when it nests so deeply that no store could write it down again.
 */
export function parseText(text: string): unknown {
  try {
    const value = parseJson(text);
    return text.length > maxDepth && isTooDeep(value) ? text : value;
  } catch {
    return text;
  }
}

/** The deepest nesting that is parsed; writing JSON fails at some thousands. */
const maxDepth = 512;

function isTooDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; depth <= maxDepth; depth += 1) {
    level = level.flatMap((each) =>
      typeof each === "object" && each !== null ? Object.values(each) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}
