import { STATUS_CODES } from "node:http";
import { expect, vi } from "vitest";
import { discue } from "../../../../src/providers/discue/index.ts";
import apiKey from "../fixtures/api-key.json" with { type: "json" };
import events from "../fixtures/events.json" with { type: "json" };
import listeners from "../fixtures/listeners.json" with { type: "json" };
import message from "../fixtures/message.json" with { type: "json" };
import newApiKey from "../fixtures/new-api-key.json" with { type: "json" };
import queue from "../fixtures/queue.json" with { type: "json" };
import stats from "../fixtures/stats.json" with { type: "json" };
import {
  type DiscueRow,
  type DiscueWorld,
  get,
  listenerBody,
  post,
  put,
  remove,
  sample,
  statusOf,
  withListener,
  withMessage,
  withQueue,
} from "./world.ts";

const inReference = (name: string) => `API reference, ${name}`;
const overview = (section: string) => `API overview, ${section}`;
const id = expect.any(String);
const links = expect.anything();
const { notifyUrl, livenessUrl } = sample;

const queueRows: readonly DiscueRow[] = [
  {
    fact: "D-101",
    source: inReference("Create a queue"),
    says: "POST /queues of name and schema",
    request: post("/queues", { name: "orders", schema: { order: { type: "number" } } }),
    answers: {
      queue: { id, name: "orders", schema: { order: { type: "number" } }, listeners: [] },
      _links: links,
    },
    call: (client) =>
      client.queues.create({ name: "orders", schema: { order: { type: "number" } } }),
  },
  {
    fact: "D-102",
    source: inReference("Create a queue"),
    says: "name and schema are optional",
    request: post("/queues", {}),
    answers: { queue: { id, listeners: [] }, _links: links },
    call: (client) => client.queues.create({}),
  },
  { fact: "D-103", source: inReference("Create a queue"), says: "by type too", types: true },
  {
    fact: "D-104",
    source: inReference("Create a queue"),
    says: "the reply's sample",
    reply: queue,
    unread: ["_links"],
    read: (client) => client.queues.create({ name: "string" }),
    gives: queue.queue,
  },
  {
    fact: "D-105",
    source: inReference("Get all queues"),
    says: "GET /queues lists id and name",
    request: get("/queues"),
    given: withQueue,
    answers: { queues: [{ id: "{queueId}", name: sample.queue }], _links: links },
    call: (client) => client.queues.list(),
  },
  {
    fact: "D-106",
    source: inReference("Get a queue by id"),
    says: "GET /queues/{q}",
    request: get("/queues/{queueId}"),
    given: withQueue,
    answers: { queue: { id: "{queueId}", name: sample.queue, listeners: [] }, _links: links },
    call: (client, { queueId = "" }) => client.queues.get(queueId),
  },
  {
    fact: "D-107",
    source: inReference("Update a queue"),
    says: "PUT /queues/{q} of name or schema",
    request: put("/queues/{queueId}", { name: "orders" }),
    given: withQueue,
    answers: { queue: { id: "{queueId}", name: "orders", listeners: [] }, _links: links },
    call: (client, { queueId = "" }) => client.queues.update(queueId, { name: "orders" }),
  },
  {
    fact: "D-108",
    source: inReference("Delete a queue"),
    says: "DELETE /queues/{q}, without a body in the answer",
    request: remove("/queues/{queueId}"),
    given: withQueue,
    call: (client, { queueId = "" }) => client.queues.delete(queueId),
  },
  {
    fact: "D-109",
    source: inReference("Delete a queue"),
    says: "its listeners and messages go with it",
    async shows(world) {
      const { queueId } = await withListener(world);
      await world.client.messages.create(queueId, { data: "x" });
      await world.client.queues.delete(queueId);

      expect(await world.client.listeners.listAll()).toEqual([]);
      expect(await world.client.messages.listAll()).toEqual([]);
    },
  },
  {
    fact: "D-110",
    source: inReference("Get a schema by id"),
    says: "GET /queues/{q}/schemas/{sha256}",
    request: get(
      "/queues/{queueId}/schemas/0be8cd3b6d1f2b80b3eb7ac4a7cf3d9f0c6c6f6b6c3ba8b35fd8ca9fdbf8e6f3",
    ),
    given: withQueue,
    status: 404,
  },
  {
    fact: "D-111",
    source: inReference("Get a schema by id"),
    says: "the id is the schema's SHA-256",
    async shows({ client }) {
      const schema = { order: { type: "number" } } as const;
      const made = await client.queues.create({ name: "q", schema });
      const text = new TextEncoder().encode(JSON.stringify(schema));
      const digest = Buffer.from(await crypto.subtle.digest("SHA-256", text)).toString("hex");

      expect(await client.schemas.get(made.id, digest)).toEqual(schema);
    },
  },
];

