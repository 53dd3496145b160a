import { type Cut, cutOf } from "../../core/abort.ts";
import { sha256 } from "../../core/digest.ts";
import { AckloopError } from "../../core/errors.ts";
import type { EventCatalogue, FeedEvent } from "../../core/event.ts";
import type { Delivery } from "../../core/feed.ts";
import type { MaybePromise } from "../../core/guard.ts";
import { consoleLogger, type Logger, silent } from "../../core/logger.ts";
import type { Received, ReceiveOptions, Receiver } from "../../core/receiver.ts";
import { describeGiven } from "../../core/request-kind.ts";
import { Seldom } from "../../core/seldom.ts";
import { type BodyRefusal, isCutOff, readBody } from "./body.ts";
import { parseText } from "./delivery.ts";
import { createDoor, type Door, type Letter } from "./door.ts";
import { createReceiverFeed, type ReceiverFeed, type ReceiverFeedOptions } from "./feed.ts";
import type { ReceiverSettings } from "./options.ts";
import type { SignatureClaim } from "./signature.ts";
import { webCryptoOf } from "./web-crypto.ts";

/** Reads the requests of a sender, on any runtime that has `Request` and WebCrypto. */
export interface WebhookReceiver<E extends FeedEvent = FeedEvent> extends Receiver<E> {
  /** Whether requests are authenticated at all: by a secret or a signature, not `open`. */
  readonly authenticates: boolean;
  /**
   * Makes a feed of the requests: they wait until they are pulled, and an ack answers them. Each call
   * makes a feed of its own, which knows only the requests that were given to its `fetch`.
   */
  feed(options?: ReceiverFeedOptions): ReceiverFeed<E>;
}

/** A request that was let in, and read. */
export interface Message {
  /** The event's `source`. */
  readonly source: string;
  /** The body. */
  readonly text: string;
  /** What `parseText` makes of it: for one reader, which may change it. */
  readonly body: unknown;
  readonly headers: Headers;
  /** The id that a right signature vouches for. */
  readonly signedId: string | undefined;
  /** Makes an id from the content, where there is no other. */
  readonly deriveId: () => MaybePromise<string>;
}

/** What a request that asks for something is answered: a text; or why nobody knows; or neither. */
export interface Answered {
  readonly content?: string | undefined;
  readonly why?: string | undefined;
}

/** What a receiver is made of. */
export interface ReceiverParts {
  /** Who calls: the first part of the receiver's name and of every event's source. */
  readonly provider: string;
  readonly settings: ReceiverSettings;
  readonly events?: object | undefined;
  /** Answers a GET of a path that carries no secret, such as a proof that the address is yours. */
  readonly answer?: (path: string) => Promise<Answered>;
  /** Makes the one delivery of a message. */
  readonly toDelivery: (message: Message) => Promise<Delivery>;
}

/**
 * Makes a receiver.
 *
 * In this order a request is: answered as a question, a liveness check, refused for its method (405), its
 * secret, what its signature lacks (401), its length (413) or its encoding (415), read and unpacked, refused
 * for its signature, which is of the unpacked body (401), or for what is no UTF-8 (400), or one delivery.
 */
export function createReceiver<E extends FeedEvent>(parts: ReceiverParts): WebhookReceiver<E> {
  const { provider, settings, events } = parts;
  const name = `${provider}/${settings.name}`;
  const logger = settings.logger || (settings.logger === false ? silent : consoleLogger);
  const read = createReader(parts, `/${name}`, logger);
  const receiver: WebhookReceiver<E> = {
    name,
    authenticates: settings.secret.length > 0 || settings.signature !== undefined,
    // The schemas are the loop's to check; until then the types are the user's word.
    events: events as EventCatalogue<E> | undefined,
    logger,
    receive: (request, options = {}) => read(request, options) as Promise<Received<E>>,
    accept: () => new Response(null, { status: settings.acceptStatus }),
    defer: (retryAfterMs) =>
      new Response(null, {
        status: settings.deferStatus,
        headers: { "retry-after": String(Math.max(0, Math.ceil(retryAfterMs / 1_000))) },
      }),
    feed: (options) => createReceiverFeed(receiver, provider, options),
  };
  return receiver;
}

type Reader = (request: Request, options: ReceiveOptions) => Promise<Received>;

/** A request that is answered with a status, and told. */
interface Refusal {
  readonly status: 400 | 401 | 405 | 413 | 415 | 503;
  readonly why: string;
}

const refusedBody = {
  tooLarge: { status: 413, why: "its body is longer than the option `maxBodyBytes` lets in" },
  cut: { status: 400, why: "its body was cut off, or cannot be unpacked" },
  gone: { status: 400, why: "its body was read before: mount it in front of any body parser" },
  encoded: { status: 415, why: "its body is encoded in another way than gzip or deflate" },
} as const satisfies Record<BodyRefusal, Refusal>;

const liveness = (): Received => ({ ...answered(200), as: "liveness" });

