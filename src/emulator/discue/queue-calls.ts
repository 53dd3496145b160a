import type { Call } from "../definition.ts";
import { Refusal } from "../exchange.ts";
import { watchLiveness } from "./checks.ts";
import { createEnding } from "./ending.ts";
import { conforms, schemaProblem } from "./schema.ts";
import type { ListenerState, MessageState, QueueState } from "./state.ts";
import { listenerView, type Naming, namedView, queueView } from "./views.ts";
import {
  type ApiRoute,
  type Body,
  badRequest,
  found,
  listenerOf,
  listReply,
  makes,
  messageOf,
  paged,
  queueOf,
  readBody,
  readName,
  reply,
  type World,
} from "./world.ts";

/** The calls about queues and their schemas. */
export function queueRoutes(world: World): readonly ApiRoute[] {
  const { state, naming, usage } = world;
  const one = (call: Call, queue: QueueState, id?: string) =>
    reply(call, { queue: queueView(queue, naming) }, id);

  async function create(call: Call): Promise<Response> {
    const queue = addQueue(world, await readBody(call));
    return one(call, queue, queue.id);
  }

  async function update(call: Call): Promise<Response> {
    const queue = queueOf(world, call);
    const body = await readBody(call);
    const name = readName(body, naming) ?? queue.name;
    refuseTwin(state.queues.values(), name, queue);
    queue.schema = readSchema(body) ?? queue.schema;
    queue.name = name;
    usage.add("queues", "queue_updated", { queue: queue.id });
    return one(call, queue);
  }

  function remove(call: Call): Response {
    const queue = queueOf(world, call);
    for (const listener of queue.listeners.values()) listener.ending.end();
    for (const message of queue.messages.values()) message.deleted = true;
    state.queues.delete(queue.id);
    usage.add("queues", "queue_deleted", { queue: queue.id });
    return removed(world, call);
  }

  const getSchema = async (call: Call): Promise<Response> => {
    const { schema } = queueOf(world, call);
    const isIt = schema && (await digestOf(schema)) === call.params["schema"];
    return reply(call, { schema: found(isIt ? schema : undefined) });
  };
  const list = (call: Call): Response => {
    const queues = paged(world, call, [...state.queues.values()]);
    return reply(call, { queues: queues.map((each) => namedView(each, naming)) });
  };

  const path = "/queues/:queue";
  return [
    ...makes("queues.create", "/queues", create),
    { operation: "queues.list", method: "GET", path: "/queues", handle: list },
    {
      operation: "queues.get",
      method: "GET",
      path,
      handle: (call) => one(call, queueOf(world, call)),
    },
    { operation: "queues.update", method: "PUT", path, handle: update },
    { operation: "queues.delete", method: "DELETE", path, handle: remove },
    { operation: "schemas.get", method: "GET", path: `${path}/schemas/:schema`, handle: getSchema },
  ];
}

/** Makes a queue of a body. */
export function addQueue({ state, naming, usage, newId, api }: World, body: Body): QueueState {
  const name = readName(body, naming);
  if (name === undefined && api.queueName === "required") throw badRequest("a queue has a name");
  refuseTwin(state.queues.values(), name);
  const schema = readSchema(body);
  const queue: QueueState = {
    id: newId("queue"),
    name,
    schema,
    listeners: new Map(),
    messages: new Map(),
  };
  state.queues.set(queue.id, queue);
  usage.add("queues", "queue_added", { queue: queue.id });
  return queue;
}

/** The pages show no body after deleting, the vendor's own client reads `_links`. */
function removed({ naming }: World, call: Call): Response {
  return naming === "alias" ? reply(call, {}) : new Response(null, { status: 200 });
}

/** A name that another has is refused with 422. Source: docs.discue.io/getting-started. */
function refuseTwin(
  others: Iterable<{ readonly name: string | undefined }>,
  name: string | undefined,
  self?: object,
): void {
  for (const other of others) {
    if (name !== undefined && other !== self && other.name === name) {
      throw new Refusal(422, "Another queue has the name");
    }
  }
}

