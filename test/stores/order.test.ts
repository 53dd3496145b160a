import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Inbox } from "../../src/core/stores.ts";
import { inboxQueue, memoryStores, sqliteStores } from "../../src/stores/index.ts";
import { tryOrder } from "./order.ts";

const told = { partitions: 3, orderBy: ({ subject = "" }) => subject } as const;
const seeds = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
const pass = (ms: number): void => void vi.advanceTimersByTime(ms);

/** What breaks with the first seed of many, if any. */
async function firstBroken(make: () => Inbox, options: object, count = 60) {
  for (const seed of seeds(count)) {
    const inbox = make();
    const broken = await tryOrder(() => inboxQueue(inbox, "orders", options), seed, pass);
    if (broken.length > 0) return broken;
  }
  return [];
}

/** Gives, of a partition whose first entry is not free, the next one that is. */
function overtaking(): Inbox {
  const { inbox } = memoryStores();
  const claimFirst: Inbox["claimFirst"] = async (names, limit, leaseMs) => {
    const claims = await Promise.all(
      names.map(async (name) => {
        return (await inbox.claim(name, 1, leaseMs)).map((claim) => ({ ...claim, name }));
      }),
    );
    return claims.flat().slice(0, limit);
  };
  return { ...inbox, claimFirst };
}

/** Stores the entries of one call in another order. */
function turning(): Inbox {
  const { inbox } = memoryStores();
  return { ...inbox, add: (name, entries, call) => inbox.add(name, entries.toReversed(), call) };
}

describe("the order of a key", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance", "Date", "setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(seeds(150))("is kept in memory, and nothing is lost (seed %d)", async (seed) => {
    const { inbox } = memoryStores();

    expect(await tryOrder(() => inboxQueue(inbox, "orders", told), seed, pass)).toEqual([]);
  });

  it.each(seeds(10))("is kept in SQLite, and nothing is lost (seed %d)", async (seed) => {
    const folder = mkdtempSync(`${tmpdir()}/ackloop-order-`);
    const stores = sqliteStores(`${folder}/state.db`);

    expect(await tryOrder(() => inboxQueue(stores.inbox, "orders", told), seed, pass)).toEqual([]);

    await stores.close();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ["a queue without partitions", () => memoryStores().inbox, {}],
    ["an inbox that lets others overtake", overtaking, told],
    ["an inbox that turns what it is given", turning, told],
    [
      "a key that changes",
      () => memoryStores().inbox,
      { partitions: 3, orderBy: ({ id = "" }) => id },
    ],
  ])("is broken by %s, which this finds", async (_, make, options) => {
    expect(await firstBroken(make, options)).not.toEqual([]);
  });
});
