import { expect, vi } from "vitest";
import { workato } from "../../../../src/providers/workato/index.ts";
import {
  delivered,
  listed,
  made,
  read,
  request,
  topics,
  type WorkatoRow,
  type WorkatoWorld,
  withRecipient,
  withStream,
  withTopic,
} from "./world.ts";

const page = (section: string) => `Event streams (ja), ${section}`;
const one = `${topics}/{topicId}`;
const shown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-07:00$/);
/** The page's topic in an answer of the emulator, whose ids and times are its own. */
const answered = {
  ...made,
  id: expect.any(Number),
  created_at: shown,
  updated_at: shown,
};
const success = { data: { status: "success" } };
const { schema: _, ...unlisted } = answered;

const overviewRows: readonly WorkatoRow[] = [
  {
    fact: "W-001",
    source: page("Domains and namespaces"),
    says: "the APIs are on two domains, each with a namespace of its own",
    async shows() {
      const urls: string[] = [];
      const client = workato({
        token: "t",
        fetch: async (input) => {
          urls.push(new Request(input).url);
          return Response.json({ messages: [], data: [], count: 0 });
        },
      });
      await client.messages.consume(334_527);
      await client.topics.list();

      expect(urls).toEqual([
        "https://event-streams.workato.com/api/v1/topics/334527/consume",
        "https://www.workato.com/api/event_streams/topics",
      ]);
    },
  },
  {
    fact: "W-002",
    source: page("Public API"),
    says: "POST /api/v1/topics/:topic_id/consume",
    request: request("POST", "{baseUrl}/api/v1/topics/{topicId}/consume", {
      batch_size: 50,
      timeout_secs: 0,
    }),
    given: withStream,
    answers: { messages: [] },
    call: (client, { topicId = "" }) => client.messages.consume(topicId),
  },
  {
    fact: "W-003",
    source: page("Public API"),
    says: "POST /api/v1/topics/:topic_id/publish",
    request: request("POST", "{baseUrl}/api/v1/topics/{topicId}/publish", { order: 7 }),
    given: withStream,
    answers: { message_id: expect.any(String) },
    call: (client, { topicId = "" }) => client.messages.publish(topicId, { order: 7 }),
  },
  {
    fact: "W-004",
    source: page("Public API"),
    says: "POST /api/v1/batch/topics/:topic_id/publish",
    request: request("POST", "{baseUrl}/api/v1/batch/topics/{topicId}/publish", {
      payloads: [{ order: 7 }],
    }),
    given: withStream,
    answers: {
      is_partial_error: false,
      message_ids: { 0: { message_id: expect.any(String), result: "success" } },
    },
    call: (client, { topicId = "" }) => client.messages.publishBatch(topicId, [{ order: 7 }]),
  },
  {
    fact: "W-005",
    source: page("Developer API"),
    says: "topics are under the base URL of the Developer API",
    async shows({ client, sent, connection }) {
      await client.topics.list();

      expect(sent[0]?.url).toBe(`${connection["apiUrl"]}/event_streams/topics`);
    },
  },
  {
    fact: "W-006",
    source: page("Rate limits"),
    says: "60 requests a minute",
    async at({ send }) {
      const statuses: number[] = [];
      for (let count = 0; count < 60; count += 1) {
        statuses.push((await send(request("GET", topics))).status);
      }
      return { statuses: [...new Set(statuses)] };
    },
    gives: { statuses: [200] },
    past: ({ client }) => client.topics.list(),
    refused: { code: "rateLimit", status: 429, retryable: true },
  },
  {
    fact: "W-007",
    source: page("Rate limits"),
    says: "which the client keeps by itself",
    async shows() {
      vi.useFakeTimers();
      let calls = 0;
      const client = workato({
        token: "t",
        fetch: async () => {
          calls += 1;
          return Response.json({ count: 0, data: [] });
        },
      });
      const all = Promise.all(Array.from({ length: 61 }, () => client.topics.list()));
      await vi.advanceTimersByTimeAsync(59_000);
      const before = calls;
      await vi.advanceTimersByTimeAsync(2_000);
      await all;
      vi.useRealTimers();

      expect([before, calls]).toEqual([60, 61]);
    },
  },
  {
    fact: "W-008",
    source: page("Rate limits"),
    says: "a payload has 1 MB at most",
    at: async (world) => await publishOf(world, 1_000_000),
    gives: { messageId: expect.any(String) },
    past: async (world) => await publishOf(world, 1_000_001),
    refused: { code: "config", operation: "messages.publish" },
  },
  {
    fact: "W-009",
    source: page("Rate limits"),
    says: "which the server keeps too",
    async at(world) {
      const { topicId } = withStream(world);
      return await world.send(
        request("POST", "{streamsUrl}/topics/{topicId}/publish", sized(1_000_000)),
        { topicId },
      );
    },
    gives: { status: 200 },
    past: ({ send, emulator }) =>
      send(request("POST", "{streamsUrl}/topics/{topicId}/publish", sized(1_000_001)), {
        topicId: String(emulator.createTopic("another")),
      }),
    refused: { status: 413 },
  },
  {
    fact: "W-010",
    source: page("Rate limits"),
    says: "of a topic too: it is checked before it is sent",
    at: ({ client }) => client.topics.create({ ...delivered, description: "x".repeat(999_000) }),
    gives: { name: delivered.name },
    past: ({ client }) => client.topics.create({ ...delivered, description: "x".repeat(1e6) }),
    refused: { code: "config", operation: "topics.create" },
  },
  {
    fact: "W-011",
    source: page("Sample requests"),
    says: "the token is a Bearer's",
    async shows({ emulator, send }) {
      const none = await emulator.fetch("http://127.0.0.1/api/event_streams/topics");
      const basic = await send({
        ...request("GET", topics),
        headers: { authorization: "Basic workato-emulator-token" },
      });

      expect([none.status, basic.status]).toEqual([401, 401]);
    },
  },
  {
    fact: "W-012",
    source: page("Sample requests"),
    says: "a body says Content-Type: application/json",
    at: ({ send }) => send(request("POST", topics, delivered)),
    gives: { status: 200 },
    past: ({ send }) =>
      send({ ...request("POST", topics, delivered), headers: { "content-type": "text/plain" } }),
    refused: { status: 400 },
  },
];

