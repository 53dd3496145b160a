import { describe, expect, it } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { EndingFacts, Pending } from "../../../src/loop/engine/ending.ts";
import { Ending, reserveOf } from "../../../src/loop/engine/ending.ts";

const ALL: Pending = { handlers: true, acks: true, pull: true };
const NONE: Pending = { handlers: false, acks: false, pull: false };
const NOW = 1000;

const endingOf = (facts: Partial<EndingFacts> = {}): Ending =>
  new Ending({ withinMs: 10_000, reserveMs: 2000, ...facts }, NOW);

describe("what is kept for the last acks", () => {
  it.each([
    [5000, 25_000, 5000],
    [5000, 10_000, 2000],
    [1000, 10_000, 1000],
    [5000, 0, 0],
    [5000, -1000, 0],
    [5000, Number.POSITIVE_INFINITY, 5000],
  ])("is at most a fifth: %i ms of %i ms is %i ms", (reserveMs, leftMs, kept) => {
    expect(reserveOf(reserveMs, leftMs)).toBe(kept);
  });
});

describe("an ending", () => {
  it("waits for handlers, then for acks, then lets go, each to its time", () => {
    const ending = endingOf();
    expect([ending.phase, ending.nextAt(NOW)]).toEqual(["handlers", NOW + 8000]);
    expect(ending.advance(ALL, NOW + 7999)).toBe(false);

    expect(ending.advance(ALL, NOW + 8000)).toBe(true);
    expect([ending.phase, ending.nextAt(NOW + 8000)]).toEqual(["acks", NOW + 9000]);
    expect(ending.nextAt(NOW + 9000)).toBe(NOW + 10_000);
    expect(ending.advance(ALL, NOW + 9999)).toBe(false);

    expect(ending.advance(ALL, NOW + 10_000)).toBe(true);
    expect([ending.phase, ending.nextAt(NOW + 10_000)]).toEqual(["lettingGo", NOW + 10_100]);
    expect(ending.advance(NONE, NOW + 20_000)).toBe(false);
  });

  it("waits for nothing that is not there", () => {
    const ending = endingOf();

    expect([ending.advance(NONE, NOW), ending.phase]).toEqual([true, "acks"]);
    expect([ending.advance(NONE, NOW), ending.phase]).toEqual([true, "lettingGo"]);
  });

  it.each(["handlers", "pull"] as const)("gives %s the time of the handlers", (name) => {
    const ending = endingOf();

    expect(ending.advance({ ...NONE, [name]: true }, NOW + 7999)).toBe(false);
    expect(ending.advance({ ...NONE, [name]: true }, NOW + 8000)).toBe(true);
  });

  it.each([
    ["handlers", 9000],
    ["acks", 10_000],
    ["pull", 10_000],
  ] as const)("lets nothing go before %s are over, or %i ms are", (name, lateMs) => {
    const ending = endingOf();
    ending.advance(NONE, NOW);

    expect(ending.advance({ ...NONE, [name]: true }, NOW + lateMs - 1)).toBe(false);
    expect(ending.nextAt(NOW + lateMs - 1)).toBe(NOW + lateMs);
    expect(ending.advance({ ...NONE, [name]: true }, NOW + lateMs)).toBe(true);
    expect(ending.nextAt(NOW + lateMs)).toBe(NOW + Math.max(10_000, lateMs + 100));
  });

  it("does not wait for acks while handlers are at work", () => {
    const ending = endingOf();

    expect(ending.advance({ ...NONE, acks: true }, NOW)).toBe(true);
    expect(ending.phase).toBe("acks");
  });

  it("is over at once where the feed is another's now", () => {
    const ending = endingOf();
    const lost = new AckloopError("leaseLost", "another has it");
    ending.lose(lost, NOW);

    expect(ending.facts).toMatchObject({ error: lost, reason: undefined });
    expect([ending.phase, ending.endAt]).toEqual(["acks", NOW]);
    expect(ending.advance(ALL, NOW)).toBe(true);
    expect([ending.phase, ending.endAt]).toEqual(["lettingGo", NOW + 1000]);
  });

  it("keeps the shorter of two times, and a fifth of it for the acks", () => {
    const ending = endingOf();

    ending.shorten(1000, NOW + 500);
    expect([ending.nextAt(NOW), ending.endAt]).toEqual([NOW + 1300, NOW + 1500]);
    ending.shorten(60_000, NOW + 500);

    expect([ending.nextAt(NOW), ending.endAt]).toEqual([NOW + 1300, NOW + 1500]);
  });

  it("is shortened also while it lets go, for which it has some time at least", () => {
    const ending = endingOf();
    ending.advance(NONE, NOW);
    ending.advance(NONE, NOW);
    expect(ending.endAt).toBe(NOW + 10_000);

    ending.shorten(0, NOW + 50);

    expect(ending.endAt).toBe(NOW + 100);
  });

  it("does not give handlers more time when the whole is shortened", () => {
    const ending = endingOf();

    ending.shorten(4000, NOW + 5500);

    expect([ending.nextAt(NOW), ending.endAt]).toEqual([NOW + 8000, NOW + 9500]);
  });
});
