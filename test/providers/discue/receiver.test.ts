import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import * as z from "zod/mini";
import { isAckloopError } from "../../../src/core/errors.ts";
import { discueReceiver } from "../../../src/providers/discue/index.ts";
import { oddValues, rejecting } from "../../http/odd-values.ts";
import { call, deliveryOf, notifyUrl, post, receiver, secret, statusOf } from "./support.ts";

describe("the body", () => {
  it("is read as a message with id, name and data", async () => {
    const message = { id: "m-1", name: "order 7", data: '{"order":7}' };
    const named = receiver({ bodyForms: ["message"] });

    const delivery = deliveryOf(await named.receive(post(JSON.stringify({ message }))));

    expect(delivery).toStrictEqual({
      receipt: "answer",
      raw: { message },
      event: {
        specversion: "1.0",
        id: "m-1",
        source: "/discue/orders",
        type: "message",
        subject: "order 7",
        data: { order: 7 },
      },
    });
  });

  it("is read as data alone, with an id made of the content", async () => {
    const body = JSON.stringify({ data: '{"order":7}' });

    const first = deliveryOf(await receiver().receive(post(body)));
    const second = deliveryOf(await receiver().receive(post(body)));

    expect(first.event.data).toStrictEqual({ order: 7 });
    expect(first.event.id).toMatch(/^sha256-[0-9a-f]{64}$/);
    expect(first.idDerived).toBe(true);
    expect(second.event.id).toBe(first.event.id);
  });

  it("is read as the data itself", async () => {
    const delivery = deliveryOf(await receiver().receive(post('{"order":7}')));

    expect(delivery.event.data).toStrictEqual({ order: 7 });
    expect(delivery.raw).toBe('{"order":7}');
    expect(delivery.idDerived).toBe(true);
  });

  it("may come by PUT, with any content type", async () => {
    const headers = { "content-type": "image/png" };
    const request = call("m-1", "hello", { method: "PUT", headers });

    expect(deliveryOf(await receiver().receive(request)).event.data).toBe("hello");
  });

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
    const packed = (text: string) => post(pack(text), notifyUrl, { headers });

    const delivery = deliveryOf(await receiver().receive(packed('{"order":7}')));

    expect(delivery.event.data).toStrictEqual({ order: 7 });
    const small = receiver({ maxBodyBytes: 1_000 });
    expect(statusOf(await small.receive(packed("x".repeat(100_000))))).toBe(413);
    const cut = post(pack("hello").subarray(0, 8), notifyUrl, { headers });
    expect(statusOf(await receiver().receive(cut))).toBe(400);
  });

  it.each(["br", "gzip, gzip", "zstd"])("is answered 415 where it is %s", async (encoding) => {
    const request = post("odd", notifyUrl, { headers: { "content-encoding": encoding } });

    expect(statusOf(await receiver().receive(request))).toBe(415);
  });

  it.each([
    ["a text", "hello", "hello"],
    ["an empty text", "", ""],
    ["a text in JSON", '"hello"', "hello"],
    ["null", "null", null],
    ["a list", "[1,2]", [1, 2]],
    ["a number past 2^53, which keeps its text", "9007199254740993", "9007199254740993"],
    ["odd characters", '"\\u0000 \\" \u{1f600} \u00e9"', '\u0000 " \u{1f600} \u00e9'],
    ["JSON that is cut", '{"a":', '{"a":'],
  ])("may hold %s", async (_, data, expected) => {
    const body = JSON.stringify({ message: { id: "m-1", data } });

    expect(deliveryOf(await receiver().receive(post(body))).event.data).toStrictEqual(expected);
  });

  it("stays the text with parseData: false", async () => {
    const plain = receiver({ parseData: false });

    expect(deliveryOf(await plain.receive(call("m-1"))).event.data).toBe('{"order":7}');
  });

  it("is a user's own object when it holds more than a message does", async () => {
    const own = { data: "x", kind: "order" };

    const delivery = deliveryOf(await receiver().receive(post(JSON.stringify(own))));

    expect(delivery.event.data).toStrictEqual(own);
  });

  it("takes an id that is a number, and the alias as the subject", async () => {
    const body = JSON.stringify({ id: 12, alias: "seven", data: "x" });

    const { event } = deliveryOf(await receiver().receive(post(body)));

    expect(event).toMatchObject({ id: "12", subject: "seven" });
  });

  it.each([{ message: { id: "", data: "x" } }, { message: { id: null, data: "x" } }])(
    "gets a derived id for %j",
    async (body) => {
      const delivery = deliveryOf(await receiver().receive(post(JSON.stringify(body))));

      expect(delivery.idDerived).toBe(true);
    },
  );

  it("takes the id from the header that was named, when it has none", async () => {
    const named = receiver({ messageIdHeader: "x-message-id" });
    const headers = { "x-message-id": "h-1" };

    const bare = deliveryOf(await named.receive(post("hello", notifyUrl, { headers })));
    const own = deliveryOf(await named.receive(call("m-1", "hello", { headers })));

    expect([bare.event.id, bare.idDerived]).toStrictEqual(["h-1", undefined]);
    expect(own.event.id).toBe("m-1");
  });

  it("of another form than the one that was named is unreadable, and kept", async () => {
    const strict = receiver({ bodyForms: ["message"] });

    const received = await strict.receive(post("hello"));

    expect(received).toMatchObject({
      kind: "deliveries",
      deliveries: [{ raw: "hello", unreadable: { code: "schema", path: "body" } }],
    });
  });

  it("of the named form is never taken for another", async () => {
    const raw = receiver({ bodyForms: ["raw"] });

    const delivery = deliveryOf(await raw.receive(call("m-1")));

    expect(delivery.event.data).toStrictEqual({ message: { id: "m-1", data: '{"order":7}' } });
  });
});