function sized(bytes: number): object {
  return { text: "x".repeat(bytes - '{"text":""}'.length) };
}

async function publishOf(world: WorkatoWorld, bytes: number) {
  const { topicId } = withStream(world);
  return await world.client.messages.publish(topicId, { ...sized(bytes) });
}

const named = async ({ client }: WorkatoWorld, ...names: readonly string[]) => {
  for (const name of names) await client.topics.create({ ...delivered, name });
};
const namesOf = async (all: Promise<readonly { readonly name: string }[]>) =>
  (await all).map(({ name }) => name);

const listRows: readonly WorkatoRow[] = [
  {
    fact: "W-021",
    source: page("List topics, Sample request"),
    says: "GET topics by name, sort and include_schema",
    request: request("GET", `${topics}?name=Order&sort=id&include_schema=true`),
    given: withTopic,
    answers: { count: 1, data: [answered] },
    call: (client) => client.topics.list({ name: "Order", sort: "id", includeSchema: true }),
  },
  {
    fact: "W-022",
    source: page("List topics, Response"),
    says: "the sample, with every member of every field",
    reply: { count: 2, data: listed },
    // The number of all topics is what tells that the list is whole.
    unread: ["count"],
    // Where it is more than came, the next page is asked for.
    mostRequests: 2,
    read: (client) => client.topics.list({ includeSchema: true }),
    gives: listed.map(({ schema, ...others }) => ({ ...read(others), schema })),
  },
  {
    fact: "W-023",
    source: page("List topics, Response"),
    says: "count is the number of all topics, so that a cut list is noticed",
    emulator: { assumptions: { topicsPerPage: 2 } },
    async shows(world) {
      await named(world, "a", "b", "c", "d", "e");

      expect(await namesOf(world.client.topics.list())).toEqual(["a", "b", "c", "d", "e"]);
      expect((await world.send(request("GET", topics))).body).toMatchObject({ count: 5 });
    },
  },
  {
    fact: "W-024",
    source: page("List topics, Query parameters"),
    says: "name is case-sensitive",
    async shows(world) {
      await named(world, "Order placed", "order shipped");

      expect(await namesOf(world.client.topics.list({ name: "Order" }))).toEqual(["Order placed"]);
    },
  },
  {
    fact: "W-025",
    source: page("List topics, Query parameters"),
    says: "a part of the name is enough",
    async shows(world) {
      await named(world, "Order placed", "Deal");

      expect(await namesOf(world.client.topics.list({ name: "r pl" }))).toEqual(["Order placed"]);
    },
  },
  {
    fact: "W-026",
    source: page("List topics, Query parameters"),
    says: "all are listed where no name is given",
    async leftOut(world) {
      await named(world, "a", "b");
      return await namesOf(world.client.topics.list());
    },
    is: ["a", "b"],
  },
  {
    fact: "W-027",
    source: page("List topics, Query parameters"),
    says: "sort is activity, name or id",
    at: ({ send }) =>
      Promise.all(
        ["activity", "name", "id"].map(
          async (sort) => (await send(request("GET", `${topics}?sort=${sort}`))).status,
        ),
      ),
    gives: [200, 200, 200],
    past: ({ send }) => send(request("GET", `${topics}?sort=size`)),
    refused: { status: 400 },
  },
  {
    fact: "W-028",
    source: page("List topics, Query parameters"),
    says: "by type too",
    types: true,
  },
  {
    fact: "W-029",
    source: page("List topics, Query parameters"),
    says: "the default order is that of the ids",
    async leftOut(world) {
      await named(world, "b", "a");
      return await namesOf(world.client.topics.list());
    },
    is: ["b", "a"],
  },
  {
    fact: "W-030",
    source: page("List topics, Query parameters"),
    says: "name is an order",
    async shows(world) {
      await named(world, "b", "a");

      expect(await namesOf(world.client.topics.list({ sort: "name" }))).toEqual(["a", "b"]);
    },
  },
  {
    fact: "W-031",
    source: page("List topics, Query parameters"),
    says: "activity has the latest at the head",
    async shows(world) {
      const first = world.emulator.createTopic("a");
      world.emulator.createTopic("b");
      world.emulator.faults.add({ kind: "skew", ms: 1_000 });
      await world.client.messages.publish(first, {});

      expect(await namesOf(world.client.topics.list({ sort: "activity" }))).toEqual(["a", "b"]);
    },
  },
  {
    fact: "W-032",
    source: page("List topics, Query parameters"),
    says: "include_schema is false by default",
    async leftOut(world) {
      await withTopic(world);
      const { body } = await world.send(request("GET", topics));
      return [body, (await world.client.topics.list())[0]?.schema];
    },
    is: [{ count: 1, data: [unlisted] }, undefined],
  },
];

