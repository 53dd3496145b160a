import ky from "ky";
import { type Cut, onAbort } from "../core/abort.ts";
import { ask } from "../core/guard.ts";
import { NodeRoad } from "./node-road.ts";

/** One request, ready to go out: nothing of it is looked up or checked any more. */
export interface PreparedRequest {
  /** The method, in upper case. */
  readonly method: string;
  /** The whole address. */
  readonly url: string;
  /** The headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it goes over the wire. */
  readonly body: string | undefined;
  /** Cuts the request. It lives no longer than the request does, and may be made only when it is read. */
  readonly signal: AbortSignal;
  /** The same, for who does not need the signal itself. @default what the signal tells */
  readonly cut?: Cut | undefined;
  /** The longest answer that is read, in bytes. */
  readonly maxBodyBytes: number;
  /** Takes the shortest road. @default false */
  readonly hot?: true | undefined;
  /** Whether it may go out a second time without a word. @default false */
  readonly isRepeatable?: boolean | undefined;
  /** Told of an answer that is no success as soon as its status is there, without its text. */
  readonly onRefusal?: ((reply: TransportReply) => void) | undefined;
}

/** Reads one header of an answer; `null` when it is absent. */
export interface HeaderReader {
  /** Gives the value of a header, whose name is in lower case. */
  get(name: string): string | null;
}

/** What came back, of any status. */
export interface TransportReply {
  /** The HTTP status; 0 for a redirect that the runtime hides. */
  readonly status: number;
  /** The headers. */
  readonly headers: HeaderReader;
  /** The whole body, or what was read of it when it is `tooLong`. */
  readonly text: string;
  /** True when the body is longer than `maxBodyBytes`; the rest of it was not read. */
  readonly tooLong: boolean;
  /** True when the body of a success is no UTF-8; its text is empty then. */
  readonly isGarbled?: true | undefined;
}

/**
 * Sends one request and reads the whole answer.
 *
 * It resolves for every status, follows no redirect, never repeats, and has no time limit of its
 * own: the signal cuts it. It rejects with whatever the runtime rejects with.
 */
export type Transport = (request: PreparedRequest) => Promise<TransportReply>;

/** How much is read of the body of an error, in bytes: enough for what it says of itself. */
const maxErrorBodyBytes = 65_536;

/** For how long it is read, in ms: its status is known already. */
const errorBodyMs = 2_000;

/** Which road hot calls take. */
export interface Roads {
  /** `"fetch"`: no call takes the road of Node alone. @default "auto" */
  readonly transport?: "auto" | "fetch" | undefined;
  /** Told of the road that hot calls take, when it is another one than before. */
  readonly onRoad?: ((road: "node:http" | "fetch") => void) | undefined;
}

/**
 * Makes the transport: ky, on every runtime. Hot calls go by `node:http` where nobody could notice, and else by
 * the `fetch` below ky, which costs about half of it. All send the same request, and all answers are read by
 * the same code.
 *
 * @param fetch Used in place of the global `fetch`, which is looked up at each call. It gets a text and
 * its options: a `Request` of ours would be a stranger to the `fetch` of a package.
 */
export function createTransport(
  fetch: typeof globalThis.fetch | undefined,
  { transport, onRoad }: Roads = {},
): Transport {
  const overFetch = createFetchTransport(fetch);
  if (fetch || transport === "fetch") return overFetch;
  const nodeRoad = new NodeRoad();
  let wasOpen: boolean | undefined;
  return async (request) => {
    if (!request.hot) return await overFetch(request);
    const { isOpen } = nodeRoad;
    if (isOpen !== wasOpen) onRoad?.(isOpen ? "node:http" : "fetch");
    wasOpen = isOpen;
    if (!isOpen) return await overFetch(request);
    return await readReply(await nodeRoad.send(request), request);
  };
}

