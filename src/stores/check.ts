import type { FeedEvent } from "../core/event.ts";
import {
  isObject,
  LONGEST_TIMER_MS,
  milliseconds,
  name,
  type Rule,
  rule,
  whole,
} from "../core/options.ts";
import type { DeadLetter, EventKey, InboxEntry, StoreKey } from "../core/stores.ts";
import { storeError } from "./error.ts";

const hundredYearsMs = 100 * 365 * 24 * 3_600_000;

export function checkArgument(
  operation: string,
  argument: string,
  value: unknown,
  { must, test }: Pick<Rule<never>, "must" | "test">,
): void {
  if (test(value) === true) return;
  throw storeError("config", operation, `\`${argument}\` must be ${must}`);
}

/** A number of ms, of up to a hundred years. */
export function ms(least: number): Rule<number> {
  return milliseconds(least, hundredYearsMs);
}

/** A number of ms that a timer can wait. */
export const timerMs: Rule<number> = milliseconds(1, LONGEST_TIMER_MS);

export const anyText: Rule<string> = rule("a text", isText);

export const texts: Rule<readonly string[]> = rule("a list of texts", listOf(isText));

export const anObject: Rule<object> = rule("an object", isObject);

export const placeRule: Rule<StoreKey> = rule(
  "an object with `consumer` and `feed`: names of 1 to 500 characters, without NUL",
  isPlace,
);

/** An event's key; the identity may be any text that is not empty. */
export const eventRule: Rule<EventKey> = rule(
  `${placeRule.must}; and an \`identity\` that is not empty`,
  (value) => isPlace(value) && isText(value["identity"]) && value["identity"] !== "",
);

/** A dead letter that could be given back. */
export const letterRule: Rule<DeadLetter> = rule(
  `${eventRule.must}; with a \`reason\`, a time in \`failedAt\`, a whole number of \`attempts\`, and an \`event\` with \`id\`, \`source\` and \`type\`, or none`,
  (value) => eventRule.test(value) === true && isLetter(value),
);

/** Entries of an inbox that could be given back. */
export const entriesRule: Rule<readonly InboxEntry[]> = rule(
  "a list of entries, each with an `event` with `id`, `source` and `type`, or an `unreadable` with a `message`",
  listOf(isEntry),
);

function listOf(isItem: (value: unknown) => boolean): (value: unknown) => boolean {
  // Not by `every` alone, which passes over the holes of a list.
  return (value) => Array.isArray(value) && Array.from(value).every(isItem);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isPlace(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    isObject(value) && [value["consumer"], value["feed"]].every((one) => name.test(one) === true)
  );
}

// What the loop, a redrive and a feed rely on: asked on the way in, and again on the way out.

function isEvent(value: unknown): value is FeedEvent {
  return isObject(value) && ["id", "source", "type"].every((member) => isText(value[member]));
}

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

export function isEntry(value: unknown): value is InboxEntry {
  if (!isObject(value)) return false;
  const { event, unreadable } = value;
  if (event !== undefined) return isEvent(event);
  return isObject(unreadable) && isText(unreadable["message"]);
}
