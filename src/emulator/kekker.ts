import type { Call, Emulator, EmulatorOptions, EmulatorTools, Route } from "./definition.ts";
import { createEmulator, createTools, resettable } from "./emulator.ts";
import { Refusal, readBasic, takesJson } from "./exchange.ts";
import {
  choices,
  defaultAssumptions,
  type KekkerAssumptions,
  texts,
} from "./kekker/assumptions.ts";
import { kekkerCommands } from "./kekker/commands.ts";
import { createEventList } from "./kekker/event-list.ts";
import type { KekkerOperation } from "./kekker/operation.ts";
import { createOperations, type KekkerQueueOperation } from "./kekker/operations.ts";
import { type Channel, type KekkerEventInput, publishTo } from "./kekker/publish.ts";
import { plain, reply, toEvent, toFirstVersion } from "./kekker/replies.ts";
import { parseTime, type StoredTime, writeTime } from "./kekker/times.ts";
import { checkChoices, checkNames, frameOptions, isName, isText } from "./options.ts";

/** The options of {@link kekkerEmulator}. */
export interface KekkerEmulatorOptions extends EmulatorOptions {
  /** The login that is accepted. @default "demo-login" */
  readonly login?: string | undefined;
  /** The password that is accepted. @default "demo-password" */
  readonly password?: string | undefined;
  /** What the documents leave open. */
  readonly assumptions?: Partial<KekkerAssumptions> | undefined;
}

/** What a client of a Kekker node needs. */
export type KekkerConnection = Readonly<
  Record<"baseUrl" | "channel" | "login" | "password", string>
>;

/** A Kekker node, faked. */
export interface KekkerEmulator extends Emulator<KekkerConnection, KekkerOperation> {
  /**
   * Publishes events in order, all or none of them, and gives their ids.
   *
   * @param channel Where to. @default the first channel
   * @throws {TypeError} for an event without category or type, an id that is there, a wrong time, or what
   * is no JSON.
   */
  publish(events: readonly KekkerEventInput[], channel?: string): readonly string[];
  /**
   * Adds an operation to the queue, or replaces one, and gives its id. It publishes no event.
   *
   * @throws {TypeError} for a status that there is not, or a member that an operation does not have.
   */
  setOperation(operation: KekkerQueueOperation, queueId?: bigint, channel?: string): bigint;
  /** How many events of a channel are unprocessed. */
  unprocessed(channel?: string): number;
}

/** HTTP Basic parts a login from its password by a colon. */
const isLogin = (value: unknown): boolean => isName(value) && !String(value).includes(":");

function readOptions(options: KekkerEmulatorOptions) {
  checkNames("kekkerEmulator", options, [...frameOptions, "login", "password", "assumptions"]);
  const { login = "demo-login", password = "demo-password", assumptions = {} } = options;
  checkChoices<KekkerAssumptions>("kekkerEmulator: assumptions", assumptions, choices);
  checkChoices("kekkerEmulator", { login, password }, { login: isLogin, password: isText });
  const given = Object.entries(assumptions).filter(([, value]) => value !== undefined);
  return { login, password, assumptions: { ...defaultAssumptions, ...Object.fromEntries(given) } };
}

/**
 * Fakes a Kekker node: version 2.0 of the event and queue calls, and enough of version 1.0 to show what
 * a request without the version's header means.
 *
 * {@link KekkerOperation} names the operations for faults and the journal. The journal's `queue` is the channel. The fault `duplicate` on `list` lists the first event of the page twice, and the
 * newest acknowledged one again.
 *
 * Source: kekker.com/docs/api, "API Events Requests", "API Queue Requests", "Interaction with events",
 * read 2026-11.
 */
export function kekkerEmulator(options: KekkerEmulatorOptions = {}): KekkerEmulator {
  const settings = readOptions(options);
  return resettable(createTools("kekker", options), (tools) => makeKekker(tools, settings));
}

