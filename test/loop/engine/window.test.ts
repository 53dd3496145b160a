import { describe, expect, it } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { Delivery, Page } from "../../../src/core/feed.ts";
import { toReceipt } from "../../../src/core/feed.ts";
import { receiptsOf } from "../../../src/loop/engine/entry.ts";
import { Window } from "../../../src/loop/engine/window.ts";
import { testEvent } from "../../../src/testing/memory-feed.ts";

/** A delivery of an event, with a receipt of this value. */
const delivered = (id: string, receipt?: unknown): Delivery => ({
  event: testEvent(id),
  raw: {},
  ...(receipt === undefined ? {} : { receipt: toReceipt(receipt) }),
});

const QUEUE = { acks: "individual", pulls: "onward" } as const;
const LIST = { acks: "individual", pulls: "unacked" } as const;

const unreadable = (raw: unknown, receipt: unknown): Delivery => ({
  unreadable: new AckloopError("schema", "cannot be read"),
  raw,
  receipt: toReceipt(receipt),
});

/** Takes deliveries in as one page; gives what became of each. */
function takeIn(window: Window, deliveries: readonly Delivery[], page: Partial<Page> = {}) {
  const open = window.openPage({ deliveries, ...page });
  const arrivals = deliveries.map((delivery) => {
    const { message, as } = window.accept(delivery, open);
    return { message, entry: message.entry, as };
  });
  const isRepeat = window.closePage(open, page.receipt);
  return { arrivals, isRepeat };
}

/** Takes one delivery in, as a page of its own. */
function accept(window: Window, delivery: Delivery) {
  return takeIn(window, [delivery]).arrivals[0] ?? expect.unreachable("it was taken in");
}

