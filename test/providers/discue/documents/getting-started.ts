import { readFileSync } from "node:fs";
import { expect, vi } from "vitest";
import type { DiscueEmulatorOptions } from "../../../../src/emulator/index.ts";
import { discue } from "../../../../src/providers/discue/index.ts";
import {
  answering,
  type DiscueRow,
  get,
  linked,
  listenerBody,
  put,
  remove,
  sample,
  statusOf,
  withListener,
  withMessage,
  withQueue,
} from "./world.ts";

const page = (section: string) => `Getting started, ${section}`;
const first = {
  queue: page("How to create your first queue"),
  listener: page("How to create your first listener"),
  message: page("How to create and submit your first message"),
};
const body = { notifyUrl: sample.notifyUrl, livenessUrl: sample.livenessUrl };
const listener = { ...body, name: sample.listener };

const docs = readFileSync(new URL("../../../../docs/providers/discue.md", import.meta.url), "utf8");

/** A row that waits for a call of the emulator to some address of the listener. */
function called(
  fact: string,
  says: string,
  isIt: (url: string) => boolean,
  webhook: DiscueEmulatorOptions["webhook"],
): DiscueRow {
  const { calls, deliver } = answering(204);
  return {
    fact,
    source: first.listener,
    says,
    emulator: { deliver, webhook },
    async shows(world) {
      const { queueId } = await withListener(world);
      await world.client.messages.create(queueId, { data: "x" });

      await vi.waitFor(() => expect(calls.some(({ url }) => isIt(url))).toBe(true), 60_000);
    },
  };
}

