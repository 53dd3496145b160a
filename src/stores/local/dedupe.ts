import type { DedupeBegin, DedupeStore, EventKey } from "../../core/stores.ts";
import { configError } from "../check.ts";
import { forgottenAtMost, forgottenMs } from "../options.ts";
import {
  type Backing,
  type Cell,
  type Change,
  type Codec,
  isCount,
  isRecord,
  isSpan,
  leftMs,
  rebased,
  type Span,
  spanOf,
} from "./backing.ts";

/** What is known of one event. */
interface Row {
  readonly starts: number;
  /** Who began it last; absent once it was forgotten. */
  readonly mark?: string | undefined;
  /** How long it is in work, or is remembered as done. */
  readonly span: Span;
  readonly done: boolean;
  /** How long the row is of use to anybody. */
  readonly kept: Span;
  /** Marks that are never set again, the newest first. */
  readonly forgotten: readonly string[];
}

type State = Map<string, Row>;

const sweptAtOnce = 16;

/** The dedupe store over any backing: the events of a feed are spread over 256 cells. */
export function dedupeOn(backing: Backing, startsRetentionMs: number): DedupeStore {
  function change<Result>(
    key: EventKey,
    next: (row: Row | undefined, now: number) => Change<Row, Result>,
  ): Promise<Result> {
    const cell: Cell<State> = backing.cell(
      "dedupe",
      [key.consumer, key.feed, shardOf(key.identity)],
      dedupeCodec,
    );
    return cell.update((rows) => {
      const now = backing.now();
      const change = next(rows.get(key.identity), now);
      if (change.next === undefined) return { result: change.result };
      // Set anew, so that the rows stand in the order of their last change.
      rows.delete(key.identity);
      sweep(rows, now);
      rows.set(key.identity, change.next);
      return { result: change.result, next: rows };
    });
  }
  return {
    async begin(key, markMs, { mark = crypto.randomUUID() } = {}) {
      const keptMs = Math.max(markMs, startsRetentionMs);
      return await change(key, (row, now) => begun(row, mark, markMs, keptMs, now));
    },
    renew: (key, mark, markMs) =>
      change(key, (row, now): Change<Row, boolean> => {
        if (row?.mark !== mark || row.done) return { result: false };
        const keptMs = Math.max(markMs, startsRetentionMs);
        const next = { ...row, span: spanOf(now, markMs), kept: spanOf(now, keptMs) };
        return { result: true, next };
      }),
    async finish(key, mark, { retentionMs, transaction }) {
      if (transaction !== undefined) {
        throw configError("finish", "only the sql stores have a `transaction`");
      }
      return await change(key, (row, now): Change<Row, boolean> => {
        if (row?.mark !== mark) return { result: false };
        const span = spanOf(now, retentionMs);
        return { result: true, next: { ...row, span, done: true, kept: span } };
      });
    },
    forget: (key, mark) =>
      change(key, (row, now): Change<Row, void> => {
        return { result: undefined, next: forgotten(row, mark, now) };
      }),
  };
}

/** The row without the mark, which stays behind as one that is never set again. */
function forgotten(row: Row | undefined, mark: string, now: number): Row {
  const ended = spanOf(now, 0);
  const old = row ?? { starts: 0, span: ended, done: false, kept: ended, forgotten: [] };
  const marks = [mark, ...old.forgotten].slice(0, forgottenAtMost);
  const kept = leftMs(old.kept, now) < forgottenMs ? spanOf(now, forgottenMs) : old.kept;
  if (old.mark !== mark || old.done) return { ...old, kept, forgotten: marks };
  const starts = old.starts - 1;
  return { ...old, mark: undefined, starts, span: ended, kept, forgotten: marks };
}

function begun(
  row: Row | undefined,
  mark: string,
  markMs: number,
  keptMs: number,
  now: number,
): Change<Row, DedupeBegin> {
  const endsInMs = leftMs(row?.span, now);
  if (row?.forgotten.includes(mark)) return tooLate(row, endsInMs);
  const isRepeat = row?.mark === mark && !row.done;
  if (row && endsInMs > 0 && !isRepeat) return refused(row, endsInMs, now);
  const isNew = !row || row.done || leftMs(row.kept, now) === 0;
  const starts = isNew ? 1 : row.starts + (isRepeat ? 0 : 1);
  const next = {
    starts,
    mark,
    span: spanOf(now, markMs),
    done: false,
    kept: spanOf(now, keptMs),
    forgotten: row?.forgotten ?? [],
  };
  return { result: { status: "begun", mark, starts }, next };
}

/** What a begin finds whose mark was forgotten before it came. */
function tooLate(row: Row, endsInMs: number): Change<Row, DedupeBegin> {
  const isDone = row.done && endsInMs > 0;
  return { result: isDone ? { status: "done" } : { status: "busy", endsInMs: 0 } };
}

function refused(row: Row, endsInMs: number, now: number): Change<Row, DedupeBegin> {
  const span = rebased(row.span, now);
  return {
    result: row.done ? { status: "done" } : { status: "busy", endsInMs },
    ...(span !== row.span && { next: { ...row, span, kept: rebased(row.kept, now) } }),
  };
}

/** Drops some of the rows, oldest first, that are of no more use. */
function sweep(rows: State, now: number): void {
  let looks = 0;
  for (const [id, row] of rows) {
    if (leftMs(row.kept, now) === 0 && leftMs(row.span, now) === 0) rows.delete(id);
    looks += 1;
    if (looks === sweptAtOnce) return;
  }
}

/** One of 256 names for an id. */
function shardOf(id: string): string {
  let hash = 0;
  for (let at = 0; at < id.length; at += 1) hash = (Math.imul(hash, 31) + id.charCodeAt(at)) | 0;
  return ((hash >>> 0) % 256).toString(16).padStart(2, "0");
}

const dedupeCodec: Codec<State> = {
  empty: () => new Map(),
  encode: (rows) => [...rows],
  decode(json) {
    if (!Array.isArray(json)) return undefined;
    const rows: State = new Map();
    for (const pair of json) {
      const [id, row]: unknown[] = Array.isArray(pair) ? pair : [];
      if (typeof id !== "string" || !isRow(row)) return undefined;
      rows.set(id, row);
    }
    return rows;
  },
};

function isRow(json: unknown): json is Row {
  return (
    isRecord(json) &&
    isCount(json["starts"]) &&
    typeof json["done"] === "boolean" &&
    (json["mark"] === undefined || typeof json["mark"] === "string") &&
    isSpan(json["span"]) &&
    isSpan(json["kept"]) &&
    Array.isArray(json["forgotten"]) &&
    json["forgotten"].every((mark) => typeof mark === "string")
  );
}
