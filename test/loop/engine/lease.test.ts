import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { LeaseStore } from "../../../src/core/stores.ts";
import { LeaseGuard } from "../../../src/loop/engine/lease.ts";
import type { ReportBody } from "../../../src/loop/engine/report.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { passing } from "../support.ts";

const LEASE_MS = 3000;
const key = { consumer: "billing", feed: "orders" };

/** A guard over a store of which the test may replace functions. */
function guardOver(replaced: Partial<LeaseStore> = {}, leases = memoryStores().leases) {
  const reports: ReportBody[] = [];
  const onLost = vi.fn<(error: AckloopError) => void>();
  const onHeld = vi.fn();
  const guard = new LeaseGuard({
    lease: { store: { ...leases, ...replaced }, leaseMs: LEASE_MS, holder: "me" },
    callTimeoutMs: 30_000,
    key,
    tell: (report) => reports.push(report),
    onLost,
    onHeld,
  });
  const stopping = new AbortController();
  const acquire = () => guard.acquire(stopping.signal);
  const kinds = () => reports.map((report) => report.kind);
  return { guard, leases, onLost, onHeld, stopping, acquire, reports, kinds };
}

const never = (): Promise<never> => new Promise(() => {});

describe("a lease", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is taken, renewed beside the work, and given up", async () => {
    const { guard, leases, acquire, onLost, reports } = guardOver();
    expect(guard.isValid()).toBe(false);

    await acquire();
    await vi.advanceTimersByTimeAsync(20 * LEASE_MS);
    expect(guard.isValid()).toBe(true);
    expect(await leases.acquire(key, "other", 1000)).toMatchObject({ status: "taken" });
    await guard.release();

    expect(await leases.acquire(key, "other", 1000)).toMatchObject({ status: "held" });
    expect(reports).toMatchObject([{ kind: "leaseAcquired", fence: 1 }]);
    expect(guard.isHeld).toBe(true);
    expect(onLost).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is waited for while another holds it, and taken when that ends", async () => {
    const { guard, leases, acquire, kinds, onHeld } = guardOver();
    await leases.acquire(key, "other", 2000);
    const taken = acquire();
    await vi.advanceTimersByTimeAsync(1900);
    expect(new Set(kinds())).toEqual(new Set(["leaseTaken"]));

    expect(guard.isHeld).toBe(false);
    // Asked just before the end, it waits for two seconds at the most.
    for (let waitedMs = 0; waitedMs < 2100 && !guard.isHeld; waitedMs += 50) {
      await vi.advanceTimersByTimeAsync(50);
    }
    await taken;

    expect([guard.isHeld, guard.isValid()]).toEqual([true, true]);
    expect(onHeld).toHaveBeenCalledTimes(1);
  });

  it("is taken soon after it was given up, though it was to last for long", async () => {
    const { guard, leases, acquire } = guardOver();
    const other = await leases.acquire(key, "other", LEASE_MS);
    const taken = acquire();
    await vi.advanceTimersByTimeAsync(1);

    await leases.release(key, other.status === "held" ? other.fence : Number.NaN);
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);

    expect(guard.isHeld).toBe(true);
    await taken;
  });

  it("is asked for at a growing wait where a store says each time that it ends at once", async () => {
    const odd = { status: "taken", endsInMs: 0 } as const;
    const store = vi.fn(async () => odd);
    const { acquire, stopping } = guardOver({ acquire: store });
    const taken = acquire();

    await vi.advanceTimersByTimeAsync(60_000);
    stopping.abort();
    await taken;

    expect(store.mock.calls.length).toBeLessThan(60_000 / (LEASE_MS / 2) + 5);
  });

  it("is waited for though a store says of its end what is no number", async () => {
    const store = vi.fn(async () => ({ status: "taken", endsInMs: Symbol("soon") }) as never);
    const { acquire, stopping, kinds } = guardOver({ acquire: store });
    const taken = acquire();

    await vi.advanceTimersByTimeAsync(5000);
    stopping.abort();

    await expect(taken).resolves.toBeUndefined();
    expect(kinds()).toContain("storeFailed");
  });

  it("is waited for until the run is stopped", async () => {
    const { guard, leases, acquire, stopping } = guardOver();
    await leases.acquire(key, "other", 60_000);
    const taken = acquire();
    await vi.advanceTimersByTimeAsync(100);

    stopping.abort();

    await taken;
    expect(guard.isHeld).toBe(false);
    await guard.release();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is asked for again, with pacing, while the store is down", async () => {
    const acquireOf = vi.fn<LeaseStore["acquire"]>();
    acquireOf.mockRejectedValueOnce(passing()).mockRejectedValueOnce(passing());
    acquireOf.mockResolvedValue({ status: "held", fence: 7 });
    const { acquire, kinds } = guardOver({ acquire: acquireOf, renew: async () => true });

    const taken = acquire();
    await vi.advanceTimersByTimeAsync(10_000);
    await taken;

    expect(kinds()).toEqual(["storeFailed", "storeFailed", "storeBack", "leaseAcquired"]);
  });

  it("is asked for again when the store hangs", async () => {
    const { leases } = memoryStores();
    const acquireOf = vi.fn<LeaseStore["acquire"]>(leases.acquire).mockReturnValueOnce(never());
    const { guard, acquire, kinds } = guardOver({ acquire: acquireOf }, leases);

    const taken = acquire();
    await vi.advanceTimersByTimeAsync(LEASE_MS + 1000);
    await taken;

    expect(guard.isValid()).toBe(true);
    expect(kinds()).toEqual(["storeFailed", "storeBack", "leaseAcquired"]);
    await guard.release();
  });

  it.each([
    ["between two renewals", 7_500],
    ["while it is renewed", 7_000],
  ])("is kept when the store grants it once more, late, %s", async (_, lateMs) => {
    const { leases } = memoryStores();
    const passing = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const acquireOf = vi.fn(leases.acquire).mockImplementationOnce(async (...[at, holder, ms]) => {
      await passing(lateMs);
      return leases.acquire(at, holder, ms);
    });
    const renew: LeaseStore["renew"] = async (...all) => {
      await passing(200);
      return leases.renew(...all);
    };
    const { guard, acquire, onLost } = guardOver({ acquire: acquireOf, renew }, leases);

    await Promise.all([acquire(), vi.advanceTimersByTimeAsync(20 * LEASE_MS)]);

    expect([guard.isValid(), onLost.mock.calls]).toEqual([true, []]);
    await guard.release();
    expect(await leases.acquire(key, "other", 1000)).toMatchObject({ status: "held" });
  });

  it("can never be had when the store refuses the options", async () => {
    const error = new AckloopError("config", "no such table");
    const acquireOf = vi.fn(() => Promise.reject(error));
    const { acquire, onLost } = guardOver({ acquire: acquireOf });

    await acquire();

    expect(onLost.mock.calls).toEqual([[error]]);
    expect(acquireOf).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is not taken when the run stops while the store is being asked", async () => {
    const { guard, acquire, stopping } = guardOver();
    stopping.abort();
    await acquire();
    expect(guard.isHeld).toBe(false);

    const late = guardOver({
      acquire: async () => {
        late.stopping.abort();
        throw new Error("cut");
      },
    });
    await late.acquire();

    expect(late.guard.isHeld).toBe(false);
    expect(late.reports).toEqual([]);
  });

  it("is lost when another has taken it", async () => {
    const { guard, acquire, onLost } = guardOver({ renew: async () => false });
    await acquire();

    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);

    expect(onLost).toHaveBeenCalledTimes(1);
    expect(onLost.mock.calls[0]?.[0]).toMatchObject({
      code: "leaseLost",
      message: "the lease of billing on orders is lost: another has taken or released it",
    });
    expect(guard.isValid()).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is lost by the process's own clock when the process was paused, before any answer", async () => {
    const { guard, acquire, onLost } = guardOver();
    await acquire();
    const now = performance.now();
    vi.spyOn(performance, "now").mockReturnValue(now + LEASE_MS);

    expect(guard.isValid()).toBe(false);
    expect(guard.isValid()).toBe(false);

    expect(onLost).toHaveBeenCalledTimes(1);
    expect(onLost.mock.calls[0]?.[0].message).toContain("it ran out before it was renewed");
  });

  it("counts from before the request that granted it", async () => {
    const slow: LeaseStore["acquire"] = async (...asked) => {
      const grant = await memoryStores().leases.acquire(...asked);
      await new Promise((resolve) => setTimeout(resolve, LEASE_MS - 1));
      return grant;
    };
    const { guard, acquire, onLost } = guardOver({ acquire: slow });
    const taken = acquire();
    await vi.advanceTimersByTimeAsync(LEASE_MS);

    await taken;

    expect(guard.isValid()).toBe(false);
    expect(onLost).toHaveBeenCalledTimes(1);
  });

  it("is lost when the store does not answer before it ends", async () => {
    const { guard, acquire, onLost } = guardOver({ renew: never });
    await acquire();

    await vi.advanceTimersByTimeAsync(LEASE_MS - 1);
    expect(onLost).not.toHaveBeenCalled();
    expect(guard.isValid()).toBe(true);
    await vi.advanceTimersByTimeAsync(2);

    expect(onLost).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("survives a store that is down for a while", async () => {
    const { leases } = memoryStores();
    const renew = vi.fn<LeaseStore["renew"]>(leases.renew);
    renew.mockRejectedValueOnce(passing()).mockRejectedValueOnce(passing());
    const { guard, acquire, onLost, kinds } = guardOver({ renew }, leases);
    await acquire();

    await vi.advanceTimersByTimeAsync(10 * LEASE_MS);

    expect(guard.isValid()).toBe(true);
    expect(onLost).not.toHaveBeenCalled();
    expect(kinds()).toEqual(["leaseAcquired", "storeFailed", "storeFailed", "storeBack"]);
  });

  it("leaves no timer when it is given up while the store does not answer", async () => {
    const { guard, acquire, onLost } = guardOver({ renew: never });
    await acquire();
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);

    await guard.release();

    expect(vi.getTimerCount()).toBe(0);
    expect(onLost).not.toHaveBeenCalled();
  });

  it("is given up for no longer than the run waits, and leaves no timer", async () => {
    const { guard, acquire } = guardOver({ release: never });
    await acquire();
    const giveUp = new AbortController();
    const released = guard.release(giveUp.signal);

    giveUp.abort();
    await released;

    expect(vi.getTimerCount()).toBe(0);
  });

  it("is given back when it is granted after the run has stopped", async () => {
    const { leases } = memoryStores();
    const slow: LeaseStore["acquire"] = async (...asked) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return leases.acquire(asked[0], asked[1], asked[2]);
    };
    const { acquire, stopping } = guardOver({ acquire: slow }, leases);
    const taken = acquire();

    stopping.abort();
    await taken;
    await vi.advanceTimersByTimeAsync(500);

    expect(await leases.acquire(key, "other", 1000)).toMatchObject({ status: "held" });
  });

  it("ends by itself when it cannot be given up", async () => {
    const { guard, acquire, reports } = guardOver({ release: () => Promise.reject(passing()) });
    await acquire();

    await guard.release();

    expect(reports.at(-1)).toMatchObject({
      kind: "storeFailed",
      store: "lease",
      delayMs: LEASE_MS,
    });
  });

  it("is renewed and given up by its fence", async () => {
    const { leases } = memoryStores();
    const renew = vi.fn<LeaseStore["renew"]>(leases.renew);
    const release = vi.fn<LeaseStore["release"]>(leases.release);
    await leases.acquire(key, "me", 1000);
    const { guard, acquire } = guardOver({ renew, release }, leases);
    await acquire();

    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
    await guard.release();

    expect(renew.mock.calls.map(([, fence]) => fence)).toEqual([2]);
    expect(release.mock.calls.map(([, fence]) => fence)).toEqual([2]);
  });

  it("is doubted when only the time of day says that it is over, until one renewal has answered", async () => {
    const { guard, acquire, onLost, onHeld } = guardOver();
    await acquire();
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 10 * LEASE_MS);

    expect([guard.isValid(), guard.isHeld]).toEqual([false, true]);
    vi.mocked(Date.now).mockRestore();
    await vi.advanceTimersByTimeAsync(1);

    expect(guard.isValid()).toBe(true);
    expect(onLost).not.toHaveBeenCalled();
    expect(onHeld).toHaveBeenCalledTimes(2);
    await guard.release();
  });

  it("is lost when the renewal that a doubt asked for is refused", async () => {
    const { guard, acquire, onLost } = guardOver({ renew: async () => false });
    await acquire();
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 10 * LEASE_MS);

    expect(guard.isValid()).toBe(false);
    expect(onLost).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);

    expect(onLost).toHaveBeenCalledTimes(1);
    vi.mocked(Date.now).mockRestore();
  });

  it("is not given up once it is lost: it is another's", async () => {
    const release = vi.fn(async () => {});
    const { guard, acquire } = guardOver({ release, renew: async () => false });
    await acquire();
    await vi.advanceTimersByTimeAsync(LEASE_MS);

    await guard.release();

    expect(release).not.toHaveBeenCalled();
  });

  it("tells of no failure that comes after it was given up", async () => {
    let fail!: (error: unknown) => void;
    const renew = (): Promise<boolean> => new Promise((_, reject) => (fail = reject));
    const { guard, acquire, kinds } = guardOver({ renew });
    await acquire();
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
    await guard.release();

    fail(passing());
    await vi.advanceTimersByTimeAsync(LEASE_MS);

    expect(kinds()).toEqual(["leaseAcquired"]);
  });
});
