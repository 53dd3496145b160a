import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { isAckloopError } from "../../../src/core/errors.ts";
import { call, deliveryOf, hookUrl, post, receiver, secret, statusOf } from "./support.ts";

describe("the body", () => {
  it("is answered 405 by another method, told, and taken where that method is named", async () => {
    const warn = vi.fn();
    const logger = { debug: warn, info: warn, warn, error: warn };
    const patch = () => call("m-1", "hello", { method: "PATCH" });

    const received = await receiver({ logger }).receive(patch());

    expect(statusOf(received)).toBe(405);
    expect(received).toHaveProperty("response.headers");
    expect(warn.mock.calls.flat().join()).toContain("PATCH is none of its `methods`");
    const taken = await receiver({ methods: ["patch"] }).receive(patch());
    expect(deliveryOf(taken).event.data).toBe("hello");
  });

  it.each([
    ["gzip", gzipSync],
    ["x-gzip", gzipSync],
    ["DEFLATE", deflateSync],
  ])("is unpacked where it is %s", async (encoding, pack) => {
    const headers = { "content-encoding": encoding };
    const packed = (text: string) => post(pack(text), hookUrl, { headers });

    const delivery = deliveryOf(await receiver().receive(packed('{"order":7}')));

    expect(delivery.event.data).toStrictEqual({ order: 7 });
    const small = receiver({ maxBodyBytes: 1_000 });
    expect(statusOf(await small.receive(packed("x".repeat(100_000))))).toBe(413);
    const cut = post(pack("hello").subarray(0, 8), hookUrl, { headers });
    expect(statusOf(await receiver().receive(cut))).toBe(400);
  });

  it.each(["br", "gzip, gzip", "zstd"])("is answered 415 where it is %s", async (encoding) => {
    const request = post("odd", hookUrl, { headers: { "content-encoding": encoding } });

    expect(statusOf(await receiver().receive(request))).toBe(415);
  });
});

describe("a body in pieces", () => {
  it("is put together byte by byte, also where a piece ends inside a character", async () => {
    const bytes = new TextEncoder().encode('{"id":"m-1","data":"\u00e9\u{1f600}"}');
    const pieces = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });

    const { event } = deliveryOf(await receiver().receive(post(pieces)));

    expect(event).toMatchObject({ id: "m-1", data: "\u00e9\u{1f600}" });
  });
});

