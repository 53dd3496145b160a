import { throwIfAborted } from "../../core/abort.ts";
import { AckloopError } from "../../core/errors.ts";
import type { EventCatalogue, FeedEvent, Schemas } from "../../core/event.ts";
import type { Received, ReceiveOptions, Receiver } from "../../core/receiver.ts";
import { describeGiven } from "../../core/request-kind.ts";
import { Seldom } from "../../core/seldom.ts";
import type { StandardSchemaV1 } from "../../core/standard-schema.ts";
import { toSegment } from "../../http/request.ts";
import { readBody } from "./body.ts";
import { createChallenges } from "./challenges.ts";
import { createDoor, type Door, type Letter } from "./door.ts";
import { toDelivery } from "./event.ts";
import {
  createReceiverFeed,
  type DiscueReceiverFeed,
  type DiscueReceiverFeedOptions,
} from "./feed.ts";
import {
  type AnyReceiverOptions,
  type DiscueEventWith,
  type DiscueReceiverOptions,
  type ReceiverSettings,
  receiverSettings,
} from "./receiver-options.ts";
import type { SignatureClaim } from "./signature.ts";

/** Reads discue's calls to a listener, on any runtime that has `Request` and WebCrypto. */
export interface DiscueReceiver<E extends FeedEvent = FeedEvent> extends Receiver<E> {
  /** Whether requests are authenticated at all: by a secret or a signature, not `open`. */
  readonly authenticates: boolean;
  /**
   * Makes a feed of the requests: they wait until they are pulled, and an ack answers them. Each call
   * makes a feed of its own, which knows only the requests that were given to its `fetch`.
   */
  feed(options?: DiscueReceiverFeedOptions): DiscueReceiverFeed<E>;
}

/** Makes receivers; the events' types follow from the schemas. */
export type DiscueCreateReceiver = <
  Schema extends StandardSchemaV1 | undefined = undefined,
  const Events extends Schemas = Record<never, never>,
  Type extends string = never,
>(
  options: DiscueReceiverOptions<Schema, Events, Type>,
) => DiscueReceiver<DiscueEventWith<Schema, Events, Type>>;

/**
 * Makes a receiver of discue's calls.
 *
 * In this order a request is: the domain's challenge, a liveness check, refused for its method (405), its
 * secret, what its signature lacks (401), its length (413) or its encoding (415), read and unpacked, refused
 * for its signature, which is of the unpacked body (401), or for what is no UTF-8 (400), or one delivery. An id is the message's own (covered by a signature if there is one), else the
 * signed `webhook-id`, else the header named by `messageIdHeader`, else a SHA-256 of the body with
 * `idDerived: true`. What may be a message and a user's own data as well: see `bodyForms`.
 *
 * @throws {AckloopError} `config` for a wrong option.
 * Source: docs.discue.io as read in 2026-11 says nothing of the calls; every assumption is an option
 * of {@link DiscueReceiverBasics}.
 */
