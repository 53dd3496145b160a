import { onAbort } from "../core/abort.ts";
import { AckloopError, isAckloopError } from "../core/errors.ts";
import { sleep } from "../core/sleep.ts";
import type { StoreKey } from "../core/stores.ts";
import type { LoopSettings } from "./options.ts";
import { Pacing } from "./pacing.ts";
import type { Tell } from "./report.ts";

/** What a lease guard works with. */
export interface LeaseParts {
  readonly lease: NonNullable<LoopSettings["lease"]>;
  readonly key: StoreKey;
  readonly tell: Tell | undefined;
  /** The lease is no longer this run's. Called at most once. */
  readonly onLost: (error: AckloopError) => void;
}

/**
 * Holds a run's lease: takes it, renews it beside the handlers, and knows when it has run out.
 *
 * Whether it still holds is asked of the process's own monotonic clock, counted from before the
 * request that granted it, so that a process that was paused knows on waking, before any answer.
 */
export class LeaseGuard {
  readonly #parts: LeaseParts;
  readonly #ended = new AbortController();
  #validUntil = 0;
  #fence = 0;
  #lost = false;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  /** Whether the lease holds; finding that it does not, tells of the loss. */
  readonly isValid = (): boolean => {
    if (performance.now() < this.#validUntil) return true;
    if (this.#validUntil > 0) this.#lose("it ran out before it was renewed");
    return false;
  };

  /** Whether the lease was taken and is not known to be lost. */
  get isHeld(): boolean {
    return this.#validUntil > 0 && !this.#lost;
  }

  /**
   * Waits for the lease; false when the signal fires first.
   *
   * @throws {AckloopError} `config`, which repeating does not mend.
   */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const { lease, key, tell } = this.#parts;
    const pacing = new Pacing({ minMs: Math.min(1000, lease.leaseMs / 3), maxMs: lease.leaseMs });
    while (!signal.aborted) {
      const began = performance.now();
      let delayMs: number;
      try {
        const grant = await lease.store.acquire(key, lease.holder, lease.leaseMs, { signal });
        if (grant.status === "held") {
          this.#validUntil = began + lease.leaseMs;
          this.#fence = grant.fence;
          tell?.({ kind: "leaseAcquired", fence: grant.fence });
          void this.#renewForever();
          return true;
        }
        // A little after the end, spread, so that those who wait do not all come at once.
        delayMs = Math.min(grant.endsInMs, lease.leaseMs) + Math.random() * 250;
        tell?.({ kind: "leaseTaken", delayMs });
      } catch (error) {
        if (signal.aborted) return false;
        if (isAckloopError(error) && error.code === "config") throw error;
        delayMs = pacing.next();
        tell?.({ kind: "storeFailed", store: "lease", error, delayMs });
      }
      await sleep(delayMs, signal).catch(() => {});
    }
    return false;
  }

  /** Stops renewing, and gives the lease up where it still holds. */
  async release(): Promise<void> {
    const { lease, key, tell } = this.#parts;
    const held = this.isHeld;
    this.#ended.abort();
    if (!held) return;
    try {
      await lease.store.release(key, this.#fence);
    } catch (error) {
      // It ends by itself, and the next holder waits that long.
      tell?.({ kind: "storeFailed", store: "lease", error, delayMs: lease.leaseMs });
    }
  }

  async #renewForever(): Promise<void> {
    const { lease } = this.#parts;
    const { signal } = this.#ended;
    let delayMs = lease.leaseMs / 3;
    while (!signal.aborted) {
      // Wakes at the end of the lease too, so that a store that hangs does not hide it.
      const left = this.#validUntil - performance.now();
      await sleep(Math.max(0, Math.min(delayMs, left)), signal).catch(() => {});
      if (signal.aborted || !this.isValid()) return;
      delayMs = (await this.#renew()) ? lease.leaseMs / 3 : lease.leaseMs / 10;
    }
  }

  /** Renews once; false when the store did not answer in time. */
  async #renew(): Promise<boolean> {
    const { lease, key, tell } = this.#parts;
    const began = performance.now();
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), Math.max(0, this.#validUntil - began));
    const forget = onAbort(this.#ended.signal, () => limit.abort());
    try {
      const mine = await Promise.race([
        lease.store.renew(key, this.#fence, lease.leaseMs, { signal: limit.signal }),
        new Promise<undefined>((resolve) => {
          onAbort(limit.signal, () => resolve(undefined));
        }),
      ]);
      if (mine === undefined) return false;
      if (mine) this.#validUntil = began + lease.leaseMs;
      else this.#lose("another process has taken it");
      return true;
    } catch (error) {
      if (this.#ended.signal.aborted) return true;
      tell?.({ kind: "storeFailed", store: "lease", error, delayMs: lease.leaseMs / 10 });
      return false;
    } finally {
      clearTimeout(timer);
      forget();
    }
  }

  #lose(how: string): void {
    if (this.#lost || this.#ended.signal.aborted) return;
    this.#lost = true;
    this.#validUntil = Number.MIN_VALUE;
    this.#ended.abort();
    const message = `the lease of ${this.#parts.key.feed} is lost: ${how}`;
    this.#parts.onLost(new AckloopError("leaseLost", message));
  }
}
