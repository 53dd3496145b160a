import { AckloopError } from "../core/errors.ts";
import type { Inbox, InboxItem } from "../core/stores.ts";
import { factsOf } from "./facts.ts";
import { toTexts } from "./letter-shown.ts";
import { MASK } from "./mask.ts";
import type { Redacted, Redactor } from "./redact.ts";
import { type Found, type ItemPlace, type Search, searchItems } from "./search.ts";
import type { EntryLine, EntryShown, EntryState } from "./shown.ts";

/** What an unreadable item of a list says at most. */
const MESSAGE_SHOWN = 300;

/** How an entry stands: whether it waits, is with a worker, or was given back for later. */
export function stateOf({ hiddenMs, isGivenBack }: InboxItem): EntryState {
  if (hiddenMs <= 0) return "waits";
  return isGivenBack ? "later" : "held";
}

/** The entry as it may be shown, with what is wrong with it masked as the reason of a letter is. */
export function redactedEntry(item: InboxItem, redact: Redactor): Redacted<InboxItem> {
  const message = item.unreadable?.message;
  const { value, isMasked } = redact(message === undefined ? item : { ...item, text: message });
  const { text, ...shown } = Object(value) as Partial<InboxItem> & { readonly text?: string };
  const { attempts, hiddenMs, isGivenBack } = item;
  const facts = { attempts, hiddenMs, ...(isGivenBack && { isGivenBack }) };
  if (message === undefined) return { value: { ...shown, ...facts } as InboxItem, isMasked };
  // What is named itself, such as `unreadable`, is masked there.
  const own: unknown = Object(shown.unreadable).message;
  const told = own === message ? (text ?? message) : String(own ?? MASK);
  const unreadable = { ...Object(shown.unreadable), message: told };
  return { value: { ...shown, ...facts, unreadable } as InboxItem, isMasked };
}

/** An entry as a line of a list. */
function toLine(item: InboxItem, place: ItemPlace): EntryLine {
  const { attempts, hiddenMs } = item;
  const head = { ...place, state: stateOf(item), attempts, hiddenMs };
  // What redacts may leave anything of it, or nothing.
  if (typeof item.event === "object") return { ...head, event: factsOf(item.event) };
  const message = item.unreadable?.message ?? MASK;
  return { ...head, unreadable: message.slice(0, MESSAGE_SHOWN) };
}

/** Gives a page of the entries of an inbox that are not finished; with a text those that have it. */
export function searchEntries(
  inbox: Pick<Required<Inbox>, "entries">,
  name: string,
  search: Search,
  redact: Redactor,
): Promise<Found<EntryLine>> {
  return searchItems(
    (query) => inbox.entries(name, query),
    search,
    (item, place) => {
      const { value } = redactedEntry(item, redact);
      return { shown: toLine(value, place), text: JSON.stringify(value) };
    },
  );
}

/** Which entry of a list is meant: where it stood, and what was shown of it. */
export type EntryWish = Pick<EntryLine, "after" | "at" | "event" | "unreadable">;

/**
 * Reads the entry that a person has seen in a list: it stands there, or before, since others were finished.
 *
 * @throws {AckloopError} `notFound` where it is finished too.
 */
export async function findEntry(
  inbox: Pick<Required<Inbox>, "entries">,
  name: string,
  { after, at, ...seen }: EntryWish,
  redact: Redactor,
  signal?: AbortSignal,
): Promise<EntryShown> {
  const { items } = await inbox.entries(name, { after, limit: at + 1, signal });
  for (const [number, item] of [...items.entries()].reverse()) {
    const { value, isMasked } = redactedEntry(item, redact);
    const line = toLine(value, { after, at: number });
    if (sightOf(line) !== sightOf(seen)) continue;
    const unreadable = value.unreadable?.message ?? line.unreadable;
    return { ...line, unreadable, ...toTexts(value), isMasked };
  }
  throw new AckloopError("notFound", "the entry is not there any more: a worker has finished it");
}

/** What tells an entry from others in a list. */
function sightOf({ event, unreadable }: Pick<EntryLine, "event" | "unreadable">): string {
  return JSON.stringify([event?.source ?? "", event?.id ?? "", unreadable ?? ""]);
}
