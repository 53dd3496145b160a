import { expect } from "vitest";
import { type KekkerEmulatorOptions, kekkerEmulator } from "../../../src/emulator/index.ts";
import { decisions } from "../../../src/emulator/kekker/decisions.ts";
import {
  type KekkerClient,
  type KekkerOptions,
  kekker,
  kekkerEvents,
  toKekkerWireEvent,
} from "../../../src/providers/kekker/index.ts";
import { checkLedger, type Ledger, type Row, type World } from "../ledger.ts";
import guidePage from "./fixtures/assumed-guide-page.json" with { type: "json" };
import otherEvents from "./fixtures/assumed-other-events.json" with { type: "json" };
import examplePage from "./fixtures/events-page.json" with { type: "json" };
import failed from "./fixtures/queue-error.json" with { type: "json" };
import waiting from "./fixtures/queue-in-queue.json" with { type: "json" };
import done from "./fixtures/queue-success.json" with { type: "json" };
import { deal, deals, timeOf } from "./support.ts";

type Made = ReturnType<typeof kekkerEmulator>;
type KekkerWorld = World<Made, KekkerClient>;
type KekkerRow = Row<Made, KekkerClient, KekkerEmulatorOptions>;

const guide = (section: string) => `Interaction with events, ${section}`;
const requests = (section: string) => `API Events Requests, ${section}`;
const queueRequests = (section: string) => `API Queue Requests, ${section}`;

const demo = {
  baseUrl: "https://qrm1.kekker.com",
  channel: "demo-channel",
  login: "demo-login",
  password: "demo-password",
};

/** A node with so many deals, a second apart. */
const withDeals = (count: number) => (world: KekkerWorld) => {
  world.emulator.publish(deals(count));
  return { eventUid: "e1" };
};

/** The ids on page one. */
async function idsOf({ client }: KekkerWorld, category?: string) {
  const { events } = await client.events.list({ category });
  return events.map(({ event }) => event?.id);
}

/** What a client that is answered so reads of a list's events. */
async function readEvents(client: KekkerClient) {
  const { events, ...page } = await client.events.list();
  return { ...page, events: events.map(({ event }) => event) };
}

const source = "/kekker/qrm1.kekker.com/demo-channel";

/** An example's item as the event that it is. */
function toEvent(item: object, type: string, time: string, ids: object) {
  const {
    eventUid,
    event: _type,
    timestamp: _time,
    ...members
  } = { eventUid: "", ...item } as {
    eventUid: string;
    event?: string;
    timestamp?: string;
  };
  const data = { ...members, ...ids } as { objectId?: string };
  return {
    specversion: "1.0",
    id: eventUid,
    source,
    type,
    time,
    ...(data.objectId === undefined ? {} : { subject: data.objectId }),
    data,
  };
}

const [e1, e2, e3, e4, e5] = examplePage.data;
const global = e3?.objectId as string;
const exampleEvents = [
  toEvent(e1 ?? {}, "ErrorQueueEvent", "2020-08-04T06:38:39.28Z", { objectId: "10025" }),
  toEvent(e2 ?? {}, "SuccessQueueEvent", "2020-08-04T21:41:05.183Z", { objectId: "10023" }),
  toEvent(e3 ?? {}, "DealUpdated", "2020-08-04T21:41:05.183Z", { localObjectId: "3487" }),
  toEvent(e4 ?? {}, "SuccessQueueEvent", "2020-08-04T21:23:14.813Z", {
    objectId: "10022",
    queueId: "10022",
  }),
  toEvent(e5 ?? {}, "DealUpdated", "2020-08-04T21:23:14.813Z", { localObjectId: "3487" }),
];

/** Published with every member, and read whole. */
const wholeEvent = (
  fact: string,
  section: string,
  given: { readonly category: string; readonly event: string; readonly [name: string]: unknown },
  type: keyof typeof kekkerEvents,
  data: object,
): KekkerRow => ({
  fact,
  source: guide(section),
  says: `${given.category} ${given.event} is read whole`,
  async shows({ emulator, client }) {
    emulator.publish([given]);
    const [delivery] = (await client.events.list()).events;

    expect(delivery?.event?.type).toBe(type);
    expect(delivery?.event?.data).toEqual({ category: given.category, ...data });
    const validated = await kekkerEvents[type]["~standard"].validate(delivery?.event?.data);
    expect(validated).toEqual({ value: delivery?.event?.data });
  },
});