const listenerRows: readonly DiscueRow[] = [
  {
    fact: "D-121",
    source: inReference("Add a queue listener"),
    says: "POST /queues/{q}/listeners",
    request: post("/queues/{queueId}/listeners", listenerBody),
    given: withQueue,
    answers: { listener: { id, name: sample.listener }, _links: links },
    call: (client, { queueId = "" }) =>
      client.listeners.create(queueId, { name: sample.listener, notifyUrl, livenessUrl }),
  },
  {
    fact: "D-122",
    source: inReference("Get all queue listeners by id"),
    says: "GET /queues/{q}/listeners, where the link is a text",
    request: get("/queues/{queueId}/listeners"),
    given: withListener,
    answers: {
      listeners: [expect.objectContaining({ id, notify_url: notifyUrl })],
      _links: { self: "/queues/{queueId}/listeners" },
    },
    call: (client, { queueId = "" }) => client.listeners.list(queueId),
  },
  {
    fact: "D-123",
    source: inReference("Get all queue listeners by id"),
    says: "the reply's sample has what is known of each in _embedded",
    reply: {
      ...listeners,
      listeners: listeners.listeners.map((each) => ({ ...each, id: "string" })),
      _embedded: {
        listeners: listeners._embedded.listeners.map(({ name: _, ...each }) => each),
      },
    },
    unread: ["_links"],
    read: (client) => client.listeners.list("q"),
    gives: [
      {
        id: "string",
        name: "myapp.io/delete-user-listener-64fae19",
        notifyUrl: "https://myapp.io/deletion/listener",
        livenessUrl: expect.stringContaining("https://myapp.io"),
        liveness: {
          state: "stable",
          successCount: 1,
          lastSuccessAt: 1_644_262_937_466,
          failureCount: 1,
          lastFailureStatus: 500,
          lastFailureAt: 1_644_262_937_466,
          lastFailureMessage: "1644262937466",
        },
        messages: {
          acknowledgedCount: 312,
          lastSuccessAt: 1_644_616_838_173,
          lastFailureAt: 1_644_616_818_173,
          missed: ["fb445832-50f7-4471-a0a9-d0def6d5951f"],
          missedCount: 1,
        },
      },
    ],
  },
  {
    fact: "D-124",
    source: inReference("Get all listeners"),
    says: "GET /listeners has those of all queues",
    request: get("/listeners"),
    given: withListener,
    answers: {
      listeners: [expect.objectContaining({ id })],
      _links: { self: "/listeners" },
    },
    call: (client) => client.listeners.listAll(),
  },
  {
    fact: "D-125",
    source: inReference("Get a queue listener by id"),
    says: "GET /queues/{q}/listeners/{l}, with liveness and messages",
    request: get("/queues/{queueId}/listeners/{listenerId}"),
    given: withListener,
    answers: {
      listener: {
        id: "{listenerId}",
        ...listenerBody,
        liveness: { state: "stable", success_count: 0, failure_count: 0 },
        messages: { acknowledged_count: 0, missed: [], missed_count: 0 },
      },
      _links: links,
    },
    call: (client, { queueId = "", listenerId = "" }) => client.listeners.get(queueId, listenerId),
  },
  {
    fact: "D-126",
    source: inReference("Update a queue listener"),
    says: "PUT /queues/{q}/listeners/{l} of any of the three",
    request: put("/queues/{queueId}/listeners/{listenerId}", { liveness_url: notifyUrl }),
    given: withListener,
    answers: { listener: { id: "{listenerId}", name: sample.listener }, _links: links },
    call: (client, { queueId = "", listenerId = "" }) =>
      client.listeners.update(queueId, listenerId, { livenessUrl: notifyUrl }),
  },
  {
    fact: "D-127",
    source: inReference("Update a queue listener"),
    says: "each is optional",
    types: true,
  },
  {
    fact: "D-128",
    source: inReference("Delete a queue listener"),
    says: "DELETE /queues/{q}/listeners/{l}",
    request: remove("/queues/{queueId}/listeners/{listenerId}"),
    given: withListener,
    call: (client, { queueId = "", listenerId = "" }) =>
      client.listeners.delete(queueId, listenerId),
  },
  {
    fact: "D-129",
    source: inReference("Get a queue listener by id"),
    says: "what a listener acknowledged is counted",
    async shows(world) {
      const { queueId, listenerId } = await withListener(world);
      await world.client.messages.create(queueId, { data: "x" });

      await vi.waitFor(async () => {
        const { messages } = await world.client.listeners.get(queueId, listenerId);
        expect(messages).toEqual({ acknowledgedCount: 1, missed: [], missedCount: 0 });
      }, 60_000);
    },
  },
  {
    fact: "D-130",
    source: inReference("Get a queue listener by id"),
    says: "what it missed is listed by its id",
    emulator: { deliver: async () => new Response(null, { status: 500 }) },
    async shows(world) {
      const { queueId, listenerId } = await withListener(world);
      const made = await world.client.messages.create(queueId, { data: "x" });

      await vi.waitFor(async () => {
        const { messages } = await world.client.listeners.get(queueId, listenerId);
        expect(messages).toEqual({ acknowledgedCount: 0, missed: [made.id], missedCount: 1 });
      }, 60_000);
    },
  },
];

