import { CloudEvent } from "cloudevents";
import { describe, expect, it } from "vitest";
import { toDelivery } from "../../../src/providers/workato/event.ts";
import { fixture } from "./support.ts";

const source = "/workato/eu/topics/334525";
const page = fixture("assumed-consume") as { messages: readonly unknown[] };

describe("toDelivery", () => {
  it("makes an event of a message, and keeps the message with its unknown fields", () => {
    const item = page.messages[1];

    const { delivery, id, time } = toDelivery(item, 1, { source });

    expect(delivery).toEqual({
      raw: item,
      event: {
        specversion: "1.0",
        id: "A12z",
        source,
        type: "message",
        time: "2023-04-14T15:07:14.437Z",
        data: { order: "2", total: null },
      },
    });
    expect({ id, time }).toEqual({ id: "A12z", time: "2023-04-14T15:07:14.437+00:00" });
  });

  it("makes valid CloudEvents", () => {
    const { delivery } = toDelivery(page.messages[0], 0, { source });

    expect(new CloudEvent({ ...delivery.event }).validate()).toBe(true);
  });

  it("turns a time with another offset into UTC", () => {
    const item = { message_id: "a", payload: {}, time: "2024-09-25T09:47:54.089-07:00" };

    expect(toDelivery(item, 0, { source }).delivery.event?.time).toBe("2024-09-25T16:47:54.089Z");
  });

  it("has no time where the message has none", () => {
    const { delivery } = toDelivery({ message_id: "a", payload: {} }, 0, { source });

    expect(delivery.event).not.toHaveProperty("time");
  });

  it("names the type by the data", () => {
    const typeOf = (data: Readonly<Record<string, unknown>>) => String(data["kind"]);
    const item = { message_id: "a", payload: { kind: "order.placed" } };

    expect(toDelivery(item, 0, { source, typeOf }).delivery.event?.type).toBe("order.placed");
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("the secret payload");
      },
    ],
    ["gives no text", () => ""],
    ["gives something else", () => 7 as unknown as string],
  ])("is unreadable where typeOf %s, and can still be read on behind", (_, typeOf) => {
    const item = { message_id: "a", payload: {}, time: "2024-09-25T16:47:54.089Z" };

    const { delivery, id } = toDelivery(item, 3, { source, typeOf });

    expect(delivery.unreadable?.code).toBe("schema");
    expect(delivery.unreadable?.path).toBe("messages[3].payload");
    expect(String(delivery.unreadable)).not.toContain("secret");
    expect(id).toBe("a");
  });

  it("is unreadable where the message is malformed, with the path and the item as it came", () => {
    const item = { message_id: "a", payload: "text" };

    const { delivery } = toDelivery(item, 3, { source });

    expect(delivery.unreadable?.path).toBe("messages[3].payload");
    expect(delivery.raw).toBe(item);
    expect(delivery.event).toBeUndefined();
  });

  it("has no id where the message has none", () => {
    const { delivery, id } = toDelivery(null, 2, { source });

    expect(delivery.unreadable?.path).toBe("messages[2]");
    expect(id).toBeUndefined();
  });
});