const structureRows: readonly KekkerRow[] = [
  {
    fact: "K-001",
    source: requests("GET /api/events/{category}, 200"),
    says: "the example's page is read, each member of each event",
    reply: examplePage,
    read: readEvents,
    gives: { pageNumber: 1, pageSize: 10, totalRecords: 5, events: exampleEvents },
    turned: {
      "2020-08-04T06:38:39.28": "2020-08-04T06:38:39.28Z",
      "2020-08-04T21:41:05.183": "2020-08-04T21:41:05.183Z",
      "2020-08-04T21:23:14.813": "2020-08-04T21:23:14.813Z",
      Success: "SuccessQueueEvent",
    },
  },
  {
    fact: "K-002",
    source: guide("the list of members"),
    says: "the guide's names are read too, and its bare array",
    reply: guidePage,
    async read(client) {
      const { events } = await client.events.list();
      return events.map(({ raw }) => toKekkerWireEvent(raw));
    },
    gives: guidePage.map((item) => ({
      eventUid: item.EventId ?? item.EventUid,
      category: item.Category,
      event: item.Event,
      objectId: item.ObjectId,
      localObjectId: item.LocalObjectId,
      timestamp: item.Timestamp,
    })),
  },
  ...(
    [
      ["EventId", "an event's id"],
      ["Category", "an event's category"],
      ["Event", "an event's type"],
      ["ObjectId", "the id of what every event is about"],
      ["LocalObjectId", "the node's own id of a business object"],
      ["Timestamp", "when it happened"],
    ] as const
  ).map(
    ([name, says], index): KekkerRow => ({
      fact: `K-${String(3 + index).padStart(3, "0")}`,
      source: guide(`the list of members: ${name}`),
      says,
      types: true,
    }),
  ),
  {
    fact: "K-009",
    source: guide("the list of members"),
    says: "further members are kept",
    reply: otherEvents,
    read: readEvents,
    gives: {
      pageNumber: 1,
      pageSize: 10,
      totalRecords: 3,
      events: [
        expect.objectContaining({ data: { category: "System" } }),
        expect.objectContaining({
          data: { category: "Clients", source: "EXTERNAL", objectId: "12" },
        }),
        expect.objectContaining({
          data: { category: "Contracts", objectId: "abc", contractNumber: 7, note: null },
        }),
      ],
    },
    turned: {
      "2020-08-04T21:41:05": "2020-08-04T21:41:05Z",
      "2020-08-04T21:41:05.2": "2020-08-04T21:41:05.2Z",
    },
  },
  {
    fact: "K-010",
    source: guide("EventId"),
    says: "an emulated node can write the guide's own spelling",
    emulator: { assumptions: { memberCase: "pascal", idMember: "eventId", listForm: "array" } },
    async shows(world) {
      world.emulator.publish([deal(1)]);
      const { body } = await world.send({ method: "GET", url: "{baseUrl}/api/events" });

      expect(Object.keys((body as readonly object[])[0] ?? {})).toEqual(
        expect.arrayContaining(["EventId", "Category", "Event", "ObjectId", "LocalObjectId"]),
      );
      expect(await idsOf(world)).toEqual(["e1"]);
    },
  },
  ...(["System", "Clients", "Queue", "Deals"] as const).map(
    (category, index): KekkerRow => ({
      fact: `K-${String(11 + index).padStart(3, "0")}`,
      source: guide(`the categories: ${category}`),
      says: `${category} is a category, with a list of its own`,
      async shows(world) {
        world.emulator.publish([
          { category, event: "X", eventUid: "a", objectId: "1" },
          { category: "Other", event: "X", eventUid: "b", objectId: "1" },
        ]);

        expect(await idsOf(world, category)).toEqual(["a"]);
        expect(await idsOf(world)).toEqual(["a", "b"]);
      },
    }),
  ),
  {
    fact: "K-015",
    source: guide("the categories"),
    says: "each kind of business object has a category named after it",
    async shows(world) {
      world.emulator.publish([
        { category: "Contracts", event: "ContractCreated", eventUid: "a", objectId: "1" },
      ]);
      const feed = world.client.feed({ category: "Contracts" });

      expect((await feed.pull()).deliveries.map(({ event }) => event?.type)).toEqual([
        "ContractCreated",
      ]);
    },
  },
];

