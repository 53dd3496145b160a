import type { AckloopErrorCode } from "../core/errors.ts";
import type { CallOptions } from "../core/feed.ts";
import type { Logger } from "../core/logger.ts";

/** How failed calls are repeated by the transport. */
export interface TransportRetry {
  /** How often a call is tried in all, the first time included, 1-10. @default 3 */
  readonly attempts?: number | undefined;
  /** The first wait, in ms, doubled each time and jittered. @default 250 */
  readonly minDelayMs?: number | undefined;
  /** The longest wait, in ms. @default 5_000 */
  readonly maxDelayMs?: number | undefined;
  /**
   * The longest `Retry-After` that is waited for, in ms; a call that is told to wait longer fails at
   * once with `rateLimit` and `retryAfterMs`. @default 30_000
   */
  readonly maxRetryAfterMs?: number | undefined;
  /** Everything together, waits included, in ms. @default 60_000, or `timeoutMs` where that is more */
  readonly totalMs?: number | undefined;
}

/** The options that every provider client takes. */
export interface ClientOptions {
  /** The root of the API. `http:` is refused for hosts other than loopback. */
  readonly baseUrl?: string | undefined;
  /** Used in place of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /**
   * How pulls and acks go out. `"auto"`: on Node by `node:http`, which costs a third of `fetch`, where nobody
   * could notice: not with `fetch` given or replaced, a dispatcher or proxy of undici's, or a listener to its
   * channels. `"fetch"`: always by `fetch`. @default "auto"
   */
  readonly transport?: "auto" | "fetch" | undefined;
  /** How long one attempt may take, body included, in ms. @default 30_000 */
  readonly timeoutMs?: number | undefined;
  /** How failed calls are repeated. */
  readonly retry?: TransportRetry | undefined;
  /** The longest answer that is read, in bytes. @default 33_554_432 */
  readonly maxBodyBytes?: number | undefined;
  /** Sent with every request to the API; not to a token endpoint of another host. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Where retries and slow calls are told. */
  readonly logger?: Logger | undefined;
  /** Lets `http:` be used for any host. For tests inside a closed network only. @default false */
  readonly allowInsecure?: boolean | undefined;
}

/**
 * When the transport may repeat a call.
 *
 * `"safe"`: on 408, 429, 5xx, time-outs and network failure. `"unsent"`: only when the request was
 * certainly not processed (429 and 503 with `Retry-After`, a connection refused). `"never"`: not even
 * after a 401.
 */
export type Repeat = "safe" | "unsent" | "never";

/** What a caller may say with a single call of a client. */
export interface ClientCallOptions extends CallOptions {
  /**
   * Told of each answer that the value is made of, before the value is: one, or one for each page of a list.
   * A call that fails says the same in its error (`status`, `requestId`). It must be quick; one that throws is
   * told to the logger.
   * @example
   * const queues = await shop.queues.list({ onResponse: ({ requestId }) => console.log(requestId) });
   */
  readonly onResponse?: ((response: ResponseFacts) => void) | undefined;
}

/** What an answer says beside its body; for a ticket with the vendor, mostly. */
export interface ResponseFacts {
  /** What was called, as errors name it, such as `"queues.list"`. */
  readonly operation: string;
  /** The HTTP status. */
  readonly status: number;
  /** The request's id, as the vendor knows it (`x-request-id`); absent where the answer has none. */
  readonly requestId?: string | undefined;
  /**
   * Gives a header of the answer on one line of at most 300 characters, without any secret of the call; `null`
   * where it is absent. Cookies are secrets: they are never given.
   */
  readonly header: (name: string) => string | null;
}

