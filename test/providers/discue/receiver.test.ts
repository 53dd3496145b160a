import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
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
    [{ secret, logger: {} }, "`logger` must be false or an object with the functions debug"],
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