const callRows: readonly KekkerRow[] = [
  {
    fact: "K-016",
    source: requests("GET /api/events"),
    says: "GET /api/events lists what is not processed",
    request: { method: "GET", url: "{baseUrl}/api/events" },
    given: withDeals(1),
    answers: {
      pageNumber: 1,
      pageSize: 10,
      totalRecords: 1,
      data: [
        {
          eventUid: "e1",
          event: "DealCreated",
          category: "Deals",
          timestamp: timeOf(1),
          objectId: "deal-1",
          localObjectId: 1,
        },
      ],
    },
    call: (client) => client.events.list(),
  },
  {
    fact: "K-017",
    source: guide("Requests, GET /api/events"),
    says: "the list may be a bare array",
    emulator: { assumptions: { listForm: "array" } },
    async shows(world) {
      world.emulator.publish(deals(2));

      expect(await idsOf(world)).toEqual(["e1", "e2"]);
    },
  },
  {
    fact: "K-018",
    source: requests("GET /api/events/{category}"),
    says: "GET /api/events/{category} lists those of a category",
    request: { method: "GET", url: "{baseUrl}/api/events/Deals" },
    given: withDeals(1),
    answers: expect.objectContaining({ totalRecords: 1 }),
    call: (client) => client.events.list({ category: "Deals" }),
  },
  {
    fact: "K-019",
    source: requests("GET /api/events, parameters"),
    says: "pageNumber and pageSize stand in the query",
    request: { method: "GET", url: "{baseUrl}/api/events?pageNumber=2&pageSize=2" },
    given: withDeals(3),
    answers: {
      pageNumber: 2,
      pageSize: 2,
      totalRecords: 3,
      data: [expect.objectContaining({ eventUid: "e3" })],
    },
    call: (client) => client.events.list({ pageNumber: 2, pageSize: 2 }),
  },
  {
    fact: "K-020",
    source: requests("GET /api/events, parameters"),
    says: "both are optional",
    types: true,
  },
  {
    fact: "K-021",
    source: requests("GET /api/events, the example"),
    says: "page one is given where no page is asked for",
    leftOut: async ({ emulator, client }) => {
      emulator.publish(deals(30));
      const { pageNumber, pageSize, events } = await client.events.list();
      return { pageNumber, pageSize, count: events.length };
    },
    is: { pageNumber: 1, pageSize: 10, count: 10 },
  },
  {
    fact: "K-022",
    source: "the vendor's consumer of 2020",
    says: "a page of 500 is served, and what is behind it is on the next",
    async at({ emulator, client }) {
      emulator.publish(deals(501));
      return { count: (await client.events.list({ pageSize: 500 })).events.length };
    },
    gives: { count: 500 },
    async past({ client }) {
      return { count: (await client.events.list({ pageSize: 501 })).events.length };
    },
    refused: { count: 500 },
  },
  {
    fact: "K-023",
    source: guide("Examples of parameters, the title"),
    says: "GET /api/events/ with a slash is taken",
    request: { method: "GET", url: "{baseUrl}/api/events/" },
    given: withDeals(1),
    answers: expect.objectContaining({ totalRecords: 1 }),
  },
  {
    fact: "K-024",
    source: requests("POST /api/events/{eventUid}/ack"),
    says: "POST .../ack takes an event off, without a body",
    request: { method: "POST", url: "{baseUrl}/api/events/{eventUid}/ack" },
    given: withDeals(2),
    call: (client, { eventUid = "" }) => client.events.ack(eventUid),
  },
  {
    fact: "K-025",
    source: guide("Requests, ack"),
    says: "it is off the list then",
    async shows(world) {
      world.emulator.publish(deals(2));
      await world.client.events.ack("e1");

      expect(await idsOf(world)).toEqual(["e2"]);
    },
  },
  {
    fact: "K-026",
    source: requests("POST /api/events/{eventUid}/ack, 200"),
    says: "the answer is the time of the earliest event that is left, without quotes",
    reply: "2020-08-04T21:23:14.813",
    read: (client) => client.events.ack("e"),
    gives: { earliestUnprocessed: "2020-08-04T21:23:14.813Z", raw: "2020-08-04T21:23:14.813" },
  },
  {
    fact: "K-027",
    source: requests("POST /api/events/{eventUid}/ack, content type"),
    says: "or as JSON, in quotes",
    reply: '"2020-08-04T21:23:14.813"',
    read: (client) => client.events.ack("e"),
    gives: { earliestUnprocessed: "2020-08-04T21:23:14.813Z", raw: '"2020-08-04T21:23:14.813"' },
  },
  {
    fact: "K-028",
    source: guide("Requests, ack"),
    says: "an emulated node answers it so",
    async shows({ emulator, client }) {
      emulator.publish(deals(3));
      await client.events.ack("e2");

      expect(await client.events.ack("e1")).toEqual({
        earliestUnprocessed: `${timeOf(3)}Z`,
        raw: timeOf(3),
      });
    },
  },
  {
    fact: "K-029",
    source: guide("Requests, ack"),
    says: "the app records it",
    async shows({ emulator, client }) {
      emulator.publish(deals(2));
      const saved: string[] = [];
      const cursor = {
        load: async () => undefined,
        save: async (_key: unknown, value: string) => {
          saved.push(value);
          return { status: "saved" as const, revision: 1 };
        },
      };
      const feed = client.feed({ cursor: cursor as never, consumer: "c" });
      const { deliveries } = await feed.pull({ limit: 1 });
      await feed.ack(deliveries.flatMap(({ receipt }) => receipt ?? []));

      expect(saved).toEqual([`${timeOf(2)}Z`]);
    },
  },
  {
    fact: "K-030",
    source: requests("POST /api/events/reset/{dateTimeUTC}"),
    says: "POST .../reset/{time} sets the list back, without a body",
    request: { method: "POST", url: "{baseUrl}/api/events/reset/2020-08-04T21%3A23%3A14.813" },
    call: (client) => client.events.reset("2020-08-04T21:23:14.813"),
  },
  {
    fact: "K-031",
    source: requests("POST /api/events/reset/{dateTimeUTC}, 200"),
    says: "its answer is empty",
    reply: "",
    read: (client) => client.events.reset(0),
    gives: undefined,
  },
  {
    fact: "K-032",
    source: guide("Requests, reset"),
    says: "events of an equal or a later time are unprocessed then, acknowledged ones too",
    async at(world) {
      world.emulator.publish(deals(3));
      for (const id of ["e1", "e2", "e3"]) await world.client.events.ack(id);
      await world.client.events.reset(timeOf(2));
      return await idsOf(world);
    },
    gives: ["e2", "e3"],
    async past(world) {
      for (const id of ["e2", "e3"]) await world.client.events.ack(id);
      await world.client.events.reset(`${timeOf(2)}.0000001`);
      return await idsOf(world);
    },
    refused: ["e3"],
  },
  {
    fact: "K-033",
    source: guide("Requests, reset"),
    says: "the time is UTC",
    async shows(world) {
      world.emulator.publish([deal(1)]);
      await world.client.events.ack("e1");
      await world.client.events.reset(new Date(`${timeOf(1)}Z`));

      expect(await idsOf(world)).toEqual(["e1"]);
      expect(world.sent.at(-2)?.url).toMatch(/reset\/2020-08-04T00%3A00%3A01(\.000)?$/);
    },
  },
  {
    fact: "K-034",
    source: "EventBase schema, the pattern of Timestamp",
    says: "seven fraction digits and an offset are read, and UTC is given",
    emulator: { assumptions: { times: "full" } },
    async shows({ emulator, client }) {
      emulator.publish([deal(1, { timestamp: "2020-08-04T23:41:05.1834567+02:00" })]);
      const [delivery] = (await client.events.list()).events;

      expect(delivery?.event?.time).toBe("2020-08-04T21:41:05.1834567Z");
    },
  },
  {
    fact: "K-035",
    source: requests("titles and samples"),
    says: "ack and reset are POST, though the samples show GET",
    async shows(world) {
      world.emulator.publish(deals(1));
      const url = "{baseUrl}/api/events/e1/ack";

      expect(await world.send({ method: "GET", url })).toMatchObject({ status: 405 });
      expect(await world.send({ method: "POST", url })).toMatchObject({ status: 200 });
    },
  },
];

