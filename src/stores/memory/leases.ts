import type { LeaseStore, StoreKey } from "../../core/stores.ts";
import { keyOf } from "../key.ts";
import { acquired, endingIn, type Lease } from "../rules/leases.ts";
import { changeRow } from "./rows.ts";

/** The lease store in memory: a row stays when its lease ends, so that its fence only grows. */
export function memoryLeases(): LeaseStore {
  const rows = new Map<string, Lease>();
  const endIn = async ({ consumer, feed }: StoreKey, fence: number, ms: number): Promise<boolean> =>
    changeRow(rows, keyOf(consumer, feed), (row) => endingIn(row, fence, ms, performance.now()));
  return {
    acquire: async ({ consumer, feed }, holder, leaseMs) =>
      changeRow(rows, keyOf(consumer, feed), (row) =>
        acquired(row, holder, leaseMs, performance.now()),
      ),
    renew: endIn,
    async release(key, fence) {
      await endIn(key, fence, 0);
    },
  };
}
