import type { LeaseStore, StoreKey } from "../../core/stores.ts";
import { keyOfPlace } from "../json.ts";
import { pageOfRows, placeOfKey, shownLast } from "../listing.ts";
import { leftOf, rowsAfter } from "./rows.ts";

/** The newest grant of a lease; it stays when it has ended, so that its fence only grows. */
interface Lease {
  readonly fence: number;
  readonly holder: string;
  readonly until: number;
  /** How long it was, when it was taken or renewed. */
  readonly ms: number;
}

export function memoryLeases(): Required<LeaseStore> {
  const rows = new Map<string, Lease>();
  async function endIn(place: StoreKey, fence: number, leaseMs: number): Promise<boolean> {
    const key = keyOfPlace(place);
    const lease = rows.get(key);
    const now = performance.now();
    if (lease?.fence !== fence || lease.until <= now) return false;
    rows.set(key, { ...lease, until: now + leaseMs, ms: leaseMs });
    return true;
  }
  return {
    async acquire(place, holder, leaseMs) {
      const key = keyOfPlace(place);
      const lease = rows.get(key);
      const now = performance.now();
      if (lease && lease.until > now && lease.holder !== holder) {
        return { status: "taken", endsInMs: leftOf(lease), holder: lease.holder };
      }
      const fence = (lease?.fence ?? 0) + 1;
      rows.set(key, { fence, holder, until: now + leaseMs, ms: leaseMs });
      return { status: "held", fence };
    },
    renew: endIn,
    async release(place, fence) {
      await endIn(place, fence, 0);
    },
    async list({ limit = 100, after } = {}) {
      const found = rowsAfter(rows, shownLast("list", after), limit + 1);
      const keyOfRow = ([key]: readonly [string, Lease]): string => key;
      return pageOfRows(found, limit, keyOfRow, ([key, lease]) => {
        const { holder, fence } = lease;
        const place = placeOfKey(key);
        return place && { ...place, holder, fence, endsInMs: Math.max(0, leftOf(lease)) };
      });
    },
  };
}