const queueRows: readonly DiscueRow[] = [
  {
    fact: "D-001",
    source: page("Prerequisites"),
    says: "calls need an API key",
    async shows({ send, emulator }) {
      const none = await emulator.fetch("http://127.0.0.1/v1/queues");

      expect([none.status, (await send(get("/queues"))).status]).toEqual([401, 200]);
    },
  },
  {
    fact: "D-002",
    source: first.queue,
    says: "there are endpoints to make queues, listeners and messages",
    async shows(world) {
      const { queueId } = await withListener(world);
      await world.client.messages.create(queueId, { data: "x" });

      expect(await world.client.queues.list()).toHaveLength(1);
      expect(await world.client.listeners.list(queueId)).toHaveLength(1);
      expect(await world.client.messages.list(queueId)).toHaveLength(1);
    },
  },
  {
    fact: "D-003",
    source: first.queue,
    says: "and to maintain them",
    async shows(world) {
      const { queueId, listenerId } = await withListener(world);
      const { id } = await world.client.messages.create(queueId, { data: "x" });

      await world.client.queues.update(queueId, { name: "q-2" });
      await world.client.listeners.update(queueId, listenerId, { name: "l-2" });
      await world.client.messages.update(queueId, id, { name: "m-2" });

      expect((await world.client.queues.get(queueId)).name).toBe("q-2");
      expect((await world.client.listeners.get(queueId, listenerId)).name).toBe("l-2");
      expect((await world.client.messages.get(queueId, id)).name).toBe("m-2");
    },
  },
  {
    fact: "D-004",
    source: first.queue,
    says: "a queue is created by PUT /v1/queues, of its name alone",
    request: put("/queues", { name: sample.queue }),
    answers: {
      queue: { id: expect.any(String), name: sample.queue, listeners: [] },
      _links: expect.anything(),
    },
    call: (client) => client.queues.create({ name: sample.queue }),
  },
  { fact: "D-005", source: first.queue, says: "a queue's name suffices", types: true },
  {
    fact: "D-006",
    source: first.queue,
    says: "requests say Content-Type: application/json",
    at: (world) => world.send(put("/queues", { name: "a" })),
    gives: { status: 200 },
    past: (world) =>
      world.send({ ...put("/queues", { name: "b" }), headers: { "content-type": "text/plain" } }),
    refused: { status: 415 },
  },
  {
    fact: "D-007",
    source: first.queue,
    says: "requests say Accept: application/json",
    at: (world) => world.send({ ...get("/queues"), headers: { accept: "application/json" } }),
    gives: { status: 200 },
    past: (world) => world.send({ ...get("/queues"), headers: { accept: "text/html" } }),
    refused: { status: 406 },
  },
  {
    fact: "D-008",
    source: first.queue,
    says: "the three headers are those of every request",
    request: {
      ...put("/queues", { name: sample.queue }),
      headers: { "content-type": "application/json", accept: "application/json" },
    },
    call: (client) => client.queues.create({ name: sample.queue }),
  },
  {
    fact: "D-009",
    source: first.queue,
    says: "the key stands in X-API-KEY",
    async shows({ send }) {
      const refused = await send({ ...get("/queues"), headers: { "x-api-key": "API_KEY" } });

      expect(refused.status).toBe(401);
    },
  },
  {
    fact: "D-010",
    source: first.queue,
    says: "paths begin with /v1",
    async shows({ client, sent, connection }) {
      await client.queues.list();

      expect(sent[0]?.url).toBe(`${connection["baseUrl"]}/v1/queues`);
    },
  },
  {
    fact: "D-011",
    source: first.queue,
    says: "the host is another, by http",
    async shows() {
      const urls: string[] = [];
      const options = {
        apiKey: "API_KEY",
        baseUrl: "http://api.example.com",
        fetch: async (input: RequestInfo | URL) => {
          urls.push(new Request(input).url);
          return Response.json({ queues: [] });
        },
      };

      expect(() => discue(options)).toThrow("`baseUrl` must begin with https:");
      await discue({ ...options, allowInsecure: true }).queues.list();

      expect(urls).toEqual(["http://api.example.com/v1/queues"]);
    },
  },
  {
    fact: "D-012",
    source: first.queue,
    says: "the reply has the queue's id, name and listeners; an id need not be a UUID",
    reply: {
      queue: { id: sample.queueId, name: sample.queue, listeners: [] },
      _links: linked(`/queues/${sample.queueId}`),
    },
    unread: ["_links"],
    read: (client) => client.queues.create({ name: sample.queue }),
    gives: { id: sample.queueId, name: sample.queue, listeners: [] },
  },
  {
    fact: "D-013",
    source: first.queue,
    says: "success is 200",
    request: put("/queues", { name: sample.queue }),
    status: 200,
  },
  {
    fact: "D-014",
    source: first.queue,
    says: "queue.id is what listeners and messages are made with",
    async shows(world) {
      const { queueId } = await withQueue(world);

      expect(await world.client.listeners.create(queueId, listener)).toHaveProperty("id");
      expect(await world.client.messages.create(queueId, { data: "x" })).toHaveProperty("id");
    },
  },
  {
    fact: "D-015",
    source: first.queue,
    says: "a queue without listeners has an empty list of them",
    leftOut: async ({ client }) => (await client.queues.create({ name: "q" })).listeners,
    is: [],
  },
  {
    fact: "D-016",
    source: first.queue,
    says: "a queue's listeners are listed in it",
    async shows(world) {
      const { queueId, listenerId } = await withListener(world);

      expect((await world.client.queues.get(queueId)).listeners).toEqual([
        { id: listenerId, name: sample.listener },
      ]);
    },
  },
  {
    fact: "D-017",
    source: first.queue,
    says: "_links.self ends with the id of the new queue",
    async shows({ send }) {
      const { queue, _links } = (await send(put("/queues", { name: "q" }))).body as {
        queue: { id: string };
        _links: object;
      };

      expect(_links).toEqual(linked(`/queues/${queue.id}`));
    },
  },
  {
    fact: "D-018",
    source: first.queue,
    says: "a queue's name is unique",
    async at({ client }) {
      await client.queues.create({ name: "a" });
      return await client.queues.create({ name: "b" });
    },
    gives: { name: "b" },
    past: ({ client }) => client.queues.create({ name: "a" }),
    refused: { code: "request", status: 422, retryable: false },
  },
  {
    fact: "D-019",
    source: first.queue,
    says: "a second queue of a name is answered 422, with title and status",
    request: put("/queues", { name: sample.queue }),
    given: withQueue,
    status: 422,
    answers: { title: "Unprocessable Entity", status: 422 },
  },
  {
    fact: "D-020",
    source: first.queue,
    says: "an error has a title and a status",
    reply: { title: "Unprocessable Entity", status: 422 },
    status: 422,
    read: (client) =>
      client.queues.create({ name: "a" }).catch((error: { status: number; message: string }) => ({
        status: error.status,
        title: /Unprocessable Entity/.exec(error.message)?.[0],
      })),
    gives: { title: "Unprocessable Entity", status: 422 },
  },
];

