import type { EventCatalogue, FeedEvent } from "../../core/event.ts";
import type { Delivery } from "../../core/feed.ts";
import { ask } from "../../core/guard.ts";
import type { Logger } from "../../core/logger.ts";
import type { Received, Receiver } from "../../core/receiver.ts";
import type { SchemaOutput, StandardSchemaV1 } from "../../core/standard-schema.ts";
import { foreignLimitMs, tell } from "../../http/foreign.ts";
import { toSegment } from "../../http/request.ts";
import { readBody } from "./body.ts";
import { type TypeOf, toDelivery } from "./event.ts";
import { createReceiverFeed, type ReceiverFeed, type ReceiverFeedOptions } from "./feed.ts";
import {
  type DomainChallenge,
  type EventsOf,
  type MessageSchemas,
  type ReceiverOptions,
  type ReceiverSchemas,
  type ReceiverSettings,
  receiverSettings,
} from "./receiver-options.ts";
import { createSecretCheck } from "./secret.ts";
import { createSignatureCheck } from "./signature.ts";

/** Reads discue's calls to a listener, on any runtime that has `Request` and WebCrypto. */
export interface DiscueReceiver<E extends FeedEvent = FeedEvent> extends Receiver<E> {
  /** Whether requests are authenticated at all: by a secret or a signature, not `open`. */
  readonly authenticates: boolean;
  /**
   * Makes a feed of the requests: they wait until they are pulled, and an ack answers them. Each call
   * makes a feed of its own, which knows only the requests that were given to its `handle`.
   */
  feed(options?: ReceiverFeedOptions): ReceiverFeed<E>;
}

/** Makes receivers; the events' types follow from the schemas. */
export interface CreateReceiver {
  /** Events of several types, told apart by `typeOf`, each with a schema. */
  <Schemas extends MessageSchemas>(
    options: ReceiverOptions & { readonly events: Schemas; readonly typeOf: TypeOf },
  ): DiscueReceiver<EventsOf<Schemas>>;
  /** Events of the type `message`, with a schema. */
  <Schema extends StandardSchemaV1>(
    options: ReceiverOptions & { readonly schema: Schema; readonly typeOf?: undefined },
  ): DiscueReceiver<FeedEvent<"message", SchemaOutput<Schema>>>;
  /** Events of types that `typeOf` names, without schemas. */
  (options: ReceiverOptions & { readonly typeOf: TypeOf }): DiscueReceiver<FeedEvent>;
  /** Events of the type `message`, without a schema. */
  (options: ReceiverOptions): DiscueReceiver<FeedEvent<"message">>;
}

/**
 * Makes a receiver of discue's calls.
 *
 * In this order a request is: the domain's challenge, a liveness check, refused for its secret (401),
 * its length (413), its signature (401) or its encoding (400), or one delivery. An id is the message's own
 * (covered by a signature if there is one), else the signed `webhook-id`, else the header named by
 * `messageIdHeader`, else a SHA-256 of the body with `idDerived: true`.
 *
 * @throws {AckloopError} `config` for a wrong option.
 * Source: docs.discue.io as read in 2026-11 says nothing of the calls; every assumption is an option
 * of {@link ReceiverOptions}.
 */
export const discueReceiver: CreateReceiver = <E extends FeedEvent>(
  options: ReceiverOptions & ReceiverSchemas,
): DiscueReceiver<E> => {
  const settings = receiverSettings(options);
  const place = toSegment("discue", "receiver", settings.name);
  const read = createReader(settings, `/discue/${place}`);
  const receiver: DiscueReceiver<E> = {
    name: `discue/${place}`,
    authenticates: settings.secrets.length > 0 || settings.signature !== undefined,
    events: catalogueOf<E>(options),
    receive: async (request, { signal } = {}) => {
      signal?.throwIfAborted();
      const received = await read(request, signal);
      if (received instanceof Response) return { kind: "answered", response: received };
      // The schemas are the loop's to check; until then the type is the user's word.
      return { kind: "deliveries", deliveries: [received as Delivery<E>] } satisfies Received<E>;
    },
    accept: () => new Response(null, { status: settings.acceptStatus }),
    defer: (retryAfterMs) =>
      new Response(null, {
        status: settings.deferStatus,
        headers: { "retry-after": String(Math.max(0, Math.ceil(retryAfterMs / 1_000))) },
      }),
    feed: (feedOptions) => createReceiverFeed(receiver, feedOptions),
  };
  return receiver;
};

type Reader = (request: Request, signal?: AbortSignal) => Promise<Response | Delivery>;

