import { describe, expect, it, vi } from "vitest";
import type { Delivery, Feed, Page } from "../../../src/core/feed.ts";
import { fromReceipt, toReceipt } from "../../../src/core/feed.ts";
import type { IntakeParts } from "../../../src/loop/engine/intake.ts";
import { Intake } from "../../../src/loop/engine/intake.ts";
import { Window } from "../../../src/loop/engine/window.ts";
import { memoryFeed, testEvent } from "../../../src/testing/memory-feed.ts";

const QUEUE = { acks: "individual", pulls: "onward" } as const;
const CURSOR = { acks: "cumulative", pulls: "onward" } as const;

/** An intake whose callbacks are seen. */
function intakeOf(kind: Pick<Feed, "acks" | "pulls">, facts: Partial<IntakeParts> = {}) {
  const feed = { ...memoryFeed(), ...kind } as Feed;
  const window = new Window(feed);
  const seen = { onFresh: vi.fn(), onOpen: vi.fn(), onSettledAgain: vi.fn(), onLeft: vi.fn() };
  const settling = { settled: vi.fn() };
  const parts = { feed, window, settling, tell: undefined, limit: undefined, ...seen };
  const intake = new Intake({ ...parts, isStopping: () => false, ...facts });
  const take = (page: Page) => intake.take(page, 0, 0);
  return { intake, take, window, settling, ...seen };
}

const delivery = (id: string, receipt?: unknown): Delivery => ({
  event: testEvent(id),
  raw: {},
  ...(receipt === undefined ? {} : { receipt: toReceipt(receipt) }),
});

describe("taking in a page", () => {
  it("tells the new from the known, and what can be acked", () => {
    const { take, onFresh } = intakeOf(QUEUE);
    take({ deliveries: [delivery("a", "1")] });

    const brought = take({ deliveries: [delivery("a", "2"), delivery("b", "3"), delivery("c")] });

    expect(brought).toMatchObject({ fresh: 2, ackable: 1, isRepeat: false });
    expect(onFresh.mock.calls.map(([{ id }]) => id)).toEqual(["a", "b", "c"]);
  });

  it("says that all of it was there lately", () => {
    const { take } = intakeOf(QUEUE);
    const page = { deliveries: [delivery("a", "1")] };

    expect([take(page), take(page)].map(({ isRepeat }) => isRepeat)).toEqual([false, true]);
  });

  it("leaves what is more than the limit, and counts what may still come", () => {
    const { intake, take, onLeft } = intakeOf(QUEUE, { limit: 2 });

    const { fresh } = take({
      deliveries: [delivery("a", "1"), delivery("b", "2"), delivery("c", "3")],
    });

    expect({ fresh, left: intake.left }).toEqual({ fresh: 2, left: 0 });
    expect(onLeft.mock.calls.map(([receipts]) => receipts.map(fromReceipt))).toEqual([["3"]]);
  });

  it("leaves all of it when the run is stopping", () => {
    const { take, onFresh, onLeft } = intakeOf(QUEUE, { isStopping: () => true });

    take({ deliveries: [delivery("a", "1"), delivery("b", "2")] });

    expect(onFresh).not.toHaveBeenCalled();
    expect(onLeft.mock.calls.map(([receipts]) => receipts.map(fromReceipt))).toEqual([["1", "2"]]);
  });

  it("gives back no further message of what a handler may have in its hands", () => {
    let isStopping = false;
    const { take, onLeft } = intakeOf(QUEUE, { isStopping: () => isStopping });
    take({ deliveries: [delivery("a", "1")] });

    isStopping = true;
    take({ deliveries: [delivery("a", "2"), delivery("b", "3")] });

    expect(onLeft.mock.calls.map(([receipts]) => receipts.map(fromReceipt))).toEqual([["3"]]);
  });

  it("hands a further message of what is settled on to be acked", () => {
    const { take, window, settling, onFresh } = intakeOf(QUEUE);
    take({ deliveries: [delivery("a", "1")] });
    window.settle(onFresh.mock.calls[0]?.[0]);

    take({ deliveries: [delivery("a", "2")] });

    expect(settling.settled.mock.calls.map(([{ receipt }]) => receipt)).toEqual(["2"]);
  });
});

describe("the place that a feed is at", () => {
  it("is that of the last receipt that was taken in, or of the page", () => {
    const { intake, take } = intakeOf(CURSOR);
    const pages: Page[] = [
      { deliveries: [delivery("a", "1"), delivery("b")] },
      { deliveries: [delivery("c", "3")], receipt: toReceipt("4") },
      { deliveries: [] },
      { deliveries: [], receipt: toReceipt("5") },
    ];

    const places = pages.map((page) => [take(page).stands, intake.after]);

    expect(places).toEqual([
      [false, "1"],
      [false, "4"],
      [true, "4"],
      [false, "5"],
    ]);
  });

  it("is not behind a page of which something was left", () => {
    const { intake, take } = intakeOf(CURSOR, { limit: 1 });

    take({ deliveries: [delivery("a", "1"), delivery("b", "2")], receipt: toReceipt("3") });

    expect(intake.after).toBe("1");
  });

  it("is the same where its receipt is made anew", () => {
    const { take } = intakeOf(CURSOR);
    const pages = [1, 1, 2].map((place) => ({ deliveries: [], receipt: toReceipt({ place }) }));

    expect(pages.map((page) => take(page).stands)).toEqual([false, true, false]);
  });

  it("is another where its receipt says nothing as text", () => {
    class Opaque {
      readonly #place: number;
      constructor(place: number) {
        this.#place = place;
      }
      get place(): number {
        return this.#place;
      }
    }
    const { take } = intakeOf(CURSOR);
    const pages = [1, 2].map((at) => ({ deliveries: [], receipt: toReceipt(new Opaque(at)) }));

    expect(pages.map((page) => take(page).stands)).toEqual([false, false]);
  });
});