const four = ["control_type", "label", "optional", "type"] as const;
const without = (member: string) => ({
  ...delivered,
  schema: delivered.schema.map((field) =>
    Object.fromEntries(Object.entries(field).filter(([name]) => name !== member)),
  ),
});

const createRows: readonly WorkatoRow[] = [
  {
    fact: "W-041",
    source: page("Create topic, Sample request"),
    says: "POST topics of name, schema and description",
    request: request("POST", topics, delivered),
    answers: { data: answered },
    call: (client) => client.topics.create(delivered),
  },
  {
    fact: "W-042",
    source: page("Create topic, Response"),
    says: "the sample",
    reply: { data: made },
    read: (client) => client.topics.create(delivered),
    gives: { ...read(made), schema: made.schema },
  },
  {
    fact: "W-043",
    source: page("Create topic, parameters"),
    says: "name is required",
    request: request("POST", topics, { schema: delivered.schema }),
    status: 422,
  },
  { fact: "W-044", source: page("Create topic, parameters"), says: "name, by type", types: true },
  {
    fact: "W-045",
    source: page("Create topic, parameters"),
    says: "schema is required",
    request: request("POST", topics, { name: "a" }),
    status: 422,
  },
  { fact: "W-046", source: page("Create topic, parameters"), says: "schema, by type", types: true },
  ...[...four, "name"].flatMap((member, index): readonly WorkatoRow[] => [
    {
      fact: `W-05${index}`,
      source: page("Create topic, parameters"),
      says: `schema[${member}] is required`,
      request: request("POST", topics, without(member)),
      status: 422,
    },
    {
      fact: `W-05${index + 5}`,
      source: page("Create topic, parameters"),
      says: `schema[${member}], by type`,
      types: true,
    },
  ]),
  {
    fact: "W-061",
    source: page("Create topic, parameters"),
    says: "a schema is a valid one of Workato's",
    at: ({ send }) => send(request("POST", topics, delivered)),
    gives: { status: 200 },
    past: ({ send }) =>
      Promise.all(
        [{ type: "bogus" }, { label: "" }, { name: "OrderId" }, { optional: "no" }].map(
          async (spoilt) => {
            const schema = [delivered.schema[0], { ...delivered.schema[1], ...spoilt }];
            return (await send(request("POST", topics, { name: "b", schema }))).status;
          },
        ),
      ),
    refused: [422, 422, 422, 422],
  },
  {
    fact: "W-062",
    source: page("Create topic, parameters"),
    says: "retention is 604,800 seconds where it is left out",
    leftOut: async ({ client }) => (await client.topics.create(delivered)).retentionSeconds,
    is: 604_800,
  },
  {
    fact: "W-063",
    source: page("Create topic, parameters"),
    says: "retention is a number of seconds",
    request: request("POST", topics, { ...delivered, retention: 3600 }),
    answers: { data: { ...answered, retention: 3600 } },
    call: (client) => client.topics.create({ ...delivered, retentionSeconds: 3600 }),
  },
  {
    fact: "W-064",
    source: page("Create topic, parameters"),
    says: "retention and description are optional, by type",
    types: true,
  },
  {
    fact: "W-065",
    source: page("Create topic, parameters"),
    says: "the description, which the table calls by a translated word, is optional",
    request: request("POST", topics, { name: "a", schema: [] }),
    answers: {
      data: { ...answered, name: "a", schema: [], description: "" },
    },
    call: (client) => client.topics.create({ name: "a", schema: [] }),
  },
];

