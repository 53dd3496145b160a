import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../../src/core/errors.ts";
import { type DiscueClient, discue } from "../../../src/providers/discue/index.ts";
import { notifyUrl, post, receiver } from "./support.ts";

const urls = { notifyUrl: "https://a.example/n", livenessUrl: "https://a.example/l" };

/** Each call, and whether it makes something: then it is never sent twice. */
const calls: readonly (readonly [string, boolean, (client: DiscueClient) => Promise<unknown>])[] = [
  ["queues.create", true, (c) => c.queues.create({ name: "q" })],
  ["queues.list", false, (c) => c.queues.list()],
  ["queues.get", false, (c) => c.queues.get("q")],
  ["queues.update", false, (c) => c.queues.update("q", {})],
  ["listeners.create", true, (c) => c.listeners.create("q", { name: "l", ...urls })],
  ["listeners.list", false, (c) => c.listeners.list("q")],
  ["messages.create", true, (c) => c.messages.create("q", { data: "x" })],
  ["messages.get", false, (c) => c.messages.get("q", "m")],
  ["schemas.get", false, (c) => c.schemas.get("q", "s")],
  ["stats.messages", false, (c) => c.stats.messages()],
  ["events.list", false, (c) => c.events.list()],
  ["apiKeys.create", true, (c) => c.apiKeys.create({})],
  ["apiKeys.get", false, (c) => c.apiKeys.get("k")],
  ["apiClients.create", true, (c) => c.apiClients.create({})],
  [
    "domains.create",
    true,
    (c) => c.domains.create({ name: "d", hostname: "a.example", port: 443 }),
  ],
];

describe.each(calls)("%s", (operation, makes, call) => {
  it.each([
    [206, {}],
    [299, { of: "tomorrow" }],
    [304, undefined],
    [418, { title: "I'm a teapot", status: 418 }],
    [451, "text"],
    [599, null],
  ])(
    "answered %i is a typed error that names the call, and is sent once where it makes something",
    async (status, body) => {
      let count = 0;
      const fetch = async (): Promise<Response> => {
        count += 1;
        const text = body === undefined ? null : JSON.stringify(body);
        return new Response(text, { status, headers: { "content-type": "application/json" } });
      };
      const client = discue({ apiKey: "k", fetch, retry: { minDelayMs: 0, maxDelayMs: 0 } });

      const failure = await call(client).catch((error: unknown) => error);

      expect(isAckloopError(failure) && failure.operation).toBe(operation);
      expect(count).toBeLessThanOrEqual(makes || status < 500 ? 1 : 3);
    },
  );
});

describe("data that JSON makes empty", () => {
  it.each([new Map([["a", 1]]), new Set([1]), Promise.resolve(1)])(
    "is refused: %s",
    async (data) => {
      const client = discue({ apiKey: "k", fetch: () => expect.unreachable() });

      await expect(client.messages.create("q", { data })).rejects.toMatchObject({ code: "config" });
    },
  );
});

describe("methods by which nothing can come", () => {
  it.each([[[]], [["GET"]], [["head", "GET"]]])("are refused: %j", (methods) => {
    expect(() => receiver({ methods })).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining("`methods`") }),
    );
  });
});

describe("a call to the receiver", () => {
  const message = { id: "m-1", name: "first", data: '{"order":7}' };
  const bodies: readonly unknown[] = [
    "",
    "null",
    "7",
    "[]",
    "{",
    "{}",
    { message: null },
    { message: [] },
    { message: { ...message, data: null } },
    { message: { ...message, data: 7 } },
    { message: { ...message, id: null } },
    { message: { ...message, id: { a: 1 } } },
    { message: { ...message, name: 7 } },
    { message: { ...message, status: "of tomorrow" } },
    { message: { ...message, data: "x".repeat(500_000) } },
    { data: [] },
  ];

  it.each(bodies.map((body) => (typeof body === "string" ? body : JSON.stringify(body))))(
    "of the body %.60s is one delivery that holds all of it, or is refused",
    async (body) => {
      const received = await receiver().receive(post(body));

      if (received.kind === "answered") throw new Error(`answered ${received.response.status}`);
      const [delivery, ...others] = received.deliveries;
      expect(others).toEqual([]);
      const raw = delivery?.raw;
      const text = typeof raw === "string" ? raw : JSON.stringify(raw);
      expect(text).toBe(body);
    },
  );

  it.each([1_000, 1_001])(
    "of %i bytes, of which 1000 are taken, is a delivery or 413",
    async (size) => {
      const received = await receiver({ maxBodyBytes: 1_000 }).receive(post("x".repeat(size)));

      expect(received.kind === "answered" ? received.response.status : "taken").toBe(
        size > 1_000 ? 413 : "taken",
      );
    },
  );

  it("of no UTF-8 is refused, and no delivery", async () => {
    const request = new Request(notifyUrl, { method: "POST", body: new Uint8Array([0xff, 0xfe]) });
    const received = await receiver().receive(request);

    expect(received.kind === "answered" && received.response.status).toBe(400);
  });
});
