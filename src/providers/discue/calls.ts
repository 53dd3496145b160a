import { AckloopError, isAckloopError } from "../../core/errors.ts";
import { isObject } from "../../core/options.ts";
import type { StandardSchemaV1 } from "../../core/standard-schema.ts";
import { hasOwnMembers, wrong } from "../../http/options.ts";
import { secretsOfUrl } from "../../http/redact.ts";
import { noReply, replyOf } from "../../http/reply.ts";
import type { ClientCallOptions, HttpCall, ReplyFacts, ReplyReader } from "../../http/types.ts";
import {
  fromScopes,
  toApiKey,
  toDomain,
  toListener,
  toListeners,
  toNamed,
  toNewApiKey,
  toQueue,
  toStats,
  toUsageEvent,
} from "./model.ts";
import { checkStreamQuery, withDiscueShapes } from "./shapes.ts";
import type {
  DiscueApiKeyInput,
  DiscueClient,
  DiscueListenerInput,
  DiscueMessageSchema,
  DiscueQueueInput,
  DiscueUsageEvent,
  DiscueUsageEventStreamQuery,
} from "./types.ts";
import { wireReplies } from "./wire.ts";

/** Makes one call; ids in `path` must not be empty. */
export type DiscueCall = <Reply>(
  method: HttpCall<Reply>["method"],
  path: readonly string[],
  facts: Pick<HttpCall<Reply>, "operation" | "reply" | "json" | "query" | "secrets">,
  options: ClientCallOptions | undefined,
) => Promise<Reply>;

interface Api {
  readonly call: DiscueCall;
  readonly naming: "name" | "alias";
  readonly createBy: "POST" | "PUT";
  readonly pageSize: number | undefined;
}

/** Makes the typed calls of the whole API. */
export function createCalls(api: Api): Omit<DiscueClient, "receiver"> {
  return withDiscueShapes({
    queues: queuesOf(api),
    listeners: listenersOf(api),
    messages: messagesOf(api),
    schemas: schemasOf(api),
    stats: statsOf(api),
    events: eventsOf(api),
    apiKeys: apiKeysOf(api),
    apiClients: apiClientsOf(api),
    domains: domainsOf(api),
  });
}

/** The name as the model calls it. */
function nameOf({ naming }: Api, { name }: { readonly name?: string | undefined }): object {
  return { [naming]: name };
}

/** How many pages of a list are read at most. */
const mostPages = 1_000;

/** Reads a whole list: in one request, or page by page until one brings nothing new or is not full. */
async function readList<Item extends { readonly id: string }>(
  { call, pageSize }: Api,
  path: readonly string[],
  facts: { readonly operation: string; readonly reply: ReplyReader<readonly Item[]> },
  options: ClientCallOptions | undefined,
): Promise<readonly Item[]> {
  if (pageSize === undefined) return call("GET", path, facts, options);
  const items = new Map<string, Item>();
  for (let page = 1; page <= mostPages; page += 1) {
    const known = items.size;
    const query: HttpCall<unknown>["query"] = { page, per_page: pageSize };
    const found: readonly Item[] = await call("GET", path, { ...facts, query }, options);
    for (const item of found) items.set(item.id, item);
    // More than was asked for is a whole list, of a server that knows no pages.
    if (found.length !== pageSize || items.size === known) return [...items.values()];
  }
  throw cut(facts.operation, "there are more pages than are ever read");
}

function cut(operation: string, why: string): AckloopError {
  return new AckloopError("schema", `the list is cut: ${why}`, { provider: "discue", operation });
}

function queuesOf(api: Api): DiscueClient["queues"] {
  const { call } = api;
  const body = (input: DiscueQueueInput) => ({ ...nameOf(api, input), schema: input.schema });
  return {
    create: (input, options) =>
      call(
        api.createBy,
        ["queues"],
        { operation: "queues.create", json: body(input), reply: replies.queue },
        options,
      ),
    list: (options) =>
      readList(api, ["queues"], { operation: "queues.list", reply: replies.queues }, options),
    get: (queueId, options) =>
      call("GET", ["queues", queueId], { operation: "queues.get", reply: replies.queue }, options),
    update: (queueId, input, options) =>
      call(
        "PUT",
        ["queues", queueId],
        { operation: "queues.update", json: body(input), reply: replies.queue },
        options,
      ),
    delete: (queueId, options) =>
      call("DELETE", ["queues", queueId], { operation: "queues.delete", reply: noReply }, options),
  };
}