const catalogueRows: readonly KekkerRow[] = [
  wholeEvent(
    "K-036",
    "Update of a system node configuration",
    { category: "System", event: "SystemConfigurationUpdated", objectId: "node" },
    "SystemConfigurationUpdated",
    { objectId: "node" },
  ),
  wholeEvent(
    "K-037",
    "Update of a members list",
    { category: "Clients", event: "ClientsListUpdated", objectId: "12", source: "THIS" },
    "ClientsListUpdated",
    { objectId: "12", source: "THIS" },
  ),
  wholeEvent(
    "K-038",
    "Update of a members list: the other network",
    { category: "Clients", event: "ClientsListUpdated", source: "EXTERNAL" },
    "ClientsListUpdated",
    { source: "EXTERNAL" },
  ),
  wholeEvent(
    "K-039",
    "Successful completion, with the members of QueueState",
    {
      category: "Queue",
      event: "SuccessQueueEvent",
      objectId: 10_023,
      queueId: 10_023,
      status: "Success",
      dealId: global,
      localDealId: 146,
    },
    "SuccessQueueEvent",
    {
      objectId: "10023",
      queueId: "10023",
      status: "Success",
      dealId: global,
      localDealId: "146",
    },
  ),
  wholeEvent(
    "K-040",
    "Errors during a business-operation",
    { category: "Queue", event: "ErrorQueueEvent", objectId: "10025", error: "Unknown client" },
    "ErrorQueueEvent",
    { objectId: "10025", error: "Unknown client" },
  ),
  ...(
    [
      ["K-041", "DealCreated", "DealCreated", "API Events Requests, the schema"],
      ["K-042", "DealUpdated", "DealUpdated", "API Events Requests, the schema"],
      ["K-043", "DealsCreated", "DealCreated", "the guide"],
      ["K-044", "DealsUpdated", "DealUpdated", "the guide"],
    ] as const
  ).map(([fact, event, type, section]) =>
    wholeEvent(
      fact,
      `To add/update a business-object: ${section}`,
      { category: "Deals", event, objectId: global, localObjectId: 3487 },
      type,
      { objectId: global, localObjectId: "3487" },
    ),
  ),
  {
    fact: "K-045",
    source: guide("Update of a members list"),
    says: "the source is THIS or EXTERNAL; the object of a list may be none",
    types: true,
  },
  {
    fact: "K-046",
    source: guide("Successful completion, the members of QueueState"),
    says: "queueId, dealId, localDealId and status are typed, and optional",
    types: true,
  },
  {
    fact: "K-047",
    source: guide("Errors during a business-operation"),
    says: "the error is typed, and optional",
    types: true,
  },
];

