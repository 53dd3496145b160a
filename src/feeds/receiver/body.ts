import type { Cut } from "../../core/abort.ts";
import { joined } from "../../core/bytes.ts";
import { AckloopError, isAckloopError } from "../../core/errors.ts";
import { isCutJson } from "../../core/json.ts";

/** Why a request has no body that can be used. */
export type BodyRefusal = "tooLarge" | "cut" | "encoded" | "gone";

/** A request's body, or why there is none. */
export type Body =
  | { readonly bytes: Uint8Array; readonly refused?: undefined }
  | { readonly bytes?: undefined; readonly refused: BodyRefusal };

interface BodyReading {
  readonly maxBytes: number;
  /** Whom an error names. */
  readonly provider: string;
  /** What ends the reading. */
  readonly cut: Cut;
}

/**
 * Reads a request's body as bytes, unpacked where it is compressed, and stops as soon as it is longer
 * than `maxBytes`.
 *
 * `refused: "cut"` means that the sender went away in the middle, or that it cannot be unpacked;
 * `"encoded"`, that it is compressed in a way that no runtime unpacks; `"gone"`, that nothing is there where
 * the headers tell of a body, since somebody has read it before, such as `express.json()`.
 *
 * @throws {AckloopError} `config` when somebody else has read the body before. A cut rejects with
 * its reason.
 */
export async function readBody(request: Request, reading: BodyReading): Promise<Body> {
  const { maxBytes, provider, cut } = reading;
  cut.throwIfAborted();
  if (request.bodyUsed || request.body?.locked) {
    throw new AckloopError(
      "config",
      "the body of the request was read before. Give the receiver the request as it came: no body parser in front of it, or a clone",
      { provider, operation: "receive" },
    );
  }
  // A length that is missing, or wrong, is met by the count below.
  if (Number(request.headers.get("content-length")) > maxBytes) return { refused: "tooLarge" };
  const sent = { sizeBytes: 0 };
  const stream = streamOf(request);
  const unpacked =
    stream && unpack(stream, request.headers.get("content-encoding"), sent, provider);
  if (unpacked === undefined) return { refused: "encoded" };
  const none: Body = { bytes: new Uint8Array() };
  const body = unpacked ? await readStream(unpacked, reading) : none;
  // What cannot be unpacked because nothing is there was read before as well.
  const isEmpty = body.bytes
    ? body.bytes.length === 0
    : unpacked !== stream && sent.sizeBytes === 0;
  return isEmpty && tellsOfBody(request.headers) ? { refused: "gone" } : body;
}

/** A body of whatever kind as a stream: packages and polyfills have others, or none at all. */
function streamOf(request: Request): ReadableStream<unknown> | null {
  const body: unknown = request.body;
  if (body === null) return null;
  if (typeof (body as Partial<ReadableStream>)?.getReader === "function") return request.body;
  const pieces = piecesOf(request, body);
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await pieces.return();
    },
  });
}

async function* piecesOf(request: Request, body: unknown): AsyncGenerator<unknown, void, void> {
  if (body === undefined) yield await (request.arrayBuffer?.() ?? request.text());
  else if (typeof body === "object" && Symbol.asyncIterator in Object(body)) {
    yield* body as AsyncIterable<unknown>;
  } else yield body;
}

/** @throws {AckloopError} `config` for what is neither bytes nor text, such as a body that was parsed. */
function bytesOf(piece: unknown, provider: string): Uint8Array<ArrayBuffer> {
  if (typeof piece === "string") return new TextEncoder().encode(piece);
  if (ArrayBuffer.isView(piece)) {
    const { buffer, byteOffset, byteLength } = piece as Uint8Array<ArrayBuffer>;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  if (Object.prototype.toString.call(piece) === "[object ArrayBuffer]") {
    return new Uint8Array(piece as ArrayBuffer);
  }
  throw new AckloopError(
    "config",
    "the body of the request is neither bytes nor text: give it as it came, in front of any body parser",
    { provider, operation: "receive" },
  );
}

/** Over HTTP/2 there may be no length, and is never a coding: what is said to be JSON has a body all the same. */
function tellsOfBody(headers: Headers): boolean {
  const length = headers.get("content-length");
  if (length !== null) return Number(length) > 0;
  return headers.has("transfer-encoding") || /\bjson\b/i.test(headers.get("content-type") ?? "");
}

/**
 * Whether a text is JSON that was cut in its middle where nothing else tells of it: over HTTP/2 a body needs no
 * length, and Node gives one that its sender gave up as if it had ended.
 *
 * @param body What {@link parseText} made of it: the text itself where it is no JSON.
 */
export function isCutOff(text: string, body: unknown, headers: Headers): boolean {
  if (body !== text) return false;
  if (headers.has("content-length") || headers.has("transfer-encoding")) return false;
  return /\bjson\b/i.test(headers.get("content-type") ?? "json") && isCutJson(text);
}

/** The encodings that every runtime unpacks, by their names in HTTP. */
const packings = new Map<string, CompressionFormat>([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
]);

/** A body before it was encoded; `undefined` where the encoding is not known. */
function unpack(
  body: ReadableStream<unknown>,
  encoding: string | null,
  sent: { sizeBytes: number },
  provider: string,
): ReadableStream<unknown> | undefined {
  const name = encoding?.trim().toLowerCase() ?? "";
  if (name === "" || name === "identity") return body;
  const format = packings.get(name);
  const counting = new TransformStream<unknown, Uint8Array<ArrayBuffer>>({
    transform(piece, controller) {
      const bytes = bytesOf(piece, provider);
      sent.sizeBytes += bytes.length;
      controller.enqueue(bytes);
    },
  });
  return format && body.pipeThrough(counting).pipeThrough(new DecompressionStream(format));
}

async function readStream(
  stream: ReadableStream<unknown>,
  { maxBytes, provider, cut }: BodyReading,
): Promise<Body> {
  const reader = stream.getReader();
  // A cancelled stream ends the pending read; what cancelling itself says is of no interest.
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  const forget = cut.onAbort(cancel);
  try {
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for (;;) {
      const { done, value } = await reader.read();
      cut.throwIfAborted();
      if (done) return { bytes: joined(chunks) };
      const bytes = bytesOf(value, provider);
      sizeBytes += bytes.length;
      if (sizeBytes > maxBytes) {
        cancel();
        return { refused: "tooLarge" };
      }
      chunks.push(bytes);
    }
  } catch (error) {
    cut.throwIfAborted();
    cancel();
    if (isAckloopError(error)) throw error;
    return { refused: "cut" };
  } finally {
    forget();
  }
}
