import type {
  Call,
  Emulator,
  EmulatorOptions,
  EmulatorPlace,
  EmulatorTools,
  Route,
} from "./definition.ts";
import { createDoor, type Door } from "./discue/access.ts";
import { clientRoutes, domainRoutes, keyRoutes, usageRoutes } from "./discue/account-calls.ts";
import {
  type DiscueApiAssumptions,
  type WebhookAssumptions,
  withApiAssumptions,
  withAssumptions,
} from "./discue/assumptions.ts";
import { createActions, type DiscueMethods, discueCommands } from "./discue/commands.ts";
import { createEnding } from "./discue/ending.ts";
import { createNotifier } from "./discue/notify.ts";
import type { DiscueOperation } from "./discue/operation.ts";
import { createOutgoing, type Deliver } from "./discue/outgoing.ts";
import { listenerRoutes, messageRoutes, queueRoutes } from "./discue/queue-calls.ts";
import { createState, type KeyState, type ListenerState, type State } from "./discue/state.ts";
import { createUsage } from "./discue/usage.ts";
import type { ApiRoute, World } from "./discue/world.ts";
import { createEmulator, createTools, resettable } from "./emulator.ts";
import { json, Refusal } from "./exchange.ts";
import { type Choices, checkChoices, isFlag, isText } from "./options.ts";
import { type Random, randomUuid } from "./random.ts";
import { shownTarget } from "./shown-target.ts";

/** What the emulator of discue may be told. */
export interface DiscueEmulatorOptions extends EmulatorOptions {
  /** The API key that is there from the start. @default "discue-test-key" */
  readonly apiKey?: string | undefined;
  /** Which model it speaks: `name` and UUIDs of the pages, or `alias`, short ids and domains. @default "name" */
  readonly naming?: "name" | "alias" | undefined;
  /** How long an answer to a GET is given again unchanged, in ms: "cached for a short time". @default 0 */
  readonly staleMs?: number | undefined;
  /** Makes the calls to listeners and domains. @default the global `fetch` */
  readonly deliver?: Deliver | undefined;
  /** What discue does not document; see {@link WebhookAssumptions} for each default. */
  readonly webhook?: Partial<WebhookAssumptions> | undefined;
  /** What the pages leave open of the API. */
  readonly assumptions?: Partial<DiscueApiAssumptions> | undefined;
  /** With what scheme a domain's challenge is fetched; documented is https. @default "https" */
  readonly challengeScheme?: "https" | "http" | undefined;
  /** How often a domain that is not verified is asked, in ms. @default 1_000 */
  readonly challengeIntervalMs?: number | undefined;
  /**
   * Whether only listeners on verified domains are called (newer model). Whether that holds for every
   * account is not documented. @default false
   */
  readonly requireVerifiedDomain?: boolean | undefined;
}

/** What a client of discue needs. */
export type DiscueConnection = Readonly<Record<"baseUrl" | "apiKey", string>>;

/** The emulator of discue. */
export interface DiscueEmulator
  extends Emulator<DiscueConnection, DiscueOperation>,
    DiscueMethods {}

/**
 * Fakes discue's API, and calls the listeners over HTTP as discue would.
 *
 * A message goes to every listener that was there before it, until each has acknowledged it, over any
 * number of receiver crashes. The faults of the operations `notify` and `liveness` hit these calls. The
 * whole undocumented contract stands in `discue/assumptions.ts`. Paths are taken with and without `/v1`.
 *
 * Sources: docs.discue.io and github.com/discue/terraform-provider-discue at 68c2fe0, read 2026-11.
 */
export function discueEmulator(options: DiscueEmulatorOptions = {}): DiscueEmulator {
  checkChoices<DiscueEmulatorOptions>("discueEmulator", options, choices);
  const assumptions = withAssumptions(options.webhook);
  withApiAssumptions(options.assumptions);
  const tools = createTools("discue", options);
  return resettable(tools, () => makeDiscue(tools, options, assumptions));
}

const isFunction = (value: unknown): boolean => typeof value === "function";
const isTime = (value: unknown): boolean => typeof value === "number" && value >= 0;
/** The frame, and the lists of assumptions, check these. */
const elsewhere = (): boolean => true;

const choices: Choices<DiscueEmulatorOptions> = {
  seed: elsewhere,
  journal: elsewhere,
  clock: elsewhere,
  webhook: elsewhere,
  assumptions: elsewhere,
  apiKey: (value) => isText(value) && value !== "",
  naming: ["name", "alias"],
  staleMs: isTime,
  deliver: isFunction,
  challengeScheme: ["https", "http"],
  challengeIntervalMs: isTime,
  requireVerifiedDomain: isFlag,
};

