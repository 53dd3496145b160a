import { CloudEvent } from "cloudevents";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import { tikiEvents, toEvent, toTikiEnvelope } from "../../../src/providers/tiki/event.ts";
import documented from "./fixtures/assumed-documented-page.json" with { type: "json" };
import live from "./fixtures/assumed-live-page.json" with { type: "json" };

const source = "/tiki/queues/q1";
const fixtures = [...documented.events, ...live.events];

describe("the event of a page's item", () => {
  it("has its time as Date writes it, whatever the events before it had", async () => {
    const instant = fc.double({ min: 0, max: 253_402_300_799_999, noNaN: true });
    const near = fc.tuple(instant, fc.integer({ min: 0, max: 90_000 }));
    await fc.assert(
      fc.property(near, ([at, laterMs]) => {
        const times = [at, Math.min(at + laterMs, 253_402_300_799_999), at];
        const events = times.map((created_at) =>
          toEvent({ id: "1", type: "T", created_at }, 0, ""),
        );
        expect(events).toMatchObject(times.map((ms) => ({ time: new Date(ms).toISOString() })));
      }),
    );
  });

  it("has the item's id, type, time, subject and payload", () => {
    const [item] = documented.events;

    expect(toEvent(item, 0, source)).toStrictEqual({
      specversion: "1.0",
      id: "00000000-0000-4000-8000-000000000001",
      source: "/tiki/queues/q1",
      type: "ORDER_CREATED_SUCCESSFULLY",
      time: "2020-11-03T07:29:08.418Z",
      subject: "239545064",
      data: { order_code: "239545064", status: "queueing" },
    });
  });

  it.each(fixtures)("is a valid CloudEvent and fits its schema: $type $version", async (item) => {
    const event = toEvent(item, 0, source);
    if (event instanceof AckloopError) throw event;

    expect(new CloudEvent({ ...event }).validate()).toBe(true);
    const schema = tikiEvents[event.type as keyof typeof tikiEvents];
    expect(await schema["~standard"].validate(event.data)).toEqual({ value: item.payload });
  });

  it("has a numeric id as text", () => {
    expect(toEvent({ id: 7, type: "T", payload: {} }, 0, source)).toHaveProperty("id", "7");
  });

  it("keeps the provider's payload as it is, the same object", () => {
    const payload = { order_code: "1", unknown: [null, { deep: "\u0000 🛒" }] };

    expect(toEvent({ id: "a", type: "T", payload }, 0, source)).toHaveProperty("data", payload);
  });

  it.each([
    [0, "1970-01-01T00:00:00.000Z"],
    [1604388548418.9, "2020-11-03T07:29:08.418Z"],
    [253_402_300_799_999, "9999-12-31T23:59:59.999Z"],
    [253_402_300_800_000, undefined],
    [-1, undefined],
    [1e300, undefined],
    [null, undefined],
    [undefined, undefined],
    ["1604388548418", "2020-11-03T07:29:08.418Z"],
    ["9".repeat(30), undefined],
    ["2020-11-03 14:29:08", undefined],
    ["", undefined],
    [{}, undefined],
  ])("writes created_at %s as the time %s", (created_at, time) => {
    const event = toEvent({ id: "a", type: "T", created_at, payload: {} }, 0, source);

    expect(event).toStrictEqual({
      specversion: "1.0",
      id: "a",
      source,
      type: "T",
      ...(time && { time }),
      data: {},
    });
  });

  it.each([
    [{ order_code: "745" }, "745"],
    [{ product_id: 239545064 }, "239545064"],
    [{ product_id: "9007199254740993" }, "9007199254740993"],
    [{ order_code: "745", product_id: 1 }, "745"],
    [{ order_code: null, product_id: 0 }, "0"],
    [{ order_code: "" }, undefined],
    [{ order_code: {} }, undefined],
    [{}, undefined],
    [[], undefined],
    ["text", undefined],
    [null, undefined],
    [undefined, undefined],
  ])("finds in the payload %j the subject %s", (payload, subject) => {
    const event = toEvent({ id: "a", type: "T", payload }, 0, source);

    expect(event).toStrictEqual({
      specversion: "1.0",
      id: "a",
      source,
      type: "T",
      ...(subject && { subject }),
      data: payload,
    });
  });

  it.each([
    [null, "events[7]", "an object"],
    ["text", "events[7]", "an object"],
    [[], "events[7].id", "a non-empty text"],
    [{ type: "T" }, "events[7].id", "a non-empty text"],
    [{ id: "", type: "T" }, "events[7].id", "a non-empty text"],
    [{ id: {}, type: "T" }, "events[7].id", "a non-empty text"],
    [{ id: "a" }, "events[7].type", "a non-empty text"],
    [{ id: "a", type: "" }, "events[7].type", "a non-empty text"],
  ])("is a schema error for %j, which names the path", (item, path, expected) => {
    const error = toEvent(item, 7, source);

    expect(error).toBeInstanceOf(AckloopError);
    expect(error).toMatchObject({
      code: "schema",
      retryable: false,
      provider: "tiki",
      operation: "pull",
      path,
      message: `tiki pull: ${path} is not ${expected}`,
    });
  });
});

