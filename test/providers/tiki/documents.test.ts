import { expect } from "vitest";
import { type TikiEmulatorOptions, tikiEmulator } from "../../../src/emulator/index.ts";
import { decisions } from "../../../src/emulator/tiki/decisions.ts";
import {
  authorizationCode,
  authorizeUrl,
  clientCredentials,
  refreshToken,
  type TikiClient,
  type TikiEventType,
  tiki,
  tikiEvents,
  toTikiEnvelope,
} from "../../../src/providers/tiki/index.ts";
import { checkLedger, type Ledger, type Names, type Row, type World } from "../ledger.ts";

type Made = ReturnType<typeof tikiEmulator>;
type TikiWorld = World<Made, TikiClient>;
type TikiRow = Row<Made, TikiClient, TikiEmulatorOptions>;

const reference = (section: string) => `Event queue API, ${section}`;
const retry = { attempts: 1 };
const created = "ORDER_CREATED_SUCCESSFULLY";
const updated = "ORDER_STATUS_UPDATED";
const dayMs = 86_400_000;

/** A token as a plain request gets one: client credentials, by Basic. */
async function tokenOf({ tokenUrl = "", clientId, clientSecret }: Names): Promise<string> {
  const answer = await fetch(tokenUrl, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

const withQueue = ({ emulator }: TikiWorld) => ({ queueCode: emulator.createQueue("queue 1") });

async function withSubscription(world: TikiWorld) {
  const names = withQueue(world);
  const { code } = await world.client.subscriptions.create(names.queueCode, { eventType: created });
  return { ...names, subscriptionCode: code };
}

/** Events of orders, numbered from 1 on. */
const orders = (count: number) =>
  Array.from({ length: count }, (_each, index) => ({
    id: String(index + 1),
    type: updated,
    payload: { order_code: String(index + 1), status: "picking" },
  }));

/** A queue with so many events, and the `ack_id` of its first page. */
async function withPage(world: TikiWorld, count = 2) {
  const names = withQueue(world);
  world.emulator.publish(names.queueCode, orders(count));
  const { ackId = "" } = await world.client.events.pull(names.queueCode);
  return { ...names, ackId };
}

/** How many events a pull brings. */
async function pulled({ client }: TikiWorld, queueCode: string, ackId?: string): Promise<number> {
  return (await client.events.pull(queueCode, { ackId })).events.length;
}

/** The public app, and the token of a seller who has authorised it. */
function publicApp({ connection, emulator }: TikiWorld, scopes = ["order", "offline"]) {
  const { publicClientId: clientId = "", publicClientSecret: clientSecret = "" } = connection;
  const { tokenUrl = "", publicRedirectUri: redirectUri = "", baseUrl } = connection;
  const app = { clientId, clientSecret, authentication: "post", tokenUrl } as const;
  const code = emulator.authorize({ clientId, scopes });
  const seller = authorizationCode({ ...app, code, redirectUri });
  const client = tiki({ baseUrl, retry, token: clientCredentials(app) });
  return { app, client, seller, code, redirectUri };
}

/** A wire event of the reference's example, with another id. */
const example = (id: string, created_at: number) => ({
  id,
  sid: "063B7B71DF51BDB8B46C00F84F1CA928C30742A7",
  created_at,
  payload: { order_code: "203791555", status: "picking" },
  type: updated,
  version: "v1",
});
const page = {
  events: [
    example("e4ecb7e5-f12f-4807-ade9-bf4aa1512b71", 1604388548418),
    example("a96d8c5b-769e-426a-b051-eaf2a671a596", 1604388764934),
  ],
  // Not a UUID, as in the document.
  ack_id: "e586abc8-e6f5-43e0-2222-dc24a25c50fv",
};

const queue = { code: "5a84289f-ed78-4285-9670-9a34508fb4a7", name: "queue 1", status: "ACTIVE" };
const subscription = {
  code: "38f9923b-a345-4437-a48a-d5938a4d6182",
  active: true,
  event_type: created,
  sid: "969BEA7515A1A27FF4F456C782653F854E6B5D2D",
};
const read = ({ event_type: eventType, ...others }: typeof subscription) => ({
  ...others,
  eventType,
});
// Its code has a last group of thirteen characters, as in the document.
const odd = { ...subscription, code: "c8cbb55e-21e6-4454-924c-c4dafe1247234" };

const queueRows: readonly TikiRow[] = [
  {
    fact: "T-001",
    source: reference("API get list queues"),
    says: "GET /queues lists the queues",
    request: { method: "GET", url: "{baseUrl}/queues" },
    given: withQueue,
    answers: [{ code: "{queueCode}", name: "queue 1", status: "ACTIVE" }],
    call: (client) => client.queues.list(),
  },
  {
    fact: "T-002",
    source: reference("API get list queues, Request"),
    says: "the base is api.tiki.vn/integration/v1",
    async shows() {
      const urls: unknown[] = [];
      const watched: typeof fetch = async (input) => {
        urls.push(input instanceof Request ? input.url : String(input));
        return Response.json([]);
      };
      await tiki({ token: "t", fetch: watched }).queues.list();

      expect(urls).toEqual(["https://api.tiki.vn/integration/v1/queues"]);
    },
  },
  {
    fact: "T-003",
    source: reference("API get list queues, Response"),
    says: "the list has no envelope; two queues may have one code",
    reply: [queue, { ...queue, name: "queue 2" }],
    read: (client) => client.queues.list(),
    gives: [queue, { ...queue, name: "queue 2" }],
  },
  {
    fact: "T-004",
    source: reference("API get list queues, Example"),
    says: "a queue has a code",
    types: true,
  },
  {
    fact: "T-005",
    source: reference("API get list queues, Example"),
    says: "a queue has a name",
    types: true,
  },
  {
    fact: "T-006",
    source: reference("API get list queues, Example"),
    says: "a queue has a status; ACTIVE alone is shown, and a live client knows another",
    reply: [{ ...queue, status: "DE-ACTIVE" }],
    read: (client) => client.queues.list(),
    gives: [{ ...queue, status: "DE-ACTIVE" }],
  },
  {
    fact: "T-007",
    source: reference("API create queue"),
    says: "POST /queues makes a queue of a name",
    request: { method: "POST", url: "{baseUrl}/queues", body: { name: "queue 1" } },
    answers: { code: expect.any(String), name: "queue 1", status: "ACTIVE" },
    call: (client) => client.queues.create({ name: "queue 1" }),
  },
  {
    fact: "T-008",
    source: reference("API create queue, Response"),
    says: "the answer is the queue",
    reply: queue,
    read: (client) => client.queues.create({ name: "queue 1" }),
    gives: queue,
  },
  {
    fact: "T-009",
    source: reference("API create queue, Request body"),
    says: "a name is mandatory",
    types: true,
  },
  {
    fact: "T-010",
    source: reference("API create queue, Request body"),
    says: "a queue without a name is refused",
    leftOut: async ({ send }) =>
      (await send({ method: "POST", url: "{baseUrl}/queues", body: {} })).status,
    is: 400,
  },
  {
    fact: "T-011",
    source: reference("API create queue"),
    says: "an account has a maximum of queues",
    emulator: { assumptions: { maxQueues: 2 } },
    async at({ client }) {
      await client.queues.create({ name: "one" });
      return await client.queues.create({ name: "two" });
    },
    gives: { name: "two" },
    past: ({ client }) => client.queues.create({ name: "three" }),
    refused: { code: "request", status: 400 },
  },
  {
    fact: "T-012",
    source: reference("API create queue"),
    says: "one queue serves all event types",
    async shows({ emulator, client }) {
      const { code } = await client.queues.create({ name: "all" });
      for (const eventType of [created, updated]) {
        await client.subscriptions.create(code, { eventType });
        emulator.emit(eventType, { order_code: "1" });
      }

      const { events } = await client.events.pull(code);
      expect(events.map(({ type }) => type)).toEqual([created, updated]);
    },
  },
  {
    fact: "T-013",
    source: reference("API create queue"),
    says: "or each event type has its queue",
    async shows({ emulator, client }) {
      const types: unknown[] = [];
      for (const eventType of [created, updated]) {
        const { code } = await client.queues.create({ name: eventType });
        await client.subscriptions.create(code, { eventType });
        emulator.emit(created, { order_code: "1" });
        emulator.emit(updated, { order_code: "1" });
        types.push(...(await client.events.pull(code)).events.map(({ type }) => type));
      }

      expect(types).toEqual([created, updated]);
    },
  },
  {
    fact: "T-014",
    source: reference("API create queue, Important"),
    says: "a seller uses the usual token for everything",
    async shows(world) {
      const names = await withSubscription(world);
      world.emulator.emit(created, { order_code: "1" });

      expect(await pulled(world, names.queueCode)).toBe(1);
    },
  },
  {
    fact: "T-015",
    source: reference("API create queue, Important"),
    says: "a client platform's queue wants its client credentials; a seller's token is refused",
    async shows(world) {
      const { client, seller } = publicApp(world);

      expect(await client.queues.create({ name: "ours" })).toMatchObject({ name: "ours" });
      await expect(client.queues.list({ token: seller })).rejects.toMatchObject({
        code: "auth",
        status: 403,
      });
    },
  },
];

const subscriptionRows: readonly TikiRow[] = [
  {
    fact: "T-016",
    source: reference("API create subscription"),
    says: "POST .../subscriptions subscribes a queue to a type",
    request: {
      method: "POST",
      url: "{baseUrl}/queues/{queueCode}/subscriptions",
      body: { event_type: created },
    },
    given: withQueue,
    answers: {
      code: expect.any(String),
      active: true,
      event_type: created,
      sid: expect.stringMatching(/^[0-9A-F]{40}$/),
    },
    call: (client, { queueCode = "" }) =>
      client.subscriptions.create(queueCode, { eventType: created }),
  },
  {
    fact: "T-017",
    source: reference("API create subscription, Response"),
    says: "the answer is the subscription: code, active, event_type, sid",
    reply: subscription,
    read: (client) => client.subscriptions.create("q", { eventType: created }),
    gives: read(subscription),
  },
  {
    fact: "T-018",
    source: reference("API create subscription, Request body"),
    says: "an event type is mandatory",
    types: true,
  },
  {
    fact: "T-019",
    source: reference("API create subscription, Request body"),
    says: "a subscription without a type is refused",
    leftOut: async (world) => {
      const url = "{baseUrl}/queues/{queueCode}/subscriptions";
      return (await world.send({ method: "POST", url, body: {} }, withQueue(world))).status;
    },
    is: 400,
  },
  {
    fact: "T-020",
    source: `${reference("API create subscription")}; Event queue for in-house app`,
    says: "events come some time after it: about 5 s, or some minutes",
    emulator: { activationDelayMs: 5_000 },
    async at(world) {
      const { queueCode } = await withSubscription(world);
      world.emulator.faults.add({ kind: "skew", ms: 5_000 });
      return world.emulator.emit(created, { order_code: "1" }).queues.includes(queueCode);
    },
    async past(world) {
      const { queueCode } = await withSubscription(world);
      // Another type, as one more of the same type would be the one that is active by now.
      await world.client.subscriptions.create(queueCode, { eventType: updated });
      world.emulator.faults.add({ kind: "skew", ms: 4_000 });
      return { queues: world.emulator.emit(updated, { order_code: "1" }).queues };
    },
    refused: { queues: [] },
  },
  {
    fact: "T-021",
    source: reference("API create subscription"),
    says: "what happens then goes to the queue",
    async shows(world) {
      const { queueCode } = await withSubscription(world);
      world.emulator.emit(created, { order_code: "7" });
      world.emulator.emit(updated, { order_code: "7" });

      const { events } = await world.client.events.pull(queueCode);
      expect(events.map(({ payload }) => payload)).toEqual([{ order_code: "7" }]);
    },
  },
  {
    fact: "T-022",
    source: reference("API create subscription, Response"),
    says: "the code of a subscription",
    types: true,
  },
  {
    fact: "T-023",
    source: reference("API create subscription, Response"),
    says: "whether a subscription is active",
    types: true,
  },
  {
    fact: "T-024",
    source: reference("API create subscription, Response"),
    says: "the event type of a subscription",
    types: true,
  },
  {
    fact: "T-025",
    source: reference("API create subscription, Response"),
    says: "the seller of a subscription",
    types: true,
  },
  {
    fact: "T-026",
    source: reference("API get list subscriptions"),
    says: "GET .../subscriptions lists those of a queue",
    request: { method: "GET", url: "{baseUrl}/queues/{queueCode}/subscriptions" },
    given: withSubscription,
    answers: [
      { code: "{subscriptionCode}", active: true, event_type: created, sid: expect.any(String) },
    ],
    call: (client, { queueCode = "" }) => client.subscriptions.list(queueCode),
  },
  {
    fact: "T-027",
    source: reference("API get list subscriptions, Response"),
    says: "the list has no envelope, and a code need not be a UUID",
    reply: [subscription, odd],
    read: (client) => client.subscriptions.list("q"),
    gives: [read(subscription), read(odd)],
  },
  {
    fact: "T-028",
    source: reference("API get list subscriptions"),
    says: "it is the list of all that belong to the queue, of all sellers where that is assumed",
    emulator: { assumptions: { subscriptionsListed: "queue" } },
    async shows(world) {
      const { client, app } = publicApp(world);
      const { code } = await client.queues.create({ name: "shared" });
      const { redirectUri } = publicApp(world);
      for (const { sid } of world.emulator.sellers) {
        const grant = world.emulator.authorize({ clientId: app.clientId, sid, scopes: ["order"] });
        const token = authorizationCode({ ...app, code: grant, redirectUri });
        await client.subscriptions.create(code, { eventType: created }, { token });
      }

      const sids = (await client.subscriptions.list(code)).map(({ sid }) => sid);
      expect(sids).toEqual(world.emulator.sellers.map(({ sid }) => sid));
    },
  },
  {
    fact: "T-029",
    source: reference("API update subscription active status"),
    says: "POST .../updateActive switches a subscription",
    request: {
      method: "POST",
      url: "{baseUrl}/queues/{queueCode}/subscriptions/{subscriptionCode}/updateActive",
      body: { active: true },
    },
    given: withSubscription,
    answers: {
      code: "{subscriptionCode}",
      active: true,
      event_type: created,
      sid: expect.any(String),
    },
    call: (client, { queueCode = "", subscriptionCode = "" }) =>
      client.subscriptions.setActive(queueCode, subscriptionCode, true),
  },
  {
    fact: "T-030",
    source: reference("API update subscription active status, Response"),
    says: "the answer is the subscription",
    reply: { ...subscription, active: false },
    read: (client) => client.subscriptions.setActive("q", "s", false),
    gives: { ...read(subscription), active: false },
  },
  {
    fact: "T-031",
    source: reference("API update subscription active status"),
    says: "one that is switched on again brings only what is new",
    async shows(world) {
      const { queueCode, subscriptionCode } = await withSubscription(world);
      const { emulator, client } = world;
      await client.subscriptions.setActive(queueCode, subscriptionCode, false);
      emulator.emit(created, { order_code: "while off" });
      await client.subscriptions.setActive(queueCode, subscriptionCode, true);
      emulator.emit(created, { order_code: "new" });

      const { events } = await client.events.pull(queueCode);
      expect(events.map(({ payload }) => payload)).toEqual([{ order_code: "new" }]);
    },
  },
  {
    fact: "T-032",
    source: reference("API update subscription active status, Request body"),
    says: "active is a mandatory boolean",
    types: true,
  },
  {
    fact: "T-033",
    source: reference("API update subscription active status, Request body"),
    says: "a call without active is refused",
    leftOut: async (world) => {
      const url = "{baseUrl}/queues/{queueCode}/subscriptions/{subscriptionCode}/updateActive";
      const names = await withSubscription(world);
      return (await world.send({ method: "POST", url, body: {} }, names)).status;
    },
    is: 400,
  },
];

const eventRows: readonly TikiRow[] = [
  {
    fact: "T-034",
    source: reference("API pull events"),
    says: "POST .../events/pull brings events and an ack_id",
    request: {
      method: "POST",
      url: "{baseUrl}/queues/{queueCode}/events/pull",
      body: { ack_id: null },
    },
    given(world) {
      const names = withQueue(world);
      world.emulator.publish(names.queueCode, orders(1));
      return names;
    },
    answers: {
      events: [
        {
          id: "1",
          sid: expect.any(String),
          created_at: expect.any(Number),
          payload: { order_code: "1", status: "picking" },
          type: updated,
          version: "v1",
        },
      ],
      ack_id: expect.any(String),
    },
    call: (client, { queueCode = "" }) => client.events.pull(queueCode),
  },
  {
    fact: "T-035",
    source: reference("API pull events, Request body"),
    says: "with the ack_id of the pull before",
    request: {
      method: "POST",
      url: "{baseUrl}/queues/{queueCode}/events/pull",
      body: { ack_id: "{ackId}" },
    },
    given: withPage,
    answers: { events: [], ack_id: "{ackId}" },
    call: (client, { queueCode = "", ackId }) => client.events.pull(queueCode, { ackId }),
  },
  {
    fact: "T-036",
    source: reference("API pull events, Response"),
    says: "every member of an event is kept, and neither id nor ack_id need be a UUID",
    reply: page,
    read: (client) => client.events.pull("q"),
    gives: { events: page.events, unreadable: [], ackId: page.ack_id },
  },
  {
    fact: "T-037",
    source: reference("API pull events, Response"),
    says: "a feed gives them as events, with the seller and the version beside",
    reply: page,
    async read(client) {
      const { deliveries } = await client.feed("q").pull();
      return deliveries.map(({ event, raw, receipt }) => ({
        event,
        envelope: toTikiEnvelope(raw),
        receipt,
      }));
    },
    gives: page.events.map(({ id, sid, version, type, created_at, payload }, index) => ({
      event: {
        specversion: "1.0",
        id,
        type,
        source: "/tiki/queues/q",
        subject: payload.order_code,
        time: new Date(created_at).toISOString(),
        data: payload,
      },
      envelope: { sid, version },
      receipt: index === 1 ? page.ack_id : undefined,
    })),
    turned: {
      "1604388548418": "2020-11-03T07:29:08.418Z",
      "1604388764934": "2020-11-03T07:32:44.934Z",
    },
  },
  ...["id", "sid", "created_at", "payload", "type", "version"].map(
    (name, index): TikiRow => ({
      fact: `T-${String(38 + index).padStart(3, "0")}`,
      source: reference("API pull events, Example"),
      says: `${name} of an event`,
      types: true,
    }),
  ),
  {
    fact: "T-044",
    source: reference("API pull events"),
    says: "the list may be empty",
    leftOut: async (world) => {
      const { queueCode } = withQueue(world);
      const { events, ackId } = await world.client.events.pull(queueCode);
      return { events, ackId: typeof ackId };
    },
    is: { events: [], ackId: "string" },
  },
  {
    fact: "T-045",
    source: reference("API pull events"),
    says: "the ack_id of the pull before removes its events and brings the next",
    async shows(world) {
      const { queueCode, ackId } = await withPage(world, 101);

      expect(await pulled(world, queueCode, ackId)).toBe(1);
      expect(world.emulator.waiting(queueCode)).toBe(1);
    },
  },
  {
    fact: "T-046",
    source: reference("API pull events, Request body"),
    says: "without it the old events come again",
    leftOut: async (world) => {
      const { queueCode } = await withPage(world, 2);
      return await pulled(world, queueCode);
    },
    is: 2,
  },
  {
    fact: "T-047",
    source: reference("API pull events, Request body"),
    says: "ack_id may be left out",
    leftOut: async (world) => {
      const url = "{baseUrl}/queues/{queueCode}/events/pull";
      const { status, body } = await world.send(
        { method: "POST", url, body: {} },
        await withPage(world, 2),
      );
      return { status, count: (body as { events: unknown[] }).events.length };
    },
    is: { status: 200, count: 2 },
  },
  {
    fact: "T-048",
    source: reference("API pull events, Request body"),
    says: "ack_id is optional in the client too, and may be null",
    types: true,
  },
  {
    fact: "T-049",
    source: reference("API pull events, Request body"),
    says: "ack_id is a String: the example true is none",
    at: async (world) => await pulled(world, ...(Object.values(await withPage(world)) as [string])),
    past: async (world) => {
      const url = "{baseUrl}/queues/{queueCode}/events/pull";
      return await world.send({ method: "POST", url, body: { ack_id: true } }, withQueue(world));
    },
    refused: { status: 400 },
  },
  {
    fact: "T-050",
    source: reference("API pull events"),
    says: "a 200 does not mean that events were handled: they wait until their ack",
    async shows(world) {
      const { queueCode } = await withPage(world, 3);
      const deliveries = (await world.client.feed(queueCode).pull()).deliveries;

      expect(deliveries).toHaveLength(3);
      expect(world.emulator.waiting(queueCode)).toBe(3);
    },
  },
  {
    fact: "T-051",
    source: reference("API pull events, Response"),
    says: "100 events a request at most",
    async at(world) {
      const { queueCode } = withQueue(world);
      world.emulator.publish(queueCode, orders(100));
      return { first: await pulled(world, queueCode), waiting: world.emulator.waiting(queueCode) };
    },
    gives: { first: 100, waiting: 100 },
    async past(world) {
      const { queueCode } = withQueue(world);
      world.emulator.publish(queueCode, orders(101));
      return { first: await pulled(world, queueCode), waiting: world.emulator.waiting(queueCode) };
    },
    refused: { first: 100, waiting: 101 },
  },
  {
    fact: "T-052",
    source: reference("API pull events"),
    says: "after an empty list a reader slows down: the page says nothing of more",
    async shows(world) {
      const { queueCode } = withQueue(world);
      const feed = world.client.feed(queueCode);
      // The first empty page has an ack_id that is new, behind which something could stand.
      const { receipt } = await feed.pull();
      const second = await feed.pull({ ack: receipt });

      expect([second.deliveries, second.more]).toEqual([[], undefined]);
    },
  },
  {
    fact: "T-053",
    source: reference("API ack events"),
    says: "POST .../events/ack acknowledges without a pull",
    request: {
      method: "POST",
      url: "{baseUrl}/queues/{queueCode}/events/ack",
      body: { ack_id: "{ackId}" },
    },
    given: withPage,
    answers: { status: "ok" },
    call: (client, { queueCode = "", ackId = "" }) => client.events.ack(queueCode, ackId),
  },
  {
    fact: "T-054",
    source: reference("API ack events, Response"),
    says: "the answer says ok",
    reply: { status: "ok" },
    read: (client) => client.events.ack("q", "a"),
    gives: { status: "ok" },
  },
  {
    fact: "T-055",
    source: reference("API ack events, Request body"),
    says: "ack_id is mandatory",
    types: true,
  },
  {
    fact: "T-056",
    source: reference("API ack events, Request body"),
    says: "an ack without ack_id is refused",
    leftOut: async (world) => {
      const url = "{baseUrl}/queues/{queueCode}/events/ack";
      return (await world.send({ method: "POST", url, body: {} }, withQueue(world))).status;
    },
    is: 400,
  },
  {
    fact: "T-057",
    source: reference("API ack events, Request body"),
    says: "it is that of the pull before; an older one is refused where that is assumed",
    emulator: { assumptions: { olderAckId: "refuse" } },
    async at(world) {
      const { queueCode, ackId } = await withPage(world);
      return await world.client.events.ack(queueCode, ackId);
    },
    gives: { status: "ok" },
    async past(world) {
      const { queueCode, ackId } = await withPage(world);
      world.emulator.publish(queueCode, [{ type: created, payload: {} }]);
      await world.client.events.pull(queueCode);
      return await world.client.events.ack(queueCode, ackId);
    },
    refused: { code: "request", status: 400 },
  },
  {
    fact: "T-058",
    source: reference("the samples of the types"),
    says: "the types that the samples name are in the catalogue",
    shows() {
      expect(Object.keys(tikiEvents)).toEqual(
        expect.arrayContaining([created, updated, "PRODUCT_PRICE_UPDATED"]),
      );
    },
  },
];

const guideRows: readonly TikiRow[] = [
  {
    fact: "T-094",
    source: reference("API pull events, Response"),
    says: "a custom size may come in future: a page of twice 100 is read whole",
    async shows() {
      const events = Array.from({ length: 200 }, (_each, index) => example(`${index}`, index));
      const client = tiki({ token: "t", fetch: async () => Response.json({ ...page, events }) });

      expect((await client.events.pull("q")).events).toEqual(events);
      expect((await client.feed("q").pull()).deliveries.map(({ raw }) => raw)).toEqual(events);
    },
  },
  {
    fact: "T-059",
    source: "Event queues, the guarantees",
    says: "events come in the order of the queue",
    async shows(world) {
      const { queueCode } = withQueue(world);
      world.emulator.publish(queueCode, orders(5));

      const { events } = await world.client.events.pull(queueCode);
      expect(events.map(({ id }) => id)).toEqual(["1", "2", "3", "4", "5"]);
    },
  },
  {
    fact: "T-060",
    source: "Event queues, the guarantees",
    says: "events are kept for 7 days",
    async at(world) {
      const { queueCode } = withQueue(world);
      world.emulator.publish(queueCode, orders(1));
      world.emulator.faults.add({ kind: "skew", ms: 7 * dayMs - 60_000 });
      return { count: await pulled(world, queueCode) };
    },
    gives: { count: 1 },
    async past(world) {
      const { queueCode } = withQueue(world);
      world.emulator.publish(queueCode, orders(1));
      world.emulator.faults.add({ kind: "skew", ms: 7 * dayMs + 60_000 });
      return { count: await pulled(world, queueCode) };
    },
    refused: { count: 0 },
  },
  {
    fact: "T-061",
    source: "Event queues, the ack",
    says: "an ack is a position: it covers everything up to it",
    async shows(world) {
      const { queueCode, ackId } = await withPage(world, 20);
      world.emulator.publish(queueCode, [{ id: "21", type: created, payload: {} }]);
      await world.client.events.ack(queueCode, ackId);

      const { events } = await world.client.events.pull(queueCode);
      expect(events.map(({ id }) => id)).toEqual(["21"]);
    },
  },
  {
    fact: "T-062",
    source: "Create your queue and subscription events (public apps)",
    says: "a subscription wants the seller's own token",
    async shows(world) {
      const { client, seller } = publicApp(world);
      const { code } = await client.queues.create({ name: "ours" });
      const make = (token?: typeof seller) =>
        client.subscriptions.create(code, { eventType: created }, { token });

      await expect(make()).rejects.toMatchObject({ code: "auth", status: 401 });
      expect(await make(seller)).toMatchObject({ active: true });
    },
  },
  {
    fact: "T-063",
    source: "Event queue for in-house app",
    says: "an in-house app does everything by client credentials",
    async shows(world) {
      const { queueCode, ackId } = await withPage(world);
      await world.client.events.ack(queueCode, ackId);
      const forms = world.sent.filter(({ url }) => url === world.connection["tokenUrl"]);

      expect(forms.map(({ body }) => body)).toEqual([
        expect.stringContaining("grant_type=client_credentials"),
      ]);
    },
  },
];

/** Documented payloads by type; the last one was seen live. */
const payloads: readonly (readonly [TikiEventType, object])[] = [
  [created, { order_code: "203791555", status: "queueing" }],
  [updated, { order_code: "203791555", status: "picking" }],
  [
    "PRODUCT_PRICE_UPDATED",
    { product_id: 7, original_sku: "S-1", price_from: "1000", price_to: "900" },
  ],
  [
    "PRODUCT_MARKET_PRICE_UPDATED",
    { product_id: 7, original_sku: "S-1", market_price_from: "1000", market_price_to: "900" },
  ],
  [
    "PRODUCT_INVENTORY_UPDATED",
    {
      product_id: 7,
      original_sku: "",
      warehouse_id: 1,
      quantity_from: 1,
      quantity_to: 2,
      quantity_available_from: 3,
      quantity_available_to: 4,
      quantity_reserved_from: 5,
      quantity_reserved_to: 6,
      quantity_sellable_from: 7,
      quantity_sellable_to: 8,
    },
  ],
];

const catalogueRows: readonly TikiRow[] = [
  ...payloads.map(
    ([type, payload], index): TikiRow => ({
      fact: `T-${String(64 + index).padStart(3, "0")}`,
      source: "Event type",
      says: `the payload of ${type} is read whole`,
      async shows(world) {
        const { queueCode } = withQueue(world);
        world.emulator.publish(queueCode, [{ type, payload }]);
        const [delivery] = (await world.client.feed(queueCode).pull()).deliveries;

        expect(delivery?.event?.data).toEqual(payload);
        expect(tikiEvents[type]["~standard"].validate(payload)).toEqual({ value: payload });
      },
    }),
  ),
  {
    fact: "T-069",
    source: "Event type",
    says: "every documented type can be subscribed to",
    async shows(world) {
      const { queueCode } = withQueue(world);
      for (const [eventType] of payloads) {
        const made = await world.client.subscriptions.create(queueCode, { eventType });
        expect(made.eventType).toBe(eventType);
      }
    },
  },
  {
    fact: "T-070",
    source: "Event type",
    says: "an order's event has an order_code; prices are text, ids are numbers",
    types: true,
  },
  {
    fact: "T-071",
    source: "a shop's running consumer of 2025",
    says: "a created order without a status, a changed one with a second orderCode",
    shows() {
      const order = tikiEvents[created]["~standard"];
      const changed = { order_code: "1", orderCode: "1", status: "picking" };

      expect(order.validate({ order_code: "1" })).toEqual({ value: { order_code: "1" } });
      expect(order.validate(changed)).toEqual({ value: changed });
    },
  },
  {
    fact: "T-072",
    source: "Order status v2",
    says: "the status of an order is one of the known words, or another",
    types: true,
  },
];

const errorRows: readonly TikiRow[] = [
  ...(
    [
      [400, "request", false],
      [401, "auth", false],
      [403, "auth", false],
      [405, "request", false],
      [406, "request", false],
      [429, "rateLimit", true],
      [500, "transport", true],
      [503, "transport", true],
    ] as const
  ).map(
    ([status, code, retryable], index): TikiRow => ({
      fact: `T-${String(73 + index).padStart(3, "0")}`,
      source: "Common exceptions",
      says: `${status} with errors as a list of texts`,
      async shows({ emulator, client }) {
        const body = { errors: [`what is wrong: ${status}`] };
        emulator.faults.add({ kind: "status", status, body, operation: "listQueues" });

        await expect(client.queues.list()).rejects.toMatchObject({
          code,
          status,
          retryable,
          ...(code === "request" && { message: expect.stringContaining("what is wrong") }),
        });
      },
    }),
  ),
  {
    fact: "T-081",
    source: "Common exceptions, 429",
    says: "200 requests a second for each seller",
    emulator: { clock: { now: () => 0 } },
    async at({ client }) {
      for (let count = 0; count < 199; count += 1) await client.queues.list();
      return await client.queues.list();
    },
    gives: [],
    past: ({ client }) => client.queues.list(),
    refused: { code: "rateLimit", retryable: true, status: 429 },
  },
  {
    fact: "T-082",
    source: "Common exceptions, 406",
    says: "what does not take JSON is refused",
    at: async (world) =>
      await world.send({
        method: "GET",
        url: "{baseUrl}/queues",
        headers: { accept: "application/json" },
      }),
    gives: { status: 200 },
    past: async (world) =>
      await world.send({
        method: "GET",
        url: "{baseUrl}/queues",
        headers: { accept: "text/html" },
      }),
    refused: { status: 406, body: { errors: [expect.any(String)] } },
  },
  {
    fact: "T-101",
    source: "Common exceptions, 406",
    says: "so is a body that does not say that it is JSON",
    at: ({ send }) => send({ method: "POST", url: "{baseUrl}/queues", body: { name: "a" } }),
    gives: { status: 200 },
    past: ({ send }) =>
      send({
        method: "POST",
        url: "{baseUrl}/queues",
        body: { name: "a" },
        headers: { "content-type": "text/plain" },
      }),
    refused: { status: 406 },
  },
  {
    fact: "T-083",
    source: "Common exceptions, 403",
    says: "a call for an inactive seller is refused",
    async at({ client }) {
      return await client.queues.list();
    },
    past({ client, emulator }) {
      for (const { sid } of emulator.sellers) emulator.setSellerActive(sid, false);
      return client.queues.list();
    },
    refused: { code: "auth", status: 403 },
  },
];

const authRows: readonly TikiRow[] = [
  {
    fact: "T-084",
    source: "Client credentials flow",
    says: "the token is asked for by a form, and has no refresh token",
    async shows(world) {
      const { tokenUrl = "", clientId, clientSecret } = world.connection;
      const answer = await fetch(tokenUrl, {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
        body: new URLSearchParams({ grant_type: "client_credentials", scope: "order product" }),
      });

      expect(await answer.json()).toEqual({
        access_token: expect.any(String),
        token_type: "bearer",
        expires_in: expect.any(Number),
        scope: "order product",
      });
    },
  },
  {
    fact: "T-085",
    source: "Register an application, token endpoint auth method",
    says: "basic puts the secret into the header, post into the form; the other way is refused",
    async shows(world) {
      const { app } = publicApp(world);
      const { baseUrl } = world.connection;
      const ask = (authentication: "basic" | "post") =>
        tiki({
          baseUrl,
          retry,
          token: clientCredentials({ ...app, authentication }),
        }).queues.list();

      expect(await ask("post")).toEqual([]);
      await expect(ask("basic")).rejects.toMatchObject({ code: "auth" });
    },
  },
  {
    fact: "T-086",
    source: "Authorization code flow",
    says: "the browser goes to the page, and comes back with a code and the state",
    async shows(world) {
      const { app, redirectUri } = publicApp(world);
      const { authorizeUrl: authUrl } = world.connection;
      const { clientId } = app;
      const state = "12345678";
      const url = authorizeUrl({ clientId, redirectUri, scope: "order offline", state, authUrl });
      const answer = await fetch(url, { redirect: "manual" });
      const back = new URL(answer.headers.get("location") ?? "");

      expect(answer.status).toBe(302);
      expect(back.searchParams.get("state")).toBe(state);
      const code = back.searchParams.get("code") ?? "";
      const token = authorizationCode({ ...app, code, redirectUri });
      const { code: queueCode } = await publicApp(world).client.queues.create({ name: "q" });
      const client = tiki({ baseUrl: world.connection["baseUrl"], token });
      expect(await client.subscriptions.list(queueCode)).toEqual([]);
    },
  },
  {
    fact: "T-087",
    source: "Authorization code flow",
    says: "the state has at least 8 characters",
    at: async ({ connection }) =>
      authorizeUrl({
        clientId: "c",
        redirectUri: "https://a.example",
        scope: "order",
        state: "12345678",
        authUrl: connection["authorizeUrl"],
      }),
    past: async ({ connection }) =>
      authorizeUrl({
        clientId: "c",
        redirectUri: "https://a.example",
        scope: "order",
        state: "1234567",
        authUrl: connection["authorizeUrl"],
      }),
    refused: { code: "config", message: expect.stringContaining("state") },
  },
  {
    fact: "T-088",
    source: "Authorization code flow",
    says: "the redirect address must be the registered one",
    async shows(world) {
      const { app, code } = publicApp(world);
      const redirectUri = "https://elsewhere.example/";
      const token = authorizationCode({ ...app, code, redirectUri });
      const client = tiki({ baseUrl: world.connection["baseUrl"], token, retry });

      // Not the refusal of a seller's token by the call, which is `auth` too.
      const refused = { code: "auth", operation: "token" };
      await expect(client.queues.list()).rejects.toMatchObject(refused);
    },
  },
  {
    fact: "T-089",
    source: "Scope of access",
    says: "a refresh token comes only with the scope offline",
    async shows(world) {
      const stored: string[][] = [];
      for (const scopes of [["order"], ["order", "offline"]]) {
        const { app, code, redirectUri } = publicApp(world, scopes);
        const tokens: string[] = [];
        const onRefresh = (token: string) => void tokens.push(token);
        const token = authorizationCode({ ...app, code, redirectUri, onRefresh });
        // The answer does not matter: a seller's token lists no queues.
        await tiki({ baseUrl: world.connection["baseUrl"], token, retry })
          .queues.list()
          .catch(() => undefined);
        stored.push(tokens);
      }

      expect(stored).toEqual([[], [expect.any(String)]]);
    },
  },
  {
    fact: "T-090",
    source: "Refresh token",
    says: "a refresh gives a new access token and a new refresh token",
    async shows(world) {
      const { app, code, redirectUri } = publicApp(world);
      const tokens: string[] = [];
      const onRefresh = (token: string) => void tokens.push(token);
      const { baseUrl } = world.connection;
      const call = (token: Parameters<typeof tiki>[0]["token"]) =>
        tiki({ baseUrl, token, retry })
          .queues.list()
          .catch(() => undefined);
      await call(authorizationCode({ ...app, code, redirectUri, onRefresh }));
      await call(refreshToken({ ...app, refreshToken: tokens[0] ?? "", onRefresh }));

      expect(new Set(tokens).size).toBe(2);
    },
  },
  {
    fact: "T-091",
    source: "Refresh token",
    says: "a 401 means: a new token, and once more",
    async shows({ client, emulator }) {
      await client.queues.list();
      emulator.revokeTokens();

      expect(await client.queues.list()).toEqual([]);
      expect(emulator.journal.calls("token")).toBe(2);
    },
  },
  {
    fact: "T-092",
    source: "Obtain an access token",
    says: "expires_in is in seconds",
    emulator: { assumptions: { tokenLifetimeSeconds: 100 } },
    async shows({ client, emulator }) {
      await client.queues.list();
      emulator.faults.add({ kind: "skew", ms: 99_000 });
      await client.queues.list();
      expect(emulator.journal.totals().refused).toBe(0);
      emulator.faults.add({ kind: "skew", ms: 2_000 });
      await client.queues.list();

      expect(emulator.journal.totals().refused).toBe(1);
    },
  },
  {
    fact: "T-093",
    source: "Seller API, Get seller information",
    says: "a token's seller is told with its sid, beside the queues' base",
    request: { method: "GET", url: "{me}" },
    given: ({ connection }) => ({
      me: (connection["baseUrl"] ?? "").replace(/v1$/, "v2/sellers/me"),
    }),
    answers: {
      id: expect.any(Number),
      sid: expect.stringMatching(/^[0-9A-F]{40}$/),
      name: expect.any(String),
      active: 1,
    },
  },
];

const ledger: Ledger<Made, TikiClient, TikiEmulatorOptions> = {
  provider: "tiki",
  least: 58,
  emulate: (options) => tikiEmulator({ activationDelayMs: 0, ...options }),
  connect(fetch, { baseUrl, tokenUrl, clientId = "", clientSecret = "" } = {}) {
    const token = tokenUrl ? clientCredentials({ tokenUrl, clientId, clientSecret }) : "token";
    return tiki({ token, fetch, baseUrl, retry });
  },
  headers: async (connection) => ({ authorization: `Bearer ${await tokenOf(connection)}` }),
  rows: [
    ...queueRows,
    ...subscriptionRows,
    ...eventRows,
    ...guideRows,
    ...catalogueRows,
    ...errorRows,
    ...authRows,
  ],
};

checkLedger(ledger, Object.keys(decisions.routes));
