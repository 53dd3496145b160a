import type { Emulator, EmulatorOptions, EmulatorTools } from "./definition.ts";
import { createEmulator, createTools, resettable } from "./emulator.ts";
import { copied, isRecord, json, Refusal } from "./exchange.ts";
import { checkNames, checkRange, frameOptions } from "./options.ts";
import { randomUuid } from "./random.ts";
import { createGuard, type WorkatoApiClient } from "./workato/access.ts";
import { defaultAssumptions, type WorkatoAssumptions } from "./workato/assumptions.ts";
import { developerRoutes } from "./workato/developer.ts";
import { publish, streamsRoutes } from "./workato/streams.ts";
import { createTopics, type Topics, type WorkatoTopicInput } from "./workato/topics.ts";

/** The options of the Workato emulator. */
export interface WorkatoEmulatorOptions extends EmulatorOptions {
  /** The API clients, one at least. @default one that may do everything, and one that may only consume */
  readonly clients?: readonly WorkatoApiClient[] | undefined;
  /** How many requests a minute a token has, on each of the two hosts apart; `Infinity` for no limit. @default 60 */
  readonly requestsPerMinute?: number | undefined;
  /** The longest body of a request, in bytes. @default 1_000_000 */
  readonly maxBodyBytes?: number | undefined;
  /** How many topics there may be. @default 20 */
  readonly maxTopics?: number | undefined;
  /** Why a payload is not published, beside its topic's schema; nothing when it is. */
  readonly refuse?:
    | ((payload: Readonly<Record<string, unknown>>) => string | undefined)
    | undefined;
  /** What the documents leave open. */
  readonly assumptions?: Partial<WorkatoAssumptions> | undefined;
}

/** What a client of Workato needs. */
export type WorkatoConnection = Readonly<
  Record<"baseUrl" | "streamsUrl" | "apiUrl" | "token", string>
>;

/** Workato's event streams: consume and publish under `/api/v1`, topics under `/api/event_streams`. */
export interface WorkatoEmulator extends Emulator<WorkatoConnection> {
  /** The API clients. */
  readonly clients: readonly WorkatoApiClient[];
  /** Makes a topic without a request; gives its id. */
  createTopic(name: string, topic?: Omit<WorkatoTopicInput, "name">): number;
  /**
   * Puts messages into a topic, whatever its schema is; gives their ids, in order.
   *
   * @throws {TypeError} when the topic does not exist.
   */
  publish(topicId: string | number, payloads: readonly unknown[]): readonly string[];
  /** Puts values in the place of messages as they are, for malformed ones. */
  publishRaw(topicId: string | number, items: readonly unknown[]): void;
  /** Removes all messages of a topic: every cursor into it is unknown from then on. */
  purge(topicId: string | number): void;
  /** Ends a token: the next call with it gets 401. */
  revoke(token: string): void;
}

const defaults = Object.freeze({
  clients: Object.freeze([
    Object.freeze({ token: "workato-emulator-token" }),
    Object.freeze({
      token: "workato-emulator-consumer-token",
      permissions: Object.freeze(["consume"] as const),
    }),
  ]) as readonly WorkatoApiClient[],
  requestsPerMinute: 60,
  maxBodyBytes: 1_000_000,
  maxTopics: 20,
  refuse: (): string | undefined => undefined,
});

/** Merges the options with the defaults, and checks them. */
function readOptions(options: WorkatoEmulatorOptions) {
  const { assumptions = {} } = options;
  checkNames("workatoEmulator", options, [
    ...Object.keys(defaults),
    ...frameOptions,
    "assumptions",
  ]);
  checkNames("workatoEmulator: assumptions", assumptions, Object.keys(defaultAssumptions));
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const merged = { ...defaults, ...(Object.fromEntries(given) as Partial<typeof defaults>) };
  checkRange(
    "workatoEmulator: requestsPerMinute",
    merged.requestsPerMinute,
    1,
    Number.POSITIVE_INFINITY,
  );
  checkRange("workatoEmulator: maxBodyBytes", merged.maxBodyBytes, 1, Number.POSITIVE_INFINITY);
  checkRange("workatoEmulator: maxTopics", merged.maxTopics, 1, Number.POSITIVE_INFINITY);
  const [client] = merged.clients;
  if (!client) throw new TypeError("workatoEmulator: clients must not be empty");
  return { ...merged, client, assumptions: { ...defaultAssumptions, ...assumptions } };
}

