import type { LeaseStore, StoreKey } from "../../core/stores.ts";
import { acquired, endingIn, type Lease } from "../rules/leases.ts";
import { type Backing, type Cell, type Codec, isCount, isRecord, isSpan } from "./backing.ts";

type State = Lease | undefined;

/** The lease store over any backing: one cell for each consumer and feed. */
export function leasesOn(backing: Backing): LeaseStore {
  const cellOf = ({ consumer, feed }: StoreKey): Cell<State> =>
    backing.cell("leases", [consumer, feed], leaseCodec);
  const endIn = (key: StoreKey, fence: number, leaseMs: number): Promise<boolean> =>
    cellOf(key).update((lease) => endingIn(lease, fence, leaseMs, backing.now()));
  return {
    acquire: (key, holder, leaseMs) =>
      cellOf(key).update((lease) => acquired(lease, holder, leaseMs, backing.now())),
    renew: endIn,
    async release(key, fence) {
      await endIn(key, fence, 0);
    },
  };
}

const leaseCodec: Codec<State> = {
  empty: () => undefined,
  encode: (state) => state,
  decode(json) {
    if (!isRecord(json)) return undefined;
    const { fence, holder, held } = json;
    if (!isCount(fence) || typeof holder !== "string" || !isSpan(held)) return undefined;
    return { fence, holder, held };
  },
};
