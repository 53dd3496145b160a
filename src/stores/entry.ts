import { AckloopError } from "../core/errors.ts";
import { identityOf } from "../core/identity.ts";
import type { InboxClaim, InboxEntry } from "../core/stores.ts";
import { checkObject, checkText, configError, isEvent, isObject, toJson } from "./check.ts";

const fullRetryMs = 1000;

/** Checks entries and writes each as JSON. */
export function entriesToJson(entries: readonly InboxEntry[]): readonly string[] {
  if (!Array.isArray(entries)) throw configError("add", "`entries` must be a list");
  return entries.map((entry: InboxEntry) => {
    checkObject("add", "entry", entry);
    const { event, unreadable, raw } = entry;
    if (event === undefined) {
      checkObject("add", "unreadable", unreadable);
      checkText("add", "message", unreadable.message);
      return toJson("add", "raw", { unreadable, raw: raw ?? null });
    }
    checkObject("add", "event", event);
    if (!isEvent(event)) {
      throw configError("add", "`event` must have an `id`, a `source` and a `type`");
    }
    const { idDerived } = entry;
    return toJson("add", "raw", { event, raw: raw ?? null, ...(idDerived && { idDerived }) });
  });
}

/** What makes an entry the same as another; `undefined` where that is not known. */
export function sameAs(entry: InboxEntry): string | undefined {
  return entry.event === undefined || entry.idDerived ? undefined : identityOf(entry.event);
}

/** Makes a claim of a stored entry. */
export function claimOf(text: string | undefined, token: string, attempt: number): InboxClaim {
  const again = (): InboxEntry => entryFromJson(text);
  return { ...again(), token, attempt, again };
}

/** Reads a stored entry. What cannot be read is an unreadable entry, so that it blocks no other. */
function entryFromJson(text: string | undefined): InboxEntry {
  if (text === undefined) return lostEntry("its text is missing");
  try {
    const entry: unknown = JSON.parse(text);
    if (isEntry(entry)) return entry;
  } catch {
    // Said below, as of JSON of another shape.
  }
  return lostEntry("its text is damaged");
}

function isEntry(json: unknown): json is InboxEntry {
  if (!isObject(json)) return false;
  const { event, unreadable } = json;
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

function lostEntry(what: string): InboxEntry {
  return { raw: null, unreadable: { message: `the inbox has lost an entry: ${what}` } };
}
