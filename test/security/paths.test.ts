import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import { type AckReport, toReceipt } from "../../src/core/feed.ts";
import type { ClientOptions } from "../../src/http/types.ts";
import { discue } from "../../src/providers/discue/index.ts";
import { kekker } from "../../src/providers/kekker/index.ts";
import { tiki } from "../../src/providers/tiki/index.ts";
import { workato } from "../../src/providers/workato/index.ts";
import { memoryStores } from "../../src/stores/index.ts";

type Use = (options: ClientOptions, id: string) => unknown;
/** The path as the documents write it, with `{id}` in the place of each id. */
type Row = readonly [name: string, path: string, use: Use];

const shop = (options: ClientOptions) => tiki({ token: "t", ...options });
const node = (options: ClientOptions) =>
  kekker({ channel: "c", login: "l", password: "p", ...options, baseUrl: "https://node.example" });
const topics = (options: ClientOptions) =>
  workato({ token: "t", requestsPerMinute: Number.POSITIVE_INFINITY, ...options });
const queues = (options: ClientOptions) => discue({ apiKey: "k", ...options });
const cursor = () => ({ cursor: memoryStores().cursors, consumer: "c" });
const v1 = "/integration/v1/queues/{id}";
const listener = { name: "l", notifyUrl: "https://me.example", livenessUrl: "https://me.example" };

const rows: readonly Row[] = [
  ["tiki subscriptions.list", `${v1}/subscriptions`, (o, id) => shop(o).subscriptions.list(id)],
  [
    "tiki subscriptions.create",
    `${v1}/subscriptions`,
    (o, id) => shop(o).subscriptions.create(id, { eventType: "T" }),
  ],
  [
    "tiki subscriptions.setActive",
    `${v1}/subscriptions/{id}/updateActive`,
    (o, id) => shop(o).subscriptions.setActive(id, id, true),
  ],
  ["tiki events.pull", `${v1}/events/pull`, (o, id) => shop(o).events.pull(id)],
  ["tiki events.ack", `${v1}/events/ack`, (o, id) => shop(o).events.ack(id, "a")],
  ["tiki feed.pull", `${v1}/events/pull`, (o, id) => shop(o).feed(id).pull()],
  [
    "tiki feed.ack",
    `${v1}/events/ack`,
    (o, id) =>
      shop(o)
        .feed(id)
        .ack([toReceipt("a")]),
  ],
  ["kekker events.list", "/api/events/{id}", (o, id) => node(o).events.list({ category: id })],
  ["kekker events.ack", "/api/events/{id}/ack", (o, id) => node(o).events.ack(id)],
  ["kekker queue.get", "/api/queue/{id}", (o, id) => node(o).queue.get(id)],
  ["kekker queue.cancel", "/api/queue/{id}", (o, id) => node(o).queue.cancel(id)],
  ["kekker feed.pull", "/api/events/{id}", (o, id) => node(o).feed({ category: id }).pull()],
  [
    "kekker feed.ack",
    "/api/events/{id}/ack",
    (o, id) =>
      node(o)
        .feed()
        .ack([toReceipt(id)]),
  ],
  ["workato topics.get", "/api/event_streams/topics/{id}", (o, id) => topics(o).topics.get(id)],
  [
    "workato topics.update",
    "/api/event_streams/topics/{id}",
    (o, id) => topics(o).topics.update(id, { name: "n" }),
  ],
  [
    "workato topics.purge",
    "/api/event_streams/topics/{id}/purge",
    (o, id) => topics(o).topics.purge(id),
  ],
  [
    "workato topics.delete",
    "/api/event_streams/topics/{id}",
    (o, id) => topics(o).topics.delete(id),
  ],
  [
    "workato messages.consume",
    "/api/v1/topics/{id}/consume",
    (o, id) => topics(o).messages.consume(id),
  ],
  [
    "workato messages.publish",
    "/api/v1/topics/{id}/publish",
    (o, id) => topics(o).messages.publish(id, { a: 1 }),
  ],
  [
    "workato messages.publishBatch",
    "/api/v1/batch/topics/{id}/publish",
    (o, id) => topics(o).messages.publishBatch(id, [{ a: 1 }]),
  ],
  [
    "workato feed.pull",
    "/api/v1/topics/{id}/consume",
    (o, id) => topics(o).feed(id, cursor()).pull(),
  ],
  ["discue queues.get", "/v1/queues/{id}", (o, id) => queues(o).queues.get(id)],
  [
    "discue queues.update",
    "/v1/queues/{id}",
    (o, id) => queues(o).queues.update(id, { name: "n" }),
  ],
  ["discue queues.delete", "/v1/queues/{id}", (o, id) => queues(o).queues.delete(id)],
  [
    "discue listeners.create",
    "/v1/queues/{id}/listeners",
    (o, id) => queues(o).listeners.create(id, listener),
  ],
  ["discue listeners.list", "/v1/queues/{id}/listeners", (o, id) => queues(o).listeners.list(id)],
  [
    "discue listeners.get",
    "/v1/queues/{id}/listeners/{id}",
    (o, id) => queues(o).listeners.get(id, id),
  ],
  [
    "discue listeners.update",
    "/v1/queues/{id}/listeners/{id}",
    (o, id) => queues(o).listeners.update(id, id, listener),
  ],
  [
    "discue listeners.delete",
    "/v1/queues/{id}/listeners/{id}",
    (o, id) => queues(o).listeners.delete(id, id),
  ],
  [
    "discue messages.create",
    "/v1/queues/{id}/messages",
    (o, id) => queues(o).messages.create(id, { data: 1 }),
  ],
  ["discue messages.list", "/v1/queues/{id}/messages", (o, id) => queues(o).messages.list(id)],
  [
    "discue messages.get",
    "/v1/queues/{id}/messages/{id}",
    (o, id) => queues(o).messages.get(id, id),
  ],
  [
    "discue messages.update",
    "/v1/queues/{id}/messages/{id}",
    (o, id) => queues(o).messages.update(id, id, { name: "n" }),
  ],
  [
    "discue messages.delete",
    "/v1/queues/{id}/messages/{id}",
    (o, id) => queues(o).messages.delete(id, id),
  ],
  ["discue schemas.get", "/v1/queues/{id}/schemas/{id}", (o, id) => queues(o).schemas.get(id, id)],
  ["discue apiKeys.get", "/v1/api_keys/{id}", (o, id) => queues(o).apiKeys.get(id)],
  ["discue apiKeys.update", "/v1/api_keys/{id}", (o, id) => queues(o).apiKeys.update(id, {})],
  ["discue apiKeys.delete", "/v1/api_keys/{id}", (o, id) => queues(o).apiKeys.delete(id)],
  [
    "discue apiClients.update",
    "/v1/api_clients/{id}",
    (o, id) => queues(o).apiClients.update(id, {}),
  ],
  ["discue domains.get", "/v1/domains/{id}", (o, id) => queues(o).domains.get(id)],
  [
    "discue domains.update",
    "/v1/domains/{id}",
    (o, id) => queues(o).domains.update(id, { name: "n" }),
  ],
  ["discue domains.delete", "/v1/domains/{id}", (o, id) => queues(o).domains.delete(id)],
];