function makeDiscue(
  tools: EmulatorTools,
  options: DiscueEmulatorOptions,
  assumptions: WebhookAssumptions,
) {
  const {
    naming = "name",
    apiKey = "discue-test-key",
    deliver = (...call) => fetch(...call),
  } = options;
  const { now } = tools.clock;
  const newId = (purpose: string): string => {
    const random = tools.random(purpose);
    return naming === "name" ? randomUuid(random) : shortId(random);
  };
  const state = createState();
  const first = newId("key");
  state.keys.set(first, firstKey(first, apiKey, now()));
  const usage = createUsage(now, () => newId("usage"));
  const outgoing = createOutgoing(deliver, assumptions.followsRedirects, tools.watching);
  const isOnKnownHost = options.requireVerifiedDomain ? verifiedHosts(state) : () => true;
  const mayCall = (listener: ListenerState): boolean =>
    isOnKnownHost(listener) && (assumptions.callsInactive || listener.state !== "inactive");
  const api = withApiAssumptions(options.assumptions);
  const world: World = {
    tools,
    state,
    assumptions,
    api,
    usage,
    outgoing,
    naming,
    newId,
    ending: createEnding(),
    challenge: {
      scheme: options.challengeScheme ?? "https",
      intervalMs: options.challengeIntervalMs ?? 1_000,
      folder: api.challengeFolder,
    },
    notify: createNotifier({ tools, assumptions, outgoing, usage, naming, mayCall }),
  };
  const actions = createActions(world);
  const emulator = createEmulator(tools, {
    routes: createRoutes(world, options.staleMs ?? 0),
    errorReply: (status) => json({ title: phrases[status] ?? "Error", status }, status),
    admin: discueCommands(actions),
    connection: (origin) => ({ baseUrl: origin, apiKey }),
    places: () => placesOf(state),
    held: (queue, id) => heldIn(state, queue, id),
    outgoing: ["notify", "liveness"],
    end: () => endAll(world),
  });
  return { ...emulator, ...actions };
}

function placesOf({ queues }: State): readonly EmulatorPlace[] {
  return [...queues.values()].map(({ id, name = "", messages, listeners }) => ({
    id,
    name,
    holds: messages.size,
    listeners: [...listeners.values()].map((listener) => ({
      id: listener.id,
      name: listener.name,
      url: shownTarget(listener.notifyUrl, "out"),
      acked: listener.acknowledged,
      failing: listener.missed.size,
    })),
  }));
}

function heldIn({ queues }: State, queue: string, id: string): unknown {
  const message = queues.get(queue)?.messages.get(id);
  return message && { id, name: message.name, data: message.data };
}

/** Ends every delivery, check and wait. */
function endAll({ state, ending }: World): void {
  ending.end();
  for (const queue of state.queues.values()) {
    for (const listener of queue.listeners.values()) listener.ending.end();
  }
}

/** The reason phrases of the statuses that every page lists. */
const phrases: Readonly<Record<number, string>> = Object.freeze({
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  409: "Conflict",
  415: "Unsupported Media Type",
  422: "Unprocessable Entity",
  423: "Locked",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
});

const idCharacters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";

/** An id of the newer model: 21 characters, as of nanoid. */
function shortId(random: Random): string {
  return Array.from({ length: 21 }, () => idCharacters[Math.floor(random() * 64)]).join("");
}

function firstKey(id: string, secret: string, at: number): KeyState {
  return {
    id,
    secret,
    name: "first",
    status: "enabled",
    scopes: undefined,
    createdAt: at,
    updatedAt: at,
    lastUsedAt: 0,
  };
}

function verifiedHosts({ domains }: State): (listener: ListenerState) => boolean {
  return ({ notifyUrl }) => {
    const { hostname } = new URL(notifyUrl);
    return [...domains.values()].some(
      (domain) => domain.verifiedAt !== undefined && domain.hostname === hostname,
    );
  };
}

/** The table of calls, each behind the door, with and without the prefix. */
function createRoutes(world: World, staleMs: number): readonly Route<DiscueOperation>[] {
  const { state, assumptions, api, tools } = world;
  const door = createDoor(state, assumptions, api, tools.clock.now);
  const routes: readonly ApiRoute[] = [
    ...queueRoutes(world),
    ...listenerRoutes(world),
    ...messageRoutes(world),
    ...usageRoutes(world),
    ...keyRoutes(world),
    ...clientRoutes(world),
    ...domainRoutes(world),
  ];
  const guard = createGuard(door, staleMs, world);
  return routes.flatMap(({ path, handle, ...route }) => [
    { ...route, path, handle: guard(handle) },
    { ...route, path: `/v1${path}`, handle: guard(handle) },
  ]);
}

type Handle = (call: Call) => Response | Promise<Response>;

/** Puts the door, the cache of the reads and the query `pretty` around a call. */
function createGuard(
  door: Door,
  staleMs: number,
  { api, tools }: World,
): (handle: ApiRoute["handle"]) => Handle {
  const { now } = tools.clock;
  const cached = new Map<string, { readonly body: string; readonly at: number }>();
  return (handle) => async (call) => {
    door(call);
    const { method } = call.request;
    const known = method === "GET" ? cached.get(call.url.href) : undefined;
    if (known && now() - known.at < staleMs) return asJson(known.body);
    const reply = await answered(handle, call, api);
    const body = prettied(await reply.text(), call.url.searchParams.get("pretty"));
    if (staleMs > 0 && method === "GET") cached.set(call.url.href, { body, at: now() });
    return asJson(body);
  };
}

/** What is wrong with a request is answered as the option says. */
async function answered(
  handle: ApiRoute["handle"],
  call: Call,
  { invalidStatus }: DiscueApiAssumptions,
): Promise<Response> {
  try {
    return await handle(call);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 400) throw error;
    throw new Refusal(invalidStatus, "What is wrong with a request");
  }
}

function prettied(body: string, pretty: string | null): string {
  return pretty === "true" && body !== "" ? JSON.stringify(JSON.parse(body), null, 2) : body;
}

function asJson(body: string): Response {
  if (body === "") return new Response(null, { status: 200 });
  return new Response(body, { headers: { "content-type": "application/json; charset=utf-8" } });
}