describe("the catalogue", () => {
  it.each([
    ["ORDER_CREATED_SUCCESSFULLY", {}],
    ["ORDER_CREATED_SUCCESSFULLY", { order_code: "" }],
    ["ORDER_STATUS_UPDATED", { orderCode: "745" }],
    ["ORDER_STATUS_UPDATED", { order_code: { value: "745" } }],
    ["PRODUCT_PRICE_UPDATED", { product_id: "" }],
    ["PRODUCT_MARKET_PRICE_UPDATED", null],
    ["PRODUCT_INVENTORY_UPDATED", { quantity_to: 9 }],
  ] as const)("refuses as %s the payload %j", async (type, payload) => {
    const result = await tikiEvents[type]["~standard"].validate(payload);

    expect(result.issues).toHaveLength(1);
  });

  it.each([
    ["ORDER_CREATED_SUCCESSFULLY", { order_code: "745", status: null, new_field: [1] }],
    ["PRODUCT_INVENTORY_UPDATED", { product_id: 1 }],
  ] as const)("takes as %s the payload %j, unknown fields included", async (type, payload) => {
    expect(await tikiEvents[type]["~standard"].validate(payload)).toEqual({ value: payload });
  });
});

describe("a payload whose numbers came as text, or the reverse", () => {
  it.each([
    [
      "ORDER_CREATED_SUCCESSFULLY",
      { order_code: 745, status: 3 },
      { order_code: "745", status: "3" },
    ],
    [
      "PRODUCT_PRICE_UPDATED",
      { product_id: "239", price_to: 100.5 },
      { product_id: 239, price_to: "100.5" },
    ],
    [
      "PRODUCT_MARKET_PRICE_UPDATED",
      { product_id: "9007199254740993" },
      { product_id: "9007199254740993" },
    ],
    [
      "PRODUCT_INVENTORY_UPDATED",
      { product_id: "007", quantity_to: "-9" },
      { product_id: "007", quantity_to: -9 },
    ],
  ] as const)("fits as %s: %j", async (type, payload, value) => {
    expect(await tikiEvents[type]["~standard"].validate(payload)).toEqual({ value });
  });

  it("leaves out what is odd beside the key", async () => {
    const payload = { product_id: 1, quantity_to: "many", original_sku: {}, new_field: "kept" };

    const { PRODUCT_INVENTORY_UPDATED: schema } = tikiEvents;

    expect(await schema["~standard"].validate(payload)).toEqual({
      value: { product_id: 1, new_field: "kept" },
    });
  });
});

describe("the envelope", () => {
  it("tells the seller and the payload's version", () => {
    expect(toTikiEnvelope(live.events[2])).toStrictEqual({
      sid: "969BEA7515A1A27FF4F456C782653F854E6B5D2D",
      version: "v2",
    });
  });

  it.each([[{}], [{ sid: 1, version: "" }], [null], ["text"]])("is empty for %j", (raw) => {
    expect(toTikiEnvelope(raw)).toStrictEqual({ sid: undefined, version: undefined });
  });
});