function makeKekker(
  tools: EmulatorTools,
  { login, password, assumptions }: ReturnType<typeof readOptions>,
) {
  const shuffle = assumptions.listOrder === "none" ? tools.random("order") : undefined;
  const channels = new Map(
    assumptions.channels.map((name): [string, Channel] => {
      const operations = createOperations();
      return [
        name,
        { name, events: createEventList(shuffle, assumptions), operations, lastAcked: undefined },
      ];
    }),
  );

  function channelOf(name: string | undefined): Channel {
    const channel = channels.get(name ?? assumptions.channels[0] ?? "");
    if (!channel) throw new TypeError("kekker: there is no such channel");
    return channel;
  }

  const publish: KekkerEmulator["publish"] = (events, name) =>
    publishTo(channelOf(name), events, tools);
  const setOperation: KekkerEmulator["setOperation"] = (operation, queueId, name) =>
    channelOf(name).operations.set(operation, queueId);
  const unprocessed = (name?: string) => channelOf(name).events.slice(undefined, 0, 0).total;

  const emulator = createEmulator(tools, {
    routes: createRoutes({ login, password, assumptions, channels, journal: tools.journal }),
    errorReply: (status, text) => errorReply(status, text, assumptions),
    admin: kekkerCommands({ publish, setOperation, unprocessed }),
    places: () =>
      [...channels.keys()].map((id) => ({ id, name: "events", holds: unprocessed(id) })),
    held: (name, id) => {
      const event = channels.get(name)?.events.find(id);
      return event && toEvent(event, assumptions);
    },
    connection: (baseUrl) => ({
      baseUrl,
      channel: assumptions.channels[0] ?? "",
      login,
      password,
    }),
  });
  return { ...emulator, publish, setOperation, unprocessed };
}

/** Nothing is behind the proxy that answers 401; the node itself answers all other errors. */
function errorReply(status: number, text: string, assumptions: KekkerAssumptions): Response {
  if (status === 401) {
    const headers = { "content-type": "text/html", "www-authenticate": "Basic" };
    return new Response(assumptions.unauthorizedBody, { status, headers });
  }
  const errorMessage = status >= 500 ? "Internal error" : text;
  return reply({ errorMessage }, assumptions.memberCase, status);
}

/** What the routes work on. */
interface Node {
  readonly login: string;
  readonly password: string;
  readonly assumptions: KekkerAssumptions;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly journal: EmulatorTools["journal"];
}

/** A call whose headers were found right. */
interface Entered {
  readonly call: Call;
  readonly channel: Channel;
  readonly version: "1.0" | "2.0";
}

function createRoutes(node: Node): readonly Route<KekkerOperation>[] {
  const at = (
    operation: KekkerOperation,
    method: Route["method"],
    path: string,
    handle: (entered: Entered, node: Node) => Response,
  ): Route<KekkerOperation> => ({
    operation,
    method,
    path,
    handle: (call) => handle(enter(node, call), node),
  });
  return [
    at("list", "GET", "/api/events", list),
    // As the guide writes it.
    at("list", "GET", "/api/events/", list),
    at("list", "GET", "/api/events/:category", list),
    // Before the ack's route, which has the same number of segments.
    at("reset", "POST", "/api/events/reset/:time", reset),
    at("ack", "POST", "/api/events/:eventUid/ack", ack),
    at("queueGet", "GET", "/api/queue/:queueId", ({ call, channel }) =>
      reply(channel.operations.get(call.params["queueId"] ?? ""), node.assumptions.memberCase),
    ),
    at("queueCancel", "DELETE", "/api/queue/:queueId", ({ call, channel }) => {
      channel.operations.cancel(call.params["queueId"] ?? "");
      return plain("");
    }),
  ];
}

/** Checks the headers, in the order in which a request meets proxy, version and application. */
function enter({ login, password, assumptions, channels }: Node, call: Call): Entered {
  const { headers } = call.request;
  const credential = readBasic(call.request);
  if (credential?.name !== login || credential.password !== password) throw new Refusal(401, "");
  if (!takesJson(call.request)) throw new Refusal(406, "");
  const version = headers.get("x-api-version")?.trim() || assumptions.defaultVersion;
  if (version !== "1.0" && version !== "2.0") throw new Refusal(400, texts.version);
  const name = headers.get("channel") ?? "";
  if (name === "") throw new Refusal(400, texts.noChannel);
  const channel = channels.get(name);
  if (!channel) throw new Refusal(400, texts.unknownChannel);
  return { call, channel, version };
}

