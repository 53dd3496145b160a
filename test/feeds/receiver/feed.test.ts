import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Delivery } from "../../../src/core/feed.ts";
import type { Report } from "../../../src/core/report.ts";
import type { ReceiverFeedOptions } from "../../../src/feeds/index.ts";
import { consume } from "../../../src/loop/consume.ts";
import { webhook } from "../../../src/loop/webhook.ts";
import { call, post, receiver } from "./support.ts";

function feed(options?: ReceiverFeedOptions) {
  return receiver().feed(options);
}

const receiptsOf = (deliveries: readonly Delivery[]) =>
  deliveries.flatMap(({ receipt }) => (receipt ? [receipt] : []));
const idsOf = (deliveries: readonly Delivery[]) => deliveries.map(({ event }) => event?.id);

/** Lets requests that were just made come as far as they can. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("a request", () => {
  it("waits until its delivery is acked, and is then accepted", async () => {
    const orders = feed();
    let isAnswered = false;
    const answer = orders.fetch(call("m-1")).then((response) => {
      isAnswered = true;
      return response.status;
    });

    const pulled = await orders.pull({ waitMs: 1_000 });
    await settle();
    expect([idsOf(pulled), isAnswered]).toStrictEqual([["m-1"], false]);

    expect(await orders.ack(receiptsOf(pulled))).toStrictEqual([{ status: "acked" }]);
    expect(await answer).toBe(200);
  });

  it("is told when to come again after a nack", async () => {
    const orders = feed({ retryAfterMs: 3_000 });
    const answers = [orders.fetch(call("m-1")), orders.fetch(call("m-2"))];
    await settle();
    const [first, second] = receiptsOf(await orders.pull());

    await orders.nack(first ? [first] : [], { afterMs: 60_000 });
    await orders.nack(second ? [second] : []);

    const told = (await Promise.all(answers)).map((response) => [
      response.status,
      response.headers.get("retry-after"),
    ]);
    expect(told).toStrictEqual([
      [503, "60"],
      [503, "3"],
    ]);
  });

  it("that could not be read is told where the receiver tells, and nowhere else", async () => {
    const told = vi.fn();
    const onConsole = vi.spyOn(console, "warn").mockImplementation(() => {});
    const quiet = vi.fn();
    const logger = { debug: quiet, info: quiet, warn: told, error: told };
    const stuck = (): Request => {
      const { headers, method, url } = call("m-1");
      const init = { method, headers, body: new ReadableStream(), duplex: "half" };
      return new Request(url, init as RequestInit);
    };

    for (const one of [logger, false] as const) {
      const orders = receiver({ logger: one }).feed({ replyTimeoutMs: 20 });
      expect((await orders.fetch(stuck())).status).toBe(503);
    }

    expect(told.mock.calls.map(([line]) => line)).toStrictEqual([
      expect.stringContaining("could not be read"),
    ]);
    expect(onConsole).not.toHaveBeenCalled();
    onConsole.mockRestore();
  });

  it("that carries no message is answered at once", async () => {
    const orders = feed();

    expect((await orders.fetch(new Request("https://example.com/alive"))).status).toBe(200);
    expect((await orders.fetch(post("x", "https://example.com/?secret=no"))).status).toBe(401);
    expect(await orders.pull()).toStrictEqual([]);
  });

  it("whose body was read before rejects as config", async () => {
    const request = call("m-1");
    await request.text();

    await expect(feed().fetch(request)).rejects.toMatchObject({ code: "config" });
  });

  it("over the bound is told to come again, also while others are being read", async () => {
    const orders = feed({ maxRequests: 2 });

    const answers = ["m-1", "m-2", "m-3"].map((id) => orders.fetch(call(id)));
    const refused = await Promise.race(answers);
    expect([refused.status, refused.headers.get("retry-after")]).toStrictEqual([503, "1"]);
    await settle();

    await orders.ack(receiptsOf(await orders.pull()));
    expect((await Promise.all(answers)).map(({ status }) => status)).toStrictEqual([200, 200, 503]);
    const next = orders.fetch(call("m-4"));
    await orders.ack(receiptsOf(await orders.pull({ waitMs: 1_000 })));
    expect((await next).status).toBe(200);
  });

  it("is told to come again at its deadline; its late ack says gone", async () => {
    vi.useFakeTimers();
    const orders = feed({ replyTimeoutMs: 9_000 });
    const answer = orders.fetch(call("m-1"));
    const pulled = await orders.pull({ waitMs: 1_000 });

    await vi.advanceTimersByTimeAsync(9_000);

    expect((await answer).status).toBe(503);
    expect(await orders.ack(receiptsOf(pulled))).toStrictEqual([{ status: "gone" }]);
    vi.useRealTimers();
  });

  it("whose deadline comes while its body is read is told to come again", async () => {
    vi.useFakeTimers();
    const orders = feed({ replyTimeoutMs: 9_000 });
    const stuck = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) });
    const answer = orders.fetch(post(stuck));

    await vi.advanceTimersByTimeAsync(9_000);

    expect((await answer).status).toBe(503);
    vi.useRealTimers();
  });

  it("that its sender gave up is not delivered", async () => {
    const orders = feed();
    const controller = new AbortController();
    const answer = orders.fetch(call("m-1", {}, { signal: controller.signal }));
    await settle();

    controller.abort();

    expect((await answer).status).toBe(503);
    expect(await orders.pull()).toStrictEqual([]);
  });

  it("that its sender gave up before it began is not delivered", async () => {
    const orders = feed();

    const answer = await orders.fetch(call("m-1", {}, { signal: AbortSignal.abort() }));

    expect([answer.status, await orders.pull()]).toStrictEqual([503, []]);
  });
});

describe("a resend", () => {
  it("joins the open delivery, and both requests get the same answer", async () => {
    const orders = feed();
    const first = orders.fetch(call("m-1"));
    const pulled = await orders.pull({ waitMs: 1_000 });
    const second = orders.fetch(call("m-1"));
    await settle();

    expect(await orders.pull()).toStrictEqual([]);
    await orders.ack(receiptsOf(pulled));

    expect([(await first).status, (await second).status]).toStrictEqual([200, 200]);
  });

  it("keeps the delivery open when the first request ends", async () => {
    const orders = feed();
    const controller = new AbortController();
    const first = orders.fetch(call("m-1", {}, { signal: controller.signal }));
    const second = orders.fetch(call("m-1"));
    await settle();

    controller.abort();
    await first;
    const pulled = await orders.pull();

    expect(idsOf(pulled)).toStrictEqual(["m-1"]);
    expect(await orders.ack(receiptsOf(pulled))).toStrictEqual([{ status: "acked" }]);
    expect((await second).status).toBe(200);
  });

  it("after the answer is a delivery of its own", async () => {
    const orders = feed();
    const first = orders.fetch(call("m-1"));
    await orders.ack(receiptsOf(await orders.pull({ waitMs: 1_000 })));
    await first;

    void orders.fetch(call("m-1"));

    expect(idsOf(await orders.pull({ waitMs: 1_000 }))).toStrictEqual(["m-1"]);
    orders.close();
  });

  it("of a message without an id is never taken for the first: they may be two", async () => {
    const orders = feed();
    const answers = [orders.fetch(post("hello")), orders.fetch(post("hello"))];
    await vi.waitFor(async () => {
      const pulled = await orders.pull();
      expect(pulled).toHaveLength(2);
      await orders.ack(receiptsOf(pulled));
    }, 60_000);

    expect((await Promise.all(answers)).map(({ status }) => status)).toStrictEqual([200, 200]);
  });
});

describe("what was acked when its requests had ended", () => {
  /** A feed whose one delivery was pulled, answered "send again", and then acked. */
  async function ackedLate(request: () => Request = () => call("m-1")) {
    const orders = receiver().feed();
    const controller = new AbortController();
    const first = orders.fetch(new Request(request(), { signal: controller.signal }));
    const pulled = await orders.pull({ waitMs: 1_000 });
    controller.abort();
    expect((await first).status).toBe(503);
    const receipts = receiptsOf(pulled);
    return { orders, receipts, ack: () => orders.ack(receipts) };
  }

  it("is known again: its resend is accepted and not delivered", async () => {
    const { orders, ack } = await ackedLate();
    expect(await ack()).toStrictEqual([{ status: "gone" }]);

    expect((await orders.fetch(call("m-1"))).status).toBe(200);
    expect(await orders.pull()).toStrictEqual([]);
    orders.close();
  });

  it("answers the resend that waits already", async () => {
    const { orders, ack } = await ackedLate();
    const resend = orders.fetch(call("m-1"));
    await settle();

    await ack();

    expect((await resend).status).toBe(200);
    expect(await orders.pull()).toStrictEqual([]);
  });

  it("is delivered again where nothing but its content is known, or another feed has acked it", async () => {
    const { orders, ack } = await ackedLate(() => post("hello"));
    await ack();
    void orders.fetch(post("hello"));
    expect(await orders.pull({ waitMs: 1_000 })).toHaveLength(1);
    orders.close();

    const { receipts } = await ackedLate();
    const other = receiver().feed();
    await other.ack(receipts);
    void other.fetch(call("m-1"));
    expect(await other.pull({ waitMs: 1_000 })).toHaveLength(1);
    other.close();
  });

  it("is forgotten after ten minutes", async () => {
    vi.useFakeTimers();
    const { orders, ack } = await ackedLate();
    await ack();
    await vi.advanceTimersByTimeAsync(600_001);

    void orders.fetch(call("m-1"));

    expect(await orders.pull({ waitMs: 1_000 })).toHaveLength(1);
    orders.close();
    vi.useRealTimers();
  });
});

