import type { LeaseGrant } from "../../core/stores.ts";
import { type Change, leftMs, rebased, type Span, spanOf } from "./change.ts";

/** The newest grant of a lease. */
export interface Lease {
  /** Grows with every grant; kept after the lease has ended. */
  readonly fence: number;
  readonly holder: string;
  readonly held: Span;
}

/** Grants the lease, unless another holds it. */
export function acquired(
  lease: Lease | undefined,
  holder: string,
  leaseMs: number,
  now: number,
): Change<Lease, LeaseGrant> {
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

/** Sets when a grant ends; false where it has ended, or there is a newer one. */
export function endingIn(
  lease: Lease | undefined,
  fence: number,
  leaseMs: number,
  now: number,
): Change<Lease, boolean> {
  if (lease?.fence !== fence || leftMs(lease.held, now) === 0) return { result: false };
  return { result: true, next: { ...lease, held: spanOf(now, leaseMs) } };
}