function readSchema({ schema }: Body): QueueState["schema"] {
  if (schema === undefined) return undefined;
  if (schemaProblem(schema) !== undefined) throw badRequest("a schema is of the language");
  return schema as QueueState["schema"];
}

/** The id of a schema. */
async function digestOf(schema: Readonly<Record<string, unknown>>): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(schema));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Makes a listener of a body, and begins to check it. */
export function addListener(
  { usage, newId, naming, tools, outgoing, assumptions }: World,
  queue: QueueState,
  body: Body,
): ListenerState {
  const listener = newListener(newId("listener"), queue, body, naming);
  queue.listeners.set(listener.id, listener);
  usage.add("listeners", "listener_added", { queue: queue.id, listener: listener.id });
  void watchLiveness(listener, tools, outgoing, assumptions);
  return listener;
}

/** The calls about listeners. */
export function listenerRoutes(world: World): readonly ApiRoute[] {
  const { state, naming, usage, api } = world;
  const short = (call: Call, listener: ListenerState, id?: string) =>
    reply(call, { listener: namedView(listener, naming) }, id);

  async function create(call: Call): Promise<Response> {
    const queue = queueOf(world, call);
    const listener = addListener(world, queue, await readBody(call));
    return short(call, listener, listener.id);
  }

  async function update(call: Call): Promise<Response> {
    const listener = listenerOf(world, call);
    const body = await readBody(call);
    listener.name = readName(body, naming) ?? listener.name;
    listener.notifyUrl = readUrl(body["notify_url"]) ?? listener.notifyUrl;
    listener.livenessUrl = readUrl(body["liveness_url"]) ?? listener.livenessUrl;
    const about = { queue: listener.queue.id, listener: listener.id };
    usage.add("listeners", "listener_updated", about);
    return short(call, listener);
  }

  function remove(call: Call): Response {
    const listener = listenerOf(world, call);
    listener.ending.end();
    listener.queue.listeners.delete(listener.id);
    const about = { queue: listener.queue.id, listener: listener.id };
    usage.add("listeners", "listener_deleted", about);
    return removed(world, call);
  }

  const listed = (call: Call, listeners: Iterable<ListenerState>): Response => {
    const views = paged(world, call, [...listeners]).map((each) => listenerView(each, naming, api));
    return listReply(call, { listeners: views });
  };
  const listAll = (call: Call) =>
    listed(
      call,
      [...state.queues.values()].flatMap((queue) => [...queue.listeners.values()]),
    );
  const get = (call: Call) =>
    reply(call, { listener: listenerView(listenerOf(world, call), naming, api) });

  const all = "/queues/:queue/listeners";
  const path = `${all}/:listener`;
  return [
    ...makes("listeners.create", all, create),
    {
      operation: "listeners.list",
      method: "GET",
      path: all,
      handle: (call) => listed(call, queueOf(world, call).listeners.values()),
    },
    { operation: "listeners.listAll", method: "GET", path: "/listeners", handle: listAll },
    { operation: "listeners.get", method: "GET", path, handle: get },
    { operation: "listeners.update", method: "PUT", path, handle: update },
    { operation: "listeners.delete", method: "DELETE", path, handle: remove },
  ];
}

/** Name and both addresses are mandatory. */
function newListener(id: string, queue: QueueState, body: Body, naming: Naming): ListenerState {
  const name = readName(body, naming);
  const notifyUrl = readUrl(body["notify_url"]);
  const livenessUrl = readUrl(body["liveness_url"]);
  if (name === undefined || notifyUrl === undefined || livenessUrl === undefined) {
    throw badRequest("a listener has name, notify_url and liveness_url");
  }
  return {
    id,
    queue,
    name,
    notifyUrl,
    livenessUrl,
    state: "stable",
    successes: 0,
    failures: 0,
    failuresInRow: 0,
    acknowledged: 0,
    missed: new Set(),
    ending: createEnding(),
  };
}

