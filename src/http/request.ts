import { wrong } from "./options.ts";
import type { HttpCall } from "./types.ts";

type Called = Pick<HttpCall<unknown>, "operation" | "path" | "query">;

/**
 * Encodes an id as one part of a path, for names and sources that are made of ids.
 *
 * @throws {AckloopError} `config` for a text that no path can hold.
 */
export function toSegment(provider: string, operation: string, id: string | number): string {
  return encodeSegment(provider, operation, id);
}

/** Tells whether a text that came from a provider can be one part of a path. */
export function isSegment(text: string): boolean {
  return !["", ".", ".."].includes(text) && !/\p{Surrogate}/u.test(text);
}

/**
 * Builds the address of a call: each segment and each part of the query is encoded, so that no code
 * or id of a provider's or a user's can become a path.
 *
 * @param base A checked base URL. A slash at its end is kept only where it is the whole address.
 * @throws {AckloopError} `config` for a segment that no encoding makes safe: `.`, `..`, the empty one.
 */
export function toUrl(provider: string, base: string, call: Called): string {
  let url = call.path.length === 0 ? base : base.replace(/\/+$/, "");
  for (const segment of call.path) url += `/${encodeSegment(provider, call.operation, segment)}`;
  if (call.query === undefined) return url;
  let separator = "?";
  for (const [name, value] of Object.entries(call.query)) {
    if (value === undefined) continue;
    const text = encode(provider, call.operation, String(value));
    url += `${separator}${encodeURIComponent(name)}=${text}`;
    separator = "&";
  }
  return url;
}

function encodeSegment(provider: string, operation: string, segment: string | number): string {
  const text = String(segment);
  // A URL parser reads `.` and `..` as steps, also in their encoded forms, and drops the empty one.
  if (text === "" || text === "." || text === "..") {
    const seen = text === "" ? "empty" : `"${text}"`;
    throw wrong(provider, `a part of the path is ${seen}; give a code or id`, operation);
  }
  if (typeof segment !== "string" && !Number.isFinite(segment)) {
    throw wrong(provider, "a part of the path must be text or a finite number", operation);
  }
  return encode(provider, operation, text);
}

function encode(provider: string, operation: string, text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    throw wrong(provider, "text for the address must be well-formed Unicode", operation);
  }
}
