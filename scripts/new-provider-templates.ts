/** The files of a new provider by their paths; `%folder%`, `%name%` and `%Name%` stand for its name. */
export const templates: Readonly<Record<string, string>> = {
  "src/providers/%folder%/wire.ts": `
import * as z from "zod/mini";
import { anyItems } from "../../http/list.ts";

/**
 * The JSON of the API, in its own words.
 *
 * TODO(source): the pages, and when they were read.
 */

/** The most events of one page. TODO(source). */
export const mostEvents = 100;

/** A page of the log. Each event is read by itself, so that a malformed one does not hide the good ones. */
export const wirePage = z.object({ events: anyItems });

const text = z.string().check(z.minLength(1));

/** Where an event stands. */
export const wirePosition = z.object({ id: text });

/** One event. */
export const wireEvent = z.object({
  id: text,
  type: text,
  time: z.nullish(z.string()),
  data: z.unknown(),
});

/** The body of a failed call. */
export const wireError = z.object({ message: z.nullish(z.string()) });
`,
  "src/providers/%folder%/event.ts": `
import { isAckloopError } from "../../core/errors.ts";
import type { CursorItem } from "../../feeds/cursor/api.ts";
import { parseAs } from "../../http/reply.ts";
import { wireEvent, wirePosition } from "./wire.ts";

/**
 * Reads one item of a page; \`index\` is its place. Its id is the position behind it, also of one that
 * cannot be read otherwise.
 */
export function toEvent(item: unknown, index: number): CursorItem {
  const position = wirePosition.safeParse(item).data?.id;
  try {
    const from = { provider: "%folder%", operation: "pull", at: \`events[\${index}]\` };
    const { id, type, time, data } = parseAs(wireEvent, item, from);
    return { position, id, type, time, data };
  } catch (error) {
    if (!isAckloopError(error)) throw error;
    return { position, unreadable: error };
  }
}
`,
  "src/providers/%folder%/feed.ts": `
import { parseJson } from "../../core/json.ts";
import { type CursorFeed, cursorFeed } from "../../feeds/cursor/feed.ts";
import type { CursorFeedOptions } from "../../feeds/cursor/options.ts";
import type { ClientCallOptions } from "../../http/types.ts";
import { toEvent } from "./event.ts";
import { mostEvents } from "./wire.ts";

/** Reads one page, whose events are not read yet. */
export type ReadPage = (
  operation: string,
  options: ClientCallOptions & {
    readonly after?: string | undefined;
    readonly limit?: number | undefined;
  },
) => Promise<{
  readonly events: readonly unknown[];
  readonly text: string;
  readonly sentAt?: number | undefined;
}>;

/** Makes the feed of the log. */
export function createFeed(readPage: ReadPage, options: CursorFeedOptions): CursorFeed {
  return cursorFeed(
    {
      provider: "%folder%",
      // TODO(source): the account, or whatever tells one log from another.
      path: "events",
      pageSize: mostEvents,
      async read(after, { limit, signal }) {
        const { events, text, sentAt } = await readPage("pull", { after, limit, signal });
        const again = () => (parseJson(text) as { readonly events: readonly unknown[] }).events;
        return { items: events, again, bytes: text.length, sentAt };
      },
      toEvent,
    },
    options,
  );
}
`,
  "src/providers/%folder%/client.ts": `
import { type TableOf, text, whole } from "../../core/options.ts";
import type { CursorFeed } from "../../feeds/cursor/feed.ts";
import type { CursorFeedOptions } from "../../feeds/cursor/options.ts";
import { callOptions, withShapes } from "../../http/arguments.ts";
import { createHttpClient } from "../../http/client.ts";
import { checkClientOptions, tokenRule } from "../../http/options.ts";
import { pageReply, replyOf, withText } from "../../http/reply.ts";
import type { ClientCallOptions, ClientOptions, Token } from "../../http/types.ts";
import { createFeed, type ReadPage } from "./feed.ts";
import { mostEvents, wireError, wirePage } from "./wire.ts";

/** The options of {@link %name%}. */
export interface %Name%Options extends ClientOptions {
  /** The credential, or what gives it. TODO(source). */
  readonly token: Token;
}

/** From where and how much to read. */
export interface %Name%ListOptions extends ClientCallOptions {
  /** Events behind the one with this id. */
  readonly after?: string | undefined;
  /** How many, 1-100. @default 100 */
  readonly limit?: number | undefined;
}

/** A typed client. */
export interface %Name%Client {
  /** The log. */
  readonly events: {
    /**
     * Reads events as they came, oldest first; an empty list when there are none. Repeated when it fails.
     *
     * TODO(source).
     */
    list(options?: %Name%ListOptions): Promise<readonly unknown[]>;
  };
  /**
   * The feed of the log. Makes no request. An ack saves its place in the cursor store.
   *
   * @throws {AckloopError} \`config\` for a wrong option.
   */
  feed(options: CursorFeedOptions): CursorFeed;
}

const listOptions = {
  ...callOptions,
  after: text(1, 500),
  limit: whole(1, mostEvents),
} satisfies TableOf<%Name%ListOptions>;

/**
 * Makes a client. Makes no request.
 *
 * @throws {AckloopError} \`config\` for a wrong option.
 */
export function %name%(options: %Name%Options): %Name%Client {
  checkClientOptions("%folder%", options, { token: tokenRule.required() });
  const { token, ...rest } = options;
  const http = createHttpClient({
    ...rest,
    // TODO(source): the address of the API, and how the credential is sent.
    baseUrl: rest.baseUrl ?? "https://api.%folder%.example/v1",
    provider: "%folder%",
    credential: { token, header: "authorization", prefix: "Bearer " },
    describeError: (body) => ({ text: wireError.safeParse(body).data?.message ?? undefined }),
  });
  const readPage: ReadPage = async (operation, { after, limit = mostEvents, signal, onResponse }) => {
    const read = pageReply(replyOf(wirePage), { events: [] });
    let sentAt: number | undefined;
    const page = await http.call({
      operation,
      method: "GET",
      path: ["events"],
      query: { after, limit },
      signal,
      onResponse,
      hot: true,
      reply: withText((body, facts) => {
        sentAt = facts.sentAt;
        return read(body, facts);
      }),
    });
    return { ...page, sentAt };
  };
  const events: %Name%Client["events"] = {
    list: async (given = {}) => (await readPage("events.list", given)).events,
  };
  return {
    events: withShapes("%folder%", "events", events, { list: { options: [0, listOptions] } }),
    feed: (given) => createFeed(readPage, given),
  };
}
`,
  "src/providers/%folder%/assumptions.ts": `
import type { Assumptions } from "../../core/assumption.ts";

/** What the client takes for granted. */
export const assumptions = {
  "unknown-cursor": {
    open: "TODO(source): what a read behind an event is answered that does not exist",
    assumed: "400, 404, 410 or 422",
    options: ["expiredStatuses", "onCursorExpired"],
    wrong: "another answer: the run ends with \`request\`, and nothing is lost",
  },
} as const satisfies Assumptions;
`,
  "src/providers/%folder%/index.ts": `
/**
 * %Name%: the log of its events. TODO(source).
 *
 * ## Delivery
 * TODO(source): how events are read, in which order, how many at once, for how long they stay.
 *
 * ## Acknowledgement
 * None: the feed's ack saves the place in a cursor store, under the consumer's name.
 *
 * ## Authentication
 * TODO(source).
 *
 * ## Limits
 * TODO(source).
 *
 * ## Sources
 * TODO(source): each page with its address, and when it was read.
 *
 * @module ackloop/%folder%
 */

export type { CursorFeed } from "../../feeds/cursor/feed.ts";
export type { CursorFeedOptions, OnCursorExpired } from "../../feeds/cursor/options.ts";
export type { ClientOptions, Token, TokenRequest, TransportRetry } from "../../http/types.ts";
export { %name%, type %Name%Client, type %Name%ListOptions, type %Name%Options } from "./client.ts";
`,
  "src/emulator/%folder%/operation.ts": `
/** The calls of the emulator, as faults and the journal name them. */
export type %Name%Operation = "list";
`,
  "src/emulator/%folder%/assumptions.ts": `
import type { Assumptions } from "../../core/assumption.ts";

/** What the documents leave open, and what the emulator does there. */
export const assumptions = {
  "unknown-cursor": { assumed: "404" },
} as const satisfies Assumptions;
`,
  "src/emulator/%folder%/decisions.ts": `
import type { Decisions, OptionNames } from "../decisions.ts";
import type { %Name%EmulatorOptions } from "../%folder%.ts";
import type { %Name%Operation } from "./operation.ts";

/** What the emulator decides, and where that comes from. */
export const decisions = {
  routes: { list: "doc: TODO(source)" },
  refusals: {
    "401 The token is not known.": "doc: TODO(source)",
    "400 limit is 1 to 100.": "doc: TODO(source)",
    "404 No such event.": "assumed: unknown-cursor",
  },
  options: {
    seed: "own: ids that come again",
    journal: "own: what is kept",
    clock: "own: a test's clock",
    token: "own: who may read",
  },
} as const satisfies Decisions<%Name%Operation, OptionNames<%Name%EmulatorOptions, never>>;
`,
  "src/emulator/%folder%.ts": `
import type { %Name%Operation } from "./%folder%/operation.ts";
import type { Call, Emulator, EmulatorOptions, EmulatorTools } from "./definition.ts";
import { createEmulator, createTools, resettable } from "./emulator.ts";
import { copied, isRecord, json, Refusal, readCredential } from "./exchange.ts";
import { asList, type Choices, checkChoices, isName } from "./options.ts";

/** The options of {@link %name%Emulator}. */
export interface %Name%EmulatorOptions extends EmulatorOptions {
  /** The token that is accepted. @default "%folder%-emulator-token" */
  readonly token?: string | undefined;
}

/** What a client needs. */
export type %Name%Connection = Readonly<Record<"baseUrl" | "token", string>>;

/** The API, faked. */
export interface %Name%Emulator extends Emulator<%Name%Connection, %Name%Operation> {
  /** Publishes events, each with a type and data, in order; gives their ids. */
  publish(
    events: readonly { readonly type: string; readonly data: unknown }[],
  ): readonly string[];
  /** Puts values in the place of events as they are, for malformed ones. */
  publishRaw(items: readonly unknown[]): void;
  /** Removes all events: every cursor is unknown from then on. */
  purge(): void;
}

/** The frame checks these. */
const elsewhere = (): boolean => true;

const choices: Choices<%Name%EmulatorOptions> = {
  seed: elsewhere,
  journal: elsewhere,
  clock: elsewhere,
  token: isName,
};

/**
 * Fakes the API, as strict as its documents.
 *
 * @throws {TypeError} for a wrong option.
 * TODO(source).
 */
export function %name%Emulator(options: %Name%EmulatorOptions = {}): %Name%Emulator {
  checkChoices<%Name%EmulatorOptions>("%name%Emulator", options, choices);
  const { token = "%folder%-emulator-token" } = options;
  return resettable(createTools("%folder%", options), (tools) => make(tools, token));
}

/** An event as it is held. */
interface Held {
  readonly id: string;
  readonly wire: unknown;
}

/** The journal's name of the log. */
const queue = "events";
const mostEvents = 100;

function make(tools: EmulatorTools, token: string) {
  let held: Held[] = [];
  let count = 0;
  const append = (toWire: (id: string) => unknown): string => {
    count += 1;
    const id = \`evt_\${count}\`;
    held.push({ id, wire: toWire(id) });
    return id;
  };

  function checkToken({ request }: Call): void {
    if (readCredential(request, "Bearer") === token) return;
    throw new Refusal(401, "The token is not known.");
  }

  function list(call: Call): Response {
    checkToken(call);
    const { url, number, operation, duplicate } = call;
    const limit = Number(url.searchParams.get("limit") ?? mostEvents);
    if (!(limit >= 1 && limit <= mostEvents)) throw new Refusal(400, "limit is 1 to 100.");
    const after = url.searchParams.get("after");
    const place = held.findIndex(({ id }) => id === after);
    if (after !== null && place === -1) throw new Refusal(404, "No such event.");
    const page = held.slice(duplicate ? Math.max(0, place) : place + 1).slice(0, limit);
    for (const { id: eventId } of page) {
      tools.journal.add({ kind: "delivered", queue, eventId, request: number, operation });
    }
    return json({ events: page.map(({ wire }) => wire) });
  }

  const actions = {
    publish: (events: readonly { readonly type: string; readonly data: unknown }[]) =>
      asList("%name%Emulator: events", events).map((event) => {
        const { type, data } = copied("%name%Emulator: an event", event);
        const time = new Date(tools.clock.now()).toISOString();
        const eventId = append((id) => ({ id, type, time, data }));
        tools.journal.add({ kind: "published", queue, eventId });
        return eventId;
      }),
    publishRaw(items: readonly unknown[]) {
      for (const item of items) append(() => copied("%name%Emulator: an item", item));
    },
    purge() {
      held = [];
    },
  };
  const emulator = createEmulator(tools, {
    routes: [{ operation: "list", method: "GET", path: "/v1/events", handle: list }],
    errorReply: (status, message) => json({ message }, status),
    admin: {
      publish: (body) => {
        const events = isRecord(body) ? body["events"] : undefined;
        return { ids: actions.publish(events as readonly { type: string; data: unknown }[]) };
      },
    },
    connection: (origin) => ({ baseUrl: \`\${origin}/v1\`, token }),
  });
  return { ...emulator, ...actions };
}
`,
  "src/cli/providers/%folder%.ts": `
import type { Feed } from "ackloop";
import { assumptions } from "../../providers/%folder%/assumptions.ts";
import { variable } from "../environment.ts";
import { type Provider, quick } from "../provider.ts";

/** TODO(source): the names of the variables, as the vendor's own tools have them. */
const names = { token: "ACKLOOP_%Name%_TOKEN", baseUrl: "ACKLOOP_%Name%_BASE_URL" };

export const %name%: Provider = {
  title: "%Name%",
  variables: [
    { name: names.token, about: "the token", isSecret: true, member: "token" },
    { name: names.baseUrl, about: "the root of the API", member: "baseUrl" },
  ],
  limits: "TODO(source)",
  async connect(environment, settings) {
    const { %name%: open } = await import("ackloop/%folder%");
    const read = (name: string) => variable(environment, name) ?? "";
    const baseUrl = read(names.baseUrl);
    const client = open({ token: read(names.token), baseUrl, ...quick, ...settings });
    return {
      urls: [baseUrl],
      // TODO(source): a call that changes nothing.
      check: async () => "nothing asked",
      feed: (_, reading) => client.feed(reading) as Feed,
    };
  },
  emulator: async (options) => (await import("ackloop/emulator")).%name%Emulator(options),
  guide: {
    about: "TODO(source): how its events come, and how they are acknowledged.",
    place: "feed",
    holds: "waiting",
    samples: { "order.created": { type: "order.created", data: { number: 1 } } },
    calls: { pull: "pulls" },
    read(held) {
      const { type, data } = Object(held);
      return { type, data };
    },
    put: (command, _, events) => command("publish", { events }),
  },
  sample: (number) => ({ type: "order.created", data: { number } }),
  program: ({ token, baseUrl }) =>
    [
      'import { drain } from "ackloop";',
      'import { memoryStores } from "ackloop/stores";',
      'import { %name% } from "ackloop/%folder%";',
      \`const feed = %name%(\${JSON.stringify({ token, baseUrl })}).feed({ cursor: memoryStores().cursors, consumer: "me" });\`,
      "await drain(feed, (event) => console.log(event.type, event.data));",
    ].join("\\n"),
  examples: {},
  assumptions,
  // TODO(source): how a real account is asked about each.
  probes: {},
};
`,
  "test/providers/%folder%/fixtures/README.md": `
# Replies of %Name%

TODO(source): true replies, where they are from, when they were read, and what was changed.

| file | source | what was changed |
| --- | --- | --- |
| \`assumed-page.json\` | none yet | every value is invented |
`,
  "test/providers/%folder%/fixtures/assumed-page.json": `
{
  "events": [
    { "id": "evt_1", "type": "order", "time": "2026-11-01T12:00:00Z", "data": { "order": 1 } }
  ]
}
`,
  "test/providers/%folder%/conformance.test.ts": `
import { describe, expect, it } from "vitest";
import { toReceipt } from "../../../src/core/feed.ts";
import { %name%Emulator } from "../../../src/emulator/index.ts";
import { %name% } from "../../../src/providers/%folder%/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import {
  cursorSide,
  emulatorSide,
  type FeedHarness,
  feedConformance,
} from "../../../src/testing/index.ts";

const maxBodyBytes = 100_000;

/** A log, a cursor store, and feeds on both. */
function harness(): FeedHarness {
  const emulator = %name%Emulator();
  const side = emulatorSide(emulator, { pull: "list" });
  const { token, baseUrl } = emulator.connection("https://%folder%.test");
  const places = cursorSide(memoryStores().cursors, (position) => {
    const ids = emulator.journal.publishedIds();
    return ids.slice(0, ids.indexOf(position) + 1);
  });
  const payloads = new Map<string, object>();
  const publish = (facts: object = {}): string => {
    const data = { order: payloads.size, ...facts };
    const [id = ""] = emulator.publish([{ type: "order", data }]);
    payloads.set(id, data);
    return id;
  };
  return {
    ...side,
    ...places,
    pageSize: 100,
    feed: () =>
      %name%({ token, baseUrl, fetch: side.fetch, maxBodyBytes, retry: { attempts: 1 } }).feed({
        cursor: places.cursor,
        consumer: "billing",
      }),
    publish: (count) => Array.from({ length: count }, () => publish()),
    payloadOf: (id) => payloads.get(id),
    expirePlace: () => emulator.purge(),
    publishOdd: (odd) => publish({ odd }),
    publishLarge: (count) =>
      Array.from({ length: count }, () => publish({ odd: "x".repeat(0.6 * maxBodyBytes) })),
    publishTooLarge: () => publish({ odd: "x".repeat(maxBodyBytes) }),
    publishUnreadable: () => emulator.publishRaw([{ type: 7 }]),
    unknownReceipt: () => toReceipt("an-event-of-nobody"),
    heal: () => {
      side.heal();
      places.heal();
    },
    close: () => emulator.close(),
  };
}

const results = feedConformance({ describe, it, print: console.info }, harness);

it("breaks no law", () => {
  expect(results.filter(({ verdict }) => verdict === "broken")).toEqual([]);
});
`,
  "test/providers/%folder%/documents.test.ts": `
import { decisions } from "../../../src/emulator/%folder%/decisions.ts";
import { %name%Emulator, type %Name%EmulatorOptions } from "../../../src/emulator/%folder%.ts";
import { %name% } from "../../../src/providers/%folder%/index.ts";
import { checkLedger } from "../ledger.ts";

checkLedger(
  {
    provider: "%folder%",
    // TODO(source): how many facts the documents have.
    least: 1,
    emulate: (options: %Name%EmulatorOptions | undefined) => %name%Emulator(options),
    connect: (fetch, { baseUrl, token = "t" } = {}) =>
      %name%({ fetch, baseUrl, token, retry: { attempts: 1 } }),
    headers: ({ token }) => ({ authorization: \`Bearer \${token}\` }),
    rows: [
      {
        fact: "L1",
        says: "TODO(source): events are read by a GET",
        source: "TODO(source)",
        request: { method: "GET", url: "{baseUrl}/events?limit=100", headers: {} },
        answers: { events: [] },
        call: (client) => client.events.list(),
      },
    ],
  },
  Object.keys(decisions.routes),
);
`,
  "test/providers/%folder%/profile.ts": `
import { %name%Emulator } from "../../../src/emulator/%folder%.ts";
import type { ClientOptions } from "../../../src/http/types.ts";
import { %name% } from "../../../src/providers/%folder%/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { fixture } from "../fixture.ts";
import type { Profile } from "../profile.ts";

const client = (options: ClientOptions) => %name%({ token: "t", ...options });
const place = () => ({ cursor: memoryStores().cursors, consumer: "c" });
const reply = fixture("%folder%", "assumed-page");

export const profile: Profile = {
  title: "%Name%",
  client,
  // Every call that takes arguments, with right ones.
  inputs: [],
  calls: [
    ["events.list", reply, (o) => client(o).events.list()],
    ["feed.pull", reply, (o) => client(o).feed(place()).pull()],
  ],
  lists: [],
  failures: [["%Name%", { message: "TODO(source)" }, (o) => client(o).events.list()]],
  // Every call with an id.
  paths: [],
  hosts: [["%folder%", (o) => client(o).events.list()]],
  headers: {
    options: [["token", (token, more) => client({ ...more, ...{ token } }).events.list()]],
    own: [(o) => client(o).events.list(), { authorization: "Bearer t" }],
  },
  secrets: ({ mark, plainMark }) => ({
    cases: [
      {
        name: "%Name%",
        secrets: [mark],
        calls: (options) => {
          const own = %name%({ token: mark, ...options });
          return [() => own.events.list(), () => own.feed(place()).pull()];
        },
      },
    ],
    printed: () => [%name%({ token: mark }), %name%({ token: mark }).feed(place())],
    wrong: [["%Name%'s token of two lines", () => %name%({ token: \`\${mark}\\n\` }).events.list()]],
    feeds: [["%Name%", (o) => %name%({ token: mark, ...o }).feed(place())]],
    emulator: () => %name%Emulator({ token: plainMark }),
    requests: (o) => [
      () => %name%({ token: mark, ...o }).events.list(),
      () => %name%({ token: plainMark, ...o }).events.list(),
    ],
  }),
  feed: {
    open: (o) => client(o).feed(place()),
    item: (id) => ({ id, type: "order", time: "2026-11-01T12:00:00Z", data: { a: 1 } }),
    page: (items) => \`{"events":\${items}}\`,
    place: {
      saved: { version: 1, id: "m", time: "2026-11-01T12:00:00Z", run: "r", sequence: 1 },
      open: (["halt", "oldest"] as const).map((onCursorExpired) => [
        onCursorExpired,
        (o, cursor) => client(o).feed({ cursor, consumer: "c", onCursorExpired }),
      ]),
    },
  },
  signals: [
    ["%Name%'s list", (fetch, signal) => client({ fetch }).events.list({ signal })],
    ["%Name%'s pull", (fetch, signal) => client({ fetch }).feed(place()).pull({ signal })],
  ],
  program: {
    name: "%folder% over HTTP",
    imports: {
      ackloop: ["drain"],
      "ackloop/%folder%": ["%name%"],
      "ackloop/stores": ["memoryStores"],
    },
    body: \`
  const client = %name%(given["%folder%"]);
  const feed = client.feed({ cursor: memoryStores().cursors, consumer: "billing" });
  const { handled, stopped } = await drain(feed, () => {});
  return { handled, stopped };\`,
    prints: (count) => ({ handled: count, stopped: "empty" }),
    given(count) {
      const emulator = %name%Emulator();
      emulator.publish(Array.from({ length: count }, (_, order) => ({ type: "order", data: { order } })));
      return { emulator };
    },
  },
};
`,
  "test/providers/%folder%/process.ts": `
import { %name%Emulator } from "../../../src/emulator/index.ts";
import { %name% } from "../../../src/providers/%folder%/index.ts";
import type { ProviderProcess } from "../../processes/provider.ts";

/** The event that a saved place is behind. */
export const idIn = (cursor: string) => (JSON.parse(cursor) as { readonly id?: string }).id;

export const process: ProviderProcess = {
  acks: "upTo",
  pulls: /\\/events\\?/,
  idIn,
  open() {
    const emulator = %name%Emulator();
    return {
      emulator,
      queue: "events",
      publish: (numbers, note) =>
        emulator.publish(numbers.map((order) => ({ type: "order", data: { order, note } }))),
    };
  },
  feed({ connection, cursor, consumer, options }) {
    const { token = "", baseUrl } = connection;
    return %name%({ token, baseUrl, ...options }).feed({ cursor, consumer });
  },
};
`,
  "test/providers/%folder%/simulation.ts": `
import { %name%Emulator } from "../../../src/emulator/index.ts";
import { %name% } from "../../../src/providers/%folder%/index.ts";
import type { Provider, Simulated } from "../../simulation/providers.ts";
import { CONSUMER, runLoop } from "../../simulation/runner.ts";
import type { World } from "../../simulation/world.ts";
import { idIn } from "./process.ts";

/** The log. A saved cursor is its ack. */
export const simulated: Simulated = {
  operations: ["list"],
  delivers: "list",
  keepsPlace: () => true,
  idIn,
  open,
};

function open(world: World): Provider {
  const { seed, shape } = world.plan;
  const emulator = %name%Emulator({ seed });
  const { baseUrl, token } = emulator.connection("https://%folder%.test");
  const numbers = new Map<string, number>();
  const ids: string[] = [];
  let savedAt = -1;
  return {
    emulator,
    numbers,
    publish({ n, key, kind }) {
      const data = { sim: n, key, padding: " ".repeat(shape.padding) };
      const type = kind === "unknown" ? "other" : "order";
      const [id = ""] = emulator.publish([{ type: kind === "unreadable" ? (7 as never) : type, data }]);
      numbers.set(id, n);
      ids.push(id);
    },
    start(process, stores) {
      const { fetch } = process;
      const client = %name%({ token, baseUrl, fetch, maxBodyBytes: 65_536 });
      return runLoop(process, stores, client.feed({ cursor: stores.cursors, consumer: CONSUMER }));
    },
    isDrained: () => savedAt === ids.length - 1,
    saved(id) {
      savedAt = Math.max(savedAt, ids.indexOf(id));
    },
  };
}
`,
  "examples/%folder%.ts": `
/**
 * Handles what is in the log of %Name%, then ends. Wants %Name%'s token in TOKEN, and a folder for its place
 * and for events that no handler could finish (STATE_FOLDER). BASE_URL leads to a test server.
 */
import { drain } from "ackloop";
import { %name% } from "ackloop/%folder%";
import { sqliteStores } from "ackloop/stores";

const { env } = process;
const stores = sqliteStores(\`\${env["STATE_FOLDER"] ?? "."}/%folder%.db\`);
const client = %name%({ token: env["TOKEN"] ?? "", baseUrl: env["BASE_URL"] });
const feed = client.feed({ cursor: stores.cursors, consumer: "example" });
const { handled, stopped } = await drain(feed, ({ type, id }) => console.log(type, id), {
  deadLetters: stores.deadLetters,
  consumer: "example",
});
console.log(\`handled \${handled} events, then: \${stopped}\`);
await stores.close();
`,
  "examples/demo/providers/%folder%.ts": `
import { consume } from "ackloop";
import { %name% } from "ackloop/%folder%";
import { type Connection, %name%Emulator } from "ackloop/emulator";
import { memoryStores } from "ackloop/stores";
import { junk, refusal } from "../faults.ts";
import type { DemoProvider, Source } from "../provider.ts";

function connect({ token = "", baseUrl }: Connection, more = {}) {
  return %name%({ token, baseUrl, ...more });
}

function feedOf({ connection, stores, consumer, timeoutMs }: Source) {
  return connect(connection, { timeoutMs }).feed({ cursor: stores.cursors, consumer });
}

export const provider: DemoProvider = {
  emulator: () => %name%Emulator(),
  async open(connection) {
    const place = { cursor: memoryStores().cursors, consumer: "demo" };
    return { queue: "events", feed: connect(connection).feed(place).name };
  },
  publish: (_queue, events) => ({
    events: events.map(({ code }) => ({ type: "order", data: { order: code } })),
  }),
  polls: "list",
  idIn: (cursor) => (JSON.parse(cursor) as { readonly id?: string }).id,
  faults: [
    { kind: "status", status: 429, retryAfter: 1, operation: "list", after: 3, count: 1 },
    { kind: "status", status: 500, operation: "list", after: 6, count: 2 },
    { kind: "cut", operation: "list", after: 10, count: 1 },
    { kind: "lostReply", operation: "list", after: 12, count: 2 },
    { kind: "status", status: 200, body: refusal, operation: "list", after: 18, count: 1 },
    { kind: "stall", operation: "list", after: 20, count: 1 },
    { kind: "headers", headers: junk, operation: "list", after: 22, count: 5 },
  ],
  feed: feedOf,
  consume: (parts) => consume(feedOf(parts), parts.work, parts.common),
  work: (open, { work, common }) => consume(open(), work, common),
};
`,
  "docs/providers/%folder%.md": `
# %Name%

TODO(source): what its events are, with the address of the vendor's page.

TODO: under "The first event", a program that runs as it stands against the emulator, as the other pages of docs/providers have it;
test/packed/guides walks it.

A whole job: [\`examples/%folder%.ts\`](../../examples/%folder%.ts).

## Assumed

<!-- assumptions: made by \`npm run assumptions\` -->
<!-- end of assumptions -->
`,
};