describe("what is not let in", () => {
  it.each([
    ["another secret", `https://example.com/acme?secret=${secret.slice(0, -1)}x`],
    ["a longer one", `${hookUrl}x`],
    ["a shorter one", hookUrl.slice(0, -1)],
    ["an empty one", "https://example.com/acme?secret="],
    ["none", "https://example.com/acme"],
    ["it in the path", `https://example.com/acme/${secret}`],
  ])("is answered 401: %s", async (_, url) => {
    expect(statusOf(await receiver().receive(post("hello", url)))).toBe(401);
  });

  it("is not read at all when its secret is wrong", async () => {
    const request = post("hello", "https://example.com/acme?secret=wrong");

    await receiver().receive(request);

    expect(request.bodyUsed).toBe(false);
  });

  it("is answered 413 by its length, before it is read", async () => {
    const headers = { "content-length": "5" };
    const request = post("hello", hookUrl, { headers });

    expect(statusOf(await receiver({ maxBodyBytes: 4 }).receive(request))).toBe(413);
    expect(request.bodyUsed).toBe(false);
  });

  it("is answered 413 while it streams, and reading ends there", async () => {
    let pulled = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(65_536));
      },
      cancel() {
        cancelled = true;
      },
    });

    expect(statusOf(await receiver().receive(post(endless)))).toBe(413);
    expect(pulled).toBeLessThan(20);
    expect(cancelled).toBe(true);
  });

  it("is answered 413 at 10 MB, and let in at exactly the limit", async () => {
    const long = "x".repeat(10 * 1_048_576);

    expect(statusOf(await receiver().receive(post(long)))).toBe(413);
    const full = deliveryOf(await receiver().receive(post("x".repeat(1_048_576))));
    expect(full.event.data).toHaveLength(1_048_576);
  });

  it("is answered 400 when it is not UTF-8", async () => {
    const bytes = new Uint8Array([0x22, 0xff, 0xfe, 0x22]);

    expect(statusOf(await receiver().receive(post(bytes)))).toBe(400);
  });

  it("is answered 400 when it is cut in the middle", async () => {
    const cut = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array([0x7b]));
      },
      pull(controller) {
        controller.error(new TypeError("terminated"));
      },
    });

    expect(statusOf(await receiver().receive(post(cut)))).toBe(400);
  });

  it.each([
    ["content-length", "7"],
    ["transfer-encoding", "chunked"],
  ])("is answered 400, and told, where nothing is left of it but its %s", async (name, value) => {
    const warn = vi.fn();
    const logger = { debug: warn, info: warn, warn, error: warn };
    for (const body of ["", null]) {
      const request = post(body, hookUrl, { headers: { [name]: value } });

      expect(statusOf(await receiver({ logger }).receive(request))).toBe(400);
    }
    expect(warn.mock.calls.flat().join()).toContain("any body parser");
  });

  it("rejects as config when its body was read before, and says what to do", async () => {
    const request = call("m-1");
    await request.text();

    const failure = await receiver()
      .receive(request)
      .catch((error: unknown) => error);

    expect(isAckloopError(failure) && failure.code).toBe("config");
    expect(String(failure)).toContain("the body of the request was read before");
  });

  it("rejects with the signal's reason, before and while it is read", async () => {
    const reason = new Error("stop");
    const before = receiver().receive(call("m-1"), { signal: AbortSignal.abort(reason) });
    await expect(before).rejects.toBe(reason);
    const controller = new AbortController();
    const stuck = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) });

    const during = receiver().receive(post(stuck), { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 1);

    await expect(during).rejects.toBe(reason);
  });
});

describe("the secret", () => {
  it("may stand at the end of the path", async () => {
    const inPath = receiver({ secretIn: "path" });

    const right = await inPath.receive(post("x", `https://example.com/acme/${secret}`));

    expect(right.kind).toBe("deliveries");
    expect(statusOf(await inPath.receive(post("x", hookUrl)))).toBe(401);
  });

  it("may have another name, and be one of several while it is changed", async () => {
    const changed = receiver({ secret: [secret, "another-secret-16"], secretParameter: "key" });
    const url = (key: string) => `https://example.com/?key=${key}`;

    expect((await changed.receive(post("x", url("another-secret-16")))).kind).toBe("deliveries");
    expect((await changed.receive(post("x", url(secret)))).kind).toBe("deliveries");
    expect(statusOf(await changed.receive(post("x", url(`${secret}${secret}`))))).toBe(401);
  });

  it("is in no event, receipt or answer", async () => {
    const received = await receiver().receive(call("m-1"));
    const refused = await receiver().receive(post("x", "https://example.com/?secret=wrong"));

    expect(JSON.stringify(received)).not.toContain(secret);
    expect(refused.kind === "answered" && (await refused.response.text())).toBe("");
  });
});

describe("the answers", () => {
  it("are 200, and 503 with Retry-After in whole seconds", () => {
    const { accept, defer } = receiver();

    expect(accept().status).toBe(200);
    expect([defer(1_200).status, defer(1_200).headers.get("retry-after")]).toStrictEqual([
      503,
      "2",
    ]);
    expect(defer(0).headers.get("retry-after")).toBe("0");
  });

  it("have the statuses that were asked for", () => {
    const { accept, defer } = receiver({ acceptStatus: 204, deferStatus: 500 });

    expect([accept().status, defer(0).status]).toStrictEqual([204, 500]);
  });
});
