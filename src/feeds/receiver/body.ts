import { throwIfAborted } from "../../core/abort.ts";
import { AckloopError } from "../../core/errors.ts";

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
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a request's body as bytes, unpacked where it is compressed, and stops as soon as it is longer
 * than `maxBytes`.
 *
 * `refused: "cut"` means that the sender went away in the middle, or that it cannot be unpacked;
 * `"encoded"`, that it is compressed in a way that no runtime unpacks; `"gone"`, that nothing is there where
 * the headers tell of a body, since somebody has read it before, such as `express.json()`.
 *
 * @throws {AckloopError} `config` when somebody else has read the body before. An abort rejects with
 * the signal's reason.
 */
export async function readBody(
  request: Request,
  { maxBytes, provider, signal }: BodyReading,
): Promise<Body> {
  throwIfAborted(signal);
  if (request.bodyUsed || request.body?.locked) {
    throw new AckloopError(
      "config",
      "the body of the request was read before. Give the receiver the request as it came: no body parser in front of it, or a clone",
      { provider, operation: "receive" },
    );
  }
  // A length that is missing, or wrong, is met by the count below.
  if (Number(request.headers.get("content-length")) > maxBytes) return { refused: "tooLarge" };
  const unpacked = request.body && unpack(request.body, request.headers.get("content-encoding"));
  if (unpacked === undefined) return { refused: "encoded" };
  const none: Body = { bytes: new Uint8Array() };
  const body = unpacked ? await readStream(unpacked, maxBytes, signal) : none;
  return body.bytes?.length === 0 && tellsOfBody(request.headers) ? { refused: "gone" } : body;
}

function tellsOfBody(headers: Headers): boolean {
  return Number(headers.get("content-length")) > 0 || headers.has("transfer-encoding");
}

/** The encodings that every runtime unpacks, by their names in HTTP. */
const packings = new Map<string, CompressionFormat>([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
]);

/** A body before it was encoded; `undefined` where the encoding is not known. */
function unpack(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  encoding: string | null,
): ReadableStream<Uint8Array> | undefined {
  const name = encoding?.trim().toLowerCase() ?? "";
  if (name === "" || name === "identity") return body;
  const format = packings.get(name);
  return format && body.pipeThrough(new DecompressionStream(format));
}

async function readStream(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Body> {
  const reader = stream.getReader();
  // A cancelled stream ends the pending read; what cancelling itself says is of no interest.
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for (;;) {
      const { done, value } = await reader.read();
      throwIfAborted(signal);
      if (done) return { bytes: joined(chunks, sizeBytes) };
      sizeBytes += value.byteLength;
      if (sizeBytes > maxBytes) {
        cancel();
        return { refused: "tooLarge" };
      }
      chunks.push(value);
    }
  } catch {
    throwIfAborted(signal);
    return { refused: "cut" };
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

function joined(chunks: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first) return first;
  const bytes = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