describe("a burst that the loop cannot handle in the time of its requests", () => {
  // So that no other work of the machine makes a handler late.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
  });
  afterEach(() => void vi.useRealTimers());

  /** What came of a hundred messages of a sender that has 50 calls open, by handlers of 5 ms. */
  async function burst(request: (id: string) => Request) {
    const orders = receiver().feed({ replyTimeoutMs: 100 });
    let starts = 0;
    const handled = new Set<unknown>();
    const run = consume(orders, async ({ data }) => {
      starts += 1;
      handled.add(data);
      await new Promise((resolve) => setTimeout(resolve, 5));
    });
    const waiting = Array.from({ length: 100 }, (_, id) => `m-${id}`);
    let acked = 0;
    /** One of the calls that the sender has open at once. */
    const line = async () => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
        // Over a network no call comes in the turn in which the one before was answered.
        await new Promise((resolve) => setImmediate(resolve));
        const { status } = await orders.fetch(request(id));
        if (status === 200) acked += 1;
        else waiting.push(id);
      }
    };

    let isOver = false;
    const lines = Promise.all(Array.from({ length: 50 }, line));
    const ended = lines
      .then(() => run.stop())
      .finally(() => {
        isOver = true;
      });
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      await vi.advanceTimersByTimeAsync(1);
    }
    await ended;
    return { acked, starts, handled: handled.size };
  }

  it("is handled all the same, each message once", async () => {
    expect(await burst(call)).toMatchObject({ acked: 100, starts: 100 });
  });

  it("is handled too where no message has an id, and few of them twice", async () => {
    const { acked, starts, handled } = await burst((id) => post(`raw data of ${id}`));

    expect([acked, handled]).toStrictEqual([100, 100]);
    // A handler may take longer than the one before, and its request be over.
    expect(starts).toBeLessThan(130);
  });
});