const listenerRows: readonly DiscueRow[] = [
  {
    fact: "D-021",
    source: first.listener,
    says: "a listener is called whenever a message was put on its queue",
    async shows(world) {
      const { queueId } = await withListener(world);
      await world.client.messages.create(queueId, { data: sample.data });
      await world.client.messages.create(queueId, { data: "another" });

      await vi.waitFor(
        () => expect(world.emulator.journal.ackedIds(queueId)).toHaveLength(2),
        60_000,
      );
    },
  },
  {
    fact: "D-022",
    source: first.listener,
    says: "no message is lost: a delivery is repeated until it was taken",
    emulator: {
      deliver: answering(500, 503, 404, 204).deliver,
      webhook: { retryDelaysMs: [1] },
    },
    async shows(world) {
      const { queueId } = await withListener(world);
      const { id } = await world.client.messages.create(queueId, { data: "x" });

      await vi.waitFor(() => expect(world.emulator.journal.ackedIds()).toEqual([id]), 60_000);
      expect(world.emulator.journal.event(id)).toMatchObject({ delivered: 4, acks: 1 });
    },
  },
  {
    fact: "D-023",
    source: first.listener,
    says: "also where the listener is away, or does not respond",
    emulator: {
      deliver: (() => {
        let calls = 0;
        return async (): Promise<Response> => {
          calls += 1;
          if (calls === 1) throw new TypeError("fetch failed");
          return calls === 2 ? await new Promise(() => undefined) : new Response();
        };
      })(),
      webhook: { retryDelaysMs: [1], timeoutMs: 20 },
    },
    async shows(world) {
      const { queueId } = await withListener(world);
      const { id } = await world.client.messages.create(queueId, { data: "x" });

      await vi.waitFor(() => expect(world.emulator.journal.ackedIds()).toEqual([id]), 60_000);
      expect(world.emulator.journal.event(id)).toMatchObject({ delivered: 3 });
    },
  },
  {
    fact: "D-024",
    source: first.listener,
    says: "a listener is created by PUT, in the path of its queue",
    request: put("/queues/{queueId}/listeners", listenerBody),
    given: withQueue,
    answers: {
      listener: { id: expect.any(String), name: sample.listener },
      _links: expect.anything(),
    },
    call: (client, { queueId = "" }) => client.listeners.create(queueId, listener),
  },
  ...(["name", "notify_url", "liveness_url"] as const).map((member, index): DiscueRow => {
    const { [member]: _, ...others } = listenerBody;
    return {
      fact: `D-02${5 + index}`,
      source: first.listener,
      says: `${member} of a listener is mandatory`,
      request: put("/queues/{queueId}/listeners", others),
      given: withQueue,
      status: 400,
      answers: { title: "Bad Request", status: 400 },
    };
  }),
  { fact: "D-028", source: first.listener, says: "name is mandatory by type", types: true },
  { fact: "D-029", source: first.listener, says: "notify_url is mandatory by type", types: true },
  { fact: "D-030", source: first.listener, says: "liveness_url is mandatory by type", types: true },
  called(
    "D-031",
    "notify_url is what is called with a message",
    (url) => url === sample.notifyUrl,
    {
      livenessIntervalMs: 0,
    },
  ),
  called(
    "D-032",
    "liveness_url is what tells whether it lives",
    (url) => url === sample.livenessUrl,
    {
      livenessIntervalMs: 1,
    },
  ),
  {
    fact: "D-033",
    source: first.listener,
    says: "a listener whose liveness_url does not answer is known not to live",
    emulator: {
      deliver: answering(500).deliver,
      webhook: { livenessIntervalMs: 1, livenessFailures: 2 },
    },
    async shows(world) {
      const { queueId, listenerId } = await withListener(world);
      const { listeners } = world.client;

      await vi.waitFor(async () => {
        const { liveness } = await listeners.get(queueId, listenerId);
        expect(liveness).toMatchObject({ state: "inactive", successCount: 0 });
      }, 60_000);
    },
  },
  {
    fact: "D-034",
    source: first.listener,
    says: "the path holds the queue's id, which must be one",
    request: put("/queues/nobody/listeners", listenerBody),
    status: 404,
    answers: { title: "Not Found", status: 404 },
  },
  {
    fact: "D-035",
    source: first.listener,
    says: "the reply has the listener's id and name",
    reply: {
      listener: { id: sample.listenerId, name: sample.listener },
      _links: linked(`/queues/${sample.queueId}/listeners/0644659f-b47b-4668-86dd-a496cb7fbc76`),
    },
    unread: ["_links"],
    read: (client) => client.listeners.create(sample.queueId, listener),
    // The id in the link is another: the reply's own counts, and links are never read.
    gives: { id: sample.listenerId, name: sample.listener },
  },
  {
    fact: "D-036",
    source: first.listener,
    says: "success is 200",
    request: put("/queues/{queueId}/listeners", listenerBody),
    given: withQueue,
    status: 200,
  },
  {
    fact: "D-037",
    source: first.listener,
    says: "listener.id is what updates and deletions are made with",
    async shows(world) {
      const { queueId, listenerId } = await withListener(world);
      const path = `/queues/${queueId}/listeners/${listenerId}`;

      expect(await statusOf(world, put(path, { name: "l-2" }))).toBe(200);
      expect(await statusOf(world, remove(path))).toBe(200);
      expect(await statusOf(world, remove(path))).toBe(404);
    },
  },
  {
    fact: "D-038",
    source: first.listener,
    says: "_links.self ends with the id of the new listener",
    async shows(world) {
      const { queueId } = await withQueue(world);
      const path = `/queues/${queueId}/listeners`;
      const { listener: made, _links } = (await world.send(put(path, listenerBody))).body as {
        listener: { id: string };
        _links: object;
      };

      expect(_links).toEqual(linked(`${path}/${made.id}`));
    },
  },
];

