import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Receipt } from "../../../src/core/feed.ts";
import { fromReceipt, toReceipt } from "../../../src/core/feed.ts";
import type { Reach } from "../../../src/loop/engine/watermark.ts";
import { Watermark } from "../../../src/loop/engine/watermark.ts";

/** A watermark over so many items; those listed have a receipt that holds their position. */
function watermarkOf(count: number, withReceipt: readonly number[]): Watermark<number> {
  const watermark = new Watermark<number>();
  for (let position = 0; position < count; position += 1) {
    const receipt = withReceipt.includes(position) ? toReceipt(position) : undefined;
    watermark.push(position, receipt);
  }
  return watermark;
}

/** Confirms a reach, and gives what that lets go of. */
function confirm<Item>(watermark: Watermark<Item>, reach: Reach): Item[] {
  const released: Item[] = [];
  watermark.confirm(reach, (item) => released.push(item));
  return released;
}

const positionOf = (receipt: Receipt | undefined): number | undefined =>
  receipt && fromReceipt<number>(receipt);

describe("the watermark", () => {
  it.each([
    { title: "nothing settled", settled: [], receipts: [0, 1, 2, 3], offers: undefined },
    { title: "the first settled", settled: [0], receipts: [0, 1, 2, 3], offers: 0 },
    { title: "a gap at the front", settled: [1, 2, 3], receipts: [0, 1, 2, 3], offers: undefined },
    { title: "a gap in the middle", settled: [0, 1, 3], receipts: [0, 1, 2, 3], offers: 1 },
    { title: "all settled", settled: [3, 2, 1, 0], receipts: [0, 1, 2, 3], offers: 3 },
    { title: "a page open at its end", settled: [0, 1, 2], receipts: [3], offers: undefined },
    { title: "a page settled", settled: [0, 1, 2, 3], receipts: [3], offers: 3 },
    { title: "a receipt before the gap", settled: [0, 1, 2], receipts: [1, 3], offers: 1 },
    { title: "no receipt after the last", settled: [0, 1, 2, 3], receipts: [1], offers: 1 },
    { title: "no receipt at all", settled: [0, 1, 2, 3], receipts: [], offers: undefined },
  ])("offers the furthest receipt before the first open delivery: $title", (row) => {
    const watermark = watermarkOf(4, row.receipts);

    for (const position of row.settled) watermark.settle(position);

    expect(positionOf(watermark.next?.receipt)).toBe(row.offers);
  });

  it("offers a receipt that several have at the last of them", () => {
    const watermark = new Watermark<number>();
    const positions = ["a", "b", "b", undefined, "b", "c"].map((receipt, at) =>
      watermark.push(at, receipt === undefined ? undefined : toReceipt(receipt)),
    );
    const offered = positions.map((position) => {
      watermark.settle(position);
      return watermark.next?.receipt;
    });

    expect(offered).toEqual(["a", "a", "a", "a", "b", "c"]);
  });

  it("takes a receipt off the offer that comes again, and offers the one before it", () => {
    const watermark = watermarkOf(0, []);
    for (const receipt of ["a", "b"]) watermark.push(0, toReceipt(receipt), true);
    expect(watermark.next).toEqual({ receipt: "b", end: 2 });

    const open = watermark.push(0, toReceipt("b"));
    expect(watermark.next).toEqual({ receipt: "a", end: 1 });
    watermark.settle(open);

    expect(watermark.next).toEqual({ receipt: "b", end: 3 });
  });

  it("puts no receipt back that has come again since", () => {
    const watermark = watermarkOf(0, []);
    watermark.push(0, toReceipt("b"), true);
    const reach = watermark.next ?? expect.unreachable("it is on offer");
    watermark.take(reach);

    const open = watermark.push(0, toReceipt("b"));
    watermark.putBack(reach);
    expect(watermark.next).toBeUndefined();
    watermark.settle(open);

    expect(watermark.next).toEqual({ receipt: "b", end: 2 });
  });

  it("offers a receipt once", () => {
    const watermark = watermarkOf(2, [0, 1]);
    watermark.settle(0);
    const reach = watermark.next;

    if (reach) watermark.take(reach);

    expect(reach?.end).toBe(1);
    expect(watermark.next).toBeUndefined();
  });

  it("offers a receipt again that was put back", () => {
    const watermark = watermarkOf(2, [0, 1]);
    watermark.settle(0);
    const reach = watermark.next;
    if (!reach) throw new Error("there is one");
    watermark.take(reach);

    watermark.putBack(reach);

    expect(watermark.next).toBe(reach);
  });

  it("keeps the further receipt when an older one is put back", () => {
    const watermark = watermarkOf(2, [0, 1]);
    watermark.settle(0);
    const older = watermark.next;
    if (!older) throw new Error("there is one");
    watermark.take(older);
    watermark.settle(1);

    watermark.putBack(older);

    expect(watermark.next?.end).toBe(2);
  });

  it("takes an older offer off with a further one", () => {
    const watermark = watermarkOf(2, [0, 1]);
    watermark.settle(0);

    watermark.take({ receipt: toReceipt(1), end: 2 });

    expect(watermark.next).toBeUndefined();
  });

  it("lets go of what a confirmed receipt covers, in order and once", () => {
    const watermark = watermarkOf(4, [1, 3]);
    for (const position of [0, 1, 2, 3]) watermark.settle(position);

    const first = confirm(watermark, { receipt: toReceipt(1), end: 2 });
    const again = confirm(watermark, { receipt: toReceipt(1), end: 2 });

    expect(first).toEqual([0, 1]);
    expect(again).toEqual([]);
    expect(watermark.held).toBe(2);
  });

  it("ignores a position that is settled twice, confirmed or unknown", () => {
    const watermark = watermarkOf(2, [0, 1]);
    watermark.settle(0);
    confirm(watermark, { receipt: toReceipt(0), end: 1 });

    for (const position of [0, 0, 7, -1]) watermark.settle(position);

    expect(watermark.next).toBeUndefined();
    expect(watermark.held).toBe(1);
  });

  it("tells the position of what it lets go of", () => {
    const watermark = new Watermark<string>();
    for (const item of ["a", "b"]) watermark.settle(watermark.push(item, toReceipt(item)));
    const released: [string, number][] = [];

    watermark.confirm({ receipt: toReceipt("b"), end: 2 }, (item, position) =>
      released.push([item, position]),
    );

    expect(released).toEqual([
      ["a", 0],
      ["b", 1],
    ]);
  });

  it("offers the place of a page that held nothing, once all before it is settled", () => {
    const watermark = watermarkOf(1, [0]);
    watermark.push(undefined, toReceipt("moved on"), true);
    expect(watermark.next).toBeUndefined();

    watermark.settle(0);
    const reach = watermark.next ?? expect.unreachable("all is settled");

    expect(reach).toEqual({ receipt: toReceipt("moved on"), end: 2 });
    expect(confirm(watermark, reach)).toEqual([0]);
    expect(watermark.held).toBe(0);
  });

  it("puts nothing back that a further one was sent over, or that is confirmed", () => {
    const watermark = watermarkOf(2, [0, 1]);
    watermark.settle(0);
    const first = watermark.next ?? expect.unreachable("it is settled");
    watermark.take(first);
    watermark.settle(1);
    const second = watermark.next ?? expect.unreachable("it is settled");
    watermark.take(second);

    watermark.putBack(first);
    expect(watermark.next).toBeUndefined();
    confirm(watermark, second);
    watermark.putBack(second);

    expect(watermark.next).toBeUndefined();
  });

  it("keeps count over more deliveries than it stores at a time", () => {
    const watermark = new Watermark<number>();
    const covered: number[] = [];

    for (let position = 0; position < 10_000; position += 1) {
      watermark.push(position, toReceipt(position));
      watermark.settle(position);
      const reach = watermark.next;
      if (reach && position % 3 === 0) covered.push(...confirm(watermark, reach));
    }

    expect(covered).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
    expect(watermark.held).toBe(0);
  });

  it("keeps none of a long run alive that was confirmed, however large", async () => {
    const watermark = new Watermark<object>();
    const spent: WeakRef<object>[] = [];
    for (let count = 0; count < 100; count += 1) {
      const item = { payload: "x".repeat(1000) };
      spent.push(new WeakRef(item));
      watermark.settle(watermark.push(item, toReceipt(count)));
      confirm(watermark, watermark.next ?? expect.unreachable("it is settled"));
    }

    setFlagsFromString("--expose-gc");
    const gc: () => void = runInNewContext("gc");
    // A weak reference holds its item until the turn it was made in has ended.
    await new Promise((resolve) => setTimeout(resolve));
    gc();

    expect(watermark.held).toBe(0);
    expect(spent.filter((item) => item.deref() !== undefined).length).toBeLessThanOrEqual(1);
  });

  it("never passes an open delivery, never goes back, and ends at the end, in any order", () => {
    const command = fc.oneof(
      { weight: 3, arbitrary: fc.constant("push") },
      { weight: 2, arbitrary: fc.constant("pushWithReceipt") },
      { weight: 6, arbitrary: fc.constant("settle") },
      { weight: 3, arbitrary: fc.constant("send") },
      { weight: 2, arbitrary: fc.constant("confirm") },
      { weight: 1, arbitrary: fc.constant("lose") },
      { weight: 1, arbitrary: fc.constant("putBack") },
    );
    const step = fc.tuple(command, fc.nat(1000));
    const history = fc.array(step, { minLength: 20, maxLength: 150 });
    // A long past makes the watermark drop what it stores, so that positions and places differ.
    const past = fc.constantFrom(0, 1, 1500, 2500);
    fc.assert(
      fc.property(history, past, (steps, length) => {
        const model = new Model();
        for (let index = 0; index < length; index += 1) model.passOne();
        for (const [name, pick] of steps) model.act(name, pick);
        model.finish();
      }),
      { numRuns: 300, seed: 20_261_122 },
    );
  });
});