function listenersOf(api: Api): DiscueClient["listeners"] {
  const { call } = api;
  const body = (input: Partial<DiscueListenerInput>) => ({
    ...nameOf(api, input),
    notify_url: input.notifyUrl,
    liveness_url: input.livenessUrl,
  });
  // The address holds the receiver's secret, and an error may repeat it.
  const secretsIn = ({ notifyUrl, livenessUrl }: Partial<DiscueListenerInput>) => [
    ...secretsOfUrl(notifyUrl),
    ...secretsOfUrl(livenessUrl),
  ];
  const all = (queueId: string) => ["queues", queueId, "listeners"];
  const one = (queueId: string, listenerId: string) => [...all(queueId), listenerId];
  const { listener, listeners } = replies;
  return {
    create: (queueId, input, options) =>
      call(
        api.createBy,
        all(queueId),
        {
          operation: "listeners.create",
          json: body(input),
          reply: listener,
          secrets: secretsIn(input),
        },
        options,
      ),
    list: (queueId, options) =>
      readList(api, all(queueId), { operation: "listeners.list", reply: listeners }, options),
    listAll: (options) =>
      readList(api, ["listeners"], { operation: "listeners.listAll", reply: listeners }, options),
    get: (queueId, id, options) =>
      call("GET", one(queueId, id), { operation: "listeners.get", reply: listener }, options),
    update: (queueId, id, input, options) =>
      call(
        "PUT",
        one(queueId, id),
        {
          operation: "listeners.update",
          json: body(input),
          reply: listener,
          secrets: secretsIn(input),
        },
        options,
      ),
    delete: (queueId, id, options) =>
      call("DELETE", one(queueId, id), { operation: "listeners.delete", reply: noReply }, options),
  };
}

function messagesOf(api: Api): DiscueClient["messages"] {
  const { call } = api;
  const all = (queueId: string) => ["queues", queueId, "messages"];
  const one = (queueId: string, messageId: string) => [...all(queueId), messageId];
  const { message, messages } = replies;
  return {
    create: async (queueId, input, options) => {
      const json = { ...nameOf(api, input), data: toText(input.data) };
      return call(
        api.createBy,
        all(queueId),
        { operation: "messages.create", json, reply: message },
        options,
      );
    },
    list: (queueId, options) =>
      readList(api, all(queueId), { operation: "messages.list", reply: messages }, options),
    listAll: (options) =>
      readList(api, ["messages"], { operation: "messages.listAll", reply: messages }, options),
    get: (queueId, id, options) =>
      call("GET", one(queueId, id), { operation: "messages.get", reply: message }, options),
    update: (queueId, id, input, options) =>
      call(
        "PUT",
        one(queueId, id),
        { operation: "messages.update", json: nameOf(api, input), reply: message },
        options,
      ),
    delete: (queueId, id, options) =>
      call("DELETE", one(queueId, id), { operation: "messages.delete", reply: noReply }, options),
  };
}

/** The text that goes out as `data`. */
function toText(data: unknown): string {
  if (typeof data === "string") return data;
  let text: string | undefined;
  try {
    const isEmptied = isObject(data) && !hasOwnMembers(data);
    text = isEmptied ? undefined : JSON.stringify(data);
  } catch {
    // A circle or a bigint; what the error says may hold the data.
  }
  if (text !== undefined) return text;
  throw wrong(
    "discue",
    "`data` must be a string, or a value that JSON can hold",
    "messages.create",
  );
}

function schemasOf({ call }: Api): DiscueClient["schemas"] {
  const reply = read(wireReplies.schema, ({ schema }) => schema as DiscueMessageSchema);
  return {
    get: (queueId, schemaId, options) =>
      call(
        "GET",
        ["queues", queueId, "schemas", schemaId],
        { operation: "schemas.get", reply },
        options,
      ),
  };
}

function statsOf({ call }: Api): DiscueClient["stats"] {
  const reply = read(wireReplies.stats, toStats);
  return {
    messages: (options) =>
      call("GET", ["stats", "messages"], { operation: "stats.messages", reply }, options),
  };
}

function eventsOf({ call }: Api): DiscueClient["events"] {
  const reply = read(wireReplies.events, ({ events }) => events.map(toUsageEvent));
  const list: DiscueClient["events"]["list"] = async (wish = {}) => {
    const { events, limit, after, ...options } = wish;
    const startAfter = after && Date.parse(after.storedAt);
    if (Number.isNaN(startAfter)) {
      throw wrong("discue", "`after.storedAt` must be an RFC 3339 time", "events.list");
    }
    const query = { events, limit, startAfter, startAfterId: after?.id };
    return call("GET", ["events"], { operation: "events.list", query, reply }, options);
  };
  return {
    list,
    stream(query) {
      checkStreamQuery(query);
      return streamEvents(list, query);
    },
  };
}

async function* streamEvents(
  list: DiscueClient["events"]["list"],
  { pageSize, limit: most = Number.POSITIVE_INFINITY, ...query }: DiscueUsageEventStreamQuery = {},
): AsyncGenerator<DiscueUsageEvent, void, undefined> {
  let { after } = query;
  for (let left = most; left > 0; ) {
    const limit = Math.min(pageSize ?? left, left);
    const page = await list({
      ...query,
      after,
      limit: Number.isFinite(limit) ? limit : undefined,
    });
    const last = page.at(-1);
    if (!last) return;
    const { id, storedAt } = last;
    if (id === after?.id) throw cut("events.list", "a page brings nothing new");
    yield* page.slice(0, left);
    left -= page.length;
    if (left > 0 && storedAt === undefined) {
      throw cut("events.list", "its last event has no time to read on behind");
    }
    after = { id, storedAt: storedAt ?? "" };
  }
}

