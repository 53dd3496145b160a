import { isEntry, toPlainEntry } from "../core/entry.ts";
import { hasOwnId, identityOf } from "../core/identity.ts";
import type { InboxClaim, InboxEntry, InboxItem } from "../core/stores.ts";
import { storeError } from "./error.ts";
import { parsed, toJson } from "./json.ts";

/** An entry on its way in. */
export interface Draft {
  /** What makes it the same as another; absent where that is not known. */
  readonly identity: string | undefined;
  readonly text: string;
}

/** Writes entries as JSON, the same event once. */
export function draftsOf(entries: readonly InboxEntry[]): readonly Draft[] {
  const seen = new Set<string>();
  return entries.flatMap((entry) => {
    const identity = entry.event && hasOwnId(entry) ? identityOf(entry.event) : undefined;
    if (identity !== undefined && seen.has(identity)) return [];
    if (identity !== undefined) seen.add(identity);
    return { identity, text: toJson("add", "raw", toPlainEntry(entry)) };
  });
}

/** Makes a claim of a stored entry. What cannot be read is an unreadable entry, so that it blocks no other. */
export function claimOf(text: unknown, place: number, token: string, attempt: number): InboxClaim {
  const again = (): InboxEntry => readEntry(text, place);
  return { ...again(), token, attempt, again };
}

/** What is known of a stored entry beside itself. */
interface ItemFacts extends Pick<InboxItem, "attempts" | "hiddenMs"> {
  /** Whether a worker has claimed it, and not given it back. */
  readonly isHeld: boolean;
}

/** Makes of a stored entry what is shown of it. */
export function itemOf(
  text: unknown,
  place: number,
  { attempts, hiddenMs, isHeld }: ItemFacts,
): InboxItem {
  const item = { ...readEntry(text, place), attempts, hiddenMs };
  return hiddenMs > 0 && !isHeld ? { ...item, isGivenBack: true } : item;
}

function readEntry(text: unknown, place: number): InboxEntry {
  const entry = parsed(text);
  if (isEntry(entry)) return entry;
  return { raw: null, unreadable: { message: `the entry at place ${place} is damaged` } };
}

export function fullError(): Error {
  const text = "the inbox is full; it takes more when workers finish";
  return storeError("rateLimit", "add", text, { retryAfterMs: 1000 });
}
