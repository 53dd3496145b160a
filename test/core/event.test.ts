import { CloudEvent } from "cloudevents";
import { describe, expect, it } from "vitest";
import type { FeedEvent } from "../../src/core/event.ts";

const plain: FeedEvent = {
  specversion: "1.0",
  id: "e1",
  source: "/tiki/queues/5a84289f",
  type: "ORDER_CREATED_SUCCESSFULLY",
  data: { order_code: "1" },
};

describe("an event", () => {
  it.each([
    ["with what it must have", plain],
    ["with all it may have", { ...plain, time: "2026-11-02T08:00:00.000Z", subject: "order 1" }],
    ["without data", { ...plain, data: null }],
  ])("is a valid CloudEvent %s", (_, event) => {
    const cloudEvent = new CloudEvent(event as object);

    expect(cloudEvent.validate()).toBe(true);
    expect(cloudEvent.toJSON()).toMatchObject({ ...event });
  });

  it.each(["type", "source"])("is not one without its %s", (name) => {
    expect(() => new CloudEvent({ ...plain, [name]: "" } as object)).toThrow();
  });

  it("survives being written as JSON", () => {
    expect(JSON.parse(JSON.stringify(plain))).toEqual(plain);
  });
});