describe("messages without ids", () => {
  it("are taken as they come, since none is known to have come before", async () => {
    const orders = feed();
    const reported: string[] = [];
    const onReport = ({ kind }: Report): unknown => reported.push(kind);
    const run = consume(orders, () => undefined, { onReport });

    for (const body of ["one", "two", "two", "three"]) await orders.fetch(post(body));
    await run.stop();

    // No wait lies between two pulls.
    expect(reported.filter((kind) => kind === "handled")).toHaveLength(4);
    expect(reported).not.toContain("idle");
  });
});

describe("a liveness check", () => {
  const alive = () => new Request("https://example.com/alive");
  const statusOf = async (orders: ReturnType<typeof feed>) => (await orders.fetch(alive())).status;

  it("is answered while the feed is full", async () => {
    const orders = feed({ maxRequests: 1 });
    void orders.fetch(call("m-1"));
    await settle();

    expect((await orders.fetch(call("m-2"))).status).toBe(503);
    expect(await statusOf(orders)).toBe(200);
    orders.close();
  });

  it("is 200 while a pull waits or came lately, and 503 once nobody reads any more", async () => {
    vi.useFakeTimers();
    const orders = feed();
    const pulling = orders.pull({ waitMs: 300_000 });
    await vi.advanceTimersByTimeAsync(299_000);
    expect(await statusOf(orders)).toBe(200);
    await vi.advanceTimersByTimeAsync(1_000);
    await pulling;

    await orders.pull({ waitMs: 0 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await statusOf(orders)).toBe(200);
    await vi.advanceTimersByTimeAsync(1);

    expect(await statusOf(orders)).toBe(503);
    void orders.pull({ waitMs: 1_000 });
    expect(await statusOf(orders)).toBe(200);
    await vi.advanceTimersByTimeAsync(1_000);
    vi.useRealTimers();
  });

  it("is 503 after a halt and after close, as a webhook's never is", async () => {
    vi.useFakeTimers();
    const orders = feed();
    const failing = () => {
      throw new Error("poison");
    };
    const run = consume(orders, failing, { retry: { attempts: 1 } });
    const halted = expect(run).rejects.toMatchObject({ code: "halted" });
    void orders.fetch(call("m-1"));
    await vi.advanceTimersByTimeAsync(1_000);
    await halted;
    expect(await statusOf(orders)).toBe(200);
    await vi.advanceTimersByTimeAsync(120_000);

    expect(await statusOf(orders)).toBe(503);
    const closed = feed();
    closed.close();
    expect(await statusOf(closed)).toBe(503);
    expect((await webhook(receiver(), failing)(alive())).status).toBe(200);
    vi.useRealTimers();
  });
});

describe("a body that does not end", () => {
  it("counts among the requests from its first byte, until its time is over", async () => {
    vi.useFakeTimers();
    const orders = feed({ maxRequests: 1, replyTimeoutMs: 1_000 });
    const stuck = () =>
      new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) });
    const first = orders.fetch(post(stuck()));

    const others = await Promise.all(
      Array.from({ length: 300 }, () => orders.fetch(post(stuck()))),
    );
    expect(new Set(others.map(({ status }) => status))).toStrictEqual(new Set([503]));
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await first).status).toBe(503);
    const next = orders.fetch(call("m-1"));

    await orders.ack(receiptsOf(await orders.pull({ waitMs: 100 })));
    expect((await next).status).toBe(200);
    vi.useRealTimers();
  });
});

