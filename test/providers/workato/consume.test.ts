import { describe, expect, it, vi } from "vitest";
import { fixture, scriptedClient, world } from "./support.ts";

const empty = { messages: [] };

describe("consume", () => {
  it("asks for the oldest messages, fifty at once and without waiting, by default", async () => {
    const { client, seen } = scriptedClient([fixture("assumed-consume")], { region: "au" });

    const messages = await client.messages.consume("334525");

    expect(seen[0]).toMatchObject({
      method: "POST",
      url: "https://event-streams.au.workato.com/api/v1/topics/334525/consume",
      body: { batch_size: 50, timeout_secs: 0 },
    });
    expect(messages).toEqual([
      {
        id: "A12y",
        payload: { order: "1", total: 12.5 },
        time: "2023-04-14T15:07:14.437+00:00",
        raw: (fixture("assumed-consume") as { messages: unknown[] }).messages[0],
      },
      expect.objectContaining({ id: "A12z" }),
    ]);
  });

  it.each([
    [{ afterMessageId: "A12y" }, { after_message_id: "A12y" }],
    [{ since: Date.UTC(2026, 0, 2) }, { since_time: "2026-01-02T00:00:00.000Z" }],
    [{ limit: 0 }, { batch_size: 1 }],
    [{ limit: 51 }, { batch_size: 50 }],
    [{ limit: Number.POSITIVE_INFINITY }, { batch_size: 50 }],
    [{ waitMs: 200 }, { timeout_secs: 1 }],
    [{ waitMs: 20_000 }, { timeout_secs: 20 }],
    [{ waitMs: 600_000 }, { timeout_secs: 60 }],
    [{ waitMs: -5 }, { timeout_secs: 0 }],
  ])("sends %j as %j", async (options, body) => {
    const { client, seen } = scriptedClient([empty]);

    expect(await client.messages.consume(1, options)).toEqual([]);

    expect(seen[0]?.body).toEqual({ batch_size: 50, timeout_secs: 0, ...body });
  });

  it.each([
    [{ afterMessageId: "a", since: 0 }, "give afterMessageId or since, not both"],
    [{ afterMessageId: "" }, "afterMessageId must be a non-empty text"],
    [{ limit: Number.NaN }, "limit must be a number"],
    [{ waitMs: "5" as unknown as number }, "waitMs must be a number"],
  ])("refuses %j before any request", async (options, text) => {
    const { client, seen } = scriptedClient([]);

    await expect(client.messages.consume(1, options)).rejects.toThrow(
      `workato messages.consume: ${text}`,
    );
    expect(seen).toEqual([]);
  });

  it("is repeated after a failure, since it moves nothing", async () => {
    const { client, seen } = scriptedClient([new Response("", { status: 500 }), empty]);

    await client.messages.consume(1);

    expect(seen).toHaveLength(2);
  });

  it("rejects a page with a malformed message, by its path", async () => {
    const { client } = scriptedClient([{ messages: [{ message_id: "a", payload: "x" }] }]);

    await expect(client.messages.consume(1)).rejects.toMatchObject({
      code: "schema",
      path: "messages[0].payload",
    });
  });

  it("reads the rest behind the last message", async () => {
    const { client, topicId, publish } = world();
    publish(3);
    const [first] = await client.messages.consume(topicId, { limit: 1 });

    const rest = await client.messages.consume(topicId, { afterMessageId: first?.id });

    expect(rest.map(({ payload }) => payload)).toEqual([{ n: 2 }, { n: 3 }]);
  });
});

describe("a long poll", () => {
  it("is given longer than Workato holds it", async () => {
    vi.useFakeTimers();
    const { client, topicId } = world({}, { timeoutMs: 5_000 });

    const consuming = client.messages.consume(topicId, { waitMs: 60_000 });
    await vi.advanceTimersByTimeAsync(60_000);

    expect(await consuming).toEqual([]);
    vi.useRealTimers();
  });

  it("gives a message without its time where that is no instant", async () => {
    const message = { message_id: "a", payload: {}, time: "yesterday" };
    const { client } = scriptedClient([{ messages: [message] }]);

    expect(await client.messages.consume(1)).toEqual([
      { id: "a", payload: {}, time: undefined, raw: message },
    ]);
  });

  it("that is never answered ends as a timeout", async () => {
    vi.useFakeTimers();
    const { client } = scriptedClient([], {
      fetch: () => new Promise(() => {}),
      retry: { attempts: 1 },
    });

    const consuming = client.messages.consume(1, { waitMs: 30_000 });
    const settled = expect(consuming).rejects.toMatchObject({ code: "timeout", retryable: true });
    await vi.advanceTimersByTimeAsync(39_999);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);

    await settled;
    vi.useRealTimers();
  });
});