function list(entered: Entered, node: Node): Response {
  const { call, channel, version } = entered;
  const { category } = call.params;
  if (version === "1.0") return listFirstVersion(entered, node, category);
  const { assumptions, journal } = node;
  const pageNumber = readCount(call.url, "pageNumber", 1);
  const asked = readCount(call.url, "pageSize", assumptions.defaultPageSize);
  const size = Math.min(asked, assumptions.maxPageSize);
  if (category !== undefined && !channel.events.knows(category)) {
    if (assumptions.unknownCategory === "refuse") throw new Refusal(400, texts.unknownCategory);
  }
  const { events, total } = channel.events.slice(category, (pageNumber - 1) * size, size);
  const again = [events[0], channel.lastAcked].filter((event) => event !== undefined);
  const listed = call.duplicate ? [...events, ...again] : events;
  for (const { eventUid: eventId } of listed) {
    const { number: request, operation } = call;
    journal.add({ kind: "delivered", queue: channel.name, eventId, request, operation });
  }
  const data = listed.map((event) => toEvent(event, assumptions));
  const pageSize = assumptions.pageSizeShown === "asked" ? asked : size;
  const totalRecords = assumptions.totals === "page" ? data.length : total;
  const totals = assumptions.totals === "none" ? {} : { totalRecords };
  const page = { pageNumber, pageSize, ...totals, data };
  return reply(assumptions.listForm === "array" ? data : page, assumptions.memberCase);
}

/** In version 1.0 the same address lists all events, and `/new` the unprocessed ones. */
function listFirstVersion(
  { channel }: Entered,
  { assumptions }: Node,
  category: string | undefined,
): Response {
  if (category !== undefined && category !== "new") throw new Refusal(404, "");
  const { events } = channel.events.slice(undefined, 0, Number.POSITIVE_INFINITY);
  const open = new Set(events);
  const wanted = category === "new" ? events : [...channel.events.all()];
  return reply(
    wanted.map((event) => toFirstVersion(event, open.has(event))),
    assumptions.memberCase,
  );
}

function ack({ call, channel, version }: Entered, { assumptions, journal }: Node): Response {
  const { events } = channel;
  const eventId = call.params["eventUid"] ?? "";
  const event = events.find(eventId);
  const acked = event !== undefined && events.ack(eventId);
  const about = { queue: channel.name, eventId, request: call.number, operation: call.operation };
  if (event && !acked) journal.add({ kind: "ackedAgain", ...about });
  if (!acked && !(event && assumptions.secondAck === "accept")) {
    throw new Refusal(400, texts.eventNotFound);
  }
  if (acked) {
    journal.add({ kind: "acked", ...about });
    channel.lastAcked = event;
  }
  return version === "1.0" ? plain("") : plain(writeEarliest(events.earliest(), assumptions));
}

function writeEarliest(earliest: StoredTime | undefined, assumptions: KekkerAssumptions): string {
  if (earliest === undefined) return assumptions.ackReplyWhenEmpty;
  const time = writeTime(earliest, assumptions.times);
  return assumptions.ackReply === "quoted" ? JSON.stringify(time) : time;
}

function reset({ call, channel, version }: Entered, { assumptions, channels }: Node): Response {
  if (version === "1.0") throw new Refusal(404, "");
  const parsed = parseTime(call.params["time"] ?? "");
  if (!parsed || !assumptions.resetZones.includes(parsed.zone)) throw new Refusal(400, texts.time);
  const reached = assumptions.resetScope === "node" ? channels.values() : [channel];
  for (const { events } of reached) events.reset(parsed.time);
  return plain("");
}

/** Reads a number of the query, from 1. */
function readCount(url: URL, name: string, fallback: number): number {
  const text = url.searchParams.get(name);
  if (text === null) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 2 ** 31 - 1) return value;
  throw new Refusal(400, texts.paging);
}
