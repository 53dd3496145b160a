import { fullError } from "../entry.ts";
import { type Change, leftMs, rebased, type Span, spanOf } from "../rules/change.ts";
import { type Codec, isCount, isPayloadName, isRecord, isSpan } from "./backing.ts";

interface Row {
  /** What makes it the same as another; absent where that is not known. */
  readonly key?: string | undefined;
  /** The name of its text. */
  readonly payload: string;
  attempts: number;
  /** Whose it is; absent while nobody has it. */
  token?: string | undefined;
  /** Until when nobody may claim it. */
  hidden: Span;
}

/** All that the local inbox knows of one name. */
export interface InboxState {
  /** Unfinished entries, oldest first, by the name of their text. */
  readonly open: Map<string, Row>;
  /** The keys of the open entries. */
  readonly openKeys: Set<string>;
  /** The keys of finished entries. */
  readonly finished: Map<string, Span>;
}

/** An entry to add: its identity and the name of its text. */
export interface Draft {
  readonly key: string | undefined;
  readonly payload: string;
}

/** An entry that was claimed. */
export interface Held {
  readonly token: string;
  readonly attempt: number;
  readonly payload: string;
}

const sweptAtOnce = 64;

/** Adds what is new; the result names the texts that are not needed. */
export function add(
  state: InboxState,
  drafts: readonly Draft[],
  maxEntries: number,
  now: number,
): Change<InboxState, string[]> {
  const unused: string[] = [];
  const fresh = drafts.filter(({ key, payload }) => {
    const isKnown =
      key !== undefined && (state.openKeys.has(key) || leftMs(state.finished.get(key), now) > 0);
    if (isKnown) unused.push(payload);
    return !isKnown;
  });
  if (fresh.length === 0) return { result: unused };
  if (state.open.size >= maxEntries) throw fullError();
  for (const { key, payload } of fresh) {
    // The same event twice in one call is stored once.
    if (key !== undefined && state.openKeys.has(key)) {
      unused.push(payload);
      continue;
    }
    if (key !== undefined) state.openKeys.add(key);
    state.open.set(payload, { key, payload, attempts: 0, hidden: spanOf(now, 0) });
  }
  sweep(state.finished, now);
  return { result: unused, next: state };
}

/** Gives free entries to a worker. */
export function claim(
  state: InboxState,
  limit: number,
  leaseMs: number,
  now: number,
): Change<InboxState, readonly Held[]> {
  const held: Held[] = [];
  let changed = false;
  for (const row of state.open.values()) {
    if (held.length === limit) break;
    if (leftMs(row.hidden, now) > 0) {
      const hidden = rebased(row.hidden, now);
      if (hidden !== row.hidden) changed = true;
      row.hidden = hidden;
      continue;
    }
    changed = true;
    row.attempts += 1;
    row.token = `${row.payload}.${crypto.randomUUID()}`;
    row.hidden = spanOf(now, leaseMs);
    held.push({ token: row.token, attempt: row.attempts, payload: row.payload });
  }
  return { result: held, ...(changed && { next: state }) };
}

/** Takes entries off for good, and remembers their keys. */
export function finish(
  state: InboxState,
  tokens: readonly string[],
  retentionMs: number,
  now: number,
): Change<InboxState, { readonly verdicts: boolean[]; readonly payloads: string[] }> {
  const payloads: string[] = [];
  const verdicts = tokens.map((token) => {
    const row = rowOf(state, token);
    if (!row) return false;
    payloads.push(row.payload);
    state.open.delete(row.payload);
    if (row.key !== undefined) {
      state.openKeys.delete(row.key);
      state.finished.set(row.key, spanOf(now, retentionMs));
    }
    return true;
  });
  return { result: { verdicts, payloads }, ...(payloads.length > 0 && { next: state }) };
}

/** Gives entries back. */
export function release(
  state: InboxState,
  tokens: readonly string[],
  afterMs: number,
  now: number,
): Change<InboxState, void> {
  return changeHeld(state, tokens, (row) => {
    row.token = undefined;
    row.hidden = spanOf(now, afterMs);
  });
}

/** Hides entries for longer. */
export function extend(
  state: InboxState,
  tokens: readonly string[],
  leaseMs: number,
  now: number,
): Change<InboxState, void> {
  return changeHeld(state, tokens, (row) => {
    row.hidden = spanOf(now, leaseMs);
  });
}

function changeHeld(
  state: InboxState,
  tokens: readonly string[],
  change: (row: Row) => void,
): Change<InboxState, void> {
  const rows = tokens.map((token) => rowOf(state, token)).filter((row) => row !== undefined);
  for (const row of rows) change(row);
  return { result: undefined, ...(rows.length > 0 && { next: state }) };
}

/** The entry that a token is for, if it is still its holder's. */
function rowOf(state: InboxState, token: string): Row | undefined {
  const row = state.open.get(token.slice(0, token.indexOf(".")));
  return row?.token === token ? row : undefined;
}

/** Drops some of the keys, oldest first, whose retention has ended. */
function sweep(finished: Map<string, Span>, now: number): void {
  let looks = 0;
  for (const [key, span] of finished) {
    if (leftMs(span, now) === 0) finished.delete(key);
    looks += 1;
    if (looks === sweptAtOnce) return;
  }
}

/** How the state is written as JSON. */
export const inboxCodec: Codec<InboxState> = {
  empty: () => ({ open: new Map(), openKeys: new Set(), finished: new Map() }),
  encode: ({ open, finished }) => ({ open: [...open.values()], finished: [...finished] }),
  decode(json) {
    if (!isRecord(json)) return undefined;
    const { open, finished } = json;
    if (!(Array.isArray(open) && open.every(isRow))) return undefined;
    if (!(Array.isArray(finished) && finished.every(isFinished))) return undefined;
    const keys = open.map(({ key }) => key).filter((key) => key !== undefined);
    return {
      open: new Map(open.map((row) => [row.payload, row])),
      openKeys: new Set(keys),
      finished: new Map(finished),
    };
  },
};

function isFinished(json: unknown): json is readonly [string, Span] {
  return Array.isArray(json) && typeof json[0] === "string" && isSpan(json[1]);
}

function isRow(json: unknown): json is Row {
  return (
    isRecord(json) &&
    (json["key"] === undefined || typeof json["key"] === "string") &&
    (json["token"] === undefined || typeof json["token"] === "string") &&
    isPayloadName(json["payload"]) &&
    isCount(json["attempts"]) &&
    isSpan(json["hidden"])
  );
}
