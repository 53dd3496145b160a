import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Delivery } from "../../../src/core/feed.ts";
import { toReceipt } from "../../../src/core/feed.ts";
import type { Brought } from "../../../src/loop/engine/progress.ts";
import { Progress } from "../../../src/loop/engine/progress.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** So many deliveries, of which the loop knows some already. */
function page(count: number, leaseMs?: number): readonly Delivery[] {
  const receipt = toReceipt("r");
  return Array.from({ length: count }, () => ({
    event: testEvent("a"),
    raw: {},
    receipt,
    leaseMs,
  }));
}

function brought(deliveries: readonly Delivery[], facts: Partial<Brought> = {}): Brought {
  const own = {
    pulledAt: performance.now(),
    fresh: 0,
    ackable: 0,
    isRepeat: false,
    stands: true,
  };
  return { ...own, page: { deliveries }, ...facts };
}
const more = { deliveries: [], more: true };
const nothing = { open: 0, messages: 0 };

/** How many pulls in a row follow at once. */
function countOn(progress: Progress, one: () => Brought, known = nothing, most = 200): number {
  let count = 0;
  while (count < most && progress.goesOn(one(), known)) count += 1;
  return count;
}

describe("a page with something new", () => {
  it.each(["list", "queue", "pages", "cursor"] as const)("lets a %s go on", (kind) => {
    const news = brought(page(1), { fresh: 1, ackable: 1 });

    expect(new Progress(kind, false).goesOn(news, nothing)).toBe(true);
  });

  it("lets none go on where all of it was acked lately", () => {
    const news = brought(page(1), { fresh: 1, ackable: 1, isRepeat: true });

    expect(new Progress("queue", false).goesOn(news, nothing)).toBe(false);
  });

  it("lets a list go on with what can never be acked only while it shows more than before", () => {
    const progress = new Progress("list", false);
    const unackable = (count: number): Brought => brought(page(count), { fresh: 1 });

    const goesOn = [1, 2, 2, 1, 3].map((count) => progress.goesOn(unackable(count), nothing));

    expect(goesOn).toEqual([true, true, false, false, true]);
  });
});

describe("a page with nothing new", () => {
  it.each(["list", "queue", "pages", "cursor"] as const)("makes a %s wait", (kind) => {
    expect(new Progress(kind, false).goesOn(brought([]), nothing)).toBe(false);
  });

  it.each(["list", "queue", "pages", "cursor"] as const)(
    "lets a %s that says that more is there go on so often, until something new comes",
    (kind) => {
      const progress = new Progress(kind, false);
      const first = countOn(progress, () => brought([], { page: more }));
      progress.goesOn(brought(page(1), { fresh: 1, ackable: 1 }), nothing);

      const second = countOn(progress, () => brought([], { page: more }));

      expect([first, second]).toEqual([20, 20]);
    },
  );

  it.each([
    ["can never be acked", {}],
    ["was acked lately", { ackable: 1, isRepeat: true }],
  ])("gives a list no more such pulls for what %s", (_, facts) => {
    const progress = new Progress("list", false);
    countOn(progress, () => brought([], { page: more }));
    progress.goesOn(brought(page(1), { fresh: 1, ...facts }), nothing);

    expect(countOn(progress, () => brought([], { page: more }))).toBe(0);
  });

  it.each([
    ["cursor", 200],
    ["queue", 20],
    ["pages", 20],
    ["list", 20],
  ] as const)(
    "lets a %s that has passed something and says that more is there go on %i times",
    (kind, times) => {
      const progress = new Progress(kind, false);

      expect(countOn(progress, () => brought([], { page: more, stands: false }))).toBe(times);
    },
  );

  it("lets a drain go on past what is not for it, and others wait", () => {
    const passed = (): Brought => brought([], { stands: false });

    const goesOn = [true, false].map((untilEmpty) =>
      new Progress("cursor", untilEmpty).goesOn(passed(), nothing),
    );

    expect(goesOn).toEqual([true, false]);
  });
});

describe("a page of what is known", () => {
  it.each(["list", "pages"] as const)("makes a %s wait", (kind) => {
    const progress = new Progress(kind, false);

    expect(progress.goesOn(brought(page(1)), { open: 5, messages: 5 })).toBe(false);
  });

  it("lets a queue go on past as many messages as it has hidden, and then wait", () => {
    const progress = new Progress("queue", false);

    const times = countOn(progress, () => brought(page(1, 1000)), { open: 2, messages: 5 });

    expect(times).toBe(5);
  });

  it("lets a queue go on past as many events as are open, where it hides nothing for long", () => {
    const progress = new Progress("queue", false);
    const slow = (): Brought => {
      const one = brought(page(1, 1000));
      vi.advanceTimersByTime(1000);
      return one;
    };

    expect(countOn(progress, slow, { open: 2, messages: 5 })).toBe(2);
  });

  it.each([
    ["waits longer for a queue that shows all it can and more, once more", undefined, [5, 2, 2]],
    ["forgets that when nothing else was left", brought([]), [5, 5, 5]],
    ["forgets that when something new stood behind it", brought(page(1), { fresh: 1 }), [5, 5, 5]],
  ])("%s", (_, then, expected) => {
    const progress = new Progress("queue", false);
    const known = { open: 2, messages: 5 };

    const times = [1, 2, 3].map(() => {
      const count = countOn(progress, () => brought(page(1, 1000)), known);
      if (then) {
        progress.goesOn(brought(page(1, 1000)), known);
        progress.goesOn(then, known);
      }
      return count;
    });

    expect(times).toEqual(expected);
  });

  it("goes on further past what a queue shows when more of it is known", () => {
    const progress = new Progress("queue", false);
    const times = [2, 5, 11].map((messages) =>
      countOn(progress, () => brought(page(1, 1000)), { open: 1, messages }),
    );

    expect(times).toEqual([2, 5, 11]);
  });

  it("begins another row when something else has come", () => {
    const progress = new Progress("queue", false);
    const known = { open: 3, messages: 3 };
    const again = (): Brought => brought(page(1, 1000));
    const first = countOn(progress, again, known, 2);
    progress.goesOn(brought(page(1), { fresh: 1 }), known);

    expect([first, countOn(progress, again, known)]).toEqual([2, 3]);
  });
});
