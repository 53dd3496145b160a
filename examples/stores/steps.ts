/**
 * What each call of a cursor, dedupe or lease store decides: from the state of a key and the time to an
 * answer, and to the state that has to be written for it. Nothing here waits or knows a database.
 */
import type { CursorSave, DedupeBegin, LeaseGrant, StoredCursor } from "ackloop";

/** What a call decides. */
export interface Step<State, Answer> {
  readonly answer: Answer;
  /** The state to write; absent where nothing changes. */
  readonly next?: State | undefined;
  /** From when on the state is of no use, in ms since 1970; absent: never. */
  readonly unusedAt?: number | undefined;
}

/** A grant of a lease. A released one has ended; its fence is kept, so that the next is greater. */
export interface Lease {
  readonly holder: string;
  readonly fence: number;
  readonly ms: number;
  readonly endsAt: number;
}

/** What is known of an event. */
export interface Mark {
  /** The mark that was set last; absent once it was forgotten. */
  readonly mark?: string | undefined;
  readonly ms: number;
  readonly endsAt: number;
  readonly starts: number;
  readonly doneUntil?: number | undefined;
  /** Marks that are never set again, the newest last. */
  readonly forgotten: readonly { readonly mark: string; readonly until: number }[];
}

const hourMs = 3_600_000;
const startsRetentionMs = 7 * 24 * hourMs;
const noMark: Mark = { ms: 0, endsAt: 0, starts: 0, forgotten: [] };

/** Saves a place if it was made on the newest revision. */
export function save(
  current: StoredCursor | undefined,
  value: string,
  revision: number,
): Step<StoredCursor, CursorSave> {
  const next = { value, revision: revision + 1 };
  const saved = { status: "saved", revision: next.revision } as const;
  // The repeat of a save whose answer was lost.
  if (current?.value === value && current.revision === next.revision) return { answer: saved };
  if ((current?.revision ?? 0) === revision) return { answer: saved, next };
  return { answer: { status: "conflict", current } };
}

/** Grants a lease that is free, has ended, or is the holder's own. */
export function acquire(
  lease: Lease | undefined,
  now: number,
  holder: string,
  ms: number,
): Step<Lease, LeaseGrant> {
  if (lease && lease.holder !== holder && lease.endsAt > now) {
    // Never more than was asked for, whatever happened to the clock.
    return { answer: { status: "taken", endsInMs: Math.min(lease.endsAt - now, lease.ms) } };
  }
  const fence = (lease?.fence ?? 0) + 1;
  return { answer: { status: "held", fence }, next: { holder, fence, ms, endsAt: now + ms } };
}

/** Lengthens the newest grant, if it has this fence and has not ended. */
export function renewLease(
  lease: Lease | undefined,
  now: number,
  fence: number,
  ms: number,
): Step<Lease, boolean> {
  if (lease?.fence !== fence || lease.endsAt <= now) return { answer: false };
  return { answer: true, next: { ...lease, ms, endsAt: now + ms } };
}

/** Ends the newest grant, if it has this fence. */
export function release(lease: Lease | undefined, fence: number): Step<Lease, void> {
  const isOurs = lease?.fence === fence;
  return { answer: undefined, next: isOurs ? { ...lease, endsAt: 0 } : undefined };
}

/** Gives an event to the caller, unless it is done or another has it. */
export function begin(
  known: Mark = noMark,
  now: number,
  mark: string,
  ms: number,
): Step<Mark, DedupeBegin> {
  const { doneUntil, endsAt } = known;
  if (doneUntil !== undefined && doneUntil > now) return { answer: { status: "done" } };
  const isForgotten = known.forgotten.some((one) => one.mark === mark && one.until > now);
  if (isForgotten) return { answer: { status: "busy", endsInMs: 0 } };
  const isRepeat = known.mark === mark && doneUntil === undefined;
  if (!isRepeat && known.mark !== undefined && doneUntil === undefined && endsAt > now) {
    return { answer: { status: "busy", endsInMs: Math.min(endsAt - now, known.ms) } };
  }
  const before = doneUntil === undefined ? known.starts : 0;
  const starts = isRepeat ? before : before + 1;
  const next = { ...known, mark, ms, endsAt: now + ms, starts, doneUntil: undefined };
  return { answer: { status: "begun", mark, starts }, ...kept(next, now) };
}

/** Lengthens a mark that is still the caller's. */
export function renewMark(
  known: Mark | undefined,
  now: number,
  mark: string,
  ms: number,
): Step<Mark, boolean> {
  if (known?.mark !== mark || known.doneUntil !== undefined) return { answer: false };
  return { answer: true, ...kept({ ...known, ms, endsAt: now + ms }, now) };
}

/** Remembers the event as done, if the mark is still the caller's. */
export function finish(
  known: Mark | undefined,
  now: number,
  mark: string,
  retentionMs: number,
): Step<Mark, boolean> {
  if (known?.mark !== mark) return { answer: false };
  return { answer: true, ...kept({ ...known, doneUntil: now + retentionMs }, now) };
}

/** Frees the event and takes the start back; a begin with this mark that comes late sets nothing. */
export function forget(known: Mark = noMark, now: number, mark: string): Step<Mark, void> {
  const others = known.forgotten.filter((one) => one.mark !== mark && one.until > now);
  const forgotten = [...others, { mark, until: now + hourMs }].slice(-100);
  const isOurs = known.mark === mark && known.doneUntil === undefined;
  const freed = { mark: undefined, endsAt: 0, starts: known.starts - 1 };
  return { answer: undefined, ...kept({ ...known, ...(isOurs && freed), forgotten }, now) };
}

/** A state, and from when on it is of no use: done for long, or never finished for a week. */
function kept(next: Mark, now: number): Pick<Step<Mark, never>, "next" | "unusedAt"> {
  const forgottenUntil = next.forgotten.at(-1)?.until ?? 0;
  const startsUntil = next.starts > 0 ? Math.max(next.endsAt, now + startsRetentionMs) : 0;
  return { next, unusedAt: Math.max(next.doneUntil ?? startsUntil, forgottenUntil) };
}