const cycleRows: readonly KekkerRow[] = [
  {
    fact: "K-071",
    source: "the vendor's consumer of 2020",
    says: "a page of twice 500 is read whole, once",
    async shows() {
      const data = deals(1_000);
      let count = 0;
      const client = kekker({
        ...demo,
        fetch: async () => {
          count += 1;
          return Response.json({ pageNumber: 1, pageSize: 1_000, totalRecords: 1_000, data });
        },
      });

      const { events } = await client.events.list({ pageSize: 500 });
      expect(events.map(({ event }) => event?.id)).toEqual(data.map(({ eventUid }) => eventUid));
      expect(count).toBe(1);
    },
  },
  {
    fact: "K-048",
    source: guide("the basic cycle"),
    says: "a start point, the list, the processing, the acks",
    async shows(world) {
      const { emulator, client } = world;
      emulator.publish(deals(4));
      for (const id of ["e1", "e2", "e3"]) await client.events.ack(id);
      await client.events.reset(timeOf(3));
      const feed = client.feed();
      const { deliveries } = await feed.pull();

      expect(deliveries.map(({ event }) => event?.id)).toEqual(["e3", "e4"]);
      await feed.ack(deliveries.flatMap(({ receipt }) => receipt ?? []));
      expect(emulator.unprocessed()).toBe(0);
    },
  },
  {
    fact: "K-049",
    source: guide("the basic cycle"),
    says: "listing takes nothing off",
    async shows(world) {
      world.emulator.publish(deals(2));

      expect(await idsOf(world)).toEqual(await idsOf(world));
    },
  },
];

const stateOf = (fact: string, reply: typeof waiting | typeof done | typeof failed): KekkerRow => ({
  fact,
  source: queueRequests(`the schema QueueState, ${reply.status}`),
  says: `the state ${reply.status} is read whole`,
  reply,
  read: (client) => client.queue.get(1),
  gives: Object.fromEntries(Object.entries(reply).map(([name, value]) => [name, String(value)])),
});

