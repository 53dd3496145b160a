import type { DedupeStore } from "../../core/stores.ts";
import { storeError } from "../error.ts";
import { keyOfEvent } from "../json.ts";
import { forgottenAtMost, markKeptMs } from "../options.ts";
import { leftOf, sweep } from "./rows.ts";

export interface DedupeRow {
  readonly starts: number;
  /** Who began it last; absent once it was forgotten. */
  readonly mark?: string | undefined;
  /** Until when it is in work, or remembered as done. */
  readonly until: number;
  /** How long the mark was, when it was set or renewed. */
  readonly ms: number;
  readonly done: boolean;
  /** Until when the row is of use to anybody. */
  readonly keptUntil: number;
  /** Marks that are never set again, the newest first. */
  readonly forgotten: readonly string[];
}

const unknown: DedupeRow = { starts: 0, until: 0, ms: 0, done: false, keptUntil: 0, forgotten: [] };

export function memoryDedupe(
  startsRetentionMs: number,
  rows = new Map<string, DedupeRow>(),
): DedupeStore {
  const inWork = (markMs: number, now: number) => ({
    until: now + markMs,
    ms: markMs,
    keptUntil: now + Math.max(markMs, startsRetentionMs),
  });
  return {
    async begin(key, markMs, { mark = crypto.randomUUID() } = {}) {
      const now = performance.now();
      sweep(rows, ({ keptUntil, done }) => keptUntil <= now - (done ? 0 : markKeptMs));
      const row = rows.get(keyOfEvent(key)) ?? unknown;
      const isForgotten = row.forgotten.includes(mark);
      const isHeld = row.until > now && (row.done || row.mark !== mark);
      if (row.done && isHeld) return { status: "done" };
      if (isForgotten || isHeld) return { status: "busy", endsInMs: isForgotten ? 0 : leftOf(row) };
      const starts = startOf(row, mark, now);
      rows.set(keyOfEvent(key), { ...row, ...inWork(markMs, now), starts, mark, done: false });
      return { status: "begun", mark, starts };
    },
    async renew(key, mark, markMs) {
      const row = rows.get(keyOfEvent(key));
      if (row?.mark !== mark || row.done) return false;
      rows.set(keyOfEvent(key), { ...row, ...inWork(markMs, performance.now()) });
      return true;
    },
    async finish(key, mark, { retentionMs, transaction }) {
      if (transaction !== undefined) {
        throw storeError("config", "finish", "the stores in memory have no `transaction`");
      }
      const row = rows.get(keyOfEvent(key));
      if (row?.mark !== mark) return false;
      const until = performance.now() + retentionMs;
      rows.set(keyOfEvent(key), { ...row, until, keptUntil: until, done: true });
      return true;
    },
    async forget(key, mark) {
      const now = performance.now();
      const row = rows.get(keyOfEvent(key)) ?? unknown;
      const isHeld = row.mark === mark && !row.done;
      rows.set(keyOfEvent(key), {
        ...row,
        ...(isHeld && { mark: undefined, starts: row.starts - 1, until: now }),
        keptUntil: Math.max(row.keptUntil, now + markKeptMs),
        forgotten: [mark, ...row.forgotten].slice(0, forgottenAtMost),
      });
    },
  };
}

/** Which start a begin is; a repeat of the last one counts as the same. */
function startOf(row: DedupeRow, mark: string, now: number): number {
  const before = row.done || row.keptUntil <= now ? 0 : row.starts;
  return row.mark === mark && before > 0 ? before : before + 1;
}
