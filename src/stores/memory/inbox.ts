import type { Inbox, InboxFirst, InboxItem, InboxPlace } from "../../core/stores.ts";
import { allEars, Bell, waitBy } from "../bell.ts";
import { claimOf, type Draft, draftsOf, fullError, itemOf } from "../entry.ts";
import { keyOf } from "../json.ts";
import { placeOf } from "../letter.ts";
import { pageOfRows, shownLast } from "../listing.ts";
import type { StoreLimits } from "../options.ts";
import { rowsAfter, sweep } from "./rows.ts";

const NEVER = Number.POSITIVE_INFINITY;

interface Entry extends Draft {
  readonly place: string;
  /** Its inbox. */
  readonly name: string;
  attempts: number;
  /** Whose it is; absent while nobody has it. */
  token?: string | undefined;
  /** Until when nobody may claim it. */
  hiddenUntil: number;
}

export interface InboxState {
  /** Unfinished entries, oldest first, by their place. */
  readonly open: Map<string, Entry>;
  /** The identities of the open entries. */
  readonly known: Set<string>;
  /** Until when the identities of finished entries are remembered. */
  readonly finished: Map<string, number>;
}

export function memoryInbox(
  limits: StoreLimits,
  inboxes = new Map<string, InboxState>(),
): Required<Inbox> {
  const bell = new Bell();
  let last = 0;
  const stateOf = (name: string): InboxState => {
    const state = inboxes.get(name) ?? { open: new Map(), known: new Set(), finished: new Map() };
    inboxes.set(name, state);
    return state;
  };
  return {
    async add(name, entries) {
      const state = stateOf(name);
      const now = performance.now();
      const fresh = draftsOf(entries).filter(({ identity }) => isFresh(state, identity, now));
      if (fresh.length === 0) return;
      if (state.open.size >= limits.inboxMaxEntries) throw fullError();
      for (const { identity, text } of fresh) {
        last += 1;
        const place = `${last}`;
        state.open.set(place, { place, name, identity, text, attempts: 0, hiddenUntil: 0 });
        if (identity !== undefined) state.known.add(identity);
      }
      sweep(state.finished, (until) => until <= now);
      bell.ring(name);
    },
    async claim(name, limit, leaseMs) {
      const claims = claim(stateOf(name).open.values(), limit, leaseMs);
      return claims.map(({ name: _, ...one }) => one);
    },
    async claimFirst(names, limit, leaseMs) {
      const heads = names.flatMap((name) => [...stateOf(name).open.values()].slice(0, 1));
      heads.sort((left, right) => Number(left.place) - Number(right.place));
      return claim(heads, limit, leaseMs);
    },
    async finish(name, tokens) {
      const state = stateOf(name);
      const verdicts = tokens.map((token) => heldBy(state, [token]).length > 0);
      for (const { place, identity } of heldBy(state, tokens)) {
        state.open.delete(place);
        if (identity === undefined) continue;
        state.known.delete(identity);
        state.finished.set(identity, performance.now() + limits.inboxRetentionMs);
      }
      bell.ring(name);
      return verdicts;
    },
    async release(name, tokens, afterMs) {
      for (const entry of heldBy(stateOf(name), tokens)) {
        entry.token = undefined;
        entry.hiddenUntil = performance.now() + afterMs;
      }
      bell.ring(name);
    },
    async extend(name, tokens, leaseMs) {
      for (const entry of heldBy(stateOf(name), tokens)) {
        entry.hiddenUntil = performance.now() + leaseMs;
      }
    },
    wait(names, waitMs, options = {}) {
      const look = async (): Promise<number> =>
        soonestOf(names.map(stateOf), options.first === true) - performance.now();
      return waitBy({ bell, ear: allEars, look, places: names, waitMs, options });
    },
    ...listsOf(inboxes),
  };
}

function listsOf(
  inboxes: ReadonlyMap<string, InboxState>,
): Pick<Required<Inbox>, "partitions" | "list" | "entries"> {
  return {
    async partitions(name) {
      const open = [...inboxes].flatMap(([each, state]) => (state.open.size > 0 ? [each] : []));
      return open.filter((each) => each === name || each.startsWith(`${name} (`));
    },
    async list({ limit = 100, after } = {}) {
      const open = new Map(
        [...inboxes].flatMap(([name, state]) =>
          state.open.size > 0 ? [[keyOf(name), { name, state }] as const] : [],
        ),
      );
      const found = rowsAfter(open, shownLast("list", after), limit + 1);
      const keyOfRow = ([key]: (typeof found)[number]): string => key;
      return pageOfRows(found, limit, keyOfRow, ([, { name, state }]) => placeOfState(name, state));
    },
    async entries(name, { limit = 100, after } = {}) {
      const behind = placeOf("entries", after);
      const open = [...(inboxes.get(name)?.open.values() ?? [])];
      const found = open.filter(({ place }) => Number(place) > behind).slice(0, limit + 1);
      return pageOfRows(found, limit, ({ place }) => place, itemOfEntry);
    },
  };
}

function placeOfState(name: string, { open }: InboxState): InboxPlace | undefined {
  const now = performance.now();
  const entries = [...open.values()];
  const held = entries.filter(({ hiddenUntil }) => hiddenUntil > now).length;
  const [first] = entries;
  return first && { name, waiting: open.size - held, held, oldest: itemOfEntry(first) };
}

function itemOfEntry({ text, place, attempts, hiddenUntil, token }: Entry): InboxItem {
  const hiddenMs = Math.max(0, hiddenUntil - performance.now());
  return itemOf(text, Number(place), { attempts, hiddenMs, isHeld: token !== undefined });
}

function isFresh(state: InboxState, identity: string | undefined, now: number): boolean {
  if (identity === undefined) return true;
  return !state.known.has(identity) && !((state.finished.get(identity) ?? 0) > now);
}

function claim(entries: Iterable<Entry>, limit: number, leaseMs: number): InboxFirst[] {
  const now = performance.now();
  const claims: InboxFirst[] = [];
  for (const entry of entries) {
    if (claims.length === limit) break;
    if (entry.hiddenUntil > now) continue;
    entry.attempts += 1;
    entry.token = `${entry.place}.${crypto.randomUUID()}`;
    entry.hiddenUntil = now + leaseMs;
    const claimed = claimOf(entry.text, Number(entry.place), entry.token, entry.attempts);
    claims.push({ ...claimed, name: entry.name });
  }
  return claims;
}

/** When the next of these entries is free; of the first of each inbox alone, where only they count. */
function soonestOf(states: readonly InboxState[], first: boolean): number {
  const entries = states.flatMap(({ open }) => [...open.values()].slice(0, first ? 1 : undefined));
  return entries.reduce((least, { hiddenUntil }) => Math.min(least, hiddenUntil), NEVER);
}

/** The entries that tokens are for, if they are still their holder's. */
function heldBy(state: InboxState, tokens: readonly string[]): readonly Entry[] {
  return tokens.flatMap((token) => {
    const entry = state.open.get(token.slice(0, token.indexOf(".")));
    return entry?.token === token ? entry : [];
  });
}
