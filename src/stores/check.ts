import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import { milliseconds, Rule, whole } from "../core/options.ts";
import type { DeadLetter, EventKey, StoreKey } from "../core/stores.ts";

const hundredYearsMs = 100 * 365 * 24 * 3_600_000;

/** Makes a `config` error of the stores: a wrong option or argument. */
export function configError(operation: string, message: string): AckloopError {
  return new AckloopError("config", message, { provider: "stores", operation });
}

/** Refuses an argument that breaks its rule. */
export function checkArgument(
  operation: string,
  name: string,
  value: unknown,
  { must, test }: Pick<Rule<never>, "must" | "test">,
): void {
  if (test(value) !== true) throw configError(operation, `\`${name}\` must be ${must}`);
}

/** A rule that only asks. */
function ruleOf<Type>(must: string, test: (value: unknown) => boolean): Rule<Type> {
  return new Rule({ must, test });
}

/** A number of ms, of up to a hundred years. */
export function ms(least: number): Rule<number> {
  return milliseconds(least, hundredYearsMs);
}

/** A text of any kind and length. */
export const anyText: Rule<string> = ruleOf("a text", isText);

/** A list of texts. */
export const texts: Rule<readonly string[]> = ruleOf(
  "a list of texts",
  (value) => Array.isArray(value) && value.every(isText),
);

/** An object with members. */
export const anObject: Rule<object> = ruleOf("an object", (value) => {
  return typeof value === "object" && value !== null;
});

/** Whose place it is. */
export const storeKey: Rule<StoreKey> = ruleOf(
  "an object with `consumer` and `feed`: names of 1 to 500 characters, without NUL",
  isStoreKey,
);

/** An event's key; the identity may be any text that is not empty. */
export const eventKey: Rule<EventKey> = ruleOf(
  `${storeKey.must}; and an \`identity\` that is not empty`,
  isEventKey,
);

/** A dead letter that could be given back. */
export const letterRule: Rule<DeadLetter> = ruleOf(
  `${eventKey.must}; with a \`reason\`, a time in \`failedAt\`, a whole number of \`attempts\`, and an \`event\` with \`id\`, \`source\` and \`type\`, or none`,
  (value) => isEventKey(value) && isLetter(value),
);

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Tells whether a value is a name that every store can hold. */
function isName(value: unknown): value is string {
  return isText(value) && value !== "" && value.length <= 500 && !value.includes("\0");
}

function isStoreKey(value: unknown): value is StoreKey {
  return isObject(value) && isName(value["consumer"]) && isName(value["feed"]);
}

function isEventKey(value: unknown): value is EventKey {
  return (
    isStoreKey(value) && "identity" in value && isText(value.identity) && value.identity !== ""
  );
}

/** Tells whether a value is an object with members: no list, not null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tells whether a value is an event, as far as the loop relies on it: on the way in and out. */
export function isEvent(json: unknown): json is FeedEvent {
  return isObject(json) && ["id", "source", "type"].every((name) => isText(json[name]));
}

/** Tells whether a value is a dead letter, as far as a redrive relies on it: on the way in and out. */
export function isLetter(json: unknown): json is DeadLetter {
  if (!isObject(json)) return false;
  const { event, attempts, code } = json;
  const needed = ["consumer", "feed", "identity", "reason", "failedAt"];
  return (
    needed.every((name) => isText(json[name])) &&
    (code === undefined || isText(code)) &&
    whole(0).test(attempts) === true &&
    (event === undefined || isEvent(event))
  );
}

/** Writes a value as JSON, or says which argument cannot be. */
export function toJson(operation: string, name: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // A BigInt or a cycle. The error of the engine would quote the payload's field names.
  }
  if (text === undefined) {
    throw configError(operation, `\`${name}\` cannot be written as JSON (a BigInt or a cycle?)`);
  }
  return text;
}

/** Reads JSON; `undefined` for what is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
