import type { DedupeBegin } from "../../core/stores.ts";
import { forgottenAtMost, forgottenMs } from "../options.ts";
import { type Change, leftMs, rebased, type Span, spanOf } from "./change.ts";

/** What is known of one event. */
export interface DedupeRow {
  readonly starts: number;
  /** Who began it last; absent once it was forgotten. */
  readonly mark?: string | undefined;
  /** How long it is in work, or is remembered as done. */
  readonly span: Span;
  readonly done: boolean;
  /** Until when the row is of use to anybody, by the store's clock. */
  readonly keptUntil: number;
  /** Marks that are never set again, the newest first. */
  readonly forgotten: readonly string[];
}

/** What the steps of a dedupe store need beside a row. */
export interface DedupeTimes {
  /** The store's clock, in ms. */
  readonly now: number;
  /** How long the starts of an event are remembered that was never finished. */
  readonly startsRetentionMs: number;
}

/** Marks an event as in work, unless another has it or it is done. */
export function begun(
  row: DedupeRow | undefined,
  mark: string,
  markMs: number,
  { now, startsRetentionMs }: DedupeTimes,
): Change<DedupeRow, DedupeBegin> {
  const endsInMs = leftMs(row?.span, now);
  if (row?.forgotten.includes(mark)) return tooLate(row, endsInMs);
  const isRepeat = row?.mark === mark && !row.done;
  if (row && endsInMs > 0 && !isRepeat) return refused(row, endsInMs, now);
  const isNew = !row || row.done || row.keptUntil <= now;
  const starts = isNew ? 1 : row.starts + (isRepeat ? 0 : 1);
  const next = {
    starts,
    mark,
    span: spanOf(now, markMs),
    done: false,
    keptUntil: now + Math.max(markMs, startsRetentionMs),
    forgotten: row?.forgotten ?? [],
  };
  return { result: { status: "begun", mark, starts }, next };
}

/** What a begin finds whose mark was forgotten before it came. */
function tooLate(row: DedupeRow, endsInMs: number): Change<DedupeRow, DedupeBegin> {
  const isDone = row.done && endsInMs > 0;
  return { result: isDone ? { status: "done" } : { status: "busy", endsInMs: 0 } };
}

function refused(row: DedupeRow, endsInMs: number, now: number): Change<DedupeRow, DedupeBegin> {
  const span = rebased(row.span, now);
  return {
    result: row.done ? { status: "done" } : { status: "busy", endsInMs },
    ...(span !== row.span && { next: { ...row, span } }),
  };
}

/** Lengthens a mark. */
export function renewed(
  row: DedupeRow | undefined,
  mark: string,
  markMs: number,
  { now, startsRetentionMs }: DedupeTimes,
): Change<DedupeRow, boolean> {
  if (row?.mark !== mark || row.done) return { result: false };
  const keptUntil = now + Math.max(markMs, startsRetentionMs);
  return { result: true, next: { ...row, span: spanOf(now, markMs), keptUntil } };
}

/** Remembers the event as done. */
export function finished(
  row: DedupeRow | undefined,
  mark: string,
  retentionMs: number,
  now: number,
): Change<DedupeRow, boolean> {
  if (row?.mark !== mark) return { result: false };
  const span = spanOf(now, retentionMs);
  return { result: true, next: { ...row, span, done: true, keptUntil: now + retentionMs } };
}

/** Frees an event; the mark stays behind as one that is never set again. */
export function forgotten(row: DedupeRow | undefined, mark: string, now: number): DedupeRow {
  const old = row ?? { starts: 0, span: spanOf(now, 0), done: false, keptUntil: 0, forgotten: [] };
  const marks = [mark, ...old.forgotten].slice(0, forgottenAtMost);
  const keptUntil = Math.max(old.keptUntil, now + forgottenMs);
  if (old.mark !== mark || old.done) return { ...old, keptUntil, forgotten: marks };
  const freed = { mark: undefined, starts: old.starts - 1, span: spanOf(now, 0) };
  return { ...old, ...freed, keptUntil, forgotten: marks };
}
