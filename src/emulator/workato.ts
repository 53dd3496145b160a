import type { Emulator, EmulatorOptions, EmulatorTools } from "./definition.ts";
import { createEmulator, createTools, resettable } from "./emulator.ts";
import { copied, json } from "./exchange.ts";
import {
  asList,
  type Choices,
  checkChoices,
  checkWhole,
  isCount,
  isName,
  isText,
  isTexts,
  isWhole,
} from "./options.ts";
import { randomUuid } from "./random.ts";
import { createGuard, permissions, type WorkatoApiClient } from "./workato/access.ts";
import {
  defaultAssumptions,
  choices as ofAssumptions,
  type WorkatoAssumptions,
} from "./workato/assumptions.ts";
import { type WorkatoMethods, workatoCommands } from "./workato/commands.ts";
import { developerRoutes } from "./workato/developer.ts";
import type { WorkatoOperation } from "./workato/operation.ts";
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
export interface WorkatoEmulator
  extends Emulator<WorkatoConnection, WorkatoOperation>,
    WorkatoMethods {
  /** The API clients. */
  readonly clients: readonly WorkatoApiClient[];
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

/** The frame, and the list of assumptions, check these. */
const elsewhere = (): boolean => true;

const choices: Choices<WorkatoEmulatorOptions> = {
  seed: elsewhere,
  journal: elsewhere,
  clock: elsewhere,
  assumptions: elsewhere,
  clients: elsewhere,
  requestsPerMinute: isCount,
  maxBodyBytes: isCount,
  maxTopics: isCount,
  refuse: (value) => typeof value === "function",
};

function checkClients(clients: readonly WorkatoApiClient[], batchPermission: string): void {
  const known: readonly string[] = [...permissions, batchPermission];
  for (const client of asList("workatoEmulator: clients", clients)) {
    const ofClient: Choices<WorkatoApiClient> = {
      token: isName,
      permissions: (value) =>
        isTexts(value) && (value as readonly string[]).every((each) => known.includes(each)),
    };
    checkWhole("workatoEmulator: a client", client, ofClient, ["permissions"]);
  }
}

/** Merges the options with the defaults, and checks them. */
function readOptions(options: WorkatoEmulatorOptions) {
  checkChoices<WorkatoEmulatorOptions>("workatoEmulator", options, choices);
  const { assumptions = {} } = options;
  checkChoices<WorkatoAssumptions>("workatoEmulator: assumptions", assumptions, ofAssumptions);
  const known = Object.entries(assumptions).filter(([, value]) => value !== undefined);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const merged = { ...defaults, ...(Object.fromEntries(given) as Partial<typeof defaults>) };
  const decided = { ...defaultAssumptions, ...Object.fromEntries(known) };
  checkClients(merged.clients, decided.batchPermission);
  const [client] = merged.clients;
  if (!client) throw new TypeError("workatoEmulator: clients must not be empty");
  return {
    ...merged,
    client,
    assumptions: decided,
  };
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
  const actions = createActions(tools, topics, limits.maxTopics);
  const revoke = (token: string): void => {
    if (!clients.some((each) => each.token === token)) {
      throw new TypeError("workatoEmulator: no client has this token");
    }
    revoked.add(token);
  };
  const emulator = createEmulator(tools, {
    routes: [
      ...streamsRoutes({ tools, topics, guard, assumptions, refuse }),
      ...developerRoutes({ topics, guard, now, maxTopics: limits.maxTopics, assumptions }),
    ],
    errorReply: (status, text) =>
      status >= 500
        ? json({ message: "Server error", id: randomUuid(tools.random("error")) }, status)
        : json({ message: text }, status),
    admin: workatoCommands({ ...actions, revoke }),
    places: () =>
      topics.all().map(({ id, name, log }) => ({
        id: String(id),
        name,
        holds: log.end() - log.first(),
      })),
    held: (id, messageId) =>
      topics
        .all()
        .find((topic) => String(topic.id) === id)
        ?.log.find(messageId)?.wire,
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

/** Its fields need not be complete. */
const topicChoices: Choices<WorkatoTopicInput> = {
  name: isName,
  schema: Array.isArray,
  retention: isWhole,
  description: isText,
};

type Actions = Omit<WorkatoMethods, "revoke">;

/** What happens without a request. */
function createActions(tools: EmulatorTools, topics: Topics, maxTopics: number): Actions {
  function find(topicId: string | number) {
    try {
      return topics.find(topicId);
    } catch {
      throw new TypeError(`workatoEmulator: there is no topic ${topicId}`);
    }
  }

  return {
    createTopic(name, topic = {}) {
      if (!isName(name)) throw new TypeError("workatoEmulator: a topic needs a name");
      if (topics.all().length >= maxTopics) {
        throw new TypeError(`workatoEmulator: there are ${maxTopics} topics, as maxTopics says`);
      }
      checkChoices<WorkatoTopicInput>("workatoEmulator: a topic", { ...topic, name }, topicChoices);
      return topics.create(copied("workato: a topic", { ...topic, name })).id;
    },
    publish(topicId, payloads) {
      const topic = find(topicId);
      const copies = asList("workato: payloads", payloads).map((payload) =>
        copied("workato: a payload", payload),
      );
      return copies.map((payload) => publish({ tools }, topic, payload).id);
    },
    publishRaw(topicId, items) {
      const { log, bell } = find(topicId);
      for (const item of asList("workato: items", items).map((each) =>
        copied("workato: an item", each),
      ))
        log.append(tools.clock.now(), () => item);
      bell.ring();
    },
    purge: (topicId) => topics.purge(find(topicId)),
  };
}