function createFetchTransport(fetch: typeof globalThis.fetch | undefined): Transport {
  const direct: typeof globalThis.fetch = async (input, init) => {
    try {
      return checked(await (fetch ?? globalThis.fetch)(input, init));
    } catch (thrown) {
      throw new FetchFailure(thrown);
    }
  };
  // A redirect that is followed may carry the credential to another host.
  const redirect = "manual" as const;
  const client = ky.create({
    fetch: direct,
    // The policies of these are ours (retry.ts, limit.ts, fail.ts), for every transport alike.
    retry: 0,
    timeout: false,
    throwHttpErrors: false,
    redirect,
  });
  return async (request) => {
    const { method, url, headers, body, signal, hot } = request;
    const options = { method, headers, signal, redirect, ...(body !== undefined && { body }) };
    try {
      const response = await (hot || fetch ? direct(url, options) : client(url, options));
      return await readReply(response, request);
    } catch (error) {
      if (!(error instanceof FetchFailure)) throw error;
      const refusal = refusalIn(error.thrown);
      if (refusal === undefined) throw error.thrown;
      return await readReply(refusal, request);
    }
  };
}

/** What a `fetch` answered with is of no use; the message says what would be. It holds nothing of the answer. */
class NoResponse extends Error {
  override readonly name = "NoResponse";
}

/** Whether it is one; what cannot even be asked, such as a revoked proxy, is something else. */
export function isNoResponse(error: unknown): error is NoResponse {
  try {
    return error instanceof NoResponse;
  } catch {
    return false;
  }
}

function checked(response: Response): Response {
  if (!isResponse(response)) {
    throw new NoResponse(
      "`fetch` gave no Response: that has a number in `status`, a `get` in `headers`, and a body to be read",
    );
  }
  // `Response.error()`, which a cache or a mock gives in place of a rejection.
  if (response.type === "error") throw new TypeError("network error");
  return response;
}

/** Asked for what it can do: the `fetch` of a library, or a test's, has a class of its own. */
function isResponse(value: unknown): value is Response {
  if (typeof value !== "object" || value === null) return false;
  const { status, headers } = value as Partial<Response>;
  return typeof status === "number" && typeof headers?.get === "function";
}

/**
 * The answer in what a `fetch` was rejected with: that of ky, or one around axios, takes a refusal for an
 * error of its own, and the provider's word would be taken for the network's.
 */