const queueRows: readonly KekkerRow[] = [
  stateOf("K-050", waiting),
  stateOf("K-051", done),
  stateOf("K-052", failed),
  {
    fact: "K-053",
    source: queueRequests("GET /api/queue/{queueId}"),
    says: "GET /api/queue/{queueId} tells of an operation",
    request: { method: "GET", url: "{baseUrl}/api/queue/{queueId}" },
    given: ({ emulator }) => ({ queueId: String(emulator.setOperation({ status: "InQueue" })) }),
    answers: { queueId: expect.any(Number), status: "InQueue" },
    call: (client, { queueId = "" }) => client.queue.get(queueId),
  },
  {
    fact: "K-054",
    source: queueRequests("DELETE /api/queue/{queueId}"),
    says: "DELETE /api/queue/{queueId} takes one out",
    request: { method: "DELETE", url: "{baseUrl}/api/queue/{queueId}" },
    given: ({ emulator }) => ({ queueId: String(emulator.setOperation({ status: "InQueue" })) }),
    call: (client, { queueId = "" }) => client.queue.cancel(queueId),
  },
  {
    fact: "K-055",
    source: "Interaction with operation queues",
    says: "only one that waits or has failed",
    async at({ client, emulator }) {
      await client.queue.cancel(emulator.setOperation({ status: "Error", error: "e" }));
      return { status: "ok" };
    },
    past: ({ client, emulator }) =>
      client.queue.cancel(emulator.setOperation({ status: "InProgress" })),
    refused: { code: "request", status: 400 },
  },
  {
    fact: "K-081",
    source: queueRequests("DELETE /api/queue/{queueId}"),
    says: "what was taken out is there no more",
    async shows({ client, emulator }) {
      const id = emulator.setOperation({ status: "InQueue" });
      await client.queue.cancel(id);

      await expect(client.queue.get(id)).rejects.toMatchObject({ code: "notFound", status: 400 });
    },
  },
  {
    fact: "K-056",
    source: queueRequests("400"),
    says: "an unknown operation is 400 with a text",
    at: async ({ client, emulator }) =>
      await client.queue.get(emulator.setOperation({ status: "InQueue" })),
    gives: { status: "InQueue" },
    past: ({ client }) => client.queue.get(1),
    refused: { code: "notFound", status: 400 },
  },
  {
    fact: "K-057",
    source: queueRequests("the type of queueId"),
    says: "a queueId is a long: past 2^53 it is exact as a bigint, and refused as a number",
    async at({ client, emulator }) {
      const queueId = emulator.setOperation({ status: "InQueue" }, 9_007_199_254_740_993n);
      return await client.queue.get(queueId);
    },
    gives: { queueId: "9007199254740993" },
    past: ({ client }) => client.queue.get(2 ** 53),
    refused: { code: "config", message: expect.stringContaining("2^53") },
  },
  {
    fact: "K-058",
    source: queueRequests("the schema QueueState"),
    says: "queueId and status are there, the others by state",
    types: true,
  },
];

/** A raw list with one header changed. */
const without = (name: string, value: string) => (world: KekkerWorld) =>
  world.send({ method: "GET", url: "{baseUrl}/api/events", headers: { [name]: value } });