describe("the window of a feed with individual acks", () => {
  it("counts a returning id once, with both its receipts", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    const first = accept(window, delivered("a", 1));

    const second = accept(window, delivered("a", 2));

    expect([first.as, second.as]).toEqual(["fresh", "further"]);
    expect(second.entry).toBe(first.entry);
    expect(receiptsOf(first.entry)).toEqual([1, 2]);
    expect([window.open, window.held]).toEqual([1, 1]);
  });

  it("leaves a returning open id unsettled", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    accept(window, delivered("a", 1));

    const { entry } = accept(window, delivered("a", 1));

    expect(entry.state).toBe("open");
  });

  it("holds what is settled until it is acknowledged", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    const { entry } = accept(window, delivered("a", 1));

    window.settle(entry);
    window.settle(entry);
    expect([window.open, window.held]).toEqual([0, 1]);

    window.acked(entry);
    window.acked(entry);
    expect([window.open, window.held]).toEqual([0, 0]);
  });

  it("knows an id that a list asked for before its ack brings again", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    const { entry } = accept(window, delivered("a", 1));
    window.pullBegins();
    window.settle(entry);
    window.acked(entry);

    const stale = accept(window, delivered("a", 1));
    window.pullEnded();

    expect(stale).toMatchObject({ entry, as: "known" });
    expect(window.held).toBe(0);
  });

  it("takes an id for new that a list asked for after its ack brings again", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    const { entry } = accept(window, delivered("a", 1));
    window.pullBegins();
    window.settle(entry);
    window.acked(entry);
    window.pullEnded();
    window.pullBegins();

    const anew = accept(window, delivered("a", 1));

    expect(anew.as).toBe("fresh");
  });

  it("forgets an acknowledged id at once where a pull never brings it again", () => {
    const window = new Window({ acks: "individual", pulls: "onward" });
    const { entry } = accept(window, delivered("a", 1));
    window.pullBegins();
    window.settle(entry);
    window.acked(entry);

    expect(accept(window, delivered("a", 2)).as).toBe("fresh");
  });

  it("holds nothing of a delivery that cannot be acknowledged", () => {
    const unacked = new Window({ acks: "individual", pulls: "unacked" });
    const onward = new Window({ acks: "individual", pulls: "onward" });

    for (const window of [unacked, onward]) {
      const { entry } = accept(window, delivered("a"));
      window.settle(entry);
      window.unackable(entry);
    }

    expect([unacked.held, onward.held]).toEqual([0, 0]);
    // The list brings it again and again: it is not handled each time.
    expect(accept(unacked, delivered("a")).as).toBe("known");
    expect(accept(onward, delivered("a")).as).toBe("fresh");
  });

  it("never joins ids made from the content", () => {
    const window = new Window({ acks: "individual", pulls: "onward" });
    const derived = (receipt: number): Delivery => ({
      event: testEvent("same"),
      idDerived: true,
      raw: {},
      receipt: toReceipt(receipt),
    });

    const arrivals = [accept(window, derived(1)), accept(window, derived(2))];

    expect(arrivals.map((arrival) => arrival.as)).toEqual(["fresh", "fresh"]);
    expect(window.open).toBe(2);
  });

  it.each([QUEUE, LIST, { acks: "cumulative", pulls: "onward" } as const])(
    "never joins events whose id is empty, in a feed of $acks acks that pulls $pulls",
    (kind) => {
      const window = new Window(kind);
      const empty = (data: string): Delivery => ({
        event: { ...testEvent("a", { data }), id: "" },
        raw: undefined,
        receipt: toReceipt(data),
      });

      const arrivals = [accept(window, empty("a")), accept(window, empty("b"))];

      expect(arrivals.map((arrival) => arrival.as)).toEqual(["fresh", "fresh"]);
      if (kind === LIST) expect(accept(window, empty("a")).as).toBe("known");
    },
  );

  it.each([
    ["unreadable", (raw: unknown): Delivery => unreadable(raw, "r1")],
    [
      "of a derived id",
      (raw: unknown): Delivery => ({ ...delivered("a", "r1"), raw, idDerived: true }) as Delivery,
    ],
  ])("knows a page that comes again of what is %s, in a queue", (_, delivery) => {
    const window = new Window(QUEUE);
    const page = [delivery({ odd: 1 })];

    const { isRepeat, arrivals } = takeIn(window, page);
    for (const { entry } of arrivals) window.settle(entry);
    const again = takeIn(window, page);
    const other = takeIn(window, [unreadable({ odd: 1 }, "r2")]);

    expect([isRepeat, again.isRepeat, other.isRepeat]).toEqual([false, true, false]);
  });

  it("knows a page that comes again with another content of its items, in a list", () => {
    const window = new Window(LIST);

    const pages = [1, 2, 3].map((at) =>
      takeIn(window, [unreadable({ at }, "r1"), unreadable({ at, b: 1 }, "r2")]),
    );
    const other = takeIn(window, [unreadable({ at: 4 }, "r3")]);

    expect(pages.map(({ isRepeat }) => isRepeat)).toEqual([false, true, true]);
    expect(other.isRepeat).toBe(false);
  });

  it("tells pages of one content apart by what acknowledges them, in a log", () => {
    const window = new Window({ acks: "cumulative", pulls: "onward" });
    const beats = (receipt: number): Delivery[] => [
      { event: testEvent("same"), idDerived: true, raw: {} },
      { event: testEvent("same"), idDerived: true, raw: {}, receipt: toReceipt(receipt) },
    ];

    const pages = [1, 2, 3, 3].map((receipt) => takeIn(window, beats(receipt)));

    expect(pages.map(({ isRepeat }) => isRepeat)).toEqual([false, false, false, true]);
  });

  it("knows what could not be read by its content", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });

    const first = accept(window, unreadable({ odd: 1 }, 1));
    const again = accept(window, unreadable({ odd: 1 }, 1));
    const other = accept(window, unreadable({ odd: 2 }, 2));

    expect([first.as, again.as, other.as]).toEqual(["fresh", "known", "fresh"]);
  });

  it("tells apart equal ones in one list that could not be read, and knows both again", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    const twice = [unreadable({ odd: 1 }, 1), unreadable({ odd: 1 }, 2)];

    const first = takeIn(window, twice).arrivals;
    const again = takeIn(window, twice).arrivals;

    expect(first.map(({ as }) => as)).toEqual(["fresh", "fresh"]);
    expect(again.map(({ as }) => as)).toEqual(["known", "known"]);
    expect(again.map(({ entry }) => entry)).toEqual(first.map(({ entry }) => entry));
  });

  it("tells events of one id and two sources apart", () => {
    const window = new Window({ acks: "individual", pulls: "onward" });
    const of = (source: string): Delivery => ({ event: testEvent("a", { source }), raw: {} });

    const entries = [accept(window, of("/a")), accept(window, of("/b"))].map(({ entry }) => entry);

    expect(entries.map(({ identity }) => identity)).toEqual(["/a a", "/b a"]);
  });

  it("goes by the identity that a feed gives, where the event says none", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    const named = (raw: unknown): Delivery => ({ ...unreadable(raw, 1), identity: "row 7" });

    accept(window, named({ odd: 1 }));
    const again = accept(window, named({ odd: 2 }));

    expect(again).toMatchObject({ as: "known", entry: { identity: "row 7" } });
  });

  it.each([null, 5, {}, ""])(
    "takes an identity that is %s for none: each event is its own",
    (identity) => {
      const window = new Window({ acks: "individual", pulls: "onward" });
      const odd = (id: string) => ({
        ...delivered(id, 1),
        identity: identity as unknown as string,
      });

      expect([accept(window, odd("a")), accept(window, odd("b"))]).toMatchObject([
        { as: "fresh", entry: { id: "a" } },
        { as: "fresh", entry: { id: "b" } },
      ]);
    },
  );

  it("holds the bytes of a page until the last of it is acknowledged", () => {
    const window = new Window({ acks: "individual", pulls: "onward" });
    const { arrivals } = takeIn(window, [delivered("a", 1), delivered("b", 2)], { bytes: 300 });
    takeIn(window, [], { bytes: 50 });
    const held = [window.bytes];

    for (const { entry } of arrivals) {
      window.settle(entry);
      window.acked(entry);
      held.push(window.bytes);
    }

    expect(held).toEqual([300, 300, 0]);
  });

  it.each(["300", Number.NaN, null, {}])("takes %s for no number of bytes", (bytes) => {
    const window = new Window({ acks: "individual", pulls: "onward" });

    takeIn(window, [delivered("a", 1)], { bytes: bytes as number });

    expect(window.bytes).toBe(0);
  });

  it("counts no bytes of a page that brings only what is known", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    takeIn(window, [delivered("a", 1)], { bytes: 300 });

    takeIn(window, [delivered("a", 1)], { bytes: 300 });

    expect(window.bytes).toBe(300);
  });

  it("knows a page of which the pages before held all", () => {
    const window = new Window({ acks: "individual", pulls: "onward" });
    const of = (...ids: string[]) =>
      takeIn(
        window,
        ids.map((id) => delivered(id, id)),
      ).isRepeat;

    expect([of("a", "b"), of("c"), of("c", "a"), of("a", "d"), of()]).toEqual([
      false,
      false,
      true,
      false,
      false,
    ]);
  });

  it("tells what has been open longest", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    const { entry: first } = accept(window, delivered("a", 1));
    const { entry: second } = accept(window, delivered("b", 2));
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
    const [a, b] = ["a", "b"].map((id, index) => accept(window, delivered(id, index)).entry);
    if (!a || !b) throw new Error("both are there");

    window.settle(b);
    expect(window.watermark.next).toBeUndefined();
    window.settle(a);

    expect(window.watermark.next?.receipt).toBe(toReceipt(1));
  });

  it("counts an event that came twice when its last place is acknowledged", () => {
    const window = new Window({ acks: "cumulative", pulls: "unacked" });
    const { entry } = accept(window, delivered("a", 1));
    accept(window, delivered("b", 2));
    accept(window, delivered("a", 3));
    const b = accept(window, delivered("b", 4)).entry;
    window.settle(entry);
    window.settle(b);
    expect(window.held).toBe(4);

    const early = window.confirm({ receipt: toReceipt(2), end: 2 });
    const late = window.confirm({ receipt: toReceipt(4), end: 4 });

    expect([early, late]).toEqual([0, 2]);
    expect(window.held).toBe(0);
    expect(accept(window, delivered("a", 5)).as).toBe("fresh");
  });

  it("moves on with a page that held nothing", () => {
    const window = new Window({ acks: "cumulative", pulls: "onward" });
    const { entry } = accept(window, delivered("a", 1));
    takeIn(window, [], { receipt: toReceipt(9) });
    expect(window.watermark.next).toBeUndefined();

    window.settle(entry);

    expect(window.watermark.next).toEqual({ receipt: toReceipt(9), end: 2 });
    expect(window.confirm({ receipt: toReceipt(9), end: 2 })).toBe(1);
    expect(window.held).toBe(0);
  });

  it("settles a returning delivery at once when its event is settled", () => {
    const window = new Window({ acks: "cumulative", pulls: "unacked" });
    const { entry } = accept(window, delivered("a", 1));
    window.settle(entry);
    const reach = window.watermark.next;
    if (reach) window.watermark.take(reach);

    const again = accept(window, delivered("a", 2));

    expect(again).toMatchObject({ entry, as: "known" });
    expect(window.watermark.next).toEqual({ receipt: toReceipt(2), end: 2 });
  });

  it("lets a returning delivery of an open event hold the watermark", () => {
    const window = new Window({ acks: "cumulative", pulls: "onward" });
    const { entry } = accept(window, delivered("a", 1));
    accept(window, delivered("a", 2));

    expect(window.watermark.next).toBeUndefined();
    window.settle(entry);

    expect(window.watermark.next?.end).toBe(2);
  });
});

describe("an item without an id that was settled", () => {
  it("is another one when it comes again in a cumulative feed, and is handled", () => {
    const window = new Window({ acks: "cumulative", pulls: "unacked" });
    const first = accept(window, unreadable({ odd: 1 }, "page 1"));
    window.settle(first.entry);

    const second = accept(window, unreadable({ odd: 1 }, "page 2"));

    expect(second.as).toBe("fresh");
    expect(window.watermark.next?.receipt).toBe(toReceipt("page 1"));
  });

  it("keeps the receipt that it came with in a list, so that no other is acked for it", () => {
    const window = new Window({ acks: "individual", pulls: "unacked" });
    const first = accept(window, unreadable({ odd: 1 }, 1));
    window.settle(first.entry);

    const second = accept(window, unreadable({ odd: 1 }, 2));

    expect(second.as).toBe("known");
    expect(first.entry.receipt).toBe(toReceipt(1));
  });
});