const getRows: readonly WorkatoRow[] = [
  {
    fact: "W-071",
    source: page("Get topic by ID, Sample request"),
    says: "GET topics/:topic_id",
    request: request("GET", one),
    given: withTopic,
    answers: { data: answered },
    call: (client, { topicId = "" }) => client.topics.get(topicId),
  },
  {
    fact: "W-072",
    source: page("Get topic by ID, Response"),
    says: "the sample",
    reply: { data: made },
    read: (client) => client.topics.get(334_527),
    gives: { ...read(made), schema: made.schema },
  },
  {
    fact: "W-073",
    source: page("Get topic by ID, URL parameters"),
    says: "the id is a number, which is taken as one and as text",
    async shows(world) {
      const topicId = Number((await withTopic(world)).topicId);

      expect(await world.client.topics.get(topicId)).toEqual(
        await world.client.topics.get(String(topicId)),
      );
    },
  },
  { fact: "W-074", source: page("Get topic by ID"), says: "the id is required", types: true },
];

const updateRows: readonly WorkatoRow[] = [
  {
    fact: "W-081",
    source: page("Update topic, Sample request"),
    says: "PUT topics/:topic_id of a schema with one field more",
    request: request("PUT", one, { schema: withRecipient }),
    given: withTopic,
    answers: { data: { ...answered, schema: withRecipient } },
    call: (client, { topicId = "" }) => client.topics.update(topicId, { schema: withRecipient }),
  },
  {
    fact: "W-082",
    source: page("Update topic, Response"),
    says: "the sample",
    reply: { data: { ...made, schema: withRecipient } },
    read: (client) => client.topics.update(334_527, { schema: withRecipient }),
    gives: { ...read(made), schema: withRecipient },
  },
  {
    fact: "W-083",
    source: page("Update topic, Response"),
    says: "in the sample updated_at is the time from before",
    emulator: { assumptions: { updatedAt: "before" } },
    async shows(world) {
      const { topicId } = await withTopic(world);
      world.emulator.faults.add({ kind: "skew", ms: 60_000 });
      const { updatedAt, createdAt } = await world.client.topics.update(topicId, { name: "b" });

      expect(updatedAt).toBe(createdAt);
    },
  },
  {
    fact: "W-084",
    source: page("Update topic, parameters"),
    says: "name, schema and description are optional: what is left out stays",
    request: request("PUT", one, {}),
    given: withTopic,
    answers: { data: answered },
    call: (client, { topicId = "" }) => client.topics.update(topicId, {}),
  },
  { fact: "W-085", source: page("Update topic, parameters"), says: "by type too", types: true },
  {
    fact: "W-086",
    source: page("Update topic, parameters"),
    says: "name and description are changed",
    request: request("PUT", one, { name: "Deals", description: "of all shops" }),
    given: withTopic,
    answers: { data: { ...answered, name: "Deals", description: "of all shops" } },
    call: (client, { topicId = "" }) =>
      client.topics.update(topicId, { name: "Deals", description: "of all shops" }),
  },
  ...[...four, "name"].flatMap((member, index): readonly WorkatoRow[] => [
    {
      fact: `W-09${index}`,
      source: page("Update topic, parameters"),
      says: `schema[${member}] is optional`,
      request: request("PUT", one, { schema: without(member).schema }),
      given: withTopic,
      answers: { data: { ...answered, schema: without(member).schema } },
      call: (client, { topicId = "" }) =>
        client.topics.update(topicId, { schema: without(member).schema }),
    },
  ]),
  {
    fact: "W-095",
    source: page("Update topic, parameters"),
    says: "the members of a field are optional, by type",
    types: true,
  },
  {
    fact: "W-096",
    source: page("Update topic, parameters"),
    says: "retention becomes 604,800 where it is left out",
    async leftOut({ client }) {
      const { id } = await client.topics.create({ ...delivered, retentionSeconds: 86_400 });
      return (await client.topics.update(id, { name: "b" })).retentionSeconds;
    },
    is: 604_800,
  },
  {
    fact: "W-097",
    source: page("Update topic, parameters"),
    says: "it can be carried over by one word",
    async shows({ client }) {
      const { id } = await client.topics.create({ ...delivered, retentionSeconds: 86_400 });
      const change = { name: "b", retentionSeconds: "keep" } as const;

      expect((await client.topics.update(id, change)).retentionSeconds).toBe(86_400);
    },
  },
  {
    fact: "W-098",
    source: page("Update topic, parameters"),
    says: "a schema is a valid one of Workato's",
    async at(world) {
      const names = await withTopic(world);
      return await world.send(request("PUT", one, { schema: [{ name: "a" }] }), names);
    },
    gives: { status: 200 },
    async past(world) {
      const names = await withTopic(world);
      return await world.send(request("PUT", one, { schema: [{ type: "bogus" }] }), names);
    },
    refused: { status: 422 },
  },
];