const messageRows: readonly DiscueRow[] = [
  {
    fact: "D-141",
    source: inReference("Add a message to a queue"),
    says: "POST /queues/{q}/messages of name and data",
    request: post("/queues/{queueId}/messages", { name: "m-1", data: sample.data }),
    given: withQueue,
    answers: { message: { id, name: "m-1" }, _links: links },
    call: (client, { queueId = "" }) =>
      client.messages.create(queueId, { name: "m-1", data: sample.data }),
  },
  {
    fact: "D-142",
    source: inReference("Add a message to a queue"),
    says: "the reply's sample",
    reply: message,
    unread: ["_links"],
    read: (client) => client.messages.create("q", { data: "x" }),
    gives: message.message,
  },
  {
    fact: "D-143",
    source: inReference("Add a message to a queue"),
    says: "only listeners that were there before get it",
    async shows(world) {
      const { queueId } = await withMessage(world);
      const input = { name: "late", notifyUrl, livenessUrl };
      await world.client.listeners.create(queueId, input);
      const { id: second } = await world.client.messages.create(queueId, { data: "y" });

      await vi.waitFor(() => expect(world.emulator.journal.ackedIds()).toEqual([second]), 60_000);
    },
  },
  {
    fact: "D-144",
    source: inReference("Get all queue messages"),
    says: "GET /queues/{q}/messages lists id and name",
    request: get("/queues/{queueId}/messages"),
    given: withMessage,
    answers: { messages: [{ id: "{messageId}", name: "m-1" }], _links: links },
    call: (client, { queueId = "" }) => client.messages.list(queueId),
  },
  {
    fact: "D-145",
    source: inReference("Get all messages"),
    says: "GET /messages has those of all queues",
    request: get("/messages"),
    given: withMessage,
    answers: { messages: [{ id: "{messageId}", name: "m-1" }], _links: links },
    call: (client) => client.messages.listAll(),
  },
  {
    fact: "D-146",
    source: inReference("Get a queue message by id"),
    says: "GET /queues/{q}/messages/{m}, without its data",
    request: get("/queues/{queueId}/messages/{messageId}"),
    given: withMessage,
    answers: { message: { id: "{messageId}", name: "m-1" }, _links: links },
    call: (client, { queueId = "", messageId = "" }) => client.messages.get(queueId, messageId),
  },
  {
    fact: "D-147",
    source: inReference("Update a queue message"),
    says: "PUT /queues/{q}/messages/{m} of a name",
    request: put("/queues/{queueId}/messages/{messageId}", { name: "m-2" }),
    given: withMessage,
    answers: { message: { id: "{messageId}", name: "m-2" }, _links: links },
    call: (client, { queueId = "", messageId = "" }) =>
      client.messages.update(queueId, messageId, { name: "m-2" }),
  },
  {
    fact: "D-148",
    source: inReference("Delete a queue message"),
    says: "DELETE /queues/{q}/messages/{m}",
    request: remove("/queues/{queueId}/messages/{messageId}"),
    given: withMessage,
    call: (client, { queueId = "", messageId = "" }) => client.messages.delete(queueId, messageId),
  },
];

