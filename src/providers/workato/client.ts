import type { Schemas } from "../../core/event.ts";
import {
  aFunction,
  isObject,
  milliseconds,
  oneOf,
  Rule,
  type TableOf,
  whole,
} from "../../core/options.ts";
import type { StandardSchemaV1 } from "../../core/standard-schema.ts";
import { createHttpClient } from "../../http/client.ts";
import {
  checkBaseUrl,
  checkClientOptions,
  tokenNeed,
  tokenRule,
  urlRule,
} from "../../http/options.ts";
import type { ClientOptions, HttpClient, HttpSettings, Token } from "../../http/types.ts";
import { checkTopicId, type WorkatoTopicId } from "./arguments.ts";
import { createConsumeCalls, createConsumePage, type WorkatoConsumeCalls } from "./consume.ts";
import { createFeed, type WorkatoFeed } from "./feed.ts";
import {
  type AnyFeedOptions,
  checkFeedOptions,
  type WorkatoEventWith,
  type WorkatoFeedOptions,
} from "./feed-options.ts";
import {
  createPublishCalls,
  type WorkatoIsPublished,
  type WorkatoPublishCalls,
} from "./publish.ts";
import { createRateLimit } from "./rate-limit.ts";
import { regions, type WorkatoRegion, type WorkatoUrls } from "./regions.ts";
import { createTopicCalls, type WorkatoTopicCalls } from "./topics.ts";
import { wireError } from "./wire.ts";

/** The options of a Workato client. */
export interface WorkatoOptions extends ClientOptions {
  /** The token of an API client, whose role names each call that it may make. */
  readonly token: Token;
  /**
   * The data centre of the workspace; a token is refused (`auth`) by every other one. @default "us"
   */
  readonly region?: WorkatoRegion | undefined;
  /** The root of both APIs, when they share one: `<baseUrl>/api/v1` and `<baseUrl>/api`. */
  readonly baseUrl?: string | undefined;
  /**
   * The root of the API that consumes and publishes, for a host that is not listed.
   * @default the region's, such as `https://event-streams.workato.com/api/v1`
   */
  readonly streamsUrl?: string | undefined;
  /**
   * The root of the Developer API; for embedded customers `.../api/managed_users/<id>`.
   * @default the region's, such as `https://www.workato.com/api`
   */
  readonly apiUrl?: string | undefined;
  /**
   * How many requests may start in any minute, from 1, for each of the two APIs; calls beyond wait
   * their turn. The page says 60 for the Developer API. Assumed: as many for the other. Several processes share one quota and are then held back by 429. `Infinity`: no pace
   * is kept. @default 60
   */
  readonly requestsPerMinute?: number | undefined;
  /** How much longer than Workato holds a long poll it may take, in ms, from 1. @default 10_000 */
  readonly longPollMarginMs?: number | undefined;
  /**
   * Tells from an entry of a batch's answer whether its message was published. Assumed: one with an id
   * was, whatever `result` says; an id on a message that is not in the topic would show it wrong. It is
   * asked about entries with an id only. @default () => true
   */
  readonly isPublished?: WorkatoIsPublished | undefined;
}

/** A typed client of Workato's event streams: topics, messages, and a feed of a topic. */
export interface WorkatoClient {
  /** Topics: the Developer API. */
  readonly topics: WorkatoTopicCalls;
  /** Messages: consuming and publishing. */
  readonly messages: WorkatoConsumeCalls & WorkatoPublishCalls;
  /**
   * The feed of a topic. Makes no request; the topic is not looked up, since a token may be allowed
   * to consume and not to list.
   *
   * Cumulative: every delivery has a receipt, and an ack saves its place in the cursor store, which is
   * the only ack there is. A pull without `after` takes the place over: a run that held it before
   * cannot save any more (`conflict`).
   *
   * Without a type of its own every event is a `message`, whose data `schema` describes; with
   * `typeOf` the data names the type.
   *
   * @throws {AckloopError} `config` for a wrong option.
   */
  feed<
    Schema extends StandardSchemaV1 | undefined = undefined,
    const Events extends Schemas = Record<never, never>,
    Type extends string = never,
  >(
    topicId: WorkatoTopicId,
    options: WorkatoFeedOptions<Schema, Events, Type>,
  ): WorkatoFeed<WorkatoEventWith<Schema, Events, Type>>;
}

