import { expect } from "vitest";
import { workato } from "../../../../src/providers/workato/index.ts";
import {
  delivered,
  request,
  topics,
  type WorkatoRow,
  type WorkatoWorld,
  withStream,
} from "./world.ts";

const page = (section: string) => `Event streams public API, ${section}`;
const consume = page("Consume messages");
const publish = page("Publish a message");
const batch = page("Publish a batch of messages");
const path = "{streamsUrl}/topics/{topicId}";
const batchPath = "{streamsUrl}/batch/topics/{topicId}/publish";
const message = {
  message_id: "A12y",
  payload: { order: 7 },
  time: "2023-04-14T15:07:14.437+00:00",
};

const filled =
  (count: number) =>
  ({ emulator }: WorkatoWorld) => {
    const topicId = emulator.createTopic("orders");
    const ids = emulator.publish(
      topicId,
      Array.from({ length: count }, (_, n) => ({ n })),
    );
    return { topicId: String(topicId), first: ids[0] ?? "", last: ids.at(-1) ?? "" };
  };

const consumeRows: readonly WorkatoRow[] = [
  {
    fact: "W-201",
    source: consume,
    says: "after_message_id, batch_size and timeout_secs",
    request: request("POST", `${path}/consume`, {
      after_message_id: "{first}",
      batch_size: 10,
      timeout_secs: 0,
    }),
    given: filled(2),
    answers: { messages: [{ message_id: "{last}", payload: { n: 1 }, time: expect.any(String) }] },
    call: (client, { topicId = "", first }) =>
      client.messages.consume(topicId, { afterMessageId: first, limit: 10 }),
  },
  {
    fact: "W-202",
    source: consume,
    says: "since_time, RFC 3339",
    request: request("POST", `${path}/consume`, {
      since_time: "2023-04-14T15:07:14.437Z",
      batch_size: 50,
      timeout_secs: 0,
    }),
    given: filled(1),
    answers: { messages: [expect.objectContaining({ payload: { n: 0 } })] },
    call: (client, { topicId = "" }) =>
      client.messages.consume(topicId, { since: "2023-04-14T15:07:14.437+00:00" }),
  },
  {
    fact: "W-203",
    source: consume,
    says: "the reply's messages have an id, a payload and a time",
    reply: { messages: [message] },
    read: (client) => client.messages.consume(1),
    gives: [{ id: message.message_id, payload: message.payload, time: message.time, raw: message }],
  },
  {
    fact: "W-204",
    source: consume,
    says: "all fields are optional: an empty body starts at the oldest message",
    request: request("POST", `${path}/consume`, {}),
    given: filled(1),
    answers: { messages: [expect.objectContaining({ payload: { n: 0 } })] },
  },
  { fact: "W-205", source: consume, says: "by type too", types: true },
  {
    fact: "W-206",
    source: consume,
    says: "batch_size is 50 at most",
    at: ({ send, ...world }) =>
      send(request("POST", `${path}/consume`, { batch_size: 50 }), filled(60)({ send, ...world })),
    gives: { status: 200 },
    past: ({ send, ...world }) =>
      send(request("POST", `${path}/consume`, { batch_size: 51 }), filled(60)({ send, ...world })),
    refused: { status: 400 },
  },
  {
    fact: "W-207",
    source: consume,
    says: "and 1 at least",
    at: ({ send, ...world }) =>
      send(request("POST", `${path}/consume`, { batch_size: 1 }), filled(1)({ send, ...world })),
    gives: { status: 200 },
    past: ({ send, ...world }) =>
      send(request("POST", `${path}/consume`, { batch_size: 0 }), filled(1)({ send, ...world })),
    refused: { status: 400 },
  },
  {
    fact: "W-208",
    source: consume,
    says: "it is 50 where it is left out",
    async leftOut(world) {
      const names = filled(60)(world);
      const { body } = await world.send(request("POST", `${path}/consume`, {}), names);
      const given = await world.client.messages.consume(names.topicId);
      return [(body as { messages: unknown[] }).messages.length, given.length];
    },
    is: [50, 50],
  },
  {
    fact: "W-209",
    source: consume,
    says: "timeout_secs is 60 at most",
    at: ({ send, ...world }) =>
      send(request("POST", `${path}/consume`, { timeout_secs: 60 }), filled(1)({ send, ...world })),
    gives: { status: 200 },
    past: ({ send, ...world }) =>
      send(request("POST", `${path}/consume`, { timeout_secs: 61 }), filled(1)({ send, ...world })),
    refused: { status: 400 },
  },
  {
    fact: "W-210",
    source: consume,
    says: "it is 0 where it is left out: an empty list comes at once",
    async leftOut(world) {
      const { topicId } = withStream(world);
      const startedAt = performance.now();
      const given = await world.client.messages.consume(topicId);
      return [given, performance.now() - startedAt < 900];
    },
    is: [[], true],
  },
  {
    fact: "W-211",
    source: consume,
    says: "the client brings both into range",
    async shows(world) {
      const { topicId } = filled(1)(world);
      await world.client.messages.consume(topicId, { limit: 51, waitMs: 61_000 });

      expect(world.sent.at(-1)?.body).toEqual({ batch_size: 50, timeout_secs: 60 });
    },
  },
  {
    fact: "W-212",
    source: consume,
    says: "it waits for a message, and comes back with the first",
    async shows(world) {
      const { topicId } = withStream(world);
      const waiting = world.client.messages.consume(topicId, { waitMs: 20_000 });
      await new Promise((resolve) => setTimeout(resolve, 50));
      world.emulator.publish(topicId, [{ n: 1 }]);

      expect((await waiting).map(({ payload }) => payload)).toEqual([{ n: 1 }]);
    },
  },
  {
    fact: "W-213",
    source: consume,
    says: "with no message in time it is an empty list",
    request: request("POST", `${path}/consume`, { timeout_secs: 1 }),
    given: withStream,
    answers: { messages: [] },
  },
  {
    fact: "W-214",
    source: consume,
    says: "a since_time to come is now",
    async shows(world) {
      const { topicId } = filled(1)(world);
      const since = new Date(Date.now() + 3_600_000);

      expect(await world.client.messages.consume(topicId, { since })).toEqual([]);
    },
  },
  {
    fact: "W-215",
    source: consume,
    says: "after_message_id must exist",
    async at(world) {
      const { topicId, first } = filled(2)(world);
      return await world.client.messages.consume(topicId, { afterMessageId: first });
    },
    gives: [{ payload: { n: 1 } }],
    async past(world) {
      const { topicId } = filled(2)(world);
      return await world.client.messages.consume(topicId, { afterMessageId: "nobody" });
    },
    refused: { code: "request", status: 400 },
  },
  {
    fact: "W-216",
    source: consume,
    says: "no position moves: the same is read again",
    async shows(world) {
      const { topicId } = filled(1)(world);
      const first = await world.client.messages.consume(topicId);

      expect(await world.client.messages.consume(topicId)).toEqual(first);
    },
  },
  {
    fact: "W-217",
    source: page("Delivery"),
    says: "messages come in the order of their publishing",
    async shows(world) {
      const { topicId } = filled(5)(world);
      const given = await world.client.messages.consume(topicId);

      expect(given.map(({ payload }) => payload["n"])).toEqual([0, 1, 2, 3, 4]);
    },
  },
  {
    fact: "W-218",
    source: page("Delivery"),
    says: "messages older than the retention cannot be read",
    async shows(world) {
      const topicId = world.emulator.createTopic("orders", { retention: 60 });
      world.emulator.publish(topicId, [{}]);
      world.emulator.faults.add({ kind: "skew", ms: 61_000 });

      expect(await world.client.messages.consume(topicId)).toEqual([]);
    },
  },
];