function apiKeysOf(api: Api): DiscueClient["apiKeys"] {
  const { call, naming } = api;
  const body = (input: DiscueApiKeyInput) => ({
    ...nameOf(api, input),
    status: input.status,
    scopes: input.scopes && fromScopes(input.scopes, naming),
  });
  const readSecret = read(wireReplies.newApiKey, toNewApiKey);
  const secret: typeof readSecret = (body, facts) => {
    try {
      return readSecret(body, facts);
    } catch (error) {
      const id = keyIdIn(body);
      throw isAckloopError(error) && id !== undefined ? secretless(id, error, facts) : error;
    }
  };
  const one = read(wireReplies.apiKey, ({ api_key: key }) => toApiKey(key));
  const all = read(wireReplies.apiKeys, ({ api_keys: keys }) => keys.map(toApiKey));
  // The page answers no body, and the newer model the key.
  const changed = (body: unknown, facts: ReplyFacts) =>
    (body as { readonly api_key?: unknown } | undefined)?.api_key
      ? one(body, facts)
      : noReply(body, facts);
  return {
    create: (input, options) =>
      call(
        "POST",
        ["api_keys"],
        { operation: "apiKeys.create", json: body(input), reply: secret },
        options,
      ),
    list: (options) =>
      readList(api, ["api_keys"], { operation: "apiKeys.list", reply: all }, options),
    get: (id, options) =>
      call("GET", ["api_keys", id], { operation: "apiKeys.get", reply: one }, options),
    update: (id, input, options) =>
      call(
        "PUT",
        ["api_keys", id],
        { operation: "apiKeys.update", json: body(input), reply: changed },
        options,
      ),
    delete: (id, options) =>
      call("DELETE", ["api_keys", id], { operation: "apiKeys.delete", reply: noReply }, options),
  };
}

/** The id of a key that was made, so that it can be deleted. */
function keyIdIn(body: unknown): string | undefined {
  const { id } = Object(Object(body)["api_key"]) as Readonly<Record<string, unknown>>;
  return typeof id === "string" || typeof id === "number" ? String(id) : undefined;
}

function secretless(id: string, { path }: AckloopError, facts: ReplyFacts): AckloopError {
  const { provider, operation, status, plain } = facts;
  const what = `the answer does not tell the secret of the key that was made, whose id is ${plain(id)}`;
  const known = { provider, operation, status, path, outcomeUnknown: true };
  return new AckloopError("schema", what, known);
}

function apiClientsOf(api: Api): DiscueClient["apiClients"] {
  const { call } = api;
  const reply = read(wireReplies.apiClient, ({ api_client: client }) => toNamed(client));
  return {
    create: (input, options) =>
      call(
        "POST",
        ["api_clients"],
        { operation: "apiClients.create", json: nameOf(api, input), reply },
        options,
      ),
    update: (id, input, options) =>
      call(
        "PUT",
        ["api_clients", id],
        { operation: "apiClients.update", json: nameOf(api, input), reply },
        options,
      ),
  };
}

function domainsOf(api: Api): DiscueClient["domains"] {
  const { call } = api;
  const one = read(wireReplies.domain, ({ domain }) => toDomain(domain));
  const all = read(wireReplies.domains, ({ domains }) => domains.map(toDomain));
  return {
    create: (input, options) => {
      const json = { ...nameOf(api, input), hostname: input.hostname, port: input.port };
      return call("POST", ["domains"], { operation: "domains.create", json, reply: one }, options);
    },
    list: (options) =>
      readList(api, ["domains"], { operation: "domains.list", reply: all }, options),
    get: (id, options) =>
      call("GET", ["domains", id], { operation: "domains.get", reply: one }, options),
    update: (id, input, options) =>
      call(
        "PUT",
        ["domains", id],
        { operation: "domains.update", json: nameOf(api, input), reply: one },
        options,
      ),
    delete: (id, options) =>
      call("DELETE", ["domains", id], { operation: "domains.delete", reply: noReply }, options),
  };
}

/** Reads a reply by its schema and takes what is wanted out of it. */
function read<Wire, Reply>(
  schema: StandardSchemaV1<unknown, Wire>,
  pick: (reply: Wire) => Reply,
): ReplyReader<Reply> {
  const reader = replyOf(schema);
  return (body, facts) => pick(reader(body, facts));
}

const replies = {
  queue: read(wireReplies.queue, ({ queue }) => toQueue(queue)),
  queues: read(wireReplies.queues, ({ queues }) => queues.map(toQueue)),
  listener: read(wireReplies.listener, ({ listener }) => toListener(listener)),
  listeners: read(wireReplies.listeners, toListeners),
  message: read(wireReplies.message, ({ message }) => toNamed(message)),
  messages: read(wireReplies.messages, ({ messages }) => messages.map(toNamed)),
} as const;