/**
 * Makes a client of Workato's event streams. Makes no request.
 *
 * @throws {AckloopError} `config` for a wrong option.
 */
export function workato(options: WorkatoOptions): WorkatoClient {
  checkClientOptions("workato", options, table);
  const urls = toUrls(options);
  const streams = createPlane(options, urls.streams);
  const api = createPlane(options, urls.api);
  const consumePage = createConsumePage(streams, options.longPollMarginMs ?? 10_000);
  const isPublished = options.isPublished ?? (() => true);
  const account = toAccount(options, urls);
  // The schemas that the caller gave say what its events are.
  const feed = (topicId: WorkatoTopicId, feedOptions: AnyFeedOptions): WorkatoFeed =>
    createFeed({
      account,
      topicId: checkTopicId("feed", topicId),
      consumePage,
      settings: checkFeedOptions(feedOptions),
    });
  return {
    topics: createTopicCalls(api),
    messages: {
      ...createConsumeCalls(consumePage),
      ...createPublishCalls(streams, isPublished),
    },
    feed: feed as WorkatoClient["feed"],
  };
}

const region: Rule<WorkatoRegion> = oneOf(...(Object.keys(regions) as WorkatoRegion[]));

const table = {
  token: tokenRule.required(tokenNeed),
  region: new Rule<WorkatoRegion>({
    ...region,
    must: `${region.must}; for another give \`streamsUrl\` and \`apiUrl\``,
  }),
  streamsUrl: urlRule,
  apiUrl: urlRule,
  requestsPerMinute: new Rule<number>({
    must: "a whole number from 1, or Infinity",
    test: (value) => value === Number.POSITIVE_INFINITY || whole(1).test(value),
  }),
  longPollMarginMs: milliseconds(1, 600_000),
  isPublished: aFunction<WorkatoIsPublished>(),
} satisfies TableOf<Omit<WorkatoOptions, keyof ClientOptions>>;

/** One of the two APIs with a pace of its own. */
function createPlane(options: WorkatoOptions, baseUrl: string): HttpClient {
  const { fetch, timeoutMs, retry, maxBodyBytes, headers, logger, allowInsecure } = options;
  const pace = createRateLimit(options.requestsPerMinute ?? 60);
  return createHttpClient({
    ...{ fetch, timeoutMs, retry, maxBodyBytes, headers, logger, allowInsecure },
    provider: "workato",
    baseUrl,
    credential: { token: options.token, header: "authorization", prefix: "Bearer " },
    beforeAttempt: pace.take,
    describeError,
  });
}

/** Both hosts say `message`; the page of the event-streams host shows no error at all. */
const describeError: HttpSettings["describeError"] = (body) => {
  const error = wireError.safeParse(body);
  if (!error.success) return {};
  const { message, id, errors } = error.data;
  const text = [message, ...problemsIn(errors)].filter(Boolean).join("; ");
  return { text, requestId: id ?? undefined };
};

/** What is wrong with which field, as the platform says it: one text for each, or a list. */
function problemsIn(errors: unknown): readonly string[] {
  if (!isObject(errors)) return [];
  return Object.entries(errors).flatMap(([field, said]) =>
    [said].flat().flatMap((each) => (typeof each === "string" ? [`${field} ${each}`] : [])),
  );
}

function toUrls({ region = "us", baseUrl, streamsUrl, apiUrl }: WorkatoOptions): WorkatoUrls {
  for (const [name, url] of Object.entries({ baseUrl, streamsUrl, apiUrl })) {
    if (url !== undefined) checkBaseUrl("workato", url, true, name);
  }
  const root = baseUrl?.replace(/\/+$/, "");
  const known: WorkatoUrls =
    root === undefined ? regions[region] : { streams: `${root}/api/v1`, api: `${root}/api` };
  return { streams: streamsUrl ?? known.streams, api: apiUrl ?? known.api };
}

/** What feeds are named after: stays the same for a region, whatever its URLs. */
function toAccount({ region, baseUrl, streamsUrl }: WorkatoOptions, urls: WorkatoUrls): string {
  if (region !== undefined) return region;
  return baseUrl === undefined && streamsUrl === undefined ? "us" : new URL(urls.streams).host;
}
