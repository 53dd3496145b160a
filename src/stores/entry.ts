import { AckloopError } from "../core/errors.ts";
import { hasOwnId, identityOf } from "../core/identity.ts";
import { toPlainEvent } from "../core/plain.ts";
import type { InboxClaim, InboxEntry } from "../core/stores.ts";
import { configError, isEvent, isObject, parsed, toJson } from "./check.ts";

const fullRetryMs = 1000;

/** Checks entries and writes each as JSON. */
export function entriesToJson(entries: readonly InboxEntry[]): readonly string[] {
  if (!Array.isArray(entries)) throw configError("add", "`entries` must be a list");
  return entries.map((entry: unknown) => {
    if (isEntry(entry)) {
      const { event, unreadable, idDerived, raw = null } = entry as InboxParts;
      const what = event === undefined ? { unreadable } : { event: toPlainEvent(event) };
      return toJson("add", "raw", { ...what, raw, ...(event && idDerived && { idDerived }) });
    }
    throw configError(
      "add",
      "an entry must have an `event` with `id`, `source` and `type`, or an `unreadable` with a `message`",
    );
  });
}

type InboxParts = InboxEntry & { readonly idDerived?: true | undefined };

/** What makes an entry the same as another; `undefined` where that is not known. */
export function sameAs(entry: InboxEntry): string | undefined {
  return entry.event && hasOwnId(entry) ? identityOf(entry.event) : undefined;
}

/** Makes a claim of a stored entry. */
export function claimOf(text: string, place: number, token: string, attempt: number): InboxClaim {
  const again = (): InboxEntry => entryFromJson(text, place);
  return { ...again(), token, attempt, again };
}

/** Reads a stored entry. What cannot be read is an unreadable entry, so that it blocks no other. */
function entryFromJson(text: string, place: number): InboxEntry {
  const entry = parsed(text);
  if (isEntry(entry)) return entry;
  return { raw: null, unreadable: { message: `the entry at place ${place} is damaged` } };
}

/** Tells whether a value is an entry, as far as the feed relies on it: on the way in and out. */
function isEntry(value: unknown): value is InboxEntry {
  if (!isObject(value)) return false;
  const { event, unreadable } = value;
  if (event !== undefined) return isEvent(event);
  return isObject(unreadable) && typeof unreadable["message"] === "string";
}

/** The error of an inbox that takes no more. */
export function fullError(): AckloopError {
  return new AckloopError("rateLimit", "the inbox is full; it takes more when workers finish", {
    provider: "stores",
    operation: "add",
    retryable: true,
    retryAfterMs: fullRetryMs,
  });
}
