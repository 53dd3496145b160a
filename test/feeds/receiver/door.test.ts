import { describe, expect, it, vi } from "vitest";
import type { ReceiverBasics } from "../../../src/feeds/index.ts";
import { webhook } from "../../../src/loop/webhook.ts";
import { call, hookUrl, post, receiver, secret, statusOf } from "./support.ts";

const key = `whsec_${btoa("a key of thirty-two bytes, enough")}`;

/** A body that is never read without notice. */
function watched(): { readonly body: ReadableStream<Uint8Array>; readonly wasRead: () => boolean } {
  let wasRead = false;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        wasRead = true;
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return { body, wasRead: () => wasRead };
}

const now = () => String(Math.floor(Date.now() / 1_000));
const looksSigned = (headers: Readonly<Record<string, string>> = {}) => ({
  "webhook-id": "m",
  "webhook-timestamp": now(),
  "webhook-signature": `v1,${btoa("x".repeat(32))}`,
  ...headers,
});

describe("what carries the secret", () => {
  it.each<[string, ReceiverBasics]>([
    ["on the path of liveness checks", { livenessPath: "/acme" }],
    ["by a method of liveness checks", { livenessMethods: ["GET", "POST"] }],
    ["by both", { livenessPath: "/acme", livenessMethods: ["POST"] }],
  ])("is a delivery %s", async (_, options) => {
    const handled: unknown[] = [];
    const handle = webhook(receiver(options), ({ data }) => void handled.push(data));

    expect((await handle(call("m-1"))).status).toBe(200);

    expect(handled).toEqual([{ order: 7 }]);
  });

  it("is a liveness check by GET, which carries no body", async () => {
    expect(statusOf(await receiver().receive(new Request(hookUrl)))).toBe(200);
  });

  it("is none where it is wrong: it is a liveness check then", async () => {
    const alive = receiver({ livenessPath: "/acme" });

    expect(statusOf(await alive.receive(post("x", "https://example.com/acme")))).toBe(200);
  });
});

describe("what carries a signature", () => {
  const relay = receiver({ signature: { secrets: [key] }, livenessPath: "/acme" });

  it("is a delivery, right or wrong, on the path of liveness checks", async () => {
    const url = "https://example.com/acme";
    const wrong = await relay.receive(post("x", url, { headers: looksSigned() }));
    const unsigned = await relay.receive(post("x", url));

    expect([statusOf(wrong), statusOf(unsigned)]).toEqual([401, 200]);
  });

  it.each([
    ["no signature", { "webhook-signature": "" }],
    ["one of another length", { "webhook-signature": `v1,${btoa("short")}` }],
    ["one of another version", { "webhook-signature": "v2,AAAA" }],
    ["no id", { "webhook-id": "" }],
    ["an id with a full stop, which parts what is signed", { "webhook-id": "m.1" }],
    ["a time long ago", { "webhook-timestamp": "1600000000" }],
    ["no time", { "webhook-timestamp": "" }],
  ])("is refused before its body is read: %s", async (_, headers) => {
    const { body, wasRead } = watched();
    const request = post(body, "https://example.com/x", { headers: looksSigned(headers) });

    expect(statusOf(await relay.receive(request))).toBe(401);
    expect([request.bodyUsed, wasRead()]).toEqual([false, false]);
  });

  it("is read where only the body can tell", async () => {
    const { body, wasRead } = watched();
    const request = post(body, "https://example.com/x", { headers: looksSigned() });

    expect(statusOf(await relay.receive(request))).toBe(401);
    expect(wasRead()).toBe(true);
  });
});

describe("an open receiver", () => {
  const open = receiver({ open: true, livenessPath: "/acme" });

  it("takes what has a body for a delivery on the path of liveness checks", async () => {
    const url = "https://example.com/acme";

    expect((await open.receive(post("hello", url))).kind).toBe("deliveries");
    expect(statusOf(await open.receive(post("", url)))).toBe(200);
    expect(statusOf(await open.receive(new Request(url)))).toBe(200);
  });
});

describe("a path and methods of liveness checks", () => {
  it("are met however they are written", async () => {
    const alive = receiver({ livenessPath: "/lebt/ähm", livenessMethods: ["options"] });

    expect(statusOf(await alive.receive(post("", "https://example.com/lebt/ähm")))).toBe(200);
    const method = { method: "OPTIONS" };
    expect(statusOf(await alive.receive(new Request("https://example.com/", method)))).toBe(200);
  });
});

describe("what is no Request", () => {
  it.each([
    ["an Express request", { url: `/acme?secret=${secret}`, headers: {}, method: "POST" }],
    ["a Request without a host", { url: `/acme?secret=${secret}`, headers: new Headers() }],
    ["a Lambda event", { rawPath: "/acme", rawQueryString: `secret=${secret}` }],
    ["nothing", undefined],
  ])("is a config error that tells no address: %s", async (_, given) => {
    const handle = webhook(receiver(), () => {});

    const failure = await handle(given as never).catch((error: unknown) => error);

    expect(failure).toMatchObject({ code: "config" });
    expect(String(failure)).toContain("no Request of the fetch standard");
    expect(String((failure as Error).stack)).not.toContain(secret);
  });
});

describe("a refusal", () => {
  it("is told without the address, each reason at once", async () => {
    const warn: string[] = [];
    const logger = {
      debug() {},
      info() {},
      warn: (text: string) => void warn.push(text),
      error() {},
    };
    const strict = receiver({ logger, maxBodyBytes: 8 });
    for (let count = 0; count < 5; count += 1) {
      await strict.receive(post("x", `https://example.com/acme?secret=${secret}x`));
      await strict.receive(post("x".repeat(9)));
      await strict.receive(post(new Uint8Array([0xff])));
    }

    expect(warn).toEqual([
      "ackloop: acme/orders: a request was answered 401: its secret is missing or wrong; " +
        "compare the address that the sender was given",
      "ackloop: acme/orders: a request was answered 413: its body is longer than the option `maxBodyBytes` lets in",
      "ackloop: acme/orders: a request was answered 400: its body is no UTF-8",
    ]);
  });

  it("for a method that nobody knows is told once, whatever the method", async () => {
    const warn = vi.fn();
    const strict = receiver({ logger: { debug() {}, info() {}, warn, error() {} } });

    for (let count = 0; count < 100; count += 1) {
      await strict.receive(call("m-1", 7, { method: `M${count}` }));
    }

    expect(warn.mock.calls).toEqual([
      [
        "ackloop: acme/orders: a request was answered 405: its method is none of its `methods`",
        { feed: "acme/orders", status: 405 },
      ],
    ]);
  });

  it("is told to the webhook's logger in the place of its own", async () => {
    const told: string[] = [];
    const loggerOf = (name: string) => ({
      debug() {},
      info() {},
      warn: () => void told.push(name),
      error() {},
    });
    const strict = receiver({ logger: loggerOf("receiver") });

    await webhook(strict, () => {}, { logger: loggerOf("webhook") })(post("x", "https://a.test/"));
    await webhook(strict, () => {})(post("x", "https://a.test/"));

    expect(told).toEqual(["webhook", "receiver"]);
  });
});
