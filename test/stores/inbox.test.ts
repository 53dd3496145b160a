import { drain } from "ackloop";
import { afterEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { Receiver } from "../../src/core/receiver.ts";
import type { Inbox } from "../../src/core/stores.ts";
import { inbox, memoryStores } from "../../src/stores/index.ts";

/** A receiver of JSON lists: a number is an event's id, a text is unreadable, `null` is refused. */
const receiver: Receiver = {
  name: "discue/orders",
  async receive(request) {
    const items: unknown = await request.json();
    if (!Array.isArray(items)) {
      return { kind: "answered", response: new Response(null, { status: 400 }) };
    }
    return {
      kind: "deliveries",
      deliveries: items.map((raw: unknown) =>
        typeof raw === "number"
          ? {
              raw,
              event: { specversion: "1.0", id: `${raw}`, source: "s", type: "message", data: raw },
              ...(raw < 0 && { idDerived: true as const }),
            }
          : { raw, unreadable: new AckloopError("schema", "not a number", { path: "[0]" }) },
      ),
    };
  },
  accept: () => new Response(null, { status: 202 }),
  defer: (retryAfterMs) =>
    new Response(null, { status: 503, headers: { "retry-after": `${retryAfterMs / 1000}` } }),
};

/** The same, with liveness checks and a door: it asks before it reads, and reads until it is cut. */
const bounded: Receiver = {
  ...receiver,
  async receive(request, { admit, signal } = {}) {
    if (request.method === "GET") {
      return { kind: "answered", response: new Response(), as: "liveness" };
    }
    if (admit?.() === false) {
      return { kind: "answered", response: new Response(null, { status: 503 }), as: "full" };
    }
    const cut = new Promise<never>((_resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
    return Promise.race([cut, receiver.receive(request)]);
  },
};

const post = (body: unknown): Request =>
  new Request("http://127.0.0.1/hook", { method: "POST", body: JSON.stringify(body) });

function failing(error: unknown): Inbox {
  return { ...memoryStores().inbox, add: () => Promise.reject(error) };
}

describe("inbox", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("answers 2xx once every event of the request is stored, and brings them in its feed", async () => {
    const { fetch, feed } = inbox(memoryStores().inbox, receiver);

    const response = await fetch(post([1, "x", -1]));

    expect(response.status).toBe(202);
    expect(feed.name).toBe("discue/orders");
    expect(await feed.pull()).toMatchObject([
      { raw: 1, event: { id: "1" } },
      { raw: "x", unreadable: { code: "schema", path: "[0]" } },
      { raw: -1, event: { id: "-1" }, idDerived: true },
    ]);
  });

  it("stores a request that is sent again once, and an empty one not at all", async () => {
    const { fetch, feed } = inbox(memoryStores().inbox, receiver, { name: "other" });

    for (const body of [[1], [1], []]) expect((await fetch(post(body))).status).toBe(202);

    expect(feed.name).toBe("other");
    expect(await feed.pull()).toHaveLength(1);
  });

  it("gives the receiver's own answers back", async () => {
    const { fetch, feed } = inbox(memoryStores().inbox, receiver);

    expect((await fetch(post(null))).status).toBe(400);
    expect(await feed.pull()).toEqual([]);
  });

  it("defers a request while the store is full or away, and says so", async () => {
    const warn = vi.fn();
    const logger = { debug: warn, info: warn, warn, error: warn };
    const { fetch } = inbox(memoryStores({ inboxMaxEntries: 1 }).inbox, receiver, { logger });
    expect((await fetch(post([1]))).status).toBe(202);

    const full = await fetch(post([2]));
    const away = new AckloopError("transport", "the database is away", { retryable: true });
    const deferred = await inbox(failing(away), receiver).fetch(post([1]));

    expect([full.status, full.headers.get("retry-after")]).toEqual([503, "1"]);
    expect([deferred.status, deferred.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(warn).toHaveBeenCalledOnce();
  });

  it("defers also where the logger fails", async () => {
    const away = new AckloopError("transport", "the database is away", { retryable: true });
    const logger = { debug() {}, info() {}, error() {}, warn: () => JSON.parse("no JSON") };

    const { status } = await inbox(failing(away), receiver, { logger }).fetch(post([1]));

    expect(status).toBe(503);
  });

  it("defers a request that the store is too slow for", async () => {
    vi.useFakeTimers();
    const slow: Inbox = { ...memoryStores().inbox, add: () => new Promise(() => {}) };
    const answer = inbox(slow, receiver, { replyTimeoutMs: 2000 }).fetch(post([1]));
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1), 60_000);

    await vi.advanceTimersByTimeAsync(2000);

    expect((await answer).status).toBe(503);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("defers a request whose body does not end, and takes its place from nobody for longer", async () => {
    vi.useFakeTimers();
    const { fetch } = inbox(memoryStores().inbox, bounded, {
      replyTimeoutMs: 2000,
      maxRequests: 1,
    });
    const endless = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
    const init = { method: "POST", body: endless, duplex: "half" };
    const answer = fetch(new Request("http://127.0.0.1/hook", init));

    expect((await fetch(post([1]))).status).toBe(503);
    await vi.advanceTimersByTimeAsync(2000);

    expect((await answer).status).toBe(503);
    expect((await fetch(post([1]))).status).toBe(202);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("has one limit of time for reading and storing together", async () => {
    vi.useFakeTimers();
    const began = performance.now();
    const slowly: Receiver["receive"] = async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return receiver.receive(request);
    };
    const store: Inbox = { ...memoryStores().inbox, add: () => new Promise(() => {}) };
    const slow = { ...receiver, receive: slowly };
    const answer = inbox(store, slow, { replyTimeoutMs: 2000 }).fetch(post([1]));

    await vi.advanceTimersByTimeAsync(2000);

    expect((await answer).status).toBe(503);
    expect(performance.now() - began).toBe(2000);
  });

  it("reads and stores as many requests at once as it may, and answers what is no event", async () => {
    const doors: (() => void)[] = [];
    const add: Inbox["add"] = () => new Promise((resolve) => doors.push(resolve));
    const { fetch } = inbox({ ...memoryStores().inbox, add }, bounded);

    const answers = Array.from({ length: 300 }, (_, id) => fetch(post([id])));
    await vi.waitFor(() => expect(doors).toHaveLength(100), 60_000);
    const refused = await fetch(post(null));
    for (const open of doors) open();

    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(100);
    expect(statuses.filter((status) => status === 503)).toHaveLength(200);
    expect(refused.status).toBe(503);
    expect((await fetch(new Request("http://127.0.0.1/alive"))).status).toBe(200);
  });

  it("rejects with what no waiting will mend, so that the framework answers 500", async () => {
    const config = new AckloopError("config", "call `migrate()` first");

    await expect(inbox(failing(config), receiver).fetch(post([1]))).rejects.toBe(config);
    const bug = new TypeError("x is not a function");
    await expect(inbox(failing(bug), receiver).fetch(post([1]))).rejects.toBe(bug);
  });

  it("is consumed by the ordinary loop", async () => {
    const store = memoryStores().inbox;
    const { fetch, feed } = inbox(store, receiver);
    await fetch(post([1, 2]));
    await fetch(post([3]));
    const met: unknown[] = [];

    const summary = await drain(feed, (event) => {
      met.push(event.data);
    });

    expect(met).toEqual([1, 2, 3]);
    expect(summary).toMatchObject({ stopped: "empty", handled: 3, acked: 3 });
  });

  it("refuses wrong arguments", () => {
    const store = memoryStores().inbox;
    const config = expect.objectContaining({ code: "config" });
    expect(() => inbox(undefined as never, receiver)).toThrow(config);
    expect(() => inbox(store, undefined as never)).toThrow(config);
    expect(() => inbox(store, receiver, { replyTimeoutMs: 0 })).toThrow(config);
    expect(() => inbox(store, receiver, { leaseMs: 0 })).toThrow(config);
    expect(() => inbox(store, receiver, { name: "" })).toThrow(config);
    expect(() => inbox(store, receiver, { timeoutMs: 1 } as never)).toThrow(config);
  });
});
