import { CloudEvent } from "cloudevents";
import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../../src/core/errors.ts";
import { toEventOf, toItemOf } from "../../../src/feeds/cursor/item.ts";
import { toEvent, type WorkatoTypeOf } from "../../../src/providers/workato/event.ts";
import { readMessage } from "../../../src/providers/workato/wire.ts";
import { fixture } from "./support.ts";

const source = "/workato/eu/topics/334525";
const page = fixture("assumed-consume") as { messages: readonly unknown[] };

/** The event of an item, or its error, as the feed has it. */
function read(item: unknown, index: number, typeOf?: WorkatoTypeOf) {
  const api = {
    provider: "workato",
    path: "eu/topics/334525",
    read: () => expect.unreachable(),
    toEvent: (message: unknown, at: number) => toEvent(readMessage(message), at, typeOf),
  };
  const found = toEventOf(source, "workato")(toItemOf(api)(item, index), index);
  return isAckloopError(found) ? { unreadable: found } : { event: found };
}

describe("toEvent", () => {
  it("makes an event of a message", () => {
    const item = page.messages[1];

    expect(read(item, 1).event).toEqual({
      specversion: "1.0",
      id: "A12z",
      source,
      type: "message",
      time: "2023-04-14T15:07:14.437Z",
      data: { order: "2", total: null },
    });
  });

  it("makes valid CloudEvents", () => {
    const delivery = read(page.messages[0], 0);

    expect(new CloudEvent({ ...delivery.event }).validate()).toBe(true);
  });

  it("turns a time with another offset into UTC", () => {
    const item = { message_id: "a", payload: {}, time: "2024-09-25T09:47:54.089-07:00" };

    expect(read(item, 0).event?.time).toBe("2024-09-25T16:47:54.089Z");
  });

  it("has no time where the message has none", () => {
    const delivery = read({ message_id: "a", payload: {} }, 0);

    expect(delivery.event).not.toHaveProperty("time");
  });

  it("leaves a time out that is no instant", () => {
    const item = { message_id: "a", payload: {}, time: "yesterday" };

    expect(read(item, 0).event).not.toHaveProperty("time");
  });

  it("names the type by the data", () => {
    const typeOf = (data: Readonly<Record<string, unknown>>) => String(data["kind"]);
    const item = { message_id: "a", payload: { kind: "order.placed" } };

    expect(read(item, 0, typeOf).event?.type).toBe("order.placed");
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
    ["gives a promise", (() => Promise.reject(new Error("late"))) as unknown as () => string],
  ])("is unreadable where typeOf %s", (_, typeOf) => {
    const item = { message_id: "a", payload: {}, time: "2024-09-25T16:47:54.089Z" };

    const delivery = read(item, 3, typeOf);

    expect(delivery.unreadable?.code).toBe("schema");
    expect(delivery.unreadable?.path).toBe("messages[3].payload");
    expect(String(delivery.unreadable)).not.toContain("secret");
  });

  it("is unreadable where the message is malformed, with the path", () => {
    const item = { message_id: "a", payload: "text" };

    const delivery = read(item, 3);

    expect(delivery.unreadable?.path).toBe("messages[3].payload");
    expect(delivery.event).toBeUndefined();
  });

  it("is unreadable where the message has no id", () => {
    const delivery = read(null, 2);

    expect(delivery.unreadable?.path).toBe("messages[2]");
  });
});
