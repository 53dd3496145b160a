import { type Instant, isInstant } from "../../feeds/cursor/instant.ts";
import { wrong } from "../../http/options.ts";

/** A topic's id. Workato's pages show a number in some places and text in others; both are taken. */
export type WorkatoTopicId = number | string;

/** Checks a topic's id for callers without types: `undefined` must not become a topic of that name. */
export function checkTopicId(operation: string, id: unknown): WorkatoTopicId {
  if (typeof id === "string" && id !== "" && id !== "." && id !== "..") return id;
  if (typeof id === "number" && Number.isSafeInteger(id) && id >= 0) return id;
  throw wrong("workato", "the topic's id must be a whole number or text", operation);
}

/** Checks a text that must not be empty. */
export function checkText(operation: string, name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw wrong("workato", `${name} must be a non-empty text`, operation);
}

/** Checks a retention in seconds; the most that Workato takes is a quota, and left to it. */
export function checkRetention(operation: string, seconds: unknown): void {
  if (seconds === undefined || (Number.isSafeInteger(seconds) && Number(seconds) > 0)) return;
  throw wrong("workato", "retentionSeconds must be a whole number from 1", operation);
}

/** A point in time: a `Date`, epoch ms, or RFC 3339 text with an offset. */
export type WorkatoInstant = Instant;

/**
 * Turns an instant into what the API takes: RFC 3339 in UTC, in whole ms. A finer text is rounded
 * down, so that nothing at that instant is passed over.
 *
 * @throws {AckloopError} `config` when it is none.
 */
export function toRfc3339(operation: string, name: string, value: WorkatoInstant): string {
  if (!isInstant(value)) {
    const what = "must be a Date, epoch ms, or RFC 3339 text with Z or an offset";
    throw wrong("workato", `${name} ${what}`, operation);
  }
  return new Date(value).toISOString();
}

/** The documented maximum of a payload, and of a request, is 1 MB. */
export const maxBytes = 1_000_000;

/** Refuses what is longer as JSON than Workato takes. */
export function checkSize<Value>(operation: string, name: string, value: Value): Value {
  sizeOf(operation, name, value);
  return value;
}

/** How many bytes a value has as JSON: at most as many as Workato takes. */
export function sizeOf(operation: string, name: string, value: unknown): number {
  const text = textOf(operation, name, value);
  if (!text.startsWith("{")) throw wrong("workato", `${name} must be an object as JSON`, operation);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= maxBytes) return bytes;
  throw wrong(
    "workato",
    `${name} has ${bytes} bytes as JSON; Workato takes ${maxBytes}`,
    operation,
  );
}

function textOf(operation: string, name: string, value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    throw wrong("workato", `${name} cannot be written as JSON`, operation);
  }
}
