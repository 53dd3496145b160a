import type { ClientOptions } from "../../src/http/types.ts";
import { discue } from "../../src/providers/discue/index.ts";
import { kekker } from "../../src/providers/kekker/index.ts";
import { clientCredentials, refreshToken, tiki } from "../../src/providers/tiki/index.ts";
import { workato } from "../../src/providers/workato/index.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { fixture } from "./support.ts";

/** A call of a client that is made with these options. */
export type Call = (options: ClientOptions) => Promise<unknown>;
/** A call, and the good reply to it. */
export type Row = readonly [name: string, reply: unknown, call: Call];

const app = { clientId: "id", clientSecret: "secret", tokenUrl: "https://token.example" };
export const shopOf = (options: ClientOptions) => tiki({ token: "token", ...options });
const nodeOf = (options: ClientOptions) =>
  kekker({ channel: "c", login: "l", password: "p", ...options, baseUrl: "https://node.example" });
export const topicsOf = (options: ClientOptions) =>
  workato({ token: "token", requestsPerMinute: Number.POSITIVE_INFINITY, ...options });
export const queuesOf = (options: ClientOptions) => discue({ apiKey: "key", ...options });

const tikiRows: readonly Row[] = [
  ["queues.list", fixture("tiki", "queues"), (o) => shopOf(o).queues.list()],
  ["queues.create", fixture("tiki", "queue"), (o) => shopOf(o).queues.create({ name: "n" })],
  [
    "subscriptions.list",
    [fixture("tiki", "subscription")],
    (o) => shopOf(o).subscriptions.list("q"),
  ],
  [
    "subscriptions.create",
    fixture("tiki", "subscription"),
    (o) => shopOf(o).subscriptions.create("q", { eventType: "X" }),
  ],
  [
    "subscriptions.setActive",
    fixture("tiki", "subscription"),
    (o) => shopOf(o).subscriptions.setActive("q", "s", true),
  ],
  ["events.pull", fixture("tiki", "assumed-live-page"), (o) => shopOf(o).events.pull("q")],
  ["events.ack", { status: "ok" }, (o) => shopOf(o).events.ack("q", "a")],
  ["feed.pull", fixture("tiki", "assumed-documented-page"), (o) => shopOf(o).feed("q").pull()],
  [
    "clientCredentials",
    fixture("tiki", "assumed-token"),
    (o) => tiki({ ...o, token: clientCredentials(app) }).queues.list(),
  ],
  [
    "refreshToken",
    fixture("tiki", "assumed-token"),
    (o) => {
      const token = refreshToken({ ...app, refreshToken: "r", onRefresh: () => undefined });
      return tiki({ ...o, token }).queues.list();
    },
  ],
];

const kekkerRows: readonly Row[] = [
  ["events.list", fixture("kekker", "events-page"), (o) => nodeOf(o).events.list()],
  ["events.ack", "2020-08-04T21:23:14.813", (o) => nodeOf(o).events.ack("e")],
  ["events.reset", {}, (o) => nodeOf(o).events.reset(0)],
  ["queue.get", fixture("kekker", "queue-success"), (o) => nodeOf(o).queue.get(1)],
  ["queue.cancel", {}, (o) => nodeOf(o).queue.cancel(1)],
  [
    "feed.pull",
    fixture("kekker", "assumed-other-events"),
    (o) => nodeOf(o).feed().pull({ limit: 50 }),
  ],
  [
    "feed.pull of a bare list",
    fixture("kekker", "assumed-guide-page"),
    (o) => nodeOf(o).feed().pull(),
  ],
];

const workatoTopic = fixture("workato", "assumed-topic");
const workatoRows: readonly Row[] = [
  ["topics.list", { count: 1, data: [workatoTopic] }, (o) => topicsOf(o).topics.list()],
  ["topics.get", { data: workatoTopic }, (o) => topicsOf(o).topics.get(1)],
  [
    "topics.create",
    { data: workatoTopic },
    (o) => topicsOf(o).topics.create({ name: "n", schema: [] }),
  ],
  ["topics.update", { data: workatoTopic }, (o) => topicsOf(o).topics.update(1, { name: "n" })],
  ["topics.purge", fixture("workato", "done"), (o) => topicsOf(o).topics.purge(1)],
  ["topics.delete", fixture("workato", "done"), (o) => topicsOf(o).topics.delete(1)],
  [
    "messages.consume",
    fixture("workato", "assumed-consume"),
    (o) => topicsOf(o).messages.consume(1),
  ],
  ["messages.publish", { message_id: "m" }, (o) => topicsOf(o).messages.publish(1, { a: 1 })],
  [
    "messages.publishBatch",
    fixture("workato", "assumed-batch-publish"),
    (o) => topicsOf(o).messages.publishBatch(1, [{ a: 1 }, { a: 2 }]),
  ],
  [
    "feed.pull",
    fixture("workato", "assumed-consume"),
    (o) => topicsOf(o).feed(1, { cursor: memoryStores().cursors, consumer: "c" }).pull(),
  ],
];

const scopes = [{ resource: "queues", access: "read", targets: "*" }] as const;
const discueRows: readonly Row[] = [
  ["queues.list", { queues: [{ id: 1 }] }, (o) => queuesOf(o).queues.list()],
  ["queues.get", fixture("discue", "queue"), (o) => queuesOf(o).queues.get("q")],
  ["listeners.list", fixture("discue", "listeners"), (o) => queuesOf(o).listeners.list("q")],
  [
    "listeners.get",
    fixture("discue", "assumed-listener"),
    (o) => queuesOf(o).listeners.get("q", "l"),
  ],
  ["messages.list", { messages: [{ id: "m" }] }, (o) => queuesOf(o).messages.list("q")],
  [
    "messages.create",
    fixture("discue", "message"),
    (o) => queuesOf(o).messages.create("q", { data: 1 }),
  ],
  ["schemas.get", { schema: { type: "object" } }, (o) => queuesOf(o).schemas.get("q", "s")],
  ["stats.messages", fixture("discue", "stats"), (o) => queuesOf(o).stats.messages()],
  ["events.list", fixture("discue", "events"), (o) => queuesOf(o).events.list()],
  [
    "apiKeys.create",
    fixture("discue", "new-api-key"),
    (o) => queuesOf(o).apiKeys.create({ name: "n", scopes }),
  ],
  ["apiKeys.get", fixture("discue", "api-key"), (o) => queuesOf(o).apiKeys.get("k")],
  ["apiKeys.list", { api_keys: [{ id: 1 }] }, (o) => queuesOf(o).apiKeys.list()],
  [
    "apiKeys.update",
    fixture("discue", "api-key"),
    (o) => queuesOf(o).apiKeys.update("k", { name: "n" }),
  ],
  [
    "apiClients.create",
    { api_client: { id: 1 } },
    (o) => queuesOf(o).apiClients.create({ name: "n" }),
  ],
  ["domains.get", fixture("discue", "assumed-domain"), (o) => queuesOf(o).domains.get("d")],
  ["domains.list", { domains: [{ id: 1 }] }, (o) => queuesOf(o).domains.list()],
  ["queues.delete", {}, (o) => queuesOf(o).queues.delete("q")],
];

/** Calls of every provider. */
export const calls: readonly (readonly [provider: string, rows: readonly Row[]])[] = [
  ["Tiki", tikiRows],
  ["Kekker", kekkerRows],
  ["Workato", workatoRows],
  ["discue", discueRows],
];