const endRows: readonly WorkatoRow[] = [
  {
    fact: "W-101",
    source: page("Purge topic, Sample request"),
    says: "PUT topics/:topic_id/purge",
    request: request("PUT", `${one}/purge`),
    given: withTopic,
    answers: success,
    call: (client, { topicId = "" }) => client.topics.purge(topicId),
  },
  {
    fact: "W-102",
    source: page("Purge topic"),
    says: "all messages are gone",
    async shows(world) {
      const { topicId } = withStream(world);
      await world.client.messages.publish(topicId, {});
      await world.client.topics.purge(topicId);

      expect(await world.client.messages.consume(topicId)).toEqual([]);
    },
  },
  {
    fact: "W-103",
    source: page("Purge topic"),
    says: "and the statistics begin anew",
    async shows(world) {
      const first = world.emulator.createTopic("a");
      world.emulator.faults.add({ kind: "skew", ms: 1_000 });
      world.emulator.createTopic("b");
      world.emulator.faults.add({ kind: "skew", ms: 1_000 });
      await world.client.messages.publish(first, {});
      await world.client.topics.purge(first);

      expect(await namesOf(world.client.topics.list({ sort: "activity" }))).toEqual(["b", "a"]);
    },
  },
  {
    fact: "W-104",
    source: page("Purge topic, parameters"),
    says: "the id is text there, which is taken as text and as a number",
    async shows(world) {
      const { topicId } = await withTopic(world);

      expect(await world.client.topics.purge(topicId)).toBeUndefined();
      expect(await world.client.topics.purge(Number(topicId))).toBeUndefined();
    },
  },
  {
    fact: "W-105",
    source: page("Purge topic, Response"),
    says: "status: success is what says so",
    reply: success,
    unread: ["status"],
    read: (client) => client.topics.purge(334_527),
    gives: undefined,
  },
  {
    fact: "W-106",
    source: page("Purge topic, Response"),
    says: "anything else does not",
    reply: { data: { status: "error" } },
    unread: ["status"],
    read: (client) => client.topics.purge(334_527).catch(({ code }: { code: string }) => code),
    gives: "schema",
  },
  {
    fact: "W-111",
    source: page("Delete topic, Sample request"),
    says: "DELETE topics/:topic_id",
    request: request("DELETE", one),
    given: withTopic,
    answers: success,
    call: (client, { topicId = "" }) => client.topics.delete(topicId),
  },
  {
    fact: "W-112",
    source: page("Delete topic"),
    says: "the topic is gone",
    async shows(world) {
      const { topicId } = await withTopic(world);
      await world.client.topics.delete(topicId);

      expect(await world.client.topics.list()).toEqual([]);
      await expect(world.client.topics.get(topicId)).rejects.toMatchObject({ code: "notFound" });
    },
  },
  {
    fact: "W-113",
    source: page("Delete topic, Response"),
    says: "status: success is what says so",
    reply: success,
    unread: ["status"],
    read: (client) => client.topics.delete(334_527),
    gives: undefined,
  },
  {
    fact: "W-114",
    source: page("Delete topic, Response"),
    says: "anything else does not",
    reply: { data: { status: "error" } },
    unread: ["status"],
    read: (client) => client.topics.delete(334_527).catch(({ code }: { code: string }) => code),
    gives: "schema",
  },
];

/** Each fact of the page about topics. */
export const eventStreams: readonly WorkatoRow[] = [
  ...overviewRows,
  ...listRows,
  ...createRows,
  ...getRows,
  ...updateRows,
  ...endRows,
];