/** Ids that would mean another path, another query or another request. */
const hostileIds: readonly string[] = [
  "a/b",
  "../queues",
  "..",
  ".",
  "",
  "%2e%2e",
  "%2e",
  ".%2E",
  "%2F",
  "..;/",
  "\\..\\",
  "a?x=1",
  "a#b",
  "a b",
  "//evil.example",
  "https://evil.example/",
  "@evil.example",
  "a\r\nX-Evil: 1\r\n\r\nGET / HTTP/1.1",
  "\n",
  "\t",
  "a\u0000b",
  "é😀\u202e",
  "\u2025",
  "\uff0e\uff0e",
  "\u00ad..",
  "\ud800",
  "x".repeat(5_000),
  "&a=b;c=d+e",
  "constructor",
  "__proto__",
];

/** An ack gives its refusals as verdicts. */
function isRefusal(result: unknown): boolean {
  const [verdict] = Array.isArray(result) ? (result as AckReport) : [];
  return verdict?.status === "failed" && verdict.error.code === "config";
}

/** The paths that were asked for, or what the call was refused with. */
async function pathsOf(use: Use, id: string): Promise<readonly string[] | "refused"> {
  const seen: URL[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    seen.push(new URL(new Request(input, init).url));
    return new Response("{}", { status: 404 });
  };
  try {
    const result = await use({ fetch, retry: { attempts: 1 } }, id);
    if (isRefusal(result)) return seen.length === 0 ? "refused" : [];
  } catch (error) {
    if (!isAckloopError(error)) throw error;
    if (error.code === "config") return seen.length === 0 ? "refused" : [];
  }
  return seen.map(({ pathname, search, hash }) => pathname + search + hash);
}

describe.each(rows)("%s", (_name, path, use) => {
  const expected = (id: string) => path.replaceAll("{id}", () => encodeURIComponent(id));

  it("asks for its documented path", async () => {
    expect(await pathsOf(use, "id-1")).toEqual([expected("id-1")]);
  });

  it("puts any id into its own segment, or sends nothing", async () => {
    for (const id of hostileIds) {
      const paths = await pathsOf(use, id);

      if (paths !== "refused") expect(paths).toEqual([expected(id)]);
      // A store takes names of 500 characters.
      else expect(["", ".", "..", "\ud800", "x".repeat(5_000)]).toContain(id);
    }
  });

  it("does so for random ids too", async () => {
    const ids = fc.oneof(
      fc.string({ unit: "binary", minLength: 1 }),
      fc.string({
        unit: fc.constantFrom(".", "/", "\\", "%", "2", "e", "?", "#", ";"),
        minLength: 1,
      }),
    );

    await fc.assert(
      fc.asyncProperty(ids, async (id) => {
        const paths = await pathsOf(use, id);

        if (paths !== "refused") expect(paths).toEqual([expected(id)]);
        else expect([".", ".."]).toContain(id);
      }),
      { numRuns: 25 },
    );
  });

  it.each([undefined, null, {}, [], Number.NaN, true, () => "x"])(
    "sends nothing for an id that is none: %s",
    async (id) => {
      const isOptional = path === "/api/events/{id}" && id === undefined;

      expect(await pathsOf(use, id as never)).toEqual(isOptional ? ["/api/events"] : "refused");
    },
  );
});
