import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import type { Delivery } from "../../src/core/feed.ts";
import type { Receiver } from "../../src/core/receiver.ts";
import { batch } from "../../src/loop/batch.ts";
import type { Handlers } from "../../src/loop/handler.ts";
import { deadLetter, drop, retry } from "../../src/loop/outcome.ts";
import type { WebhookOptions } from "../../src/loop/webhook.ts";
import { webhook } from "../../src/loop/webhook.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { testEvent } from "../../src/testing/memory-feed.ts";
import { ended, gate, recorder } from "./support.ts";

/** A receiver whose requests name the ids they bring; "?x" has a derived id, "!x" is unreadable. */
function receiverOf(replaced: Partial<Receiver> = {}): Receiver {
  return {
    name: "inbox",
    receive: async (request) => {
      const ids = (await request.text()).split(",").filter(Boolean);
      return { kind: "deliveries", deliveries: ids.map(toDelivery) };
    },
    accept: () => new Response(null, { status: 204 }),
    defer: (retryAfterMs) =>
      new Response(null, { status: 503, headers: { "retry-after": String(retryAfterMs / 1000) } }),
    ...replaced,
  };
}

function toDelivery(id: string): Delivery {
  if (id.startsWith("!")) return { unreadable: new AckloopError("schema", "odd"), raw: id };
  const event = testEvent(id.replace("?", ""));
  return id.startsWith("?") ? { event, raw: id, idDerived: true } : { event, raw: id };
}

/** A webhook, and what its requests are answered with. */
function bench(
  handlers: Handlers<FeedEvent>,
  options: WebhookOptions = {},
  receiver = receiverOf(),
) {
  const handle = webhook(receiver, handlers, { replyTimeoutMs: 5000, ...options });
  const post = (body: string) =>
    handle(new Request("http://localhost/hook", { method: "POST", body })).then(
      (response) => response.status,
    );
  return { handle, post };
}