const keys = async ({ client }: DiscueWorld) => {
  await client.apiKeys.create({ name: "reader" });
  const keyId = (await client.apiKeys.list()).find(({ name }) => name === "reader")?.id ?? "";
  return { keyId };
};
const readScopes = [{ resource: "queues", access: "read", targets: "*" }] as const;

/** The header of a key that may only read queues. */
async function asReader({ apiKeys }: DiscueWorld["client"]) {
  const reader = { name: "reader", status: "enabled", scopes: readScopes } as const;
  return { "x-api-key": (await apiKeys.create(reader)).secret };
}

const keyRows: readonly DiscueRow[] = [
  {
    fact: "D-161",
    source: inReference("Create an API key"),
    says: "POST /api_keys of name, status and scopes; the answer is the key itself",
    // As the vendor's own client sends it, which cannot read the page's text.
    request: post("/api_keys", {
      name: "reader",
      status: "enabled",
      scopes: [{ ...readScopes[0], targets: ["*"] }],
    }),
    answers: { api_key: expect.any(String), _links: links },
    call: (client) =>
      client.apiKeys.create({ name: "reader", status: "enabled", scopes: readScopes }),
  },
  {
    fact: "D-162",
    source: inReference("Create an API key"),
    says: "the reply's sample",
    reply: newApiKey,
    unread: ["_links"],
    read: (client) => client.apiKeys.create({}),
    gives: { secret: newApiKey.api_key },
  },
  {
    fact: "D-163",
    source: inReference("Create an API key"),
    says: "a key is shown once; later only how it begins",
    async shows({ client }) {
      const { secret } = await client.apiKeys.create({ name: "reader" });
      const prefix = (await client.apiKeys.list()).at(-1)?.keyPrefix ?? "";

      expect(secret.startsWith(prefix)).toBe(true);
      expect(prefix.length).toBeLessThan(secret.length / 2);
    },
  },
  {
    fact: "D-164",
    source: inReference("Create an API key"),
    says: "status is enabled or disabled",
    at: ({ send }) => send(post("/api_keys", { name: "a", status: "disabled" })),
    gives: { status: 200 },
    past: ({ send }) => send(post("/api_keys", { name: "a", status: "paused" })),
    refused: { status: 400 },
  },
  {
    fact: "D-165",
    source: inReference("Create an API key"),
    says: "a scope's access is read or write",
    at: ({ send }) => send(post("/api_keys", { scopes: readScopes })),
    gives: { status: 200 },
    past: ({ send }) => send(post("/api_keys", { scopes: [{ ...readScopes[0], access: "all" }] })),
    refused: { status: 400 },
  },
  {
    fact: "D-166",
    source: inReference("Create an API key"),
    says: "api_keys, api_clients and subscriptions cannot be set",
    at: ({ send }) => send(post("/api_keys", { scopes: readScopes })),
    past: ({ send }) =>
      Promise.all(
        ["api_keys", "api_clients", "subscriptions"].map(async (resource) => {
          const answer = await send(
            post("/api_keys", { scopes: [{ ...readScopes[0], resource }] }),
          );
          return answer.status;
        }),
      ),
    refused: [400, 400, 400],
  },
  {
    fact: "D-167",
    source: inReference("Create an API key"),
    says: "without scopes a key may do nearly everything",
    async leftOut({ client, connection }) {
      const { secret } = await client.apiKeys.create({});
      const other = discue({ apiKey: secret, baseUrl: connection["baseUrl"] });
      return (await other.queues.create({ name: "q" })).name;
    },
    is: "q",
  },
  {
    fact: "D-168",
    source: inReference("Get an API key by id"),
    says: "GET /api_keys/{id}",
    request: get("/api_keys/{keyId}"),
    given: keys,
    answers: {
      api_key: expect.objectContaining({ id, status: "enabled" }),
      _links: links,
    },
    call: (client, { keyId = "" }) => client.apiKeys.get(keyId),
  },
  {
    fact: "D-169",
    source: inReference("Get an API key by id"),
    says: "the reply's sample, with times in ms",
    reply: apiKey,
    unread: ["_links"],
    read: (client) => client.apiKeys.get("k"),
    gives: {
      id: "string",
      name: "string",
      createdAt: "2022-02-11T22:00:38.173Z",
      updatedAt: "2022-02-11T22:00:38.173Z",
      lastUsedAt: "2022-02-11T22:00:38.173Z",
      keyPrefix: "ep1",
      status: "disabled",
      scopes: [],
    },
    turned: { "1644616838173": "2022-02-11T22:00:38.173Z" },
  },
  {
    fact: "D-170",
    source: inReference("Get all API keys"),
    says: "GET /api_keys",
    request: get("/api_keys"),
    given: keys,
    answers: { api_keys: [expect.anything(), expect.anything()], _links: links },
    call: (client) => client.apiKeys.list(),
  },
  {
    fact: "D-171",
    source: inReference("Update an API key"),
    says: "PUT /api_keys/{id}, without a body in the answer",
    request: put("/api_keys/{keyId}", { status: "disabled" }),
    given: keys,
    call: (client, { keyId = "" }) => client.apiKeys.update(keyId, { status: "disabled" }),
  },
  {
    fact: "D-172",
    source: inReference("Update an API key"),
    says: "scopes of an update replace all there were",
    async shows(world) {
      const { keyId } = await keys(world);
      const { apiKeys } = world.client;
      const other = [{ resource: "messages", access: "write", targets: ["q"] }] as const;
      await apiKeys.update(keyId, { scopes: readScopes });
      await apiKeys.update(keyId, { scopes: other });

      expect((await apiKeys.get(keyId)).scopes).toEqual(other);
    },
  },
  {
    fact: "D-173",
    source: inReference("Delete an API key"),
    says: "DELETE /api_keys/{id}",
    request: remove("/api_keys/{keyId}"),
    given: keys,
    call: (client, { keyId = "" }) => client.apiKeys.delete(keyId),
  },
  {
    fact: "D-174",
    source: inReference("Create an API client"),
    says: "POST /api_clients",
    request: post("/api_clients", { name: "erp" }),
    answers: { api_client: { id, name: "erp" }, _links: links },
    call: (client) => client.apiClients.create({ name: "erp" }),
  },
  {
    fact: "D-175",
    source: inReference("Update an API client"),
    says: "PUT /api_clients/{id}",
    request: put("/api_clients/{clientId}", { name: "shop" }),
    given: async ({ client }) => ({ clientId: (await client.apiClients.create({})).id }),
    answers: { api_client: { id: "{clientId}", name: "shop" }, _links: links },
    call: (client, { clientId = "" }) => client.apiClients.update(clientId, { name: "shop" }),
  },
];

