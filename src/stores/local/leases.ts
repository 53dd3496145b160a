import type { LeaseGrant, LeaseStore, StoreKey } from "../../core/stores.ts";
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

interface Lease {
  /** Grows with every grant; kept after the lease has ended. */
  readonly fence: number;
  readonly holder: string;
  readonly held: Span;
}

type State = Lease | undefined;

/** The lease store over any backing: one cell for each consumer and feed. */
export function leasesOn(backing: Backing): LeaseStore {
  const cellOf = ({ consumer, feed }: StoreKey): Cell<State> =>
    backing.cell("leases", [consumer, feed], leaseCodec);
  /** Sets when a grant ends; false where it has ended, or there is a newer one. */
  const endIn = (key: StoreKey, fence: number, leaseMs: number): Promise<boolean> =>
    cellOf(key).update((lease): Change<State, boolean> => {
      const now = backing.now();
      if (lease?.fence !== fence || leftMs(lease.held, now) === 0) return { result: false };
      return { result: true, next: { ...lease, held: spanOf(now, leaseMs) } };
    });
  return {
    acquire: (key, holder, leaseMs) =>
      cellOf(key).update((lease) => acquired(lease, holder, leaseMs, backing.now())),
    renew: endIn,
    async release(key, fence) {
      await endIn(key, fence, 0);
    },
  };
}

function acquired(
  lease: State,
  holder: string,
  leaseMs: number,
  now: number,
): Change<State, LeaseGrant> {
  const held = spanOf(now, leaseMs);
  const endsInMs = leftMs(lease?.held, now);
  if (!lease || endsInMs === 0 || lease.holder === holder) {
    const fence = (lease?.fence ?? 0) + 1;
    return { result: { status: "held", fence }, next: { fence, holder, held } };
  }
  const seen = rebased(lease.held, now);
  return {
    result: { status: "taken", endsInMs },
    ...(seen !== lease.held && { next: { ...lease, held: seen } }),
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