function createReader(settings: ReceiverSettings, source: string): Reader {
  const letIn = createDoor(settings);
  const readMessage = createMessageReader(settings, source);
  return async (request, signal) => {
    const url = new URL(request.url);
    const answer = await answerCheck(request, url, settings, signal);
    if (answer) return answer;
    const admitted = await letIn(request, url, signal);
    return admitted instanceof Response ? admitted : readMessage(request, admitted);
  };
}

/** A request that was let in. */
interface Admitted {
  readonly bytes: Uint8Array;
  /** The id that the signature covers, where there is one. */
  readonly signedId?: string | undefined;
}

/** Refuses what does not authenticate or is too long; nothing is trusted before. */
function createDoor(
  settings: ReceiverSettings,
): (request: Request, url: URL, signal?: AbortSignal) => Promise<Response | Admitted> {
  const hasSecret = createSecretCheck(settings.secrets, {
    in: settings.secretIn,
    parameter: settings.secretParameter,
  });
  const verify = settings.signature && createSignatureCheck(settings.signature);
  return async (request, url, signal) => {
    if (settings.secrets.length > 0 && !hasSecret(url)) return refusal(401);
    const { bytes, refused } = await readBody(request, settings.maxBodyBytes, signal);
    if (!bytes) return refusal(refused === "tooLarge" ? 413 : 400);
    if (!verify) return { bytes };
    const signed = await verify(request.headers, bytes);
    return signed ? { bytes, signedId: signed.id } : refusal(401);
  };
}

function createMessageReader(
  settings: ReceiverSettings,
  source: string,
): (request: Request, admitted: Admitted) => Promise<Response | Delivery> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return async (request, { bytes, signedId }) => {
    const text = decoded(decoder, bytes);
    if (text === undefined) return refusal(400);
    return toDelivery({
      source,
      text,
      forms: settings.bodyForms,
      parseData: settings.parseData,
      typeOf: settings.typeOf,
      outerId: signedId ?? headerOf(request, settings.messageIdHeader),
      deriveId: () => digestOf(bytes),
    });
  };
}

/** Answers the calls that carry no message; `undefined` for those that may carry one. */
async function answerCheck(
  request: Request,
  url: URL,
  settings: ReceiverSettings,
  signal: AbortSignal | undefined,
): Promise<Response | undefined> {
  const { domainChallenges, livenessPath, livenessMethods } = settings;
  if (domainChallenges && request.method === "GET") {
    const challenged = await answerChallenge(url, domainChallenges, settings.logger, signal);
    if (challenged) return challenged;
  }
  const isLiveness = livenessMethods.includes(request.method) || url.pathname === livenessPath;
  return isLiveness ? new Response(null, { status: 200 }) : undefined;
}

/** Answers a domain's challenge. Where the list cannot be had, nobody knows whether this is one: 503. */
async function answerChallenge(
  url: URL,
  domainChallenges: NonNullable<ReceiverSettings["domainChallenges"]>,
  logger: Logger | undefined,
  signal: AbortSignal | undefined,
): Promise<Response | undefined> {
  const asking = { what: "domainChallenges", whom: "discue", limitMs: foreignLimitMs, signal };
  const answer = await ask(asking, async () => {
    const challenges =
      typeof domainChallenges === "function" ? await domainChallenges() : domainChallenges;
    return challenges.find((each) => pathOf(each) === url.pathname)?.fileContent;
  });
  if (answer.kind === "cut") throw signal?.reason;
  if (answer.kind === "failed") {
    tell(logger, "warn", answer.error.message);
    return refusal(503);
  }
  return answer.value === undefined ? undefined : new Response(answer.value, { status: 200 });
}

function pathOf({ contextPath, fileName }: DomainChallenge): string {
  const folder = contextPath.replace(/^\/+|\/+$/g, "");
  return new URL(`/${folder}/${fileName}`.replace("//", "/"), "https://localhost").pathname;
}

function headerOf(request: Request, name: string | undefined): string | undefined {
  return (name && request.headers.get(name)) || undefined;
}

function decoded(decoder: TextDecoder, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    // Bytes that are not UTF-8 cannot be kept as an event, which is JSON.
    return undefined;
  }
}

async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0"));
  return `sha256-${hex.join("")}`;
}

function refusal(status: 400 | 401 | 413 | 503): Response {
  return new Response(null, { status });
}

function catalogueOf<E extends FeedEvent>(options: ReceiverSchemas): EventCatalogue<E> | undefined {
  const schemas = options.schema ? { message: options.schema } : options.events;
  return schemas as EventCatalogue<E> | undefined;
}
