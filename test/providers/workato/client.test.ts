import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type WorkatoOptions, workato } from "../../../src/providers/workato/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { scripted, scriptedClient, world } from "./support.ts";

afterEach(() => {
  vi.useRealTimers();
});

const empty = { messages: [] };
const basics = { cursor: memoryStores().cursors, consumer: "billing" };

describe("a refusal", () => {
  it("says what is wrong with which field", async () => {
    const body = {
      message: "Validation failed",
      errors: { schema: "is invalid", name: ["is too long", "is taken"], odd: { a: 1 } },
    };
    const fetch = async () => Response.json(body, { status: 422 });
    const client = workato({ token: "a-token", fetch });

    await expect(client.topics.create({ name: "n", schema: [] })).rejects.toThrow(
      "(422): Validation failed; schema is invalid; name is too long; name is taken",
    );
  });
});

describe("the hosts", () => {
  it.each([
    ["us", "event-streams.workato.com", "www.workato.com"],
    ["eu", "event-streams.eu.workato.com", "app.eu.workato.com"],
    ["jp", "event-streams.jp.workato.com", "app.jp.workato.com"],
    ["sg", "event-streams.sg.workato.com", "app.sg.workato.com"],
    ["au", "event-streams.au.workato.com", "app.au.workato.com"],
    ["trial", "event-streams.trial.workato.com", "app.trial.workato.com"],
  ] as const)("of %s are the documented ones", async (region, streams, api) => {
    const { client, seen } = scriptedClient([empty, { data: [] }], { region });

    await client.messages.consume(1);
    await client.topics.list();

    expect(seen.map(({ url }) => url)).toEqual([
      `https://${streams}/api/v1/topics/1/consume`,
      `https://${api}/api/event_streams/topics`,
    ]);
  });

  it("can be given one by one, and then name the feed", async () => {
    const { client, seen } = scriptedClient([empty, { data: [] }], {
      streamsUrl: "https://event-streams.il.workato.com/api/v1/",
      apiUrl: "https://app.il.workato.com/api/managed_users/E1",
    });

    await client.messages.consume(1);
    await client.topics.list();

    expect(seen.map(({ url }) => url)).toEqual([
      "https://event-streams.il.workato.com/api/v1/topics/1/consume",
      "https://app.il.workato.com/api/managed_users/E1/event_streams/topics",
    ]);
    expect(client.feed(1, basics).name).toBe("workato/event-streams.il.workato.com/topics/1");
  });

  it("can share one root", async () => {
    const { client, seen } = scriptedClient([empty, { data: [] }], {
      baseUrl: "http://127.0.0.1:4000/workato/",
    });

    await client.messages.consume(1);
    await client.topics.list();

    expect(seen.map(({ url }) => url)).toEqual([
      "http://127.0.0.1:4000/workato/api/v1/topics/1/consume",
      "http://127.0.0.1:4000/workato/api/event_streams/topics",
    ]);
    expect(client.feed(1, basics).name).toBe("workato/127.0.0.1:4000/topics/1");
  });

  it("leave the feed's name alone where the region is given", () => {
    const client = workato({ token: "t", region: "eu", baseUrl: "http://127.0.0.1:4000" });

    expect(client.feed(1, basics).name).toBe("workato/eu/topics/1");
  });
});

describe("wrong options", () => {
  it.each([
    [{ region: "mars" }, "`region` must be "],
    [{ region: "constructor" }, "`region` must be "],
    [{ streamsUrl: "http://example.com" }, "`baseUrl` must begin with https:"],
    [{ apiUrl: "nonsense" }, "`apiUrl` must be an absolute URL"],
    [{ requestsPerMinute: 0 }, "`requestsPerMinute` must be a whole number from 1, or Infinity"],
    [{ requestsPerMinute: 1.5 }, "`requestsPerMinute` must be a whole number"],
    [{ longPollMarginMs: 0 }, "`longPollMarginMs` must be a number of milliseconds from 1"],
    [{ isPublished: true }, "`isPublished` must be a function"],
  ])("are refused by name: %j", (options, text) => {
    expect(() => workato({ token: "t", ...options } as WorkatoOptions)).toThrow(text);
  });

  it("of a feed are refused when it is made", () => {
    const { client } = scriptedClient([]);

    expect(() => client.feed("", basics)).toThrow("workato feed: the topic's id must be");
    expect(() => client.feed(1, { ...basics, consumer: "" })).toThrow("`consumer` must be a name");
  });
});

describe("the pace", () => {
  it("keeps one process from ever being throttled, repeats included", async () => {
    vi.useFakeTimers();
    const { client, emulator, topicId, publish } = world(
      { requestsPerMinute: 60 },
      { requestsPerMinute: 60 },
    );
    publish(1);
    emulator.faults.add({ kind: "status", status: 500, count: 20 });

    const consuming = Promise.allSettled(
      Array.from({ length: 150 }, () => client.messages.consume(topicId)),
    );
    await vi.advanceTimersByTimeAsync(240_000);
    await consuming;

    expect(emulator.journal.calls("consume")).toBeGreaterThan(160);
    expect(emulator.journal.totals().refused).toBe(0);
  });

  it("is one for each of the two APIs", async () => {
    vi.useFakeTimers();
    const { client, topicId } = world({}, { requestsPerMinute: 1 });

    await client.messages.consume(topicId);
    await client.topics.list();
    const waiting = client.topics.list();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    await vi.advanceTimersByTimeAsync(1_000);

    await waiting;
  });

  it("takes nothing from the time that a call has", async () => {
    vi.useFakeTimers();
    const { client, topicId } = world({}, { requestsPerMinute: 1, timeoutMs: 1_000 });
    await client.messages.consume(topicId);

    const waiting = client.messages.consume(topicId);
    await vi.advanceTimersByTimeAsync(61_000);

    expect(await waiting).toEqual([]);
  });

  it("obeys a 429 that another process's requests brought about", async () => {
    vi.useFakeTimers();
    const { client, emulator, topicId } = world();
    emulator.faults.add({ kind: "status", status: 429, retryAfter: 20, count: 1 });
    const startedAt = Date.now();

    const consuming = client.messages.consume(topicId);
    await vi.advanceTimersByTimeAsync(20_000);
    await consuming;

    expect(Date.now() - startedAt).toBe(20_000);
  });
});

describe("secrets", () => {
  it("are in no error, its stack or its printed form", async () => {
    for (const reply of [
      Response.json({ message: "no a-secret-token here" }, { status: 401 }),
      new TypeError("fetch failed"),
    ]) {
      const { fetch } = scripted(reply);
      const client = workato({ token: "a-secret-token", fetch, retry: { attempts: 1 } });

      const error: unknown = await client
        .feed(1, basics)
        .pull()
        .catch((thrown) => thrown);

      expect(error).toHaveProperty("code");
      expect(inspect(error, { depth: 9 })).not.toContain("a-secret-token");
    }
  });

  it("are asked for again once after a 401", async () => {
    const { fetch, seen } = scripted(new Response("", { status: 401 }), empty);
    const tokens = ["old", "new"];
    const client = workato({ token: () => tokens.shift() ?? "none", fetch });

    await client.messages.consume(1);

    expect(seen.map(({ authorization }) => authorization)).toEqual(["Bearer old", "Bearer new"]);
  });
});
