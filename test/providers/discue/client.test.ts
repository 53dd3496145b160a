import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../../src/core/errors.ts";
import { discueEmulator } from "../../../src/emulator/discue.ts";
import { type DiscueOptions, discue } from "../../../src/providers/discue/index.ts";
import apiKey from "./fixtures/api-key.json" with { type: "json" };
import domain from "./fixtures/assumed-domain.json" with { type: "json" };
import listener from "./fixtures/assumed-listener.json" with { type: "json" };
import error401 from "./fixtures/error-401.json" with { type: "json" };
import events from "./fixtures/events.json" with { type: "json" };
import listeners from "./fixtures/listeners.json" with { type: "json" };
import message from "./fixtures/message.json" with { type: "json" };
import newApiKey from "./fixtures/new-api-key.json" with { type: "json" };
import queue from "./fixtures/queue.json" with { type: "json" };
import stats from "./fixtures/stats.json" with { type: "json" };

const retry = { minDelayMs: 0, maxDelayMs: 0 };

/** A client of an emulator, both of one model. */
function connected(naming: "name" | "alias" = "name") {
  const emulator = discueEmulator({ naming, webhook: { livenessIntervalMs: 0 } });
  const { apiKey: key = "", baseUrl = "" } = emulator.connection("http://127.0.0.1");
  return {
    emulator,
    client: discue({ apiKey: key, baseUrl, naming, retry, fetch: emulator.fetch }),
  };
}

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly key: string | null;
  readonly body: unknown;
}

/** A client whose calls are all answered the same. */
function answered(reply: unknown, status = 200, options: Partial<DiscueOptions> = {}) {
  const seen: Seen[] = [];
  const fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const text = await request.text();
    seen.push({
      method: request.method,
      url: request.url,
      key: request.headers.get("x-api-key"),
      body: text && JSON.parse(text),
    });
    return reply === undefined ? new Response(null, { status }) : Response.json(reply, { status });
  };
  return { client: discue({ apiKey: "k-1", retry, fetch, ...options }), seen };
}

async function countOf(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of items) count += 1;
  return count;
}

const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("what the pages show in two ways", () => {
  it("is created by PUT where it is wanted so, and never twice", async () => {
    const { client, seen } = answered(queue, 500, { createBy: "PUT" });
    const urls = { notifyUrl: "https://a.example/", livenessUrl: "https://a.example/" };

    await failureOf(client.queues.create({ name: "orders" }));
    await failureOf(client.listeners.create("q", { name: "a", ...urls }));
    await failureOf(client.messages.create("q", { data: "x" }));
    await failureOf(client.domains.create({ name: "a", hostname: "a.example", port: 443 }));

    expect(seen.map(({ method }) => method)).toStrictEqual(["PUT", "PUT", "PUT", "POST"]);
    expect(() => discue({ apiKey: "k", createBy: "PATCH" as never })).toThrow("createBy");
  });

  it("is the same on the emulator by either method", async () => {
    const { emulator } = connected();
    const { apiKey: key = "", baseUrl = "" } = emulator.connection("http://127.0.0.1");
    const client = discue({ apiKey: key, baseUrl, createBy: "PUT", fetch: emulator.fetch });

    const { id } = await client.queues.create({ name: "orders" });
    const message = await client.messages.create(id, { data: "x" });

    expect(emulator.journal.publishedIds(id)).toStrictEqual([message.id]);
  });

  it("is read whole: a queue with its listeners, a listener with what stands in `_embedded`", async () => {
    const { client } = answered(queue);
    expect((await client.queues.get("q")).listeners).toStrictEqual([
      { id: "string", name: "string" },
    ]);

    const [short] = listeners.listeners;
    const [known] = listeners._embedded.listeners;
    const reply = { listeners: [short], _embedded: { listeners: [{ ...known, id: short?.id }] } };
    const [one] = await answered(reply).client.listeners.list("q");

    expect(one).toMatchObject({
      id: short?.id,
      notifyUrl: "https://myapp.io/deletion/listener",
      liveness: { lastSuccessAt: 1_644_262_937_466, lastFailureStatus: 500, failureCount: 1 },
      messages: { lastFailureAt: 1_644_616_818_173, acknowledgedCount: 312 },
    });
  });
});

