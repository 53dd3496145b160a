import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { consume } from "../../src/loop/consume.ts";
import { webhook } from "../../src/loop/webhook.ts";
import { type DiscueReceiverOptions, discueReceiver } from "../../src/providers/discue/index.ts";
import { inbox, memoryStores } from "../../src/stores/index.ts";

const secret = "0123456789abcdef";
const key = `whsec_${btoa("a key of thirty-two bytes, enough")}`;
const good = 200;
const bad = 10_000;
const atOnce = 500;
const chunkBytes = 65_536;

/** What bodies are open, and what of them was read: the memory that a flood costs. */
class Bodies {
  open = 0;
  most = 0;

  /** A body that is `sizeBytes` long and then ends, or never does. */
  make(sizeBytes: number, ends: boolean): ReadableStream<Uint8Array> {
    let sentBytes = 0;
    const close = (): void => {
      if (sentBytes > 0) this.open -= 1;
    };
    return new ReadableStream(
      {
        pull: (controller) => {
          if (sentBytes === 0) this.open += 1;
          this.most = Math.max(this.most, this.open);
          if (sentBytes < sizeBytes) {
            sentBytes += chunkBytes;
            controller.enqueue(new Uint8Array(chunkBytes));
            return undefined;
          }
          if (!ends) return new Promise(() => {});
          close();
          controller.close();
          return undefined;
        },
        cancel: close,
      },
      { highWaterMark: 0 },
    );
  }
}

type Handle = (request: Request) => Promise<Response>;

const post = (url: string, body: BodyInit, headers: Readonly<Record<string, string>> = {}) =>
  new Request(url, { method: "POST", body, headers, duplex: "half" } as RequestInit);

const messageOf = (id: number) =>
  JSON.stringify({ message: { id: `m-${id}`, data: `{"order":${id}}` } });

/** The good requests, and the bad ones, of a receiver that wants a secret, and of one that wants a signature. */
const doors: Readonly<
  Record<
    string,
    {
      readonly options: DiscueReceiverOptions;
      readonly good: (id: number) => Request;
      readonly bad: (number: number, bodies: Bodies) => Request;
    }
  >
> = {
  "a secret": {
    options: { secret, bodyForms: ["message"] },
    good: (id) => post(`https://me.example/?secret=${secret}`, messageOf(id)),
    bad(number, bodies) {
      const endless = bodies.make(1_048_576, false);
      const right = `https://me.example/?secret=${secret}`;
      // Who has the secret is trusted with time, and not with memory.
      if (number % 100 === 0) return post(right, bodies.make(2_097_152, true));
      if (number % 100 === 1) return post(right, new Uint8Array([0xff]));
      if (number % 100 === 2) return post(right, endless);
      if (number % 3 === 0) return post("https://me.example/", endless);
      if (number % 3 === 1) return new Request(`https://me.example/.well-known/${number}`);
      return post("https://me.example/?secret=wrong", endless, { "content-length": "1e9" });
    },
  },
  "a signature": {
    options: { signature: { secrets: [key] }, bodyForms: ["message"] },
    good(id) {
      const body = messageOf(id);
      const at = new Date();
      return post("https://me.example/", body, {
        "webhook-id": `msg_${id}`,
        "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
        "webhook-signature": new Webhook(key).sign(`msg_${id}`, at, body),
      });
    },
    bad(number, bodies) {
      const body = bodies.make(1_048_576, false);
      if (number % 20 > 0) return post("https://me.example/", body);
      return post("https://me.example/", body, {
        "webhook-id": `msg_${number}`,
        "webhook-timestamp": String(Math.floor(Date.now() / 1_000)),
        "webhook-signature": `v1,${btoa("x".repeat(32))}`,
      });
    },
  },
};

/** The ways from a request to a handler; each ends with what was handled. */
const ways: Readonly<
  Record<
    string,
    (
      options: DiscueReceiverOptions,
      told: string[],
    ) => { readonly handle: Handle; readonly handled: readonly unknown[]; stop(): Promise<unknown> }
  >
> = {
  webhook(options, told) {
    const handled: unknown[] = [];
    const settings = { replyTimeoutMs: 100, logger: loggerOf(told) };
    const receiver = discueReceiver(options);
    const handle = webhook(receiver, ({ data }) => void handled.push(data), settings);
    return { handle, handled, stop: async () => {} };
  },
  inbox(options, told) {
    const handled: unknown[] = [];
    const settings = { replyTimeoutMs: 100, logger: loggerOf(told), pollMs: 5 };
    const { fetch, feed } = inbox(memoryStores().inbox, discueReceiver(options), settings);
    const run = consume(feed, ({ data }) => void handled.push(data), { concurrency: 10 });
    return { handle: fetch, handled, stop: () => run.stop() };
  },
  feed(options, told) {
    const handled: unknown[] = [];
    const receiver = discueReceiver({ ...options, logger: loggerOf(told) });
    const orders = receiver.feed({ replyTimeoutMs: 100, maxRequests: 100 });
    const run = consume(orders, ({ data }) => void handled.push(data), { concurrency: 10 });
    return { handle: orders.fetch, handled, stop: () => run.stop() };
  },
};

function loggerOf(told: string[]) {
  const tell = (text: string): void => void told.push(text);
  return { debug: tell, info: tell, warn: tell, error: tell };
}

/** Sends until it is acknowledged, as discue does. */
async function deliver(handle: Handle, make: () => Request): Promise<void> {
  for (;;) {
    const { status } = await handle(make());
    if (status === 200) return;
    expect(status).toBe(503);
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
  }
}

/** Makes so many calls, some of them at once. */
async function many(count: number, lines: number, call: (number: number) => Promise<unknown>) {
  let next = 0;
  const line = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++) await call(number);
  };
  await Promise.all(Array.from({ length: lines }, line));
}

const cases = [
  ["webhook", "a secret"],
  ["inbox", "a signature"],
  ["feed", "a signature"],
] as const;

describe("a flood of ten thousand bad requests", () => {
  it.each(cases)("holds up no good one, and costs little: %s with %s", async (way, door) => {
    const told: string[] = [];
    const bodies = new Bodies();
    const { options, ...requests } = doors[door] as NonNullable<(typeof doors)[string]>;
    const asked: number[] = [];
    const domainChallenges = () => {
      asked.push(1);
      return new Promise<never>(() => {});
    };
    const taker = ways[way]?.({ ...options, domainChallenges }, told);
    if (taker === undefined) throw new Error(way);
    const { handle, handled, stop } = taker;

    await Promise.all([
      many(bad, atOnce, (number) => handle(requests.bad(number, bodies))),
      many(good, 10, (id) => deliver(handle, () => requests.good(id))),
    ]);
    while (handled.length < good) await new Promise((resolve) => setTimeout(resolve, 5));
    await stop();

    expect(handled).toHaveLength(good);
    expect(new Set(handled.map((data) => JSON.stringify(data))).size).toBe(good);
    expect(bodies.most).toBeLessThanOrEqual(100);
    expect(bodies.open).toBe(0);
    expect(asked.length).toBeLessThanOrEqual(1);
    expect(told.length).toBeLessThanOrEqual(8);
  });
});
