import { describe, expect, it, vi } from "vitest";
import { workato } from "../../../src/providers/workato/index.ts";
import { splitPayloads } from "../../../src/providers/workato/publish.ts";
import { fixture, scriptedClient, world } from "./support.ts";

const payloadsOf = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));
const published = (count: number) => ({
  is_partial_error: false,
  message_ids: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [index, { message_id: `m${index}`, result: "ok" }]),
  ),
});

describe("what is no object of JSON", () => {
  it.each([
    ["a map", new Map([["a", 1]])],
    ["a set", new Set([1])],
    ["a promise", Promise.resolve({ a: 1 })],
    ["a date", new Date()],
    ["what writes nothing", { toJSON: () => undefined }],
  ])("is refused, and nothing is sent: %s", async (_, payload) => {
    const fetch = vi.fn();
    const { messages } = workato({ token: "t", fetch });

    await expect(messages.publish(1, payload)).rejects.toMatchObject({ code: "config" });
    await expect(messages.publishBatch(1, [payload])).rejects.toMatchObject({ code: "config" });
    await expect(messages.publishBatch(1, payload as never)).rejects.toMatchObject({
      code: "config",
    });
    expect(fetch).not.toHaveBeenCalled();
  });
});

describe("publish", () => {
  it("sends the payload itself as the body", async () => {
    const { client, seen } = scriptedClient([{ message_id: "A12y" }], { region: "sg" });

    const result = await client.messages.publish(334525, { order: "1", payloads: [1] });

    expect(result).toEqual({ messageId: "A12y" });
    expect(seen[0]).toMatchObject({
      method: "POST",
      url: "https://event-streams.sg.workato.com/api/v1/topics/334525/publish",
      body: { order: "1", payloads: [1] },
    });
  });

  it.each([
    ["a server error", new Response("", { status: 502 }), "transport"],
    [
      "a lost answer",
      new TypeError("fetch failed", { cause: { code: "ECONNRESET" } }),
      "transport",
    ],
    ["an answer without an id", {}, "schema"],
    ["an answer that is no JSON", new Response("<html>"), "schema"],
  ])("is not repeated after %s, and says that the outcome is open", async (_, reply, code) => {
    const { client, seen } = scriptedClient([reply]);

    await expect(client.messages.publish(1, {})).rejects.toMatchObject({
      code,
      outcomeUnknown: true,
    });
    expect(seen).toHaveLength(1);
  });

  it("is repeated when it certainly was not processed", async () => {
    const { client, seen } = scriptedClient([
      new Response("", { status: 429 }),
      { message_id: "A12y" },
    ]);

    await client.messages.publish(1, {});

    expect(seen).toHaveLength(2);
  });

  it.each([[[]], ["text"], [null], [undefined]])("refuses the payload %j", async (payload) => {
    const { client, seen } = scriptedClient([]);

    await expect(
      client.messages.publish(1, payload as unknown as Record<string, unknown>),
    ).rejects.toMatchObject({ code: "config" });
    expect(seen).toEqual([]);
  });
});