describe("a body in pieces", () => {
  it("is put together byte by byte, also where a piece ends inside a character", async () => {
    const bytes = new TextEncoder().encode('{"message":{"id":"m-1","data":"\u00e9\u{1f600}"}}');
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
    ["another secret", `https://example.com/discue?secret=${secret.slice(0, -1)}x`],
    ["a longer one", `${notifyUrl}x`],
    ["a shorter one", notifyUrl.slice(0, -1)],
    ["an empty one", "https://example.com/discue?secret="],
    ["none", "https://example.com/discue"],
    ["it in the path", `https://example.com/discue/${secret}`],
  ])("is answered 401: %s", async (_, url) => {
    expect(statusOf(await receiver().receive(post("hello", url)))).toBe(401);
  });

  it("is not read at all when its secret is wrong", async () => {
    const request = post("hello", "https://example.com/discue?secret=wrong");

    await receiver().receive(request);

    expect(request.bodyUsed).toBe(false);
  });

  it("is answered 413 by its length, before it is read", async () => {
    const headers = { "content-length": "5" };
    const request = post("hello", notifyUrl, { headers });

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
      const request = post(body, notifyUrl, { headers: { [name]: value } });

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

    const right = await inPath.receive(post("x", `https://example.com/discue/${secret}`));

    expect(right.kind).toBe("deliveries");
    expect(statusOf(await inPath.receive(post("x", notifyUrl)))).toBe(401);
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

describe("what carries no message", () => {
  it.each(["GET", "HEAD"])("is a liveness check by %s, without the secret", async (method) => {
    const request = new Request("https://example.com/anything", { method });

    expect(statusOf(await receiver().receive(request))).toBe(200);
  });

  it("is a liveness check on its path, with any method", async () => {
    const alive = receiver({ livenessPath: "/alive", livenessMethods: [] });

    expect(statusOf(await alive.receive(post("x", "https://example.com/alive")))).toBe(200);
    expect(statusOf(await alive.receive(new Request("https://example.com/other")))).toBe(405);
  });

  it("is the domain's challenge on its path, answered with exactly its content", async () => {
    const challenge = { contextPath: "/.well-known/a b/", fileName: "c.txt", fileContent: "proof" };
    const proving = receiver({ domainChallenges: [challenge] });

    const answer = await proving.receive(
      new Request("https://example.com/.well-known/a%20b/c.txt"),
    );

    expect(answer.kind === "answered" && (await answer.response.text())).toBe("proof");
  });

  it("is a challenge that came after the receiver was made", async () => {
    const challenges = [{ contextPath: "", fileName: "c.txt", fileContent: "proof" }];
    const proving = receiver({ domainChallenges: async () => challenges });

    const answer = await proving.receive(new Request("https://example.com/c.txt"));

    expect(answer.kind === "answered" && (await answer.response.text())).toBe("proof");
  });
});

describe("a domain's challenges", () => {
  const challenges: readonly (readonly [string, () => never | Promise<never>])[] = [
    ...oddValues.map(
      ([name, make]) => [`throw ${name}`, (): Promise<never> => Promise.reject(make())] as const,
    ),
    ["are no list", () => ({}) as never],
    ["hold what is none", () => [null] as never],
    ["are a foreign thenable that rejects", () => rejecting(new Error("away")) as never],
  ];

  it.each(challenges)("that %s are answered 503, and told", async (_name, domainChallenges) => {
    const told: unknown[] = [];
    const quiet = () => undefined;
    const warn = (message: string) => told.push(message);
    const logger = { debug: quiet, info: quiet, warn, error: quiet };

    const answer = await receiver({ domainChallenges, logger }).receive(
      new Request("https://example.com/c.txt"),
    );

    expect(answer.kind === "answered" && answer.response.status).toBe(503);
    expect(told).toEqual([expect.stringContaining("discue domainChallenges: ")]);
  });
});

describe("a delivery", () => {
  it.each([
    ["of a message", call("m-1")],
    ["without an id", post('{"order":7}')],
    ["that cannot be read", post("{}")],
  ])("%s can be read anew", async (_name, request) => {
    const bodyForms = ["message" as const, ...(_name === "without an id" ? ["raw" as const] : [])];
    const received = await receiver({ bodyForms }).receive(request);
    const [delivery] = received.kind === "deliveries" ? received.deliveries : [];

    const again = delivery?.again?.();

    expect(again).toEqual(delivery);
    expect(again?.again?.()).toEqual(delivery);
    if (delivery?.event) expect(again?.event?.data).not.toBe(delivery.event.data);
  });

  it.each(oddValues)("whose typeOf throws %s is unreadable", async (_name, make) => {
    const typeOfs = [
      () => {
        throw make();
      },
      (() => Promise.reject(make())) as unknown as () => string,
    ];
    for (const typeOf of typeOfs) {
      const received = await receiver({ typeOf }).receive(call("m-1"));

      expect(received).toMatchObject({ deliveries: [{ unreadable: { code: "schema" } }] });
    }
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

describe("the type", () => {
  it("is what typeOf says, and message where it says nothing", async () => {
    const typed = receiver({ typeOf: (data) => (data as { kind?: string }).kind });

    const named = deliveryOf(await typed.receive(call("m-1", { kind: "OrderPlaced" })));
    const unnamed = deliveryOf(await typed.receive(call("m-2", { kind: "" })));

    expect([named.event.type, unnamed.event.type]).toStrictEqual(["OrderPlaced", "message"]);
  });

  it("is unreadable where typeOf throws, and the payload is not in the error", async () => {
    const typed = receiver({
      typeOf: (data) => {
        throw new Error(`no ${JSON.stringify(data)}`);
      },
    });

    const received = await typed.receive(call("m-1", { pin: "1234" }));

    expect(received).toMatchObject({
      deliveries: [{ unreadable: { code: "schema", path: "data" } }],
    });
    const [delivery] = received.kind === "deliveries" ? received.deliveries : [];
    expect(String(delivery?.unreadable)).not.toContain("1234");
  });
});

describe("the options", () => {
  it.each([
    [{}, "option `secret` is needed in the listener's notify_url, or a `signature`"],
    [{ secret: "short" }, "`secret` must be 16 characters or more"],
    [{ secret: [] }, "`secret` must be"],
    [{ secret: "has a + and spaces in it" }, "`secret` must be"],
    [{ secret, secretIn: "header" }, '`secretIn` must be "query" or "path"'],
    [{ secret, maxBodyBytes: 0 }, "`maxBodyBytes` must be a whole number from 1 to"],
    [{ secret, bodyForms: [] }, "`bodyForms` must be a list that is not empty"],
    [{ secret, bodyForms: ["xml"] }, '`bodyForms[0]` must be "message", "data" or "raw"'],
    [{ secret, acceptStatus: 300 }, "`acceptStatus` must be a whole number from 200 to 299"],
    [{ secret, livenessPath: "alive" }, "`livenessPath` must be a path that begins with /"],
    [{ secret, typo: true }, "option `typo` is unknown"],
    [{ secret, livenesPath: "/alive" }, "did you mean `livenessPath`?"],
    [
      { secret, livenessPath: "/alive?x" },
      "`livenessPath` must be a path that begins with /, without",
    ],
    [{ secret, livenessMethods: ["GET "] }, "`livenessMethods[0]` must be a method"],
    [
      { secret, domainChallenges: [{ fileName: "f" }] },
      "`domainChallenges[0].contextPath` is required",
    ],
    [{ secret, domainChallenges: [null] }, "`domainChallenges[0]` must be an object"],
    [{ secret, schema: { "~standard": { validate() {} } } }, "`schema` must be a Standard Schema"],
    [null, "the options must be an object"],
    [{ secret, events: {} }, "option `events` needs `typeOf` beside it"],
    [
      { secret, events: {}, schema: z.string(), typeOf: String },
      "option `events` cannot stand beside `schema`",
    ],
    [{ secret, schema: {} }, "`schema` must be a Standard Schema"],
    [{ secret, events: { T: {} }, typeOf: String }, "`events` must be an object of Standard"],
    [{ secret, logger: {} }, "`logger` must be an object with the functions debug"],
    [{ signature: { secrets: [] } }, "`signature.secrets` must be a list that holds a secret"],
    [{ signature: {} }, "`signature` must be an object with `secrets`"],
  ])("are refused at creation: %j", (options, words) => {
    const create = discueReceiver as (options: unknown) => unknown;

    expect(() => create(options)).toThrowError(words);
  });

  it("may let everybody in only when told so, which can be seen", () => {
    expect(discueReceiver({ open: true }).authenticates).toBe(false);
    expect(receiver().authenticates).toBe(true);
  });

  it("name the receiver and the source, encoded", async () => {
    const odd = receiver({ name: "a/b c" });

    expect(odd.name).toBe("discue/a%2Fb%20c");
    expect(deliveryOf(await odd.receive(call("m-1"))).event.source).toBe("/discue/a%2Fb%20c");
  });
});
