import { ignored, type TableOf } from "../../core/options.ts";
import {
  callOptions,
  checkShape,
  type ShapesOf,
  unchecked,
  withShapes,
} from "../../http/arguments.ts";
import type {
  DiscueApiKeyInput,
  DiscueClient,
  DiscueDomainInput,
  DiscueListenerInput,
  DiscueMessageInput,
  DiscueQueueInput,
  DiscueUsageEventKind,
  DiscueUsageEventQuery,
  DiscueUsageEventStreamQuery,
} from "./types.ts";

type Calls = Omit<DiscueClient, "receiver">;

/** What was read may be given back: what of it no call takes is passed over. */
const named = { id: ignored, name: unchecked<string>() };

const queueInput = {
  name: unchecked<string>(),
  schema: unchecked<NonNullable<DiscueQueueInput["schema"]>>(),
} satisfies TableOf<DiscueQueueInput>;

const listenerInput = {
  name: unchecked<string>(),
  notifyUrl: unchecked<string>(),
  livenessUrl: unchecked<string>(),
} satisfies TableOf<Partial<DiscueListenerInput>>;

const messageInput = {
  name: unchecked<string>(),
  data: unchecked<unknown>(),
} satisfies TableOf<Partial<DiscueMessageInput>>;

const apiKeyInput = {
  name: unchecked<string>(),
  status: unchecked<NonNullable<DiscueApiKeyInput["status"]>>(),
  scopes: unchecked<NonNullable<DiscueApiKeyInput["scopes"]>>(),
} satisfies TableOf<DiscueApiKeyInput>;

const domainInput = {
  name: unchecked<string>(),
  hostname: unchecked<string>(),
  port: unchecked<number>(),
} satisfies TableOf<Partial<DiscueDomainInput>>;

const eventQuery = {
  ...callOptions,
  events: unchecked<DiscueUsageEventKind>(),
  limit: unchecked<number>(),
  after: unchecked<NonNullable<DiscueUsageEventQuery["after"]>>(),
} satisfies TableOf<DiscueUsageEventQuery>;

const streamQuery = {
  ...eventQuery,
  pageSize: unchecked<number>(),
} satisfies TableOf<DiscueUsageEventStreamQuery>;

const queue = { ...named, ...queueInput, listeners: ignored };
const listener = {
  ...named,
  ...listenerInput,
  status: ignored,
  liveness: ignored,
  messages: ignored,
};
const apiKey = {
  ...named,
  ...apiKeyInput,
  createdAt: ignored,
  updatedAt: ignored,
  lastUsedAt: ignored,
  keyPrefix: ignored,
};
const verdict = { createdAt: ignored, challenge: ignored, verified: ignored, verifiedAt: ignored };

const last = (place: number) => ({ options: [place, callOptions] }) as const;

const shapes: { readonly [Group in keyof Calls]: ShapesOf<Calls[Group]> } = {
  queues: {
    create: { input: [0, queue], ...last(1) },
    list: last(0),
    get: last(1),
    update: { input: [1, queue], ...last(2) },
    delete: last(1),
  },
  listeners: {
    create: { input: [1, listener], ...last(2) },
    list: last(1),
    listAll: last(0),
    get: last(2),
    update: { input: [2, listener], ...last(3) },
    delete: last(2),
  },
  messages: {
    create: { input: [1, { ...named, ...messageInput }], ...last(2) },
    list: last(1),
    listAll: last(0),
    get: last(2),
    update: { input: [2, named], ...last(3) },
    delete: last(2),
  },
  schemas: { get: last(2) },
  stats: { messages: last(0) },
  events: { list: { options: [0, eventQuery] } },
  apiKeys: {
    create: { input: [0, apiKey], ...last(1) },
    list: last(0),
    get: last(1),
    update: { input: [1, apiKey], ...last(2) },
    delete: last(1),
  },
  apiClients: {
    create: { input: [0, named], ...last(1) },
    update: { input: [1, named], ...last(2) },
  },
  domains: {
    create: { input: [0, { ...named, ...domainInput, ...verdict }], ...last(1) },
    list: last(0),
    get: last(1),
    update: {
      input: [1, { ...named, ...verdict, hostname: ignored, port: ignored }],
      ...last(2),
    },
    delete: last(1),
  },
};

/** Makes calls that refuse a member of an unknown name. */
export function withDiscueShapes(calls: Calls): Calls {
  const wrap = <Group extends keyof Calls>(group: Group): Calls[Group] =>
    withShapes("discue", group, calls[group], shapes[group]);
  return {
    queues: wrap("queues"),
    listeners: wrap("listeners"),
    messages: wrap("messages"),
    schemas: wrap("schemas"),
    stats: wrap("stats"),
    events: wrap("events"),
    apiKeys: wrap("apiKeys"),
    apiClients: wrap("apiClients"),
    domains: wrap("domains"),
  };
}

/** Checks the query of a stream, which is no promise that could be rejected before it is read. */
export function checkStreamQuery(query: DiscueUsageEventStreamQuery | undefined): void {
  checkShape("discue", "events.stream", { options: [0, streamQuery] }, [query]);
}