const publishRows: readonly WorkatoRow[] = [
  {
    fact: "W-221",
    source: publish,
    says: "the body is the message itself",
    request: request("POST", `${path}/publish`, { payloads: [1] }),
    given: withStream,
    answers: { message_id: expect.any(String) },
    call: (client, { topicId = "" }) => client.messages.publish(topicId, { payloads: [1] }),
  },
  {
    fact: "W-222",
    source: publish,
    says: "the reply's message_id",
    reply: { message_id: "A12y" },
    read: (client) => client.messages.publish(1, {}),
    gives: { messageId: "A12y" },
  },
  {
    fact: "W-223",
    source: publish,
    says: "the message fits the topic's schema",
    async at({ client, emulator }) {
      const topicId = emulator.createTopic("orders", { schema: [delivered.schema[0]] });
      return await client.messages.publish(topicId, { OrderId: "7" });
    },
    gives: { messageId: expect.any(String) },
    async past({ client }) {
      const [topic] = await client.topics.list();
      return await client.messages.publish(topic?.id ?? 0, { OrderId: 7 });
    },
    refused: { code: "request", status: 422 },
  },
  {
    fact: "W-224",
    source: publish,
    says: "it may be published twice, so that a lost answer is told and nothing repeated",
    async shows({ client, emulator }) {
      const topicId = emulator.createTopic("orders");
      emulator.faults.add({ kind: "lostReply", operation: "publish" });
      const failure = await client.messages.publish(topicId, {}).catch((error: unknown) => error);

      expect(failure).toMatchObject({ code: "transport", outcomeUnknown: true });
      expect(emulator.journal.publishedIds()).toHaveLength(1);
    },
  },
  {
    fact: "W-231",
    source: batch,
    says: "payloads, under a path of its own",
    request: request("POST", batchPath, { payloads: [{ n: 1 }, { n: 2 }] }),
    given: withStream,
    answers: {
      is_partial_error: false,
      message_ids: {
        0: { message_id: expect.any(String), result: "success" },
        1: { message_id: expect.any(String), result: "success" },
      },
    },
    call: (client, { topicId = "" }) => client.messages.publishBatch(topicId, [{ n: 1 }, { n: 2 }]),
  },
  {
    fact: "W-232",
    source: batch,
    says: "the reply is keyed by the place of each, and 200 also where some failed",
    reply: {
      is_partial_error: true,
      message_ids: { "0": { message_id: "A12y", result: "ok" }, "1": { result: "too late" } },
    },
    unread: ["is_partial_error"],
    read: (client) => client.messages.publishBatch(1, [{}, {}]),
    turned: { ok: "published" },
    gives: [
      { status: "published", messageId: "A12y" },
      { status: "failed", reason: "too late" },
    ],
  },
  {
    fact: "W-233",
    source: batch,
    says: "is_partial_error and message_ids may be null",
    reply: { is_partial_error: null, message_ids: { "0": { message_id: "A12y", result: "ok" } } },
    unread: ["is_partial_error"],
    read: (client) => client.messages.publishBatch(1, [{}]),
    turned: { ok: "published" },
    gives: [{ status: "published", messageId: "A12y" }],
  },
  {
    fact: "W-234",
    source: batch,
    says: "it has 100 at most",
    async at(world) {
      const payloads = Array.from({ length: 100 }, () => ({}));
      return await world.send(request("POST", batchPath, { payloads }), withStream(world));
    },
    gives: { status: 200 },
    async past(world) {
      const payloads = Array.from({ length: 101 }, () => ({}));
      return await world.send(request("POST", batchPath, { payloads }), withStream(world));
    },
    refused: { status: 400 },
  },
  {
    fact: "W-235",
    source: batch,
    says: "more are sent in several requests",
    async shows(world) {
      const { topicId } = withStream(world);
      const payloads = Array.from({ length: 101 }, (_, n) => ({ n }));
      const results = await world.client.messages.publishBatch(topicId, payloads);

      expect(results.filter(({ status }) => status === "published")).toHaveLength(101);
      expect(world.emulator.journal.calls("publishBatch")).toBe(2);
    },
  },
];