describe("publishBatch", () => {
  it("wraps the payloads, under the path that has batch in front", async () => {
    const { client, seen } = scriptedClient([published(2)]);

    await client.messages.publishBatch(334525, payloadsOf(2));

    expect(seen[0]).toMatchObject({
      url: "https://event-streams.workato.com/api/v1/batch/topics/334525/publish",
      body: { payloads: [{ n: 0 }, { n: 1 }] },
    });
  });

  it("tells of each message, in the caller's order, when the answer is 200 and partial", async () => {
    const { client } = scriptedClient([fixture("assumed-batch-publish")]);

    expect(await client.messages.publishBatch(1, payloadsOf(3))).toEqual([
      { status: "published", messageId: "A12y" },
      { status: "failed", reason: "total: must be number" },
      { status: "unknown", reason: "the answer does not tell what became of this message" },
    ]);
  });

  it.each([
    ["no entries", { is_partial_error: null, message_ids: null }],
    ["entries that are none", { message_ids: { 0: null, 1: "ok" } }],
  ])("does not take %s for success", async (_, reply) => {
    const { client } = scriptedClient([reply]);

    const results = await client.messages.publishBatch(1, payloadsOf(2));

    expect(results.map(({ status }) => status)).toEqual(["unknown", "unknown"]);
  });

  it.each([
    [undefined, "Workato gave no reason"],
    ["", "Workato gave no reason"],
    [{ code: 7 }, '{"code":7}'],
  ])("gives a reason where the result is %j", async (result, reason) => {
    const { client } = scriptedClient([{ message_ids: { 0: { result } } }]);

    expect(await client.messages.publishBatch(1, [{}])).toEqual([{ status: "failed", reason }]);
  });

  it("believes the flag where no entry says that it failed", async () => {
    const entry = (id: string) => ({ message_id: id, result: "ok" });
    const answer = { is_partial_error: true, message_ids: { 0: entry("a"), 1: entry("b") } };
    const { client } = scriptedClient([answer]);

    const results = await client.messages.publishBatch(1, payloadsOf(2));

    expect(results.map(({ status }) => status)).toEqual(["unknown", "unknown"]);
  });

  it("stops at a part in which a message failed", async () => {
    const entries = Array.from({ length: 100 }, (_, at) => [at, { message_id: `m${at}` }]);
    const partial = { ...Object.fromEntries(entries), 7: { result: "no" } };
    const { client, seen } = scriptedClient([{ message_ids: partial }]);

    const results = await client.messages.publishBatch(1, payloadsOf(150));

    expect(seen).toHaveLength(1);
    expect(results[7]).toMatchObject({ status: "failed", reason: "no" });
    expect(results.slice(100).every(({ status }) => status === "failed")).toBe(true);
  });

  it("repeats no secret of the call in a reason", async () => {
    const answer = { message_ids: { 0: { result: "no: a-secret-token" } } };
    const { client } = scriptedClient([answer]);

    expect(await client.messages.publishBatch(1, [{}])).toEqual([
      { status: "failed", reason: "no: [redacted]" },
    ]);
  });

  it("asks isPublished about a message that has an id", async () => {
    const reply = { message_ids: { 0: { message_id: "a", result: "rejected" } } };
    const { client } = scriptedClient([reply], {
      isPublished: ({ result }) => result !== "rejected",
    });

    expect(await client.messages.publishBatch(1, [{}])).toEqual([
      { status: "failed", reason: "rejected" },
    ]);
  });

  it("splits more than a hundred, one request after the other, in order", async () => {
    const { client, emulator, topicId } = world();

    const results = await client.messages.publishBatch(topicId, payloadsOf(250));

    expect(emulator.journal.calls("publishBatch")).toBe(3);
    expect(results.map((result) => result.status === "published" && result.messageId)).toEqual(
      emulator.journal.publishedIds(String(topicId)),
    );
    const [first] = await client.messages.consume(topicId, { limit: 1 });
    expect(first?.payload).toEqual({ n: 0 });
  });

  it("stops at a part that fails, so that nothing overtakes it", async () => {
    const { client, emulator, topicId } = world();
    emulator.faults.add({ kind: "status", status: 400, after: 1, count: 1 });

    const results = await client.messages.publishBatch(topicId, payloadsOf(250));

    expect(results.slice(0, 100).every(({ status }) => status === "published")).toBe(true);
    expect(results[100]).toMatchObject({ status: "failed", error: { code: "request" } });
    expect(results[249]).toMatchObject({
      status: "failed",
      reason: "not sent, since an earlier part of the batch failed",
    });
    expect(emulator.journal.calls("publishBatch")).toBe(2);
  });

  it("says unknown of a part whose answer was lost, the first one too", async () => {
    for (const after of [0, 1]) {
      const { client, emulator, topicId } = world();
      emulator.faults.add({ kind: "lostReply", after, count: 1 });

      const results = await client.messages.publishBatch(topicId, payloadsOf(101));

      expect(results[after * 100]).toMatchObject({
        status: "unknown",
        error: { outcomeUnknown: true },
      });
      expect(emulator.journal.calls("publishBatch")).toBe(after + 1);
    }
  });

  it("says unknown of a part whose answer makes no sense", async () => {
    const { client } = scriptedClient([{ message_ids: [] }]);

    const [result] = await client.messages.publishBatch(1, [{}]);

    expect(result).toMatchObject({ status: "unknown", error: { code: "schema" } });
  });

  it("rejects when the first part was refused, since nothing was published", async () => {
    const { client } = scriptedClient([Response.json(fixture("error-401"), { status: 401 })]);

    await expect(client.messages.publishBatch(1, payloadsOf(200))).rejects.toMatchObject({
      code: "auth",
    });
  });

  it("rejects with the signal's reason after an abort", async () => {
    const { client, topicId } = world();
    const reason = new Error("stop");

    const publishing = client.messages.publishBatch(topicId, [{}], {
      signal: AbortSignal.abort(reason),
    });

    await expect(publishing).rejects.toBe(reason);
  });

  it("makes no request for no payloads, or for one that is no object", async () => {
    const { client, seen } = scriptedClient([]);

    expect(await client.messages.publishBatch(1, [])).toEqual([]);
    await expect(
      client.messages.publishBatch(1, [{}, "x" as unknown as Record<string, unknown>]),
    ).rejects.toThrow("workato messages.publishBatch: payloads[1] must be an object");
    expect(seen).toEqual([]);
  });
});

describe("splitPayloads", () => {
  const large = (bytes: number) => ({ text: "é".repeat(bytes / 2) });

  it("starts a new part before the limit of a request is passed, counted in bytes", () => {
    const parts = splitPayloads([large(600_000), large(300_000), large(200_000)]);

    expect(parts.map(({ length }) => length)).toEqual([2, 1]);
  });

  it("refuses a payload that no request can hold, by its place", () => {
    expect(() => splitPayloads([{}, large(2_000_000), {}])).toThrow(
      "payloads[1] has 2000011 bytes",
    );
  });

  it("never makes a request that is longer than the limit", () => {
    const parts = splitPayloads(Array.from({ length: 90 }, () => large(99_975)));
    const sizes = parts.map((payloads) => Buffer.byteLength(JSON.stringify({ payloads })));

    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000_000);
    expect(Math.max(...sizes)).toBeGreaterThan(900_000);
  });
});