function createReader(parts: ReceiverParts, source: string, own: Logger): Reader {
  const { provider, settings } = parts;
  const door = createDoor(settings, provider);
  const answerQuestion = createAnswers(parts, door);
  const readMessage = createMessageReader(parts, source, door);
  const seldom = new Seldom();
  const name = source.slice(1);
  const { methods } = settings;
  /** What asks for nothing. */
  const readOther = (
    letter: Letter,
    admit: ReceiveOptions["admit"],
    cut: Cut,
  ): MaybePromise<Received | Refusal> => {
    const isLiveness = door.isLiveness(letter);
    if (isLiveness === true) return liveness();
    const { request } = letter;
    if (!methods.includes(request.method) && isLiveness !== "ifEmpty")
      return { status: 405, why: `${methodOf(request)} is none of its \`methods\`` };
    const admitted = door.letIn(letter);
    if (typeof admitted === "string") return { status: 401, why: admitted };
    if (admit?.() === false) return { ...answered(settings.deferStatus), as: "full" };
    return readMessage(letter, admitted, cut);
  };
  return async (request, options) => {
    const cut = cutOf(options);
    cut.throwIfAborted();
    const { admit, logger = own } = options;
    const letter = { request, url: urlOf(request, provider) };
    const question = answerQuestion(letter);
    const answer = question && (await question);
    if (question) cut.throwIfAborted();
    const received = answer ?? (await readOther(letter, admit, cut));
    if (!("status" in received)) return received;
    const { status, why } = received;
    const text = `ackloop: ${name}: a request was answered ${status}: ${why}`;
    seldom.warn(logger, text, { feed: name, status });
    return answered(status, null, status === 405 ? { allow: methods.join(", ") } : {});
  };
}

/** Answers the calls that ask for something; nothing for all others, at once. */
function createAnswers(
  { answer }: ReceiverParts,
  door: Door,
): (letter: Letter) => Promise<Received | Refusal | undefined> | undefined {
  if (answer === undefined) return () => undefined;
  const answerTo = async (path: string): Promise<Received | Refusal | undefined> => {
    const { content, why } = await answer(path);
    if (content !== undefined) return answered(200, content);
    return why === undefined ? undefined : { status: 503, why };
  };
  return (letter) => (door.isQuestion(letter) ? answerTo(letter.url.pathname) : undefined);
}

/** Reads the body of a request that was let in. */
function createMessageReader(
  { provider, settings, toDelivery }: ReceiverParts,
  source: string,
  { isLiveness }: Door,
): (
  letter: Letter,
  admitted: { readonly claim?: SignatureClaim | undefined },
  cut: Cut,
) => Promise<Received | Refusal> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return async (letter, { claim }, cut) => {
    const { request } = letter;
    const reading = { maxBytes: settings.maxBodyBytes, provider, cut };
    const { bytes, refused } = await readBody(request, reading);
    if (!bytes) return refusedBody[refused];
    if (bytes.length === 0 && isLiveness(letter) === "ifEmpty") return liveness();
    if (claim && !(await claim.verify(bytes))) {
      return {
        status: 401,
        why: "no signature fits its body; compare the secrets, and mount it in front of what changes a body",
      };
    }
    const text = decoded(decoder, bytes);
    if (text === undefined) return { status: 400, why: "its body is no UTF-8" };
    const { headers } = request;
    const body = parseText(text);
    if (isCutOff(text, body, headers)) return refusedBody.cut;
    const facts = {
      source,
      text,
      body,
      headers,
      signedId: claim?.id,
      deriveId: () => digestOf(bytes, provider),
    };
    return { kind: "deliveries", deliveries: [await toDelivery(facts)] };
  };
}

/** What other frameworks hand in has no whole address; the address may hold the secret, and is not told. */
function urlOf(request: Request, provider: string): URL {
  const { url, headers } = (request ?? {}) as Partial<Request>;
  try {
    if (typeof headers?.get === "function" && typeof url === "string") return new URL(url);
  } catch {
    // It has no host.
  }
  throw new AckloopError(
    "config",
    `this is no Request of the fetch standard; ${describeGiven(request)}. docs/webhooks.md shows how`,
    { provider, operation: "receive" },
  );
}

/** Of the methods that HTTP has; of any other, which anybody may make up without end, it is not told which. */
function methodOf({ method }: Request): string {
  return /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method) ? method : "its method";
}

function decoded(decoder: TextDecoder, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    // Bytes that are not UTF-8 cannot be kept as an event, which is JSON.
    return undefined;
  }
}

function digestOf(bytes: Uint8Array, provider: string): MaybePromise<string> {
  const digest = sha256(bytes, () => webCryptoOf(provider));
  return typeof digest === "string" ? toDerivedId(digest) : digest.then(toDerivedId);
}

const toDerivedId = (digest: string): string => `sha256-${digest}`;

function answered(
  status: number,
  text: string | null = null,
  headers: Readonly<Record<string, string>> = {},
): Extract<Received, { kind: "answered" }> {
  return { kind: "answered", response: new Response(text, { status, headers }) };
}