describe.each(["name", "alias"] as const)("the whole API in the model with %s", (naming) => {
  it("makes, lists, reads, changes and deletes queues", async () => {
    const { client } = connected(naming);
    const schema = { order: { type: "number" as const } };

    const made = await client.queues.create({ name: "orders", schema });
    await client.queues.update(made.id, { name: "orders-2" });

    expect(made).toStrictEqual({ id: made.id, name: "orders", schema, listeners: [] });
    expect(await client.queues.get(made.id)).toMatchObject({ name: "orders-2", schema });
    expect(await client.queues.list()).toStrictEqual([{ id: made.id, name: "orders-2" }]);
    await client.queues.delete(made.id);
    expect(await client.queues.list()).toStrictEqual([]);
  });

  it("makes, lists, reads, changes and deletes listeners", async () => {
    const { client } = connected(naming);
    const { id } = await client.queues.create({ name: "orders" });
    const input = {
      name: "billing",
      notifyUrl: "https://example.com/discue?secret=x",
      livenessUrl: "https://example.com/alive",
    };

    const made = await client.listeners.create(id, input);
    const changed = { livenessUrl: "https://example.com/live" };
    await client.listeners.update(id, made.id, changed);

    expect(made).toStrictEqual({ id: made.id, name: "billing" });
    expect((await client.queues.get(id)).listeners).toStrictEqual([made]);
    const read = await client.listeners.get(id, made.id);
    expect(read).toMatchObject({ ...input, ...changed, messages: { missed: [], missedCount: 0 } });
    expect(await client.listeners.list(id)).toStrictEqual([read]);
    expect(await client.listeners.listAll()).toStrictEqual([read]);
    await client.listeners.delete(id, made.id);
    expect(await client.listeners.list(id)).toStrictEqual([]);
  });

  it("makes, lists, reads, renames and deletes messages", async () => {
    const { client, emulator } = connected(naming);
    const { id } = await client.queues.create({ name: "orders" });

    const made = await client.messages.create(id, { name: "seven", data: { order: 7 } });
    await client.messages.update(id, made.id, { name: "eight" });

    expect(emulator.journal.publishedIds(id)).toStrictEqual([made.id]);
    expect(await client.messages.get(id, made.id)).toStrictEqual({ id: made.id, name: "eight" });
    expect(await client.messages.list(id)).toStrictEqual([{ id: made.id, name: "eight" }]);
    expect(await client.messages.listAll()).toHaveLength(1);
    await client.messages.delete(id, made.id);
    expect(await client.messages.list(id)).toStrictEqual([]);
  });

  it("reads statistics and usage events, and reads on after one", async () => {
    const { client } = connected(naming);
    const { id } = await client.queues.create({ name: "orders" });
    await client.messages.create(id, { data: "x" });

    const [first] = await client.events.list({ limit: 1 });
    const after = first?.storedAt ? { id: first.id, storedAt: first.storedAt } : undefined;

    expect(first).toMatchObject({ type: "queue_added", queue: { id } });
    expect(await client.events.list({ after })).toMatchObject([{ type: "message_added" }]);
    expect(await client.events.list({ events: "listeners" })).toStrictEqual([]);
    expect((await client.stats.messages()).lastHour).toMatchObject({
      message_added: 1,
      queue_added: 1,
      listener_added: 0,
    });
  });

  it("makes, lists, reads, changes and deletes API keys", async () => {
    const { client, emulator } = connected(naming);
    const scopes = [{ resource: "queues", access: "read", targets: "*" }] as const;

    const { secret } = await client.apiKeys.create({ name: "reader", scopes });
    const made = (await client.apiKeys.list()).find(({ name }) => name === "reader");
    const id = made?.id ?? "";
    const reader = discue({
      apiKey: secret,
      baseUrl: "http://127.0.0.1",
      naming,
      retry,
      fetch: emulator.fetch,
    });

    expect(made).toMatchObject({ keyPrefix: secret.slice(0, 4), status: "enabled", scopes });
    expect(await reader.queues.list()).toStrictEqual([]);
    expect(await failureOf(reader.queues.create({ name: "no" }))).toMatchObject({ status: 403 });
    await client.apiKeys.update(id, { status: "disabled" });
    expect((await client.apiKeys.get(id)).status).toBe("disabled");
    expect(await failureOf(reader.queues.list())).toMatchObject({ status: 401 });
    await client.apiKeys.delete(id);
    expect(await failureOf(client.apiKeys.get(id))).toMatchObject({ code: "notFound" });
  });

  it("makes and changes API clients", async () => {
    const { client } = connected(naming);

    const made = await client.apiClients.create({ name: "erp-one" });

    expect(await client.apiClients.update(made.id, { name: "erp-two" })).toStrictEqual({
      id: made.id,
      name: "erp-two",
    });
  });

  it("refuses a second queue of the same name", async () => {
    const { client } = connected(naming);
    await client.queues.create({ name: "orders" });

    const failure = await failureOf(client.queues.create({ name: "orders" }));

    expect(failure).toMatchObject({ code: "request", status: 422, retryable: false });
  });

  it("says that an unknown id is not found", async () => {
    const { client } = connected(naming);

    expect(await failureOf(client.queues.get("nope"))).toMatchObject({ code: "notFound" });
    expect(await failureOf(client.messages.list("../.."))).toMatchObject({ code: "notFound" });
  });
});