const usageRows: readonly DiscueRow[] = [
  {
    fact: "D-181",
    source: inReference("Get all message stats"),
    says: "GET /stats/messages, for 24 hours, an hour, and today",
    request: get("/stats/messages"),
    answers: {
      aggregated_api_usage_events: {
        last_24_hours: stats.aggregated_api_usage_events.last_24_hours,
        last_1_hours: stats.aggregated_api_usage_events.last_1_hours,
        today_so_far: stats.aggregated_api_usage_events.today_so_far,
      },
      _links: links,
    },
    call: (client) => client.stats.messages(),
  },
  {
    fact: "D-182",
    source: inReference("Get all message stats"),
    says: "the reply's sample",
    reply: stats,
    unread: ["_links"],
    read: (client) => client.stats.messages(),
    gives: {
      last24Hours: stats.aggregated_api_usage_events.last_24_hours,
      lastHour: stats.aggregated_api_usage_events.last_1_hours,
      todaySoFar: stats.aggregated_api_usage_events.today_so_far,
    },
  },
  {
    fact: "D-183",
    source: inReference("Get events"),
    says: "GET /events of one kind, so many, behind one",
    request: get("/events?events=queues&limit=5&startAfter=1657027948150&startAfterId=0b1c"),
    answers: { events: [], _links: links },
    call: (client) =>
      client.events.list({
        events: "queues",
        limit: 5,
        after: { id: "0b1c", storedAt: "2022-07-05T13:32:28.150Z" },
      }),
  },
  {
    fact: "D-184",
    source: inReference("Get events"),
    says: "the reply's sample, with its time in ms",
    reply: events,
    unread: ["_links"],
    read: (client) => client.events.list(),
    gives: [
      {
        id: "string",
        type: "api_key_added",
        storedAt: "2022-07-05T13:32:28.150Z",
        client: { id: "string" },
        message: { id: "string", name: "string" },
        apiKey: { id: "string", name: "string" },
        queue: { id: "string", name: "string" },
        listener: { id: "string", name: "string" },
      },
    ],
    turned: { "1657027948150": "2022-07-05T13:32:28.150Z" },
  },
  {
    fact: "D-185",
    source: inReference("Get events"),
    says: "all kinds are listed where none is named",
    async leftOut(world) {
      await withMessage(world);
      return (await world.client.events.list()).map(({ type }) => type);
    },
    is: ["queue_added", "message_added"],
  },
  {
    fact: "D-186",
    source: inReference("Get events"),
    says: "the kinds are all, api_keys, listeners, messages and queues",
    at: async (world) =>
      await Promise.all(
        ["all", "api_keys", "listeners", "messages", "queues"].map((kind) =>
          statusOf(world, get(`/events?events=${kind}`)),
        ),
      ),
    gives: [200, 200, 200, 200, 200],
    past: ({ send }) => send(get("/events?events=domains")),
    refused: { status: 400 },
  },
  {
    fact: "D-187",
    source: inReference("Get events"),
    says: "startAfter counts only together with startAfterId",
    at: ({ send }) => send(get("/events?startAfter=1657027948150&startAfterId=a")),
    gives: { status: 200 },
    past: ({ send }) => send(get("/events?startAfter=1657027948150")),
    refused: { status: 400 },
  },
  { fact: "D-188", source: inReference("Get events"), says: "by type too", types: true },
  {
    fact: "D-189",
    source: inReference("Get events"),
    says: "they are those of the last 24 hours",
    async shows({ client, emulator }) {
      await client.queues.create({ name: "q" });
      emulator.faults.add({ kind: "skew", ms: 86_400_001 });

      expect(await client.events.list()).toEqual([]);
    },
  },
];