const messageRows: readonly DiscueRow[] = [
  {
    fact: "D-041",
    source: first.message,
    says: "a message is created by PUT, of its data alone, in the path of its queue",
    request: put("/queues/{queueId}/messages", { data: sample.data }),
    given: withQueue,
    answers: {
      message: { id: expect.any(String), name: expect.any(String) },
      _links: expect.anything(),
    },
    call: (client, { queueId = "" }) => client.messages.create(queueId, { data: sample.data }),
  },
  { fact: "D-042", source: first.message, says: "data is mandatory, nothing else is", types: true },
  {
    fact: "D-043",
    source: first.message,
    says: "data is a string, which is sent on as it is",
    async at(world) {
      const { queueId } = await withQueue(world);
      return await world.send(put(`/queues/${queueId}/messages`, { data: "" }));
    },
    gives: { status: 200 },
    async past(world) {
      const [{ id } = { id: "" }] = await world.client.queues.list();
      return await world.send(put(`/queues/${id}/messages`, { data: { userId: "481512342" } }));
    },
    refused: { status: 400 },
  },
  {
    fact: "D-044",
    source: first.message,
    says: "a value that is no string goes out as its JSON",
    async shows(world) {
      const { queueId } = await withQueue(world);
      await world.client.messages.create(queueId, { data: { userId: "481512342" } });

      expect(world.sent.at(-1)?.body).toEqual({ data: '{"userId":"481512342"}' });
    },
  },
  {
    fact: "D-045",
    source: first.message,
    says: "the path holds the queue's id, which must be one",
    request: put("/queues/nobody/messages", { data: sample.data }),
    status: 404,
    answers: { title: "Not Found", status: 404 },
  },
  {
    fact: "D-046",
    source: first.message,
    says: "success is 200",
    request: put("/queues/{queueId}/messages", { data: sample.data }),
    given: withQueue,
    status: 200,
  },
  {
    fact: "D-047",
    source: first.message,
    says: "the reply has the message's id, and a name though none was sent",
    reply: {
      message: { id: sample.messageId, name: sample.message },
      _links: linked(`/queues/${sample.queueId}/messages/${sample.messageId}`),
    },
    unread: ["_links"],
    read: (client) => client.messages.create(sample.queueId, { data: sample.data }),
    gives: { id: sample.messageId, name: sample.message },
  },
  {
    fact: "D-048",
    source: first.message,
    says: "a message that was sent without a name has one",
    async leftOut(world) {
      const { queueId } = await withQueue(world);
      return await world.client.messages.create(queueId, { data: "x" });
    },
    is: { id: expect.any(String), name: expect.stringMatching(/./) },
  },
  {
    fact: "D-049",
    source: first.message,
    says: "message.id is what updates and deletions are made with",
    async shows(world) {
      const { queueId, messageId } = await withMessage(world);
      const path = `/queues/${queueId}/messages/${messageId}`;

      expect(await statusOf(world, put(path, { name: "m-2" }))).toBe(200);
      expect(await statusOf(world, remove(path))).toBe(200);
      expect(await statusOf(world, remove(path))).toBe(404);
    },
  },
  {
    fact: "D-050",
    source: first.message,
    says: "_links.self ends with the id of the new message",
    async shows(world) {
      const { queueId } = await withQueue(world);
      const path = `/queues/${queueId}/messages`;
      const { message, _links } = (await world.send(put(path, { data: "x" }))).body as {
        message: { id: string };
        _links: object;
      };

      expect(_links).toEqual(linked(`${path}/${message.id}`));
    },
  },
  {
    fact: "D-051",
    source: page("Register your local machine as a listener"),
    says: "a listener must be reachable from the internet, by a tunnel where it is local",
    shows: () => expect(docs).toContain("## A local tunnel"),
  },
  {
    fact: "D-052",
    source: page("Register your local machine as a listener"),
    says: "that is a security risk",
    shows: () => expect(docs).toMatch(/A tunnel opens your machine to the internet.*security risk/),
  },
];

/** Each fact of the getting-started page, as it has them: created by PUT. */
export const gettingStarted: readonly DiscueRow[] = [...queueRows, ...listenerRows, ...messageRows];
