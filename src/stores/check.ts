import { isEvent } from "../core/entry.ts";
import {
  isObject,
  LONGEST_TIMER_MS,
  milliseconds,
  type Rule,
  rule,
  type Table,
  whole,
} from "../core/options.ts";
import type { DeadLetter } from "../core/stores.ts";
import { storeError } from "./error.ts";

export function checkArgument(
  operation: string,
  argument: string,
  value: unknown,
  { must, test }: Table[string],
): void {
  if (test(value) === true) return;
  throw storeError("config", operation, `\`${argument}\` must be ${must}`);
}

/** A number of ms, of up to a hundred years. */
export function ms(least: number): Rule<number> {
  return milliseconds(least, 100 * 365 * 24 * 3_600_000);
}

/** A number of ms that a timer can wait. */
export const timerMs: Rule<number> = milliseconds(1, LONGEST_TIMER_MS);

export const anObject: Rule<object> = rule("an object", isObject);

export function isText(value: unknown): value is string {
  return typeof value === "string";
}

// What the loop, a redrive and a feed rely on: asked on the way in, and again on the way out.

export function isLetter(value: unknown): value is DeadLetter {
  if (!isObject(value)) return false;
  const { event, attempts, code } = value;
  const needed = ["consumer", "feed", "identity", "reason", "failedAt"];
  return (
    needed.every((member) => isText(value[member])) &&
    (code === undefined || isText(code)) &&
    whole(0).test(attempts) === true &&
    (event === undefined || isEvent(event))
  );
}