describe("pull", () => {
  it("gives up to the limit, in the order of arrival, each delivery once", async () => {
    const orders = feed();
    for (const id of ["m-1", "m-2", "m-3"]) void orders.fetch(call(id));
    await settle();

    expect(idsOf(await orders.pull({ limit: 2 }))).toStrictEqual(["m-1", "m-2"]);
    expect(idsOf(await orders.pull({ limit: 2 }))).toStrictEqual(["m-3"]);
    orders.close();
  });

  it("says for how long nobody else is given the delivery", async () => {
    const orders = feed({ replyTimeoutMs: 5_000 });
    void orders.fetch(call("m-1"));

    const [delivery] = await orders.pull({ waitMs: 1_000 });

    expect(delivery?.leaseMs).toBeGreaterThan(4_000);
    expect(delivery?.leaseMs).toBeLessThanOrEqual(5_000);
    orders.close();
  });

  it("gives an empty list at once without waitMs, and after waitMs with it", async () => {
    vi.useFakeTimers();
    const orders = feed();
    let result: readonly unknown[] | undefined;

    expect(await orders.pull()).toStrictEqual([]);
    void orders.pull({ waitMs: 30_000 }).then((pulled) => {
      result = pulled;
    });
    await vi.advanceTimersByTimeAsync(29_999);
    expect(result).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);

    expect(result).toStrictEqual([]);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("gives what arrives to the pull that waits longest", async () => {
    const orders = feed();
    const first = orders.pull({ waitMs: 1_000 });
    const second = orders.pull({ waitMs: 1_000 });

    void orders.fetch(call("m-1"));
    expect(idsOf(await first)).toStrictEqual(["m-1"]);
    void orders.fetch(call("m-2"));

    expect(idsOf(await second)).toStrictEqual(["m-2"]);
    orders.close();
  });

  it("rejects with the signal's reason, and what was meant for it goes to the next pull", async () => {
    const orders = feed();
    const reason = new Error("stop");
    await expect(orders.pull({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const cut = orders.pull({ waitMs: 1_000, signal: controller.signal });

    controller.abort(reason);

    await expect(cut).rejects.toBe(reason);
    void orders.fetch(call("m-1"));
    expect(idsOf(await orders.pull({ waitMs: 1_000 }))).toStrictEqual(["m-1"]);
    orders.close();
  });
});

describe("a pull that is cut just as something arrives", () => {
  it("leaves it to the next pull, in its place", async () => {
    const receiving = receiver();
    const orders = receiving.feed();
    const controller = new AbortController();
    const reason = new Error("stop");
    const cut = orders.pull({ limit: 1, waitMs: 1_000, signal: controller.signal });
    // The signal fires in the same turn in which the waiting pull is given the delivery.
    const watched = call("m-1");
    vi.spyOn(receiving, "receive").mockImplementation(async (request) => {
      const received = await receiver().receive(request);
      queueMicrotask(() => queueMicrotask(() => controller.abort(reason)));
      return received;
    });

    void orders.fetch(watched);

    await expect(cut).rejects.toBe(reason);
    expect(idsOf(await orders.pull({ waitMs: 1_000 }))).toStrictEqual(["m-1"]);
    orders.close();
  });
});

describe("ack", () => {
  it("twice, or of another feed's receipt, is gone", async () => {
    const orders = feed();
    void orders.fetch(call("m-1"));
    const receipts = receiptsOf(await orders.pull({ waitMs: 1_000 }));

    expect(await feed().ack(receipts)).toStrictEqual([{ status: "gone" }]);
    expect(await orders.ack([...receipts, ...receipts])).toStrictEqual([
      { status: "acked" },
      { status: "gone" },
    ]);
  });

  it("answers nothing when its signal has fired", async () => {
    const orders = feed();
    const reason = new Error("stop");
    const answer = orders.fetch(call("m-1"));
    const receipts = receiptsOf(await orders.pull({ waitMs: 1_000 }));
    const signal = AbortSignal.abort(reason);

    await expect(orders.ack(receipts, { signal })).rejects.toBe(reason);
    await expect(orders.nack(receipts, { signal })).rejects.toBe(reason);

    expect(await orders.ack(receipts)).toStrictEqual([{ status: "acked" }]);
    expect((await answer).status).toBe(200);
  });
});

describe("close", () => {
  it("answers every request, later ones too, and leaves no timer", async () => {
    vi.useFakeTimers();
    const orders = feed();
    const answers = [orders.fetch(call("m-1")), orders.fetch(call("m-2"))];
    await vi.advanceTimersByTimeAsync(0);
    const pulled = await orders.pull({ limit: 1, waitMs: 10 });

    orders.close();
    const later = orders.fetch(call("m-3"));

    const statuses = (await Promise.all([...answers, later])).map(({ status }) => status);
    expect(statuses).toStrictEqual([503, 503, 503]);
    expect(await orders.ack(receiptsOf(pulled))).toStrictEqual([{ status: "gone" }]);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});

describe("the options", () => {
  it.each([
    [{ maxRequests: 0 }, "`maxRequests` must be a whole number from 1 to 100000"],
    [{ replyTimeoutMs: 0.5 }, "`replyTimeoutMs` must be a whole number from 1 to 3600000"],
    [{ retryAfterMs: -1 }, "`retryAfterMs` must be a whole number from 0 to 86400000"],
    [{ limit: 1 }, "option `limit` is unknown"],
  ])("are refused at creation: %j", (options, words) => {
    expect(() => feed(options as ReceiverFeedOptions)).toThrowError(words);
  });

  it("declare what the loop and the kit go by", () => {
    const { name, acks, pulls, waits } = feed();

    expect({ name, acks, pulls, waits }).toStrictEqual({
      name: "acme/orders",
      acks: "individual",
      pulls: "onward",
      waits: true,
    });
  });
});