export const discueReceiver: DiscueCreateReceiver = <E extends FeedEvent>(
  options: AnyReceiverOptions,
): DiscueReceiver<E> => {
  const settings = receiverSettings(options);
  const place = toSegment("discue", "receiver", settings.name);
  const read = createReader(settings, `/discue/${place}`);
  const receiver: DiscueReceiver<E> = {
    name: `discue/${place}`,
    authenticates: settings.secret.length > 0 || settings.signature !== undefined,
    events: catalogueOf<E>(options),
    receive: async (request, receiveOptions = {}) => {
      throwIfAborted(receiveOptions.signal);
      // The schemas are the loop's to check; until then the type is the user's word.
      return (await read(request, receiveOptions)) as Received<E>;
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

type Reader = (request: Request, options: ReceiveOptions) => Promise<Received>;

/** A request that is answered with a status, and told. */
interface Refusal {
  readonly status: 400 | 401 | 405 | 413 | 415 | 503;
  readonly why: string;
}

const refusedBody = {
  tooLarge: { status: 413, why: "its body is longer than `maxBodyBytes`" },
  cut: { status: 400, why: "its body was cut off, or cannot be unpacked" },
  gone: { status: 400, why: "its body was read before: mount it in front of any body parser" },
  encoded: { status: 415, why: "its body is encoded in another way than gzip or deflate" },
} as const;

const liveness = (): Received => ({ ...answered(200), as: "liveness" });

function createReader(settings: ReceiverSettings, source: string): Reader {
  const door = createDoor(settings);
  const answerCheck = createCheck(settings, door);
  const readMessage = createMessageReader(settings, source, door);
  const seldom = new Seldom();
  return async (request, options) => {
    const { signal, admit, logger = settings.logger } = options;
    const letter = { request, url: urlOf(request) };
    const tell = ({ status, why }: Refusal): void =>
      seldom.warn(logger, `discue receiver: a request was answered ${status}: ${why}`);
    const received = await answerCheck(letter, tell);
    throwIfAborted(signal);
    if (received) return received;
    const { methods } = settings;
    if (!methods.includes(request.method) && door.isLiveness(letter) !== "ifEmpty") {
      tell({ status: 405, why: `${request.method} is none of its \`methods\`` });
      return answered(405, null, { allow: methods.join(", ") });
    }
    const admitted = door.letIn(letter);
    const isFull = typeof admitted !== "string" && admit?.() === false;
    if (isFull) return { ...answered(settings.deferStatus), as: "full" };
    const read =
      typeof admitted === "string"
        ? ({ status: 401, why: admitted } as const)
        : await readMessage(letter, admitted, signal);
    if (!("status" in read)) return read;
    tell(read);
    return answered(read.status);
  };
}

/** Answers the calls that carry no message; `undefined` for those that may carry one. */
function createCheck(
  settings: ReceiverSettings,
  door: Door,
): (letter: Letter, tell: (refusal: Refusal) => void) => Promise<Received | undefined> {
  const challengeFor = createChallenges(settings);
  return async (letter, tell) => {
    const isChallenge = door.mayBeChallenge(letter);
    const { content, why } = isChallenge ? await challengeFor(letter.url.pathname) : {};
    if (content !== undefined) return answered(200, content);
    if (why === undefined) return door.isLiveness(letter) === true ? liveness() : undefined;
    tell({ status: 503, why });
    return answered(503);
  };
}

/** Reads the body of a request that was let in. */
function createMessageReader(
  settings: ReceiverSettings,
  source: string,
  { isLiveness }: Door,
): (
  letter: Letter,
  admitted: { readonly claim?: SignatureClaim | undefined },
  signal: AbortSignal | undefined,
) => Promise<Received | Refusal> {
  const { maxBodyBytes, bodyForms, messageIdHeader, parseData, typeOf } = settings;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return async (letter, { claim }, signal) => {
    const { request } = letter;
    const { bytes, refused } = await readBody(request, maxBodyBytes, signal);
    if (!bytes) return refusedBody[refused];
    if (bytes.length === 0 && isLiveness(letter) === "ifEmpty") return liveness();
    const signed = await claim?.verify(bytes);
    if (claim && !signed) return { status: 401, why: "no signature fits its body" };
    const text = decoded(decoder, bytes);
    if (text === undefined) return { status: 400, why: "its body is no UTF-8" };
    return {
      kind: "deliveries",
      deliveries: [
        await toDelivery({
          source,
          text,
          forms: bodyForms,
          parseData,
          typeOf,
          outerId: signed?.id ?? headerOf(request, messageIdHeader),
          deriveId: () => digestOf(bytes),
        }),
      ],
    };
  };
}

/** What other frameworks hand in has no whole address; the address may hold the secret, and is not told. */
function urlOf(request: Request): URL {
  const { url, headers } = (request ?? {}) as Partial<Request>;
  if (typeof headers?.get === "function" && typeof url === "string" && URL.canParse(url)) {
    return new URL(url);
  }
  throw new AckloopError(
    "config",
    `this is no Request of the fetch standard; ${describeGiven(request)}. docs/webhooks.md shows how`,
    { provider: "discue", operation: "receive" },
  );
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

function answered(
  status: number,
  text: string | null = null,
  headers: Readonly<Record<string, string>> = {},
): Extract<Received, { kind: "answered" }> {
  return { kind: "answered", response: new Response(text, { status, headers }) };
}

function catalogueOf<E extends FeedEvent>(
  options: AnyReceiverOptions,
): EventCatalogue<E> | undefined {
  const schemas = options.schema ? { message: options.schema } : options.events;
  return schemas as EventCatalogue<E> | undefined;
}
