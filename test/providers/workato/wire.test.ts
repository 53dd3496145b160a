import { describe, expect, it } from "vitest";
import {
  readMessage,
  wireBatchPublish,
  wireConsume,
  wireError,
  wireTopicReply,
} from "../../../src/providers/workato/wire.ts";
import { fixture } from "./support.ts";

describe("the replies of the pages", () => {
  it.each([
    ["assumed-consume", wireConsume],
    ["assumed-batch-publish", wireBatchPublish],
    ["assumed-topic", wireTopicReply],
    ["error-400", wireError],
    ["error-401", wireError],
    ["error-404", wireError],
    ["error-500", wireError],
  ])("%s fits its schema", (name, schema) => {
    expect(schema.safeParse(fixture(name)).success).toBe(true);
  });

  it("refuses a consume without a list of messages, which would look like an empty topic", () => {
    expect(wireConsume.safeParse({}).success).toBe(false);
    expect(wireConsume.safeParse({ messages: {} }).success).toBe(false);
  });
});

describe("readMessage", () => {
  it("gives id, time and payload of a whole message", () => {
    const message = {
      message_id: "A12y",
      payload: { n: 1 },
      time: "2023-04-14T15:07:14.437+00:00",
    };

    expect(readMessage(message)).toEqual({
      id: "A12y",
      time: "2023-04-14T15:07:14.437+00:00",
      payload: { n: 1 },
    });
  });

  it.each([
    ["text", "hello", ""],
    ["null", null, ""],
    ["a list", [], ""],
    ["no id", { payload: {} }, ".message_id"],
    ["an empty id", { message_id: "", payload: {} }, ".message_id"],
    ["an id that is a number", { message_id: 7, payload: {} }, ".message_id"],
    ["no payload", { message_id: "a" }, ".payload"],
    ["a payload that is text", { message_id: "a", payload: "{}" }, ".payload"],
    ["a payload that is a list", { message_id: "a", payload: [] }, ".payload"],
  ])("says where a message with %s is wrong", (_, item, path) => {
    expect(readMessage(item).problem?.path).toBe(path);
  });

  it("leaves a time out that is no text", () => {
    expect(readMessage({ message_id: "a", payload: {}, time: 7 }).time).toBeUndefined();
    expect(readMessage({ message_id: "a", payload: {} }).problem).toBeUndefined();
  });
});
