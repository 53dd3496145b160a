import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { DeadLetter, EventKey, StoreKey } from "../core/stores.ts";

const longestName = 500;
const hundredYearsMs = 100 * 365 * 24 * 3_600_000;

/** Makes a `config` error of the stores: a wrong option or argument. */
export function configError(operation: string, message: string): AckloopError {
  return new AckloopError("config", message, { provider: "stores", operation });
}

/** Refuses what is no text, is empty, holds NUL or is longer than 500 characters. */
export function checkName(operation: string, name: string, value: unknown): void {
  if (typeof value !== "string" || value === "") {
    throw configError(operation, `\`${name}\` must be a text that is not empty`);
  }
  if (value.length > longestName || value.includes("\0")) {
    throw configError(
      operation,
      `\`${name}\` must have at most ${longestName} characters, and no NUL`,
    );
  }
}

/** Refuses a key without a usable consumer's and feed's name. */
export function checkKey(operation: string, key: StoreKey): void {
  checkObject(operation, "key", key);
  checkName(operation, "consumer", key.consumer);
  checkName(operation, "feed", key.feed);
}

/** Refuses an event's key that is wrong; the identity may be any text that is not empty. */
export function checkEventKey(operation: string, key: EventKey): void {
  checkKey(operation, key);
  checkText(operation, "identity", key.identity);
  if (key.identity === "") throw configError(operation, "`identity` must not be empty");
}

/** Tells whether a value is an object with members: no list, not null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tells whether a value is an event, as far as the loop relies on it: on the way in and out. */
export function isEvent(json: unknown): json is FeedEvent {
  return isObject(json) && ["id", "source", "type"].every((name) => typeof json[name] === "string");
}

/** Tells whether a value is a dead letter, as far as a redrive relies on it: on the way in and out. */
export function isLetter(json: unknown): json is DeadLetter {
  if (!isObject(json)) return false;
  const { event, attempts } = json;
  const texts = ["consumer", "feed", "identity", "reason", "failedAt"].every(
    (name) => typeof json[name] === "string",
  );
  return texts && isCount(attempts) && (event === undefined || isEvent(event));
}

/** Refuses a dead letter that could not be given back. */
export function checkLetter(operation: string, letter: DeadLetter): void {
  checkEventKey(operation, letter);
  if (isLetter(letter)) return;
  throw configError(
    operation,
    "`letter` must have a `reason`, an RFC 3339 time in `failedAt`, a whole number of `attempts`, and an `event` with `id`, `source` and `type`, or none",
  );
}

/** Tells whether a value counts something. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Refuses what is no object. */
export function checkObject(operation: string, name: string, value: unknown): void {
  if (typeof value !== "object" || value === null) {
    throw configError(operation, `\`${name}\` must be an object`);
  }
}

/** Refuses what is no text. */
export function checkText(operation: string, name: string, value: unknown): void {
  if (typeof value !== "string") throw configError(operation, `\`${name}\` must be a text`);
}

/** Refuses what is no list of texts. */
export function checkTexts(operation: string, name: string, value: unknown): void {
  if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) {
    throw configError(operation, `\`${name}\` must be a list of texts`);
  }
}

/** Refuses what is no whole number from `least` to `most`. */
export function checkWhole(
  operation: string,
  name: string,
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
    const range =
      most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw configError(operation, `\`${name}\` must be a whole number ${range}`);
  }
}

/** Refuses what is no time span in ms, from `least` to a hundred years. */
export function checkMs(operation: string, name: string, value: unknown, least = 1): void {
  if (typeof value !== "number" || !(value >= least && value <= hundredYearsMs)) {
    throw configError(operation, `\`${name}\` must be a number of ms of at least ${least}`);
  }
}

/** Refuses options that are no object, or have a name that is not known. */
export function checkOptions(
  operation: string,
  options: unknown,
  names: readonly string[],
): asserts options is object {
  checkObject(operation, "options", options);
  for (const name of Object.keys(options as object)) {
    if (!names.includes(name)) {
      const known = names.map((one) => `\`${one}\``).join(", ");
      throw configError(operation, `there is no option \`${name}\`; known: ${known}`);
    }
  }
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
