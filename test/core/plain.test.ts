import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { FeedEvent } from "../../src/core/event.ts";
import { copyPlain, isPlain, toPlainEvent } from "../../src/core/plain.ts";

class Rows extends Array<number> {
  total(): number {
    return this.reduce((sum, each) => sum + each, 0);
  }
}
class Money {
  readonly cents = 1;
}

describe("a plain copy", () => {
  it.each([
    ["a text", "a"],
    ["null", null],
    ["an object", { a: [{ b: 1n }], c: undefined }],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 })],
    ["a map and a set", { map: new Map([[{ a: 1 }, [2]]]), set: new Set([[1]]) }],
    ["a date and bytes", { at: new Date(5), bytes: new Uint8Array([1, 2]) }],
    ["a member named __proto__", JSON.parse('{"__proto__": {"a": 1}}')],
    ["what another realm has made", runInNewContext("({ a: [1, { b: 2 }] })")],
  ])("of %s is equal and shares no object with it", (_, value: unknown) => {
    const copy = copyPlain(value);

    expect(copy).toEqual(value);
    if (typeof value === "object" && value !== null) expect(copy).not.toBe(value);
    expect(Object.keys(Object(copy))).toEqual(Object.keys(Object(value)));
  });

  it("shares nothing at any depth", () => {
    const value = { list: [{ a: 1 }], map: new Map([["a", { b: 1 }]]), at: new Date(5) };
    const copy = copyPlain(value);
    const from = runInNewContext("({ a: [1] })");

    expect(copy.list[0]).not.toBe(value.list[0]);
    expect(copy.map.get("a")).not.toBe(value.map.get("a"));
    expect(copy.at).not.toBe(value.at);
    expect(copyPlain(from).a).not.toBe(from.a);
  });

  it("keeps shared what was shared, circles too", () => {
    const shared = { a: 1 };
    const value: Record<string, unknown> = { one: shared, other: [shared] };
    value["self"] = value;

    const copy = copyPlain(value) as Record<string, unknown>;

    expect(copy["self"]).toBe(copy);
    expect((copy["other"] as unknown[])[0]).toBe(copy["one"]);
    expect(copy["one"]).not.toBe(shared);
  });

  it.each([
    ["an instance of a class", new Money()],
    ["a list of a class", Rows.of(1, 2)],
    ["a buffer", Buffer.from("a")],
    ["an error", new Error("odd")],
    ["a function", () => 1],
    ["a promise", Promise.resolve()],
    ["a map of a class", new (class extends Map {})()],
  ])("has %s as it is", (_, value) => {
    expect(copyPlain({ value }).value).toBe(value);
    if (typeof value === "object") expect(isPlain(value)).toBe(false);
  });
});

describe("a plain event", () => {
  class OrderEvent implements FeedEvent<"order", { n: number }> {
    readonly specversion = "1.0";
    readonly source = "/s";
    readonly #n: number;
    constructor(n: number) {
      this.#n = n;
    }
    get id() {
      return `o${this.#n}`;
    }
    get type(): "order" {
      return "order";
    }
    get data() {
      return { n: this.#n };
    }
  }

  it("has what is its class's as its own", () => {
    const written: unknown = JSON.parse(JSON.stringify(toPlainEvent(new OrderEvent(1))));

    expect(written).toEqual({
      specversion: "1.0",
      source: "/s",
      id: "o1",
      type: "order",
      data: { n: 1 },
    });
  });

  it("is the event itself where all is its own", () => {
    const event: FeedEvent = { ...toPlainEvent<FeedEvent>(new OrderEvent(1)) };

    expect(toPlainEvent(event)).toBe(event);
  });
});