/** One call, described. */
export interface HttpCall<Reply> extends ClientCallOptions {
  /** The name of the operation in errors, such as `"pull"`. */
  readonly operation: string;
  /** The method. */
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Instead of the client's own base URL, for a call to another host of the same provider. */
  readonly baseUrl?: string | undefined;
  /** The path as segments below the base URL; each is encoded, so none can become a path. */
  readonly path: readonly (string | number)[];
  /** The query; absent values are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** The body, sent as JSON. */
  readonly json?: unknown;
  /** The body, sent as a form. */
  readonly form?: Readonly<Record<string, string>> | undefined;
  /**
   * Headers of this call alone. With `if-none-match` or `if-modified-since`, 304 is an answer too: one without
   * a body, which the reader knows by its `status`.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** When it may be repeated. @default "safe" for a GET, otherwise "unsent" */
  readonly repeat?: Repeat | undefined;
  /** Made for every page or event: it takes the shortest road, by the same rules. @default false */
  readonly hot?: true | undefined;
  /**
   * Instead of the client's own limit for one attempt, in ms. Where it is longer than `retry.totalMs`
   * it takes the place of that too, as a long poll needs it.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Text in the body or address of this call that no error may repeat. Tokens, and values of headers
   * and form fields that are secret by their name, are known already.
   */
  readonly secrets?: readonly string[] | undefined;
  /** Instead of the client's own credential, for this call alone; sent the same way. */
  readonly token?: Token | undefined;
  /** Turns the parsed body into the reply; `replyOf(schema)` makes the usual one. */
  readonly reply: ReplyReader<Reply>;
}

/** Reads a reply. `body` is the parsed JSON, or `undefined` when the answer had none. */
export interface ReplyReader<Reply> {
  (body: unknown, facts: ReplyFacts): Reply;
  /**
   * What it reads: the body as JSON, so that one which is none is an error before the reader is
   * asked; or `facts.text` alone, so that any text will do. @default "json"
   */
  readonly reads?: "json" | "text" | undefined;
}

/** What a reader may need besides the body. */
export interface ReplyFacts {
  /** Makes the error for a body that does not fit. */
  readonly provider: string;
  /** The operation, for errors. */
  readonly operation: string;
  /** The HTTP status. */
  readonly status: number;
  /** The body as text, for answers that are not JSON. */
  readonly text: string;
  /** When it was sent by the server's own clock, epoch ms in whole seconds; absent where it does not say. */
  readonly sentAt?: number | undefined;
  /** Gives a header of the answer, such as `ETag` or `Link`; `null` where it is absent. */
  readonly header: (name: string) => string | null;
  /** Makes a text of the answer fit for people: one line, short, without any secret of the call. */
  readonly plain: (text: string) => string;
}

/** Asked for when a credential is needed. */
export interface TokenRequest {
  /** The token that was refused with 401, where one was: do not give this one again from a cache. */
  readonly refused?: string | undefined;
  /**
   * The client's own way to make a call, for grants that ask a token endpoint. Such a call carries
   * the credential that it names itself, or none.
   */
  readonly call: <Reply>(call: HttpCall<Reply>) => Promise<Reply>;
  /** The client's own, for what a person should hear of. */
  readonly logger?: Logger | undefined;
  /** Fires when nobody waits for the token any more. What is asked with `call` is cut by it anyway. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A credential: the text itself, or a function that gives it whenever it is needed, within 30 s. What the
 * function throws is an `auth` error that is retryable, unless it is an `AckloopError` already.
 */
export type Token = string | ((request: TokenRequest) => string | Promise<string>);

/** Makes calls of one provider. */
export interface HttpClient {
  /**
   * Makes one call, repeated as `call.repeat` allows.
   *
   * @throws {AckloopError} of every code that HTTP can cause; an abort rejects with the signal's reason.
   * What the reader throws is passed on as it is, and so is a bug (`TypeError` and the like) in a `fetch`.
   */
  call<Reply>(call: HttpCall<Reply>): Promise<Reply>;
}

/** What a provider says of its API when it makes its client. */
export interface HttpSettings extends ClientOptions {
  /** The provider's name, for errors. */
  readonly provider: string;
  /** The root of the API. */
  readonly baseUrl: string;
  /** How the credential is sent. */
  readonly credential?:
    | {
        readonly token: Token;
        /** The header's name, in lower case. */
        readonly header: string;
        /** What stands before the token, such as `"Bearer "`. */
        readonly prefix: string;
      }
    | undefined;
  /**
   * Waited for before each attempt, repeats included, outside the attempt's own time limit: where a
   * provider paces its requests, and outside `retry.totalMs`. It rejects with the signal's reason when that fires.
   */
  readonly beforeAttempt?: ((signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /**
   * Reads the provider's error body: the text for people, the request's id, and the code where the
   * body knows it better than the status does (Kekker says 400 for what is not there).
   */
  readonly describeError?:
    | ((
        body: unknown,
        status: number,
      ) => {
        readonly text?: string | undefined;
        readonly requestId?: string | undefined;
        readonly code?: AckloopErrorCode | undefined;
      })
    | undefined;
}