describe("domains", () => {
  it("are made, listed, read, renamed and deleted, in the newer model", async () => {
    const { client } = connected("alias");

    const made = await client.domains.create({ name: "shop", hostname: "127.0.0.1", port: 1024 });
    await client.domains.update(made.id, { name: "shop-2" });

    expect(made).toMatchObject({ hostname: "127.0.0.1", port: 1024, verified: false });
    expect(await client.domains.list()).toHaveLength(1);
    expect((await client.domains.get(made.id)).name).toBe("shop-2");
    await client.domains.delete(made.id);
    expect(await client.domains.list()).toStrictEqual([]);
  });

  it("give the challenge as a receiver takes it", async () => {
    const { client } = answered(domain);

    const { challenge } = await client.domains.get("d");
    const receiver = client.receiver({
      secret: "s3cret-of-the-listener",
      domainChallenges: challenge ? [challenge] : [],
    });
    const url = "https://example.com/.well-known/acme-challenge/abcd/challenge-file.txt";
    const received = await receiver.receive(new Request(url));

    expect(challenge?.createdAt).toBe("2026-04-27T00:00:00.000Z");
    expect(received.kind === "answered" && (await received.response.text())).toBe(
      "challenge-content",
    );
  });
});

describe("lists", () => {
  const size = 25;
  const paged = async (paging: "none" | "announced") => {
    const emulator = discueEmulator({ assumptions: { paging } });
    const fill = discue({ apiKey: "discue-test-key", fetch: emulator.fetch });
    for (let count = 0; count < size; count += 1) await fill.queues.create({ name: `q-${count}` });
    return emulator;
  };

  it.each([
    ["announced", undefined, 10, 1],
    ["announced", 10, size, 3],
    ["announced", 25, size, 2],
    ["announced", 100, size, 1],
    ["none", 10, size, 1],
    ["none", 25, size, 2],
    ["none", undefined, size, 1],
  ] as const)(
    "of a server with paging %s, in pages of %s, have %i items after %i requests",
    async (paging, pageSize, count, calls) => {
      const emulator = await paged(paging);
      const client = discue({ apiKey: "discue-test-key", pageSize, fetch: emulator.fetch });

      const names = (await client.queues.list()).map(({ name }) => name);

      expect(new Set(names).size).toBe(count);
      expect(emulator.journal.calls("queues.list")).toBe(calls);
    },
  );

  it("have pages of no other size than the announced", () => {
    expect(() => discue({ apiKey: "k", pageSize: 101 })).toThrow("option `pageSize`");
  });

  it("of usage events are read to the end, or as far as wanted", async () => {
    const emulator = await paged("none");
    const client = discue({ apiKey: "discue-test-key", fetch: emulator.fetch });
    const idsOf = async (query: object) => {
      const before = emulator.journal.calls("events.list");
      const ids: string[] = [];
      for await (const { id } of client.events.stream(query)) ids.push(id);
      return [new Set(ids).size, emulator.journal.calls("events.list") - before];
    };

    expect(await idsOf({ pageSize: 10 })).toStrictEqual([size, 4]);
    expect(await idsOf({})).toStrictEqual([size, 2]);
    expect(await idsOf({ pageSize: 10, limit: 15 })).toStrictEqual([15, 2]);
    expect(await idsOf({ events: "listeners" })).toStrictEqual([0, 1]);
  });

  it("of usage events are never cut silently", async () => {
    const at = { type: "queue_added", stored_at: 1_657_027_948_150 };
    const all = async (...events: readonly object[]) => {
      const { client, seen } = answered({ events });
      const failure = await failureOf(countOf(client.events.stream()));
      return [failure, seen.length];
    };

    const [repeated, twice] = await all({ ...at, id: "a" });
    const [timeless, once] = await all({ id: "a" });

    expect(repeated).toMatchObject({ code: "schema", operation: "events.list" });
    expect(String(repeated)).toContain("nothing new");
    expect(timeless).toMatchObject({ code: "schema" });
    expect([twice, once]).toStrictEqual([2, 1]);
  });
});