function refusalIn(thrown: unknown): Response | undefined {
  try {
    const { response } = Object(thrown) as { readonly response?: unknown };
    return isResponse(response) && !isSuccess(response.status) ? response : undefined;
  } catch {
    // A revoked proxy, or a getter that throws.
    return undefined;
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/**
 * Carries what a `fetch` threw past ky, which would look into it, and put a network's failure into an
 * error that holds the request, and with it the credential.
 */
class FetchFailure extends Error {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    super("fetch failed");
    this.thrown = thrown;
  }
}

/** What is read of an answer, whichever road it came. */
interface Answer {
  readonly status: number;
  readonly headers: HeaderReader;
  readonly body?: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | null | undefined;
  readonly bodyUsed?: boolean;
  arrayBuffer?(): Promise<ArrayBuffer | Uint8Array>;
  text?(): Promise<string>;
}

async function readReply(response: Answer, request: PreparedRequest): Promise<TransportReply> {
  const { status, headers } = response;
  const { maxBodyBytes } = request;
  if (isSuccess(status)) return { status, headers, ...(await readText(response, maxBodyBytes)) };
  request.onRefusal?.({ status, headers, ...nothing });
  const limit = Math.min(maxBodyBytes, maxErrorBodyBytes);
  const asking = { what: "error body", limitMs: errorBodyMs, signal: request.signal };
  const answer = await ask(asking, (own) =>
    readPieces(response, limit, { fatal: false, signal: own }),
  );
  // The status alone says what went wrong; a body that was cut, or has no end, adds nothing to it.
  return { status, headers, ...(answer.kind === "answered" ? answer.value : nothing) };
}

interface ReadText {
  readonly text: string;
  readonly tooLong: boolean;
  readonly isGarbled?: true;
}

const nothing: ReadText = Object.freeze({ text: "", tooLong: false });

/** Reads a body as UTF-8, the only encoding of JSON. */
async function readText(response: Answer, maxBytes: number): Promise<ReadText> {
  const { body, bodyUsed } = response;
  if (bodyUsed || (body && "locked" in body && body.locked)) {
    throw new NoResponse(
      "the body of what `fetch` gave was read before: give a new Response for each call, or a clone",
    );
  }
  if (body === undefined) return await readWhole(response, maxBytes);
  try {
    if (!saysItsLength(response)) return await readPieces(response, maxBytes);
    if (Number(response.headers.get("content-length")) > maxBytes) {
      if (body) await readerOf(body).cancel();
      return { text: "", tooLong: true };
    }
    const text = decode(new TextDecoder("utf-8", { fatal: true }), await response.arrayBuffer());
    return { text, tooLong: false };
  } catch (error) {
    if (error instanceof Garbled) return { ...nothing, isGarbled: true };
    throw error;
  }
}

/** Reads the answer of a `fetch` that has no streams, such as a polyfill's. */
async function readWhole(response: Answer, maxBytes: number): Promise<ReadText> {
  if (typeof response.text !== "function")
    throw new NoResponse("`fetch` gave a Response without a body to be read");
  const text: unknown = await response.text();
  if (typeof text !== "string")
    throw new NoResponse("the `text()` of what `fetch` gave is no text");
  return new TextEncoder().encode(text).length > maxBytes
    ? { text: "", tooLong: true }
    : { text, tooLong: false };
}

/** @param signal Cuts the reading: what was read by then is lost. */
async function readPieces(
  response: Answer,
  maxBytes: number,
  { fatal = true, signal }: { readonly fatal?: boolean; readonly signal?: AbortSignal } = {},
): Promise<ReadText> {
  const { body } = response;
  if (body === undefined) return await readWhole(response, maxBytes);
  if (body === null) return nothing;
  const reader = readerOf(body);
  const forget = onAbort(signal, () => void reader.cancel().catch(() => {}));
  const decoder = new TextDecoder("utf-8", { fatal });
  let text = "";
  let sizeBytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || value === undefined) {
      forget();
      return { text: text + decode(decoder), tooLong: false };
    }
    sizeBytes += value.byteLength;
    if (sizeBytes > maxBytes) {
      forget();
      await reader.cancel();
      return { text, tooLong: true };
    }
    text += decode(decoder, value, { stream: true });
  }
}

interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<unknown>;
}

/** The body of a package's own `fetch` may be a stream of Node's, which is no `ReadableStream`. */
function readerOf(body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): BodyReader {
  if ("getReader" in body) return body.getReader();
  const pieces = body[Symbol.asyncIterator]();
  return {
    read: async () => {
      const { done = false, value } = await pieces.next();
      return { done, value };
    },
    cancel: async () => {
      // Nobody who has read nothing of it lets go of the connection by leaving the loop.
      if ("destroy" in body && typeof body.destroy === "function") body.destroy();
      await pieces.return?.();
    },
  };
}

/** A body that is no UTF-8: with U+FFFD in place of each odd byte, two ids would become one. */
class Garbled extends Error {}

function decode(decoder: TextDecoder, ...what: Parameters<TextDecoder["decode"]>): string {
  try {
    return decoder.decode(...what);
  } catch {
    throw new Garbled();
  }
}

/**
 * Whether the header, which was compared with the limit, tells how long the body is: then it can be
 * read in one go. A compressed body unpacks to any length.
 */
function saysItsLength(
  response: Answer,
): response is Answer & Pick<Required<Answer>, "arrayBuffer"> {
  const { headers, arrayBuffer } = response;
  if (typeof arrayBuffer !== "function") return false;
  return headers.get("content-length") !== null && headers.get("content-encoding") === null;
}
