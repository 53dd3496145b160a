import type { DedupeStore, EventKey } from "../../core/stores.ts";
import { configError } from "../check.ts";
import { type Change, leftMs } from "../rules/change.ts";
import { begun, type DedupeRow, finished, forgotten, renewed } from "../rules/dedupe.ts";
import { type Backing, type Cell, type Codec, isCount, isRecord, isSpan } from "./backing.ts";

type State = Map<string, DedupeRow>;

const sweptAtOnce = 16;

/** The dedupe store over any backing: the events of a feed are spread over 256 cells. */
export function dedupeOn(backing: Backing, startsRetentionMs: number): DedupeStore {
  function change<Result>(
    key: EventKey,
    next: (row: DedupeRow | undefined, now: number) => Change<DedupeRow, Result>,
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
  const times = () => ({ now: backing.now(), startsRetentionMs });
  return {
    begin: (key, markMs, { mark = crypto.randomUUID() } = {}) =>
      change(key, (row) => begun(row, mark, markMs, times())),
    renew: (key, mark, markMs) => change(key, (row) => renewed(row, mark, markMs, times())),
    async finish(key, mark, { retentionMs, transaction }) {
      if (transaction !== undefined) {
        throw configError("finish", "only the sql stores have a `transaction`");
      }
      return await change(key, (row, now) => finished(row, mark, retentionMs, now));
    },
    forget: (key, mark) =>
      change(key, (row, now): Change<DedupeRow, void> => {
        return { result: undefined, next: forgotten(row, mark, now) };
      }),
  };
}

/** Drops some of the rows, oldest first, that are of no more use. */
function sweep(rows: State, now: number): void {
  let looks = 0;
  for (const [id, row] of rows) {
    if (row.keptUntil <= now && leftMs(row.span, now) === 0) rows.delete(id);
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

function isRow(json: unknown): json is DedupeRow {
  return (
    isRecord(json) &&
    isCount(json["starts"]) &&
    typeof json["done"] === "boolean" &&
    (json["mark"] === undefined || typeof json["mark"] === "string") &&
    isSpan(json["span"]) &&
    Number.isFinite(json["keptUntil"]) &&
    Array.isArray(json["forgotten"]) &&
    json["forgotten"].every((mark) => typeof mark === "string")
  );
}