describe("the documented replies", () => {
  it("are read", async () => {
    expect(await answered(queue).client.queues.get("q")).toStrictEqual({
      id: "string",
      name: "string",
      listeners: [{ id: "string", name: "string" }],
    });
    expect(await answered(listeners).client.listeners.list("q")).toStrictEqual([
      { id: "0644659f-b47b-4668-86dd-a496cb7fbc76", name: "myapp.io/delete-user-listener-64fae19" },
    ]);
    expect(await answered(listener).client.listeners.get("q", "l")).toStrictEqual({
      id: "V1StGXR8_Z5jdHi6B-myT",
      name: "billing",
      status: "enabled",
      notifyUrl: "https://example.com/discue",
      livenessUrl: "https://example.com/alive",
      liveness: { state: "stable", successCount: 1, failureCount: 0 },
      messages: {
        acknowledgedCount: 312,
        missed: ["fb445832-50f7-4471-a0a9-d0def6d5951f"],
        missedCount: 1,
      },
    });
    expect(await answered(message).client.messages.get("q", "m")).toStrictEqual({
      id: "string",
      name: "string",
    });
    expect((await answered(stats).client.stats.messages()).last24Hours).toStrictEqual(
      stats.aggregated_api_usage_events.last_24_hours,
    );
    expect(await answered(events).client.events.list()).toMatchObject([
      { type: "api_key_added", storedAt: "2022-07-05T13:32:28.150Z", client: { id: "string" } },
    ]);
    expect(await answered(apiKey).client.apiKeys.get("k")).toStrictEqual({
      id: "string",
      name: "string",
      createdAt: "2022-02-11T22:00:38.173Z",
      updatedAt: "2022-02-11T22:00:38.173Z",
      lastUsedAt: "2022-02-11T22:00:38.173Z",
      keyPrefix: "ep1",
      status: "disabled",
      scopes: [],
    });
    expect(await answered(newApiKey).client.apiKeys.create({})).toStrictEqual({
      secret: newApiKey.api_key,
    });
  });

  it("to a key that was made without its secret names the key, which can be deleted then", async () => {
    const { client } = answered({ api_key: { id: "key-77" } });

    const failure = await failureOf(client.apiKeys.create({}));

    expect(failure).toMatchObject({ code: "schema", outcomeUnknown: true });
    expect(String(failure)).toContain("key-77");
  });

  it("of a schema is what the queue has", async () => {
    const schema = { order: { type: "number" } };
    const { client, seen } = answered({ schema });

    expect(await client.schemas.get("q", "a".repeat(64))).toStrictEqual(schema);
    expect(seen[0]?.url).toBe(`https://api.discue.io/v1/queues/q/schemas/${"a".repeat(64)}`);
  });

  it("of deleting, and of changing a key, may have no body", async () => {
    const { client } = answered(undefined);

    expect(await client.queues.delete("q")).toBeUndefined();
    expect(await client.apiKeys.update("k", { status: "disabled" })).toBeUndefined();
  });

  it("of deleting is not an error's body, whatever its status says", async () => {
    const forbidden = { title: "Forbidden", status: 403 };
    const { client, seen } = answered(forbidden);

    for (const call of [
      () => client.queues.delete("q"),
      () => client.messages.delete("q", "m"),
      () => client.apiKeys.update("k", {}),
    ]) {
      expect(await failureOf(call())).toMatchObject({ code: "schema" });
    }
    expect(seen).toHaveLength(3);
    expect(
      await answered([])
        .client.queues.delete("q")
        .catch(() => "refused"),
    ).toBe("refused");
    expect(await answered({ _links: {} }).client.queues.delete("q")).toBeUndefined();
  });

  it("has what went wrong with a listener last, in words or a number", async () => {
    const list = await answered({ listeners: listeners._embedded.listeners }).client.listeners;

    expect((await list.list("q"))[0]?.liveness?.lastFailureMessage).toBe("1644262937466");
  });

  it("of another shape is a schema error that names the place", async () => {
    const failure = await failureOf(answered({ queue: { name: "x" } }).client.queues.get("q"));

    expect(failure).toMatchObject({ code: "schema", path: "queue.id" });
  });
});