/**
 * Makes an emulator of Workato's event streams, as strict as the documents.
 *
 * What they leave open, such as the answer to an unknown cursor, is in {@link WorkatoAssumptions}.
 * Long polls really wait and are woken by a publish. Time is that of the process, so that fake timers
 * drive it.
 *
 * @throws {TypeError} for a wrong option.
 * Source: docs.workato.com/workato-api/pubsub, /workato-api/event-streams.html and /workato-api, read
 * 2026-11.
 */
export function workatoEmulator(options: WorkatoEmulatorOptions = {}): WorkatoEmulator {
  const settings = readOptions(options);
  return resettable(createTools("workato", options), (tools) => makeWorkato(tools, settings));
}

function makeWorkato(
  tools: EmulatorTools,
  { clients, client, assumptions, refuse, ...limits }: ReturnType<typeof readOptions>,
) {
  const topics = createTopics(tools, assumptions);
  const revoked = new Set<string>();
  const now = tools.clock.now;
  const guard = createGuard({
    findClient: (token) => clients.find((known) => known.token === token && !revoked.has(token)),
    requestsPerMinute: limits.requestsPerMinute,
    maxBodyBytes: limits.maxBodyBytes,
    now,
    assumptions,
  });
  const actions = createActions(tools, topics);
  const revoke = (token: string): void => void revoked.add(token);
  const emulator = createEmulator(tools, {
    routes: [
      ...streamsRoutes({ tools, topics, guard, assumptions, refuse }),
      ...developerRoutes({ topics, guard, now, maxTopics: limits.maxTopics, assumptions }),
    ],
    errorReply: (status, text) =>
      status >= 500
        ? json({ message: "Server error", id: randomUuid(tools.random("error")) }, status)
        : json({ message: text }, status),
    admin: toAdmin({ ...actions, revoke }),
    connection: (origin) => ({
      baseUrl: origin,
      streamsUrl: `${origin}/api/v1`,
      apiUrl: `${origin}/api`,
      token: client.token,
    }),
  });
  return {
    ...emulator,
    ...actions,
    clients,
    revoke,
  };
}

type Actions = Pick<WorkatoEmulator, "createTopic" | "publish" | "publishRaw" | "purge">;

/** What happens without a request. */
function createActions(tools: ReturnType<typeof createTools>, topics: Topics): Actions {
  function find(topicId: string | number) {
    try {
      return topics.find(topicId);
    } catch {
      throw new TypeError(`workatoEmulator: there is no topic ${topicId}`);
    }
  }

  return {
    createTopic: (name, topic = {}) => topics.create({ ...topic, name }).id,
    publish(topicId, payloads) {
      const topic = find(topicId);
      const copies = payloads.map((payload) => copied("workato: a payload", payload));
      return copies.map((payload) => publish({ tools }, topic, payload).id);
    },
    publishRaw(topicId, items) {
      const { log, bell } = find(topicId);
      for (const item of items.map((each) => copied("workato: an item", each)))
        log.append(tools.clock.now(), () => item);
      bell.ring();
    },
    purge: (topicId) => topics.purge(find(topicId)),
  };
}

/** The same, for other processes: JSON in, JSON out. */
function toAdmin({
  createTopic,
  publish,
  publishRaw,
  purge,
  revoke,
}: Actions & Pick<WorkatoEmulator, "revoke">): Emulator["admin"] {
  return {
    createTopic(body) {
      const topic = isRecord(body) ? body : {};
      const { name, schema, retention } = topic;
      if (typeof name !== "string") throw new Refusal(400, "name must be text");
      return {
        id: createTopic(name, {
          schema: Array.isArray(schema) ? schema : undefined,
          retention: typeof retention === "number" ? retention : undefined,
        }),
      };
    },
    publish(body) {
      const payloads = isRecord(body) ? body["payloads"] : undefined;
      if (!Array.isArray(payloads)) throw new Refusal(400, "payloads must be a list");
      return { ids: publish(toTopicId(body), payloads) };
    },
    publishRaw(body) {
      const items = isRecord(body) ? body["items"] : undefined;
      if (!Array.isArray(items)) throw new Refusal(400, "items must be a list");
      publishRaw(toTopicId(body), items);
    },
    purge: (body) => purge(toTopicId(body)),
    revoke(body) {
      const token = isRecord(body) ? body["token"] : undefined;
      if (typeof token !== "string") throw new Refusal(400, "token must be text");
      revoke(token);
    },
  };
}

function toTopicId(body: unknown): string | number {
  const id = isRecord(body) ? body["topicId"] : undefined;
  if (typeof id === "string" || typeof id === "number") return id;
  throw new Refusal(400, "topicId must be a number or text");
}