/** A plain account of what a watermark may say. Plain throws: thousands of assertions are slow. */
class Model {
  readonly #watermark = new Watermark<number>();
  readonly #open: number[] = [];
  readonly #covered: number[] = [];
  #count = 0;
  #furthest = -1;
  #inFlight: Reach | undefined;

  act(name: string, pick: number): void {
    if (name === "push") this.#push(false);
    else if (name === "pushWithReceipt") this.#push(true);
    else if (name === "settle") this.#settle(pick % Math.max(1, this.#open.length));
    else if (name === "send") this.#send();
    else if (name === "confirm") this.#confirm();
    else this.#refuse(name === "putBack");
  }

  passOne(): void {
    this.#push(true);
    this.#settle(0);
    this.#send();
    this.#confirm();
  }

  finish(): void {
    this.#refuse(false);
    while (this.#open.length > 0) this.#settle(0);
    this.passOne();
    must(this.#watermark.held === 0, "nothing is held");
    must(this.#covered.length === this.#count, "all is covered");
    must(
      this.#covered.every((item, index) => item === index),
      "once each, in order",
    );
  }

  #push(withReceipt: boolean): void {
    const receipt = withReceipt ? toReceipt(this.#count) : undefined;
    must(this.#watermark.push(this.#count, receipt) === this.#count, "positions count up");
    this.#open.push(this.#count);
    this.#count += 1;
  }

  #settle(index: number): void {
    const [position] = this.#open.splice(index, 1);
    if (position !== undefined) this.#watermark.settle(position);
  }

  #send(): void {
    const reach = this.#watermark.next;
    if (reach === undefined || this.#inFlight !== undefined) return;
    const position = fromReceipt<number>(reach.receipt);
    must(
      this.#open.every((unsettled) => unsettled > position),
      "no open delivery is passed",
    );
    must(position >= this.#furthest, "it never goes back");
    this.#furthest = position;
    this.#watermark.take(reach);
    this.#inFlight = reach;
  }

  #confirm(): void {
    if (this.#inFlight) this.#covered.push(...confirm(this.#watermark, this.#inFlight));
    this.#inFlight = undefined;
  }

  #refuse(hadNoEffect: boolean): void {
    if (this.#inFlight && hadNoEffect) this.#watermark.putBack(this.#inFlight);
    this.#inFlight = undefined;
  }
}

function must(holds: boolean, law: string): void {
  if (!holds) throw new Error(law);
}