describe("the requests", () => {
  it("carry the key, the prefix, encoded ids and JSON", async () => {
    const { client, seen } = answered(message);

    await client.messages.create("a/b", { data: { order: 7 } });

    expect(seen).toStrictEqual([
      {
        method: "POST",
        url: "https://api.discue.io/v1/queues/a%2Fb/messages",
        key: "k-1",
        body: { data: '{"order":7}' },
      },
    ]);
  });

  it("speak the newer model, which has no prefix", async () => {
    const { client, seen } = answered(listener, 200, { naming: "alias" });
    const scopes = [{ resource: "queues", access: "read", targets: "*" }] as const;

    await client.listeners.update("q", "l", { name: "billing" });
    await failureOf(client.apiKeys.create({ name: "reader", scopes }));

    expect(seen[0]).toMatchObject({
      url: "https://api.discue.io/queues/q/listeners/l",
      body: { alias: "billing" },
    });
    expect(seen[1]?.body).toStrictEqual({
      alias: "reader",
      scopes: { queues: { access: "read", targets: ["*"] } },
    });
  });

  it("send all targets as a list, which the vendor's own client can read", async () => {
    const { client, seen } = answered(listener);
    const scopes = [
      { resource: "queues", access: "read", targets: "*" },
      { resource: "events", access: "read", targets: ["a"] },
    ] as const;

    await failureOf(client.apiKeys.create({ name: "reader", scopes }));

    expect(seen[0]?.body).toMatchObject({ scopes: [{ targets: ["*"] }, { targets: ["a"] }] });
  });

  it.each([
    ["*", "*"],
    [["*"], "*"],
    [["a"], ["a"]],
    [[], []],
    [undefined, []],
    [null, []],
  ])("read targets in each form: %j", async (targets, read) => {
    const scope = { access: "read", targets };
    const list = [{ resource: "queues", ...scope }];
    for (const scopes of [list, { queues: scope }]) {
      const { client } = answered({ ...apiKey, api_key: { ...apiKey.api_key, scopes } });

      expect((await client.apiKeys.get("k")).scopes).toStrictEqual([
        { resource: "queues", access: "read", targets: read },
      ]);
    }
  });

  it("go where the base URL and the prefix say", async () => {
    const { client, seen } = answered({ queues: [] }, 200, {
      baseUrl: "https://proxy.example.com/discue/",
      prefix: "/v2",
    });

    await client.queues.list();

    expect(seen[0]?.url).toBe("https://proxy.example.com/discue/v2/queues");
  });

  it.each([
    ["a string", "plain", "plain"],
    ["a string that is JSON", '{"a":1}', '{"a":1}'],
    ["an object", { a: 1 }, '{"a":1}'],
    ["null", null, "null"],
    ["a number", 7, "7"],
  ])("hold %s as a string", async (_, data, expected) => {
    const { client, seen } = answered(message);

    await client.messages.create("q", { data });

    expect(seen[0]?.body).toStrictEqual({ data: expected });
  });

  it.each([undefined, 1n, () => 1])("hold no data that JSON cannot hold", async (data) => {
    const { client, seen } = answered(message);

    const failure = await failureOf(client.messages.create("q", { data }));

    expect([isAckloopError(failure) && failure.code, seen.length]).toStrictEqual(["config", 0]);
  });

  it.each(["", "."])("are not made for the id %j", async (id) => {
    const { client, seen } = answered(undefined);

    expect(await failureOf(client.queues.delete(id))).toMatchObject({ code: "config" });
    expect(seen).toStrictEqual([]);
  });
});

