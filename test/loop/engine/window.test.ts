import { describe, expect, it } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { Delivery } from "../../../src/core/feed.ts";
import { toReceipt } from "../../../src/core/feed.ts";
import { Window } from "../../../src/loop/engine/window.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";

/** A delivery of an event, with a receipt of this value. */
const delivered = (id: string, receipt?: unknown): Delivery => ({
  event: testEvent(id),
  raw: {},
  ...(receipt === undefined ? {} : { receipt: toReceipt(receipt) }),
});

const unreadable = (raw: unknown, receipt: unknown): Delivery => ({
  unreadable: new AckloopError("schema", "cannot be read"),
  raw,
  receipt: toReceipt(receipt),
});

describe("the window of a feed with individual acks", () => {
  it("counts a returning id once, with its newer receipt", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    const first = window.accept(delivered("a", 1));

    const second = window.accept(delivered("a", 2));

    expect([first.fresh, second.fresh]).toEqual([true, false]);
    expect(second.entry).toBe(first.entry);
    expect(first.entry.receipt).toBe(toReceipt(2));
    expect([window.open, window.held]).toEqual([1, 1]);
  });

  it("leaves a returning open id unsettled", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    window.accept(delivered("a", 1));

    const { entry } = window.accept(delivered("a", 1));

    expect(entry.state).toBe("open");
  });

  it("holds what is settled until it is acknowledged", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    const { entry } = window.accept(delivered("a", 1));

    window.settle(entry);
    window.settle(entry);
    expect([window.open, window.held]).toEqual([0, 1]);

    window.acked(entry);
    window.acked(entry);
    expect([window.open, window.held]).toEqual([0, 0]);
  });

  it("knows an id that a list asked for before its ack brings again", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    const { entry } = window.accept(delivered("a", 1));
    window.pullBegins();
    window.settle(entry);
    window.acked(entry);

    const stale = window.accept(delivered("a", 1));
    window.pullEnded();

    expect(stale).toEqual({ entry, fresh: false });
    expect(window.held).toBe(0);
  });

  it("takes an id for new that a list asked for after its ack brings again", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    const { entry } = window.accept(delivered("a", 1));
    window.pullBegins();
    window.settle(entry);
    window.acked(entry);
    window.pullEnded();
    window.pullBegins();

    const anew = window.accept(delivered("a", 1));

    expect(anew.fresh).toBe(true);
  });

  it("forgets an acknowledged id at once where a pull never brings it again", () => {
    const window = new Window({ acks: "individual", pulls: "onward" });
    const { entry } = window.accept(delivered("a", 1));
    window.pullBegins();
    window.settle(entry);
    window.acked(entry);

    expect(window.accept(delivered("a", 2)).fresh).toBe(true);
  });

  it("holds nothing of a delivery that cannot be acknowledged", () => {
    const unacked = new Window({ acks: "individual", pulls: "unacked" });
    const onward = new Window({ acks: "individual", pulls: "onward" });

    for (const window of [unacked, onward]) {
      const { entry } = window.accept(delivered("a"));
      window.settle(entry);
      window.unackable(entry);
    }

    expect([unacked.held, onward.held]).toEqual([0, 0]);
    // The list brings it again and again: it is not handled each time.
    expect(unacked.accept(delivered("a")).fresh).toBe(false);
    expect(onward.accept(delivered("a")).fresh).toBe(true);
  });

  it("never joins ids made from the content", () => {
    const window = new Window({ acks: "individual", pulls: "onward" });
    const derived = (receipt: number): Delivery => ({
      event: testEvent("same"),
      idDerived: true,
      raw: {},
      receipt: toReceipt(receipt),
    });

    const arrivals = [window.accept(derived(1)), window.accept(derived(2))];

    expect(arrivals.map((arrival) => arrival.fresh)).toEqual([true, true]);
    expect(window.open).toBe(2);
  });

  it("knows what could not be read by its content", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });

    const first = window.accept(unreadable({ odd: 1 }, 1));
    const again = window.accept(unreadable({ odd: 1 }, 1));
    const other = window.accept(unreadable({ odd: 2 }, 2));

    expect([first.fresh, again.fresh, other.fresh]).toEqual([true, false, true]);
  });

  it("tells what has been open longest", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    const { entry: first } = window.accept(delivered("a", 1));
    const { entry: second } = window.accept(delivered("b", 2));
    expect(window.oldest).toBe(first);

    window.settle(first);

    expect(window.oldest).toBe(second);
    expect([...window.openEntries()]).toEqual([second]);
    window.settle(second);
    expect(window.oldest).toBeUndefined();
  });
});

describe("the window of a feed with cumulative acks", () => {
  it("offers what is settled at the front", () => {
    const window = new Window({ acks: "cumulative", pulls: "onward" });
    const [a, b] = ["a", "b"].map((id, index) => window.accept(delivered(id, index)).entry);
    if (!a || !b) throw new Error("both are there");

    window.settle(b);
    expect(window.watermark.next).toBeUndefined();
    window.settle(a);

    expect(window.watermark.next?.receipt).toBe(toReceipt(1));
  });

  it("counts an event that came twice when its last place is acknowledged", () => {
    const window = new Window({ acks: "cumulative", pulls: "unacked" });
    const { entry } = window.accept(delivered("a", 1));
    window.accept(delivered("b", 2));
    window.accept(delivered("a", 3));
    const b = window.accept(delivered("b", 4)).entry;
    window.settle(entry);
    window.settle(b);
    expect(window.held).toBe(4);

    const early = window.confirm({ receipt: toReceipt(2), end: 2 });
    const late = window.confirm({ receipt: toReceipt(4), end: 4 });

    expect([early, late]).toEqual([0, 2]);
    expect(window.held).toBe(0);
    expect(window.accept(delivered("a", 5)).fresh).toBe(true);
  });

  it("settles a returning delivery at once when its event is settled", () => {
    const window = new Window({ acks: "cumulative", pulls: "unacked" });
    const { entry } = window.accept(delivered("a", 1));
    window.settle(entry);
    const mark = window.watermark.next;
    if (mark) window.watermark.take(mark);

    const again = window.accept(delivered("a", 2));

    expect(again).toEqual({ entry, fresh: false });
    expect(window.watermark.next).toEqual({ receipt: toReceipt(2), end: 2 });
  });

  it("lets a returning delivery of an open event hold the watermark", () => {
    const window = new Window({ acks: "cumulative", pulls: "onward" });
    const { entry } = window.accept(delivered("a", 1));
    window.accept(delivered("a", 2));

    expect(window.watermark.next).toBeUndefined();
    window.settle(entry);

    expect(window.watermark.next?.end).toBe(2);
  });
});
