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

  it("defers a request that the store is too slow for", async () => {
    vi.useFakeTimers();
    const slow: Inbox = { ...memoryStores().inbox, add: () => new Promise(() => {}) };
    const answer = inbox(slow, receiver, { replyTimeoutMs: 2000 }).fetch(post([1]));
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));

    await vi.advanceTimersByTimeAsync(2000);

    expect((await answer).status).toBe(503);
    expect(vi.getTimerCount()).toBe(0);
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
