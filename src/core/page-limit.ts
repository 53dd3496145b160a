import { type AckloopError, isAckloopError } from "./errors.ts";

/** What the error for an answer says that was not read to its end, since it is too long. */
export const tooLongText = "the answer is longer than maxBodyBytes";

/** Whether an error says that an answer was too long: asking for less may mend it. */
export function isTooLong(error: unknown): error is AckloopError {
  return isAckloopError(error) && error.code === "schema" && error.message.includes(tooLongText);
}

/** How many items to ask for after a page of so many was longer than may be read; 0 after one alone. */
export function fewer(limit: number): number {
  return Math.floor(limit / 2);
}

/**
 * How many to ask for after a page of so many was read: by a quarter more, so that pages of even items are
 * too long once in a while, and not every other time.
 */
export function more(limit: number, most: number): number {
  return limit >= most ? limit : Math.min(most, limit + Math.max(1, Math.floor(limit / 4)));
}