const rule = (rules: object, data: unknown) => async (world: DiscueWorld) => {
  const name = `q-${Math.random()}`;
  const made = (await world.send(post("/queues", { name, schema: { a: rules } }))).body as {
    queue: { id: string };
  };
  return await world.send(
    post(`/queues/${made.queue.id}/messages`, { data: JSON.stringify({ a: data }) }),
  );
};
const ruled = (
  fact: string,
  says: string,
  rules: object,
  fitting: unknown,
  unfit: unknown,
): DiscueRow => ({
  fact,
  source: overview("Message schemas"),
  says,
  at: rule(rules, fitting),
  gives: { status: 200 },
  past: rule(rules, unfit),
  refused: { status: 422 },
});

const overviewRows: readonly DiscueRow[] = [
  {
    fact: "D-201",
    source: overview("Authentication"),
    says: "a wrong key is answered 401",
    request: { ...get("/queues"), headers: { "x-api-key": "wrong" } },
    status: 401,
    answers: { title: "Unauthorized", status: 401 },
  },
  {
    fact: "D-202",
    source: overview("Authentication"),
    says: "after several wrong keys right ones get 403 too, for a while",
    emulator: { webhook: { badKeyLimit: 2, lockoutMs: 60_000 } },
    async at(world) {
      await world.send({ ...get("/queues"), headers: { "x-api-key": "wrong" } });
      return await world.send(get("/queues"));
    },
    gives: { status: 200 },
    async past(world) {
      await world.send({ ...get("/queues"), headers: { "x-api-key": "wrong" } });
      const refused = await world.client.queues.list().catch((error: unknown) => error);
      world.emulator.faults.add({ kind: "skew", ms: 60_001 });
      return [refused, await world.client.queues.list()];
    },
    refused: [{ code: "auth", status: 403, retryable: true }, []],
  },
  {
    fact: "D-203",
    source: overview("Query parameters"),
    says: "pretty is asked for by a boolean",
    async shows({ send }) {
      expect((await send(get("/queues?pretty=true"))).text).toContain('{\n  "queues": []');
      expect((await send(get("/queues?pretty=false"))).text).toContain('{"queues":[]');
    },
  },
  {
    fact: "D-204",
    source: overview("HTTP verbs"),
    says: "a PUT without a body says Content-Length: 0",
    request: put("/queues/{queueId}"),
    given: withQueue,
  },
  {
    fact: "D-205",
    source: inReference("every GET"),
    says: "answers may be stale for a short time",
    emulator: { staleMs: 60_000 },
    async shows({ client, emulator }) {
      await client.queues.list();
      await client.queues.create({ name: "q" });

      expect(await client.queues.list()).toEqual([]);
      emulator.faults.add({ kind: "skew", ms: 60_001 });
      expect(await client.queues.list()).toHaveLength(1);
    },
  },
  {
    fact: "D-206",
    source: overview("Pagination"),
    says: "pages, once they are there, have ten items where nothing is said, and 100 at most",
    emulator: { assumptions: { paging: "announced" } },
    async at({ client, send }) {
      for (let count = 0; count < 11; count += 1) await client.queues.create({});
      return [
        (await client.queues.list()).length,
        (await send(get("/queues?per_page=100"))).status,
      ];
    },
    gives: [10, 200],
    past: ({ send }) => send(get("/queues?per_page=101")),
    refused: { status: 400 },
  },
  {
    fact: "D-207",
    source: overview("Pagination"),
    says: "they are not there yet: a list is whole",
    async leftOut({ client }) {
      for (let count = 0; count < 11; count += 1) await client.queues.create({});
      return (await client.queues.list()).length;
    },
    is: 11,
  },
  {
    fact: "D-208",
    source: inReference("every page, the statuses"),
    says: "every error has a code that tells what to do",
    async shows({ client, emulator }) {
      const codes: Record<number, unknown> = {};
      for (const status of [
        400, 401, 402, 403, 404, 405, 406, 409, 415, 422, 423, 429, 500, 501, 503,
      ]) {
        emulator.faults.add({ kind: "status", status, count: 1 });
        codes[status] = await client.queues.list().catch(({ code }: { code: string }) => code);
      }

      expect(codes).toEqual({
        400: "request",
        401: "auth",
        402: "request",
        403: "auth",
        404: "notFound",
        405: "request",
        406: "request",
        409: "conflict",
        415: "request",
        422: "request",
        423: "request",
        429: "rateLimit",
        500: "transport",
        501: "transport",
        503: "transport",
      });
    },
  },
  {
    fact: "D-401",
    source: inReference("every page, the statuses"),
    says: "the title of an error is the reason phrase of its status",
    async shows({ emulator, send }) {
      for (const status of [402, 405, 409, 415, 423, 429, 500, 501, 503]) {
        emulator.faults.add({ kind: "status", status, count: 1 });

        const title = STATUS_CODES[status];
        expect(await send(get("/queues"))).toMatchObject({ status, body: { title, status } });
      }
    },
  },
  {
    fact: "D-402",
    source: inReference("Create an API key"),
    says: "a scope of access read allows no write",
    at: async ({ client, send }) =>
      await send({ ...get("/queues"), headers: await asReader(client) }),
    gives: { status: 200 },
    past: async ({ client, send }) =>
      await send({ ...post("/queues", { name: "a" }), headers: await asReader(client) }),
    refused: { status: 403 },
  },
  {
    fact: "D-209",
    source: overview("Rate limits"),
    says: "429 is past a limit, once there is one",
    async shows({ client, emulator }) {
      emulator.faults.add({ kind: "status", status: 429, count: 1, retryAfter: 60 });
      const failure = await client.queues.list().catch((error: unknown) => error);

      expect(failure).toMatchObject({ code: "rateLimit", retryable: true, retryAfterMs: 60_000 });
    },
  },
  {
    fact: "D-211",
    source: overview("Message schemas"),
    says: "a schema is a map of properties to types",
    at: ({ send }) => send(post("/queues", { schema: { a: { type: "string" } } })),
    gives: { status: 200 },
    past: ({ send }) => send(post("/queues", { schema: { a: { type: "date" } } })),
    refused: { status: 400 },
  },
  {
    fact: "D-212",
    source: overview("Message schemas"),
    says: "an object needs props, an array items",
    at: ({ send }) => send(post("/queues", { schema: { a: { type: "object", props: {} } } })),
    gives: { status: 200 },
    past: ({ send }) => send(post("/queues", { schema: { a: { type: "array" } } })),
    refused: { status: 400 },
  },
  ruled("D-213", "a string has a least length", { type: "string", min: 2 }, "ab", "a"),
  ruled("D-214", "a string has a greatest length", { type: "string", max: 2 }, "ab", "abc"),
  ruled("D-215", "a string has a pattern", { type: "string", pattern: "^a+$" }, "aa", "ab"),
  ruled("D-216", "a string is one of some", { type: "string", enum: ["a", "b"] }, "b", "c"),
  ruled("D-217", "a number has a least value", { type: "number", min: 2 }, 2, 1),
  ruled("D-218", "a number has a greatest value", { type: "number", max: 2 }, 2, 3),
  ruled(
    "D-219",
    "an array has items of one type",
    { type: "array", items: { type: "number" } },
    [1, 2],
    [1, "2"],
  ),
  ruled("D-220", "required is true by default", { type: "string" }, "a", undefined),
  ruled("D-221", "required may be false", { type: "string", required: false }, undefined, 7),
  ruled(
    "D-222",
    "strict is true by default: no other property",
    { type: "object", props: { b: { type: "number" } } },
    { b: 1 },
    { b: 1, c: 2 },
  ),
  ruled(
    "D-223",
    "strict may be false",
    { type: "object", props: { b: { type: "number" } }, strict: false },
    { b: 1, c: 2 },
    { c: 2 },
  ),
  { fact: "D-224", source: overview("Message schemas"), says: "by type too", types: true },
];

/** Each fact of the reference and the overview. */
export const reference: readonly DiscueRow[] = [
  ...queueRows,
  ...listenerRows,
  ...messageRows,
  ...keyRows,
  ...usageRows,
  ...overviewRows,
];