const hosts = {
  us: ["event-streams.workato.com", "www.workato.com"],
  eu: ["event-streams.eu.workato.com", "app.eu.workato.com"],
  jp: ["event-streams.jp.workato.com", "app.jp.workato.com"],
  sg: ["event-streams.sg.workato.com", "app.sg.workato.com"],
  au: ["event-streams.au.workato.com", "app.au.workato.com"],
  trial: ["event-streams.trial.workato.com", "app.trial.workato.com"],
} as const;

const platform = (section: string) => `Workato API, ${section}`;
const failing = (fact: string, status: number, body: object, gives: object): WorkatoRow => ({
  fact,
  source: platform("HTTP response codes"),
  says: `${status} has the documented body`,
  async shows({ client, emulator }) {
    emulator.faults.add({ kind: "status", status, body, count: 1 });
    const failure = await client.topics.list().catch((error: unknown) => error);

    expect(failure).toMatchObject(gives);
  },
});

const platformRows: readonly WorkatoRow[] = [
  ...Object.entries(hosts).map(
    ([region, [streams, api]], index): WorkatoRow => ({
      fact: `W-24${index}`,
      source: `${page("Hosts")}; ${platform("Base URLs")}`,
      says: `the hosts of ${region}`,
      async shows() {
        const urls: string[] = [];
        const client = workato({
          token: "t",
          region: region as keyof typeof hosts,
          fetch: async (input) => {
            urls.push(new URL(new Request(input).url).host);
            return Response.json({ messages: [], data: [], count: 0 });
          },
        });
        await client.messages.consume(1);
        await client.topics.list();

        expect(urls).toEqual([streams, api]);
      },
    }),
  ),
  failing(
    "W-251",
    400,
    { message: "Bad request" },
    { code: "request", message: expect.stringContaining("Bad request") },
  ),
  failing("W-252", 401, { message: "Unauthorized" }, { code: "auth" }),
  failing("W-253", 404, { message: "Not found" }, { code: "notFound" }),
  failing(
    "W-254",
    500,
    { message: "Server error", id: "3f1f7a7d-7f5a-4e0b-9d1d-0d4f5e6a7b8c" },
    { code: "transport", requestId: "3f1f7a7d-7f5a-4e0b-9d1d-0d4f5e6a7b8c" },
  ),
  {
    fact: "W-255",
    source: platform("HTTP response codes"),
    says: "an unknown topic is 404",
    request: request("GET", `${topics}/1`),
    status: 404,
    answers: { message: "Not found" },
  },
  {
    fact: "W-256",
    source: "API clients, roles",
    says: "each call has a permission of its own: who may consume need not be allowed to list",
    emulator: { clients: [{ token: "t", permissions: ["consume"] }] },
    async shows(world) {
      const { topicId } = withStream(world);

      expect(await world.client.messages.consume(topicId)).toEqual([]);
      await expect(world.client.topics.list()).rejects.toMatchObject({ code: "auth", status: 403 });
    },
  },
  {
    fact: "W-257",
    source: "Event streams limits",
    says: "a workspace has 20 topics at most",
    async at({ client }) {
      for (let count = 0; count < 19; count += 1) await client.topics.create(delivered);
      return await client.topics.create(delivered);
    },
    gives: { name: delivered.name },
    past: ({ client }) => client.topics.create(delivered),
    refused: { code: "request", status: 422 },
  },
  {
    fact: "W-258",
    source: "Event streams limits; Event topic retention",
    says: "the retention is 90 days at most",
    at: ({ client }) => client.topics.create({ ...delivered, retentionSeconds: 7_776_000 }),
    gives: { retentionSeconds: 7_776_000 },
    past: ({ client }) => client.topics.create({ ...delivered, retentionSeconds: 7_776_001 }),
    refused: { code: "request", status: 422 },
  },
];

/** Each fact of the pages about messages, hosts, errors, rights and limits. */
export const publicApi: readonly WorkatoRow[] = [...consumeRows, ...publishRows, ...platformRows];