const failing = () => {
  throw new Error("poison");
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("a webhook whose dedupe store", () => {
  it.each([
    ["hung", "hang"],
    ["hung, and then threw config", "config"],
  ] as const)("is back answers a resend 2xx, after a finish that %s", async (_, then) => {
    const { dedupe } = memoryStores();
    let mode: "hang" | "config" | "well" = "hang";
    const finish: typeof dedupe.finish = async (...asked) => {
      if (mode === "hang") return new Promise<boolean>(() => {});
      if (mode === "config") throw new AckloopError("config", "call migrate() first");
      return dedupe.finish(...asked);
    };
    const handler = vi.fn();
    const { onReport, of } = recorder();
    const store = { ...dedupe, finish };
    const { post } = bench(handler, {
      consumer: "billing",
      dedupe: { store },
      callTimeoutMs: 500,
      onReport,
    });
    const statuses: number[] = [];
    for (mode of ["hang", then, "well", "well"] as const) {
      statuses.push(await ended(post("a")));
      await vi.advanceTimersByTimeAsync(60_000);
    }

    expect(statuses).toEqual([503, 503, 204, 204]);
    expect(handler).toHaveBeenCalledTimes(1);
    expect(of("halted")).toHaveLength(then === "config" ? 1 : 0);
  });

  const bounds = { consumer: "billing", replyTimeoutMs: 100 } as const;

  it("is slow to begin counts no start that never was", async () => {
    const { dedupe, deadLetters } = memoryStores();
    const slow = { isSlow: true };
    const begin: typeof dedupe.begin = async (...asked) => {
      const begun = await dedupe.begin(asked[0], asked[1], { mark: asked[2]?.mark });
      if (slow.isSlow) await new Promise((resolve) => setTimeout(resolve, 400));
      return begun;
    };
    const handler = vi.fn();
    const options = {
      ...bounds,
      dedupe: { store: { ...dedupe, begin }, markMs: 1000 },
      deadLetters,
    };
    const { post } = bench(handler, options);
    for (let count = 0; count < 6; count += 1) {
      const status = post("a");
      await vi.advanceTimersByTimeAsync(1500);
      expect(await status).toBe(503);
    }

    slow.isSlow = false;

    expect(await post("a")).toBe(204);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it("hangs when an event is let go of handles its next resend", async () => {
    const { dedupe } = memoryStores();
    const forget = () => new Promise<never>(() => {});
    const handler = vi.fn().mockImplementationOnce(failing);
    const store = { ...dedupe, forget };
    const { post } = bench(handler, { ...bounds, dedupe: { store, markMs: 1000 } });
    const first = post("a");
    await vi.advanceTimersByTimeAsync(2000);
    expect(await first).toBe(503);

    expect(await post("a")).toBe(204);
    expect(handler).toHaveBeenCalledTimes(2);
  });
});

describe("a webhook", () => {
  it("accepts when every event of the request is handled", async () => {
    const handler = vi.fn();
    const { post } = bench(handler);

    expect(await post("a,b")).toBe(204);
    expect(handler.mock.calls.map(([event]) => event.id)).toEqual(["a", "b"]);
  });

  it.each([
    [
      "accept throws",
      {
        accept: () => {
          throw new Error("no answer");
        },
      },
    ],
    [
      "accept gives a promise",
      {
        accept: (async () => {
          throw new Error("late");
        }) as never,
      },
    ],
    [
      "receive gives no response",
      { receive: async () => ({ kind: "answered", response: undefined as never }) as const },
    ],
  ])("answers 503 and says so when %s", async (_, replaced) => {
    const error = vi.fn();
    const logger = { debug() {}, info() {}, warn() {}, error };
    const { post } = bench(() => {}, { logger }, receiverOf(replaced));

    expect(await post("a")).toBe(503);

    expect(error).toHaveBeenCalledWith(expect.stringContaining("the receiver's answer"), {
      feed: "inbox",
    });
  });

  it("accepts what holds no event", async () => {
    expect(await bench(() => {}).post("")).toBe(204);
  });

  it("gives the receiver's own answer to what is no event", async () => {
    const response = new Response("challenge");
    const receiver = receiverOf({ receive: async () => ({ kind: "answered", response }) });
    const handler = vi.fn();

    const { handle } = bench(handler, {}, receiver);

    expect(await handle(new Request("http://localhost/"))).toBe(response);
    expect(handler).not.toHaveBeenCalled();
  });

  it("rejects with what the receiver rejects with", async () => {
    const error = new AckloopError("config", "the body was read before");
    const receiver = receiverOf({ receive: () => Promise.reject(error) });

    await expect(bench(() => {}, {}, receiver).post("a")).rejects.toBe(error);
  });

  it("defers when the body does not end in time", async () => {
    const receive: Receiver["receive"] = (_, options) =>
      new Promise((_resolve, reject) => {
        options?.signal?.addEventListener("abort", () => reject(options.signal?.reason));
      });

    expect(await ended(bench(() => {}, {}, receiverOf({ receive })).post("a"))).toBe(503);
  });

  it("tries again in place", async () => {
    const handler = vi.fn().mockImplementationOnce(failing).mockReturnValueOnce(retry());

    expect(await ended(bench(handler).post("a"))).toBe(204);
    expect(handler.mock.calls.map(([, context]) => context.attempt)).toEqual([1, 2, 3]);
  });

  it("tells when a handler starts, and when it is late", async () => {
    const { opened, open } = gate();
    const { onReport, reports } = recorder();
    const { post } = bench(() => opened, {
      handlerTimeoutMs: 100,
      retry: { attempts: 1 },
      onReport,
    });
    const posted = post("a");
    await vi.advanceTimersByTimeAsync(100);
    const atWork = reports.map((report) => [report.kind, "event" in report && report.event?.id]);
    open();

    expect(await posted).toBe(503);
    expect(atWork).toEqual([
      ["handling", "a"],
      ["timedOut", "a"],
    ]);
  });

  it("defers one request when one of its events is not settled", async () => {
    const error = vi.fn();
    const { onReport, of } = recorder();
    const logger = { debug() {}, info() {}, warn() {}, error };
    const handler = (event: FeedEvent) => (event.id === "b" ? failing() : undefined);
    const { handle } = bench(handler, {
      retry: { attempts: 1 },
      retryAfterMs: 12_000,
      logger,
      onReport,
    });

    const response = await handle(
      new Request("http://localhost/", { method: "POST", body: "a,b" }),
    );

    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "12"]);
    expect(error).toHaveBeenCalledTimes(1);
    expect(of("halted")).toHaveLength(1);
  });

  it("stores what was tried often enough, and accepts", async () => {
    const { deadLetters } = memoryStores();
    const { post } = bench(failing, {
      deadLetters,
      consumer: "billing",
      retry: { attempts: 2, minDelayMs: 10 },
    });

    expect(await ended(post("a"))).toBe(204);
    const { letters } = await deadLetters.list({ consumer: "billing", feed: "inbox" });
    expect(letters).toMatchObject([{ identity: "/memory a", attempts: 2 }]);
  });

  it("stores what no time is left for, and accepts", async () => {
    const { deadLetters } = memoryStores();
    const { post } = bench(failing, { deadLetters, consumer: "billing" });

    expect(await ended(post("a"), 5000)).toBe(204);
    const { letters } = await deadLetters.list({ consumer: "billing", feed: "inbox" });
    expect(letters).toMatchObject([
      {
        identity: "/memory a",
        attempts: 3,
        reason: expect.stringMatching(/^failed 3 times, and no time is left: Error: /),
      },
    ]);
  });

  it.each([
    ["a dead letter", deadLetter("no use"), "a", 204],
    ["a drop", drop("not ours"), "a", 204],
    ["what cannot be read", undefined, "!a", 204],
  ])("accepts %s with a store", async (_, outcome, body, status) => {
    const { deadLetters } = memoryStores();

    const { post } = bench(() => outcome, { deadLetters, consumer: "billing" });

    expect(await post(body)).toBe(status);
  });

  it("defers a dead letter, and what cannot be read, without a store", async () => {
    const { post } = bench(() => deadLetter("no use"));

    expect([await post("a"), await post("!b")]).toEqual([503, 503]);
  });

  it("defers when the store refuses its options, and takes the resend", async () => {
    const { deadLetters } = memoryStores();
    const put = vi.fn(deadLetters.put);
    put.mockRejectedValueOnce(new AckloopError("config", "no such table"));
    const { post } = bench(failing, {
      deadLetters: { ...deadLetters, put },
      consumer: "billing",
      retry: { attempts: 1 },
    });

    expect(await ended(post("a"))).toBe(503);
    expect(await ended(post("a"))).toBe(204);
  });
});

describe("a webhook that is slower than its reply", () => {
  it("defers, and lets a resend join the handler that is at work", async () => {
    const opening = gate();
    const handler = vi.fn(async () => {
      await opening.opened;
    });
    const { post } = bench(handler);
    expect(await ended(post("a"))).toBe(503);

    const resend = post("a");
    await vi.advanceTimersByTimeAsync(100);
    opening.open(undefined);

    expect(await resend).toBe(204);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it("answers a resend at once that comes after a late finish, for as long as it remembers", async () => {
    const { onReport, of } = recorder();
    const opening = gate();
    const handler = vi.fn(async () => {
      await opening.opened;
    });
    const { post } = bench(handler, { rememberMs: 60_000, onReport });
    await ended(post("a"));
    opening.open(undefined);
    await vi.advanceTimersByTimeAsync(10_000);

    expect(await post("a")).toBe(204);
    expect(handler).toHaveBeenCalledTimes(1);
    expect(of("duplicate")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await post("a")).toBe(204);
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it("runs the handler again for a resend that comes after a late failure", async () => {
    const opening = gate();
    const handler = vi.fn(async () => {
      await opening.opened;
    });
    const { post } = bench(handler, { retry: { attempts: 1 } });
    await ended(post("a"));
    opening.fail(new Error("poison"));
    await vi.advanceTimersByTimeAsync(0);

    handler.mockResolvedValueOnce();

    expect(await ended(post("a"))).toBe(204);
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it("joins two requests of one event, also within one request", async () => {
    const opening = gate();
    const handler = vi.fn(async () => {
      await opening.opened;
    });
    const { post } = bench(handler);
    const both = Promise.all([post("a,a"), post("a")]);
    await vi.advanceTimersByTimeAsync(0);

    opening.open(undefined);

    expect(await both).toEqual([204, 204]);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it("never joins ids made from the content", async () => {
    const handler = vi.fn();
    const { post } = bench(handler);

    expect(await post("?a,?a")).toBe(204);
    expect(await post("?a")).toBe(204);
    expect(handler).toHaveBeenCalledTimes(3);
  });

  it("remembers ten thousand ids, the latest", async () => {
    const handler = vi.fn();
    const { post } = bench(handler);
    const ids = Array.from({ length: 10_001 }, (_, index) => `e${index}`);
    await post(ids.join());

    await post("e1");
    await post("e0");

    expect(handler).toHaveBeenCalledTimes(10_002);
  });

  it("remembers nothing when told so", async () => {
    const handler = vi.fn();
    const { post } = bench(handler, { rememberMs: 0 });

    await post("a");
    await post("a");

    expect(handler).toHaveBeenCalledTimes(2);
  });
});

describe("a webhook with dedupe", () => {
  it("knows an event that another process was done with", async () => {
    const { dedupe } = memoryStores();
    const handler = vi.fn();
    const options = { dedupe: { store: dedupe }, consumer: "billing" };

    expect(await bench(handler, options).post("a")).toBe(204);
    expect(await bench(handler, options).post("a")).toBe(204);

    expect(handler).toHaveBeenCalledTimes(1);
  });

  it("defers an event that another process has in work for longer than a reply", async () => {
    const { dedupe } = memoryStores();
    const options = { dedupe: { store: dedupe }, consumer: "billing" };
    await dedupe.begin({ consumer: "billing", feed: "inbox", identity: "/memory a" }, 60_000);
    const handler = vi.fn();

    expect(await ended(bench(handler, options).post("a"))).toBe(503);
    expect(handler).not.toHaveBeenCalled();
  });

  it("lets go of what it defers, so that the resend begins at once", async () => {
    const { dedupe } = memoryStores();
    const options = { dedupe: { store: dedupe }, consumer: "billing", retry: { attempts: 1 } };
    const handler = vi.fn().mockImplementationOnce(failing);
    const { post } = bench(handler, options);

    expect(await ended(post("a"))).toBe(503);
    expect(await ended(post("a"), 100)).toBe(204);
  });

  it("remembers what a handler did that is much slower than a reply", async () => {
    const { dedupe } = memoryStores();
    const options = { dedupe: { store: dedupe, markMs: 3000 }, consumer: "billing" };
    const slow = vi.fn(() => new Promise<void>((resolve) => setTimeout(resolve, 60_000)));

    expect(await ended(bench(slow, options).post("a"))).toBe(503);
    await vi.advanceTimersByTimeAsync(60_000);

    expect(await bench(slow, options).post("a")).toBe(204);
    expect(slow).toHaveBeenCalledTimes(1);
  });

  it("gives up a store that does not answer before the next resend", async () => {
    const { dedupe } = memoryStores();
    const begin = () => Promise.reject(new Error("down"));
    const options = { dedupe: { store: { ...dedupe, begin } }, consumer: "billing" };

    expect(await ended(bench(() => {}, options).post("a"))).toBe(503);
    await vi.advanceTimersByTimeAsync(10_000);
  });
});

describe("the dead letters of a webhook", () => {
  it("are two where two messages have no id and equal content", async () => {
    const { deadLetters } = memoryStores();
    const { post } = bench(failing, {
      deadLetters,
      consumer: "billing",
      retry: { attempts: 1 },
      replyTimeoutMs: 600_000,
    });
    const statuses = [await ended(post("?a")), await ended(post("?a")), await ended(post("!b,!b"))];

    const { letters } = await deadLetters.list({ consumer: "billing", feed: "inbox" });
    expect(statuses).toEqual([204, 204, 204]);
    expect(letters.map(({ raw }) => raw)).toEqual(["?a", "?a", "!b", "!b"]);
  });
});

describe("a burst of requests", () => {
  /** Handlers that end when they are let to. */
  function working() {
    const doors: (() => void)[] = [];
    const handler = vi.fn(
      () =>
        new Promise<void>((resolve) => {
          doors.push(resolve);
        }),
    );
    return { handler, end: () => doors.splice(0).forEach((open) => void open()) };
  }

  it("has a hundred handlers at once, and 503 with Retry-After for the rest", async () => {
    const { handler, end } = working();
    const { handle } = bench(handler, { retryAfterMs: 12_000 });
    const body = (id: number) => ({ method: "POST", body: `e${id}` });
    const answers = Array.from({ length: 500 }, (_, id) =>
      handle(new Request("http://localhost/hook", body(id))),
    );
    await vi.advanceTimersByTimeAsync(100);
    expect(handler).toHaveBeenCalledTimes(100);

    end();
    const responses = await Promise.all(answers);

    const deferred = responses.filter(({ status }) => status === 503);
    expect(deferred).toHaveLength(400);
    expect(new Set(deferred.map(({ headers }) => headers.get("retry-after")))).toEqual(
      new Set(["12"]),
    );
  });

  it("has as many handlers at once as was asked for, also those that are answered meanwhile", async () => {
    const { handler, end } = working();
    const { post } = bench(handler, { concurrency: 2 });

    const first = [post("a"), post("b")];
    await vi.advanceTimersByTimeAsync(5000);
    expect(await Promise.all(first)).toEqual([503, 503]);
    expect(await post("c")).toBe(503);
    end();
    await vi.advanceTimersByTimeAsync(0);
    const late = [post("a"), post("d")];
    await vi.advanceTimersByTimeAsync(0);
    end();

    expect(await Promise.all(late)).toEqual([204, 204]);
    expect(handler).toHaveBeenCalledTimes(3);
  });

  it("takes no place for a resend that joins, or whose event is settled", async () => {
    const { handler, end } = working();
    const { post } = bench(handler, { concurrency: 1 });
    const joined = Array.from({ length: 50 }, () => post("a"));
    await vi.advanceTimersByTimeAsync(100);
    end();
    expect(new Set(await Promise.all(joined))).toEqual(new Set([204]));
    const other = post("b");
    await vi.advanceTimersByTimeAsync(0);

    expect(await post("a")).toBe(204);
    expect(await post("c")).toBe(503);
    end();
    expect(await other).toBe(204);
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it("is answered where it holds no event, however many are at work", async () => {
    const { handler, end } = working();
    const receiver = receiverOf();
    const alive = new Response("alive");
    const { handle, post } = bench(
      handler,
      { concurrency: 1 },
      {
        ...receiver,
        receive: async (request) =>
          request.method === "GET"
            ? { kind: "answered", response: alive }
            : receiver.receive(request),
      },
    );
    const work = post("a");
    await vi.advanceTimersByTimeAsync(0);

    expect(await handle(new Request("http://localhost/alive"))).toBe(alive);
    end();
    expect(await work).toBe(204);
  });

  it("has one limit of time for its body and its events together", async () => {
    const receiver = receiverOf();
    const receive: Receiver["receive"] = async (request, options) => {
      await new Promise((resolve) => setTimeout(resolve, 4000));
      return receiver.receive(request, options);
    };
    const { handler, end } = working();
    const began = performance.now();

    const status = await ended(bench(handler, {}, { ...receiver, receive }).post("a"));

    expect([status, performance.now() - began]).toEqual([503, 5000]);
    end();
    await vi.advanceTimersByTimeAsync(0);
  });
});

describe("the arguments of a webhook", () => {
  it.each([
    [
      "no receiver",
      () => webhook({} as Receiver, () => {}),
      "the first argument must be a receiver",
    ],
    [
      "a batch",
      () =>
        webhook(
          receiverOf(),
          batch({ size: 2 }, () => {}),
        ),
      "a request has no batch",
    ],
    [
      "a time out of range",
      () => webhook(receiverOf(), () => {}, { replyTimeoutMs: 99 }),
      "option `replyTimeoutMs` must be a number of milliseconds from 100 to 900000",
    ],
    [
      "an option of a run",
      () => webhook(receiverOf(), () => {}, { maxInFlight: 5 } as WebhookOptions),
      "option `maxInFlight` is unknown",
    ],
  ])("are checked at once: %s", (_, make, message) => {
    expect(make).toThrow(`webhook: ${message}`);
  });
});

it("handles every event whose id is empty: it says nothing", async () => {
  const handler = vi.fn();
  const receive: Receiver["receive"] = async (request) => {
    const event = { ...testEvent("a", { data: await request.text() }), id: "" };
    return { kind: "deliveries", deliveries: [{ event, raw: event.data }] };
  };
  const { post } = bench(handler, {}, receiverOf({ receive }));

  const statuses = [await ended(post("a")), await ended(post("b"))];

  expect(statuses).toEqual([204, 204]);
  expect(handler.mock.calls.map(([event]) => event.data)).toEqual(["a", "b"]);
});

it.each([
  ["undefined", () => undefined],
  ["no deliveries", () => ({ kind: "deliveries" })],
  [
    "what throws when it is read",
    () => ({
      get kind() {
        throw new Error("odd");
      },
    }),
  ],
])("answers 503 where its receiver gives %s, and runs no handler", async (_, give) => {
  const handler = vi.fn();
  const receive = async () => give() as never;
  const { post } = bench(handler, {}, receiverOf({ receive }));

  expect(await ended(post("a"))).toBe(503);
  expect(handler).not.toHaveBeenCalled();
});

it("handles what is beside a hole in the list of its receiver, and sets that aside", async () => {
  const list = [toDelivery("a")];
  list[2] = toDelivery("c");
  const { deadLetters } = memoryStores();
  const handler = vi.fn();
  const receive = async () => ({ kind: "deliveries", deliveries: list }) as const;
  const { post } = bench(handler, { deadLetters, consumer: "c" }, receiverOf({ receive }));

  expect(await ended(post(""))).toBe(204);
  expect(handler.mock.calls.map(([{ id }]) => id)).toEqual(["a", "c"]);
  expect((await deadLetters.list({ consumer: "c", feed: "inbox" })).letters).toHaveLength(1);
});