/**
 * Reads the address of a webhook: http or https, no user name, 4 to 253 characters.
 *
 * Source: terraform-provider-discue at 68c2fe0, internal/validators, read 2026-11.
 */
function readUrl(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const isLong = typeof value === "string" && value.length >= 4 && value.length <= 253;
  const url = isLong && URL.canParse(value) ? new URL(value) : undefined;
  const isRight = url?.username === "" && url.password === "" && /^https?:$/.test(url.protocol);
  if (isLong && isRight) return value;
  throw badRequest("an address is of http or https, without a user, of 4 to 253 characters");
}

/** Whether a message may be put on a queue. */
export function fitsSchema({ api }: World, { schema }: QueueState, data: string): boolean {
  return !api.checksSchema || !schema || conforms(schema, data);
}

/** Stores a message that fits, and begins its deliveries. */
export function publishMessage(
  { usage, tools, notify, newId, api }: World,
  queue: QueueState,
  { name, data }: { readonly name?: string | undefined; readonly data: string },
  cause?: Pick<Call, "number" | "operation">,
): MessageState {
  const id = newId("message");
  const made = api.messageName === "made" ? `message-${id}` : undefined;
  const message: MessageState = { id, queue, name: name ?? made, data, deleted: false };
  queue.messages.set(message.id, message);
  usage.add("messages", "message_added", { queue: queue.id, message: message.id });
  tools.journal.add({
    kind: "published",
    queue: queue.id,
    eventId: message.id,
    request: cause?.number,
    operation: cause?.operation,
  });
  notify(message);
  return message;
}

/** The calls about messages. None gives a message's data back. */
export function messageRoutes(world: World): readonly ApiRoute[] {
  const { state, naming, usage, assumptions } = world;
  const one = (call: Call, message: MessageState, id?: string) =>
    reply(call, { message: namedView(message, naming) }, id);

  async function create(call: Call): Promise<Response> {
    const queue = queueOf(world, call);
    const body = await readBody(call);
    const { data } = body;
    if (typeof data !== "string") throw badRequest("data is text");
    const name = readName(body, naming);
    if (!fitsSchema(world, queue, data)) {
      throw new Refusal(assumptions.schemaStatus, "The data does not fit the schema");
    }
    const message = publishMessage(world, queue, { name, data }, call);
    return one(call, message, message.id);
  }

  async function update(call: Call): Promise<Response> {
    const message = messageOf(world, call);
    message.name = readName(await readBody(call), naming) ?? message.name;
    return one(call, message);
  }

  function remove(call: Call): Response {
    const message = messageOf(world, call);
    message.deleted = true;
    message.queue.messages.delete(message.id);
    for (const listener of message.queue.listeners.values()) listener.missed.delete(message.id);
    usage.add("messages", "message_deleted", { queue: message.queue.id, message: message.id });
    return removed(world, call);
  }

  const listed = (call: Call, messages: Iterable<MessageState>): Response =>
    reply(call, {
      messages: paged(world, call, [...messages]).map((each) => namedView(each, naming)),
    });
  const listAll = (call: Call) =>
    listed(
      call,
      [...state.queues.values()].flatMap((queue) => [...queue.messages.values()]),
    );

  const all = "/queues/:queue/messages";
  const path = `${all}/:message`;
  return [
    ...makes("messages.create", all, create),
    {
      operation: "messages.list",
      method: "GET",
      path: all,
      handle: (call) => listed(call, queueOf(world, call).messages.values()),
    },
    { operation: "messages.listAll", method: "GET", path: "/messages", handle: listAll },
    {
      operation: "messages.get",
      method: "GET",
      path,
      handle: (call) => one(call, messageOf(world, call)),
    },
    { operation: "messages.update", method: "PUT", path, handle: update },
    { operation: "messages.delete", method: "DELETE", path, handle: remove },
  ];
}
