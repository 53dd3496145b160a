import type { DedupeStore, EventKey } from "../../core/stores.ts";
import { configError } from "../check.ts";
import { keyOf } from "../key.ts";
import { type Change, leftMs } from "../rules/change.ts";
import { begun, type DedupeRow, finished, forgotten, renewed } from "../rules/dedupe.ts";
import { changeRow, sweep } from "./rows.ts";

/** The dedupe store in memory. */
export function memoryDedupe(
  startsRetentionMs: number,
  rows = new Map<string, DedupeRow>(),
): DedupeStore {
  const times = () => ({ now: performance.now(), startsRetentionMs });
  const change = <Result>(
    { consumer, feed, identity }: EventKey,
    step: (row: DedupeRow | undefined) => Change<DedupeRow, Result>,
  ): Result => changeRow(rows, keyOf(consumer, feed, identity), step);
  return {
    async begin(key, markMs, { mark = crypto.randomUUID() } = {}) {
      const { now } = times();
      sweep(rows, (row) => row.keptUntil <= now && leftMs(row.span, now) === 0);
      return change(key, (row) => begun(row, mark, markMs, times()));
    },
    renew: async (key, mark, markMs) => change(key, (row) => renewed(row, mark, markMs, times())),
    async finish(key, mark, { retentionMs, transaction }) {
      if (transaction !== undefined) {
        throw configError("finish", "the stores in memory have no `transaction`");
      }
      return change(key, (row) => finished(row, mark, retentionMs, performance.now()));
    },
    forget: async (key, mark) =>
      change(key, (row) => {
        return { result: undefined, next: forgotten(row, mark, performance.now()) };
      }),
  };
}