describe("a refusal", () => {
  it.each(["k-1", () => "k-1"])("of the key is never tried again", async (apiKey) => {
    const { client, seen } = answered(error401, 401, { apiKey });

    expect(await failureOf(client.queues.list())).toMatchObject({
      code: "auth",
      status: 401,
      retryable: false,
    });
    expect(seen).toHaveLength(1);
  });

  it("keeps what an earlier attempt may have done", async () => {
    const statuses = [500, 403];
    const fetch = async () => Response.json({}, { status: statuses.shift() ?? 418 });
    const client = discue({ apiKey: "k-1", retry, fetch });

    expect(await failureOf(client.queues.update("q", { name: "n" }))).toMatchObject({
      code: "auth",
      status: 403,
      outcomeUnknown: true,
    });
  });

  it("in a gateway's own words is none of the key", async () => {
    const fetch = async () => new Response("<html>blocked</html>", { status: 403 });
    const client = discue({ apiKey: "k-1", retry, fetch });

    const failure = await failureOf(client.queues.list());

    expect(failure).toMatchObject({ code: "transport", status: 403, retryable: true });
    expect(String(failure)).not.toContain("scope");
  });

  it("of every key, after several bad ones, says that it may pass", async () => {
    const { emulator, client } = connected();
    const { fetch } = emulator;
    const wrong = discue({ apiKey: "bad", baseUrl: "http://127.0.0.1", retry, fetch });
    for (let count = 0; count < 5; count += 1) await failureOf(wrong.queues.list());

    const failure = await failureOf(client.queues.list());

    expect(failure).toMatchObject({ code: "auth", status: 403, retryable: true });
    expect(String(failure)).toContain("several bad ones");
  });

  it("is told by its title, and never with the key", async () => {
    const failure = await failureOf(
      answered({ title: "Locked", status: 423 }, 423).client.queues.list(),
    );

    expect(String(failure)).toContain("Locked");
    expect(JSON.stringify(failure)).not.toContain("k-1");
  });
});

describe("what fails on the way", () => {
  it("is tried again for a read, and not for a publish that may have been stored", async () => {
    const { emulator, client } = connected();
    const { id } = await client.queues.create({ name: "orders" });
    emulator.faults.add({ kind: "lostReply", operation: "queues.list", count: 1 });
    emulator.faults.add({ kind: "lostReply", operation: "messages.create", count: 1 });

    expect(await client.queues.list()).toHaveLength(1);
    const failure = await failureOf(client.messages.create(id, { data: "x" }));

    expect(failure).toMatchObject({ code: "transport", outcomeUnknown: true });
    expect(emulator.journal.publishedIds(id)).toHaveLength(1);
  });

  it("rejects with the signal's reason", async () => {
    const reason = new Error("stop");
    const { client } = answered(queue);

    const call = client.queues.get("q", { signal: AbortSignal.abort(reason) });

    await expect(call).rejects.toBe(reason);
  });
});

describe("the options", () => {
  it.each([
    [{}, "option `apiKey` is required"],
    [
      { apiKey: "" },
      "option `apiKey` must be text of printable characters in one line, or a function",
    ],
    [{ apiKey: "k", naming: "id" }, '`naming` must be "name" or "alias"'],
    [{ apiKey: "k", prefix: "v1" }, "`prefix` must be empty, or a path"],
    [{ apiKey: "k", apikey: "k" }, "option `apikey` is unknown; did you mean `apiKey`?"],
    [{ apiKey: "k", baseUrl: "http://example.com" }, "`baseUrl` must begin with https:"],
  ])("are refused at creation: %j", (options, words) => {
    const create = discue as (options: object) => unknown;

    expect(() => create(options)).toThrowError(words);
  });

  it("hold a time that can be read", async () => {
    const { client } = answered(events);

    const failure = await failureOf(client.events.list({ after: { id: "a", storedAt: "soon" } }));

    expect(failure).toMatchObject({ code: "config" });
  });
});