const headerRows: readonly KekkerRow[] = [
  {
    fact: "K-059",
    source: "Authorization",
    says: "Basic, of login and password",
    async shows({ client, sent }) {
      await client.events.list();

      expect(sent[0]?.headers?.["authorization"]).toBe(
        `Basic ${btoa(`${demo.login}:${demo.password}`)}`,
      );
    },
  },
  {
    fact: "K-060",
    source: requests("headers: Authorization"),
    says: "another credential is 401",
    at: without("authorization", `Basic ${btoa("demo-login:demo-password")}`),
    gives: { status: 200 },
    past: without("authorization", `Basic ${btoa("demo-login:other")}`),
    refused: { status: 401 },
  },
  {
    fact: "K-061",
    source: requests("headers: Channel"),
    says: "the channel goes with every request",
    at: without("channel", "demo-channel"),
    gives: { status: 200 },
    past: without("channel", ""),
    refused: { status: 400 },
  },
  {
    fact: "K-062",
    source: requests("headers: x-api-version"),
    says: "so does the version",
    async shows({ client, sent }) {
      await client.events.list();

      expect(sent[0]?.headers).toMatchObject({ channel: "demo-channel", "x-api-version": "2.0" });
    },
  },
  {
    fact: "K-063",
    source: "Versioning",
    says: "a blank version is a default one, in which the list may mean something else",
    leftOut: async (world) => {
      world.emulator.publish(deals(1));
      await world.client.events.ack("e1");
      return (await without("x-api-version", "")(world)).body;
    },
    is: [expect.objectContaining({ eventUid: "e1", active: false })],
  },
  {
    fact: "K-064",
    source: "Versioning; API Events Requests, reply headers",
    says: "the answer says which versions there are, and that it is JSON in UTF-8",
    async shows({ send }) {
      const { headers } = await send({ method: "GET", url: "{baseUrl}/api/events" });

      expect(headers.get("api-supported-versions")).toBe("1.0, 2.0");
      expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
    },
  },
  {
    fact: "K-065",
    source: requests("headers: Accept"),
    says: "the client accepts JSON",
    async shows({ client, sent }) {
      await client.events.list();

      expect(sent[0]?.headers?.["accept"]).toBe("application/json");
    },
  },
  {
    fact: "K-082",
    source: requests("headers: Accept"),
    says: "what takes no JSON is refused",
    at: without("accept", "text/html, Application/JSON;q=0.9"),
    gives: { status: 200 },
    past: without("accept", "text/html"),
    refused: { status: 406 },
  },
  {
    fact: "K-066",
    source: "Interaction with events; the sandbox",
    says: "there is no central host: a base URL is required",
    types: true,
  },
];

const errorRows: readonly KekkerRow[] = [
  {
    fact: "K-067",
    source: requests("POST /api/events/{eventUid}/ack, 400"),
    says: "an unknown event is 400 with a text",
    at: async ({ client, emulator }) => {
      emulator.publish(deals(1));
      return await client.events.ack("e1");
    },
    gives: { raw: "" },
    past: ({ client }) => client.events.ack("never"),
    refused: { code: "notFound", status: 400 },
  },
  {
    fact: "K-068",
    source: requests("500"),
    says: "500 says Internal error",
    async shows({ client, emulator, send }) {
      emulator.faults.add({ kind: "status", status: 500, operation: "list" });

      expect(await send({ method: "GET", url: "{baseUrl}/api/events" })).toMatchObject({
        status: 500,
        body: { errorMessage: "Internal error" },
      });
      await expect(client.events.list()).rejects.toMatchObject({ code: "transport", status: 500 });
    },
  },
  {
    fact: "K-069",
    source: "Handling Errors, 401",
    says: "the body of a 401 may be anything",
    async shows({ emulator, client }) {
      for (const body of ["<html>", { any: ["thing"] }, "", "\u0000"]) {
        emulator.faults.clear();
        emulator.faults.add({ kind: "status", status: 401, body });

        await expect(client.events.list()).rejects.toMatchObject({ code: "auth", status: 401 });
      }
    },
  },
  {
    fact: "K-070",
    source: "Handling Errors; API Events Requests",
    says: "the text is errorMessage or ErrorMessage, and may be null",
    async shows({ emulator, client }) {
      for (const body of [
        { errorMessage: "Event not found" },
        { ErrorMessage: "Event not found" },
      ]) {
        emulator.faults.clear();
        emulator.faults.add({ kind: "status", status: 400, body });
        await expect(client.events.ack("e")).rejects.toMatchObject({ code: "notFound" });
      }
      emulator.faults.clear();
      emulator.faults.add({ kind: "status", status: 400, body: { errorMessage: null } });
      await expect(client.events.ack("e")).rejects.toMatchObject({ code: "request" });
    },
  },
];

const ledger: Ledger<Made, KekkerClient, KekkerEmulatorOptions> = {
  provider: "kekker",
  least: 43,
  emulate: (options) => kekkerEmulator(options),
  connect: (fetch, connection = demo) =>
    kekker({ ...connection, fetch, retry: { attempts: 1 } } as KekkerOptions),
  headers: ({ login, password, channel = "" }) => ({
    authorization: `Basic ${btoa(`${login}:${password}`)}`,
    channel,
    "x-api-version": "2.0",
    accept: "application/json",
  }),
  rows: [
    ...structureRows,
    ...callRows,
    ...catalogueRows,
    ...cycleRows,
    ...queueRows,
    ...headerRows,
    ...errorRows,
  ],
};

checkLedger(ledger, Object.keys(decisions.routes));
