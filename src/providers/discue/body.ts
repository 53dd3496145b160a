import { AckloopError } from "../../core/errors.ts";

/** A request's body, or why there is none. */
export type Body =
  | { readonly bytes: Uint8Array; readonly refused?: undefined }
  | { readonly bytes?: undefined; readonly refused: "tooLarge" | "cut" };

/**
 * Reads a request's body as bytes, and stops as soon as it is longer than `maxBytes`.
 *
 * `refused: "cut"` means that the sender went away in the middle.
 *
 * @throws {AckloopError} `config` when somebody else has read the body before. An abort rejects with
 * the signal's reason.
 */
export async function readBody(
  request: Request,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Body> {
  signal?.throwIfAborted();
  if (request.bodyUsed || request.body?.locked) {
    throw new AckloopError(
      "config",
      "the body of the request was read before. Give the receiver the request as it came: no body parser in front of it, or a clone",
      { provider: "discue", operation: "receive" },
    );
  }
  // A length that is missing, or wrong, is met by the count below.
  if (Number(request.headers.get("content-length")) > maxBytes) return { refused: "tooLarge" };
  if (request.body === null) return { bytes: new Uint8Array() };
  return readStream(request.body, maxBytes, signal);
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
      signal?.throwIfAborted();
      if (done) return { bytes: joined(chunks, sizeBytes) };
      sizeBytes += value.byteLength;
      if (sizeBytes > maxBytes) {
        cancel();
        return { refused: "tooLarge" };
      }
      chunks.push(value);
    }
  } catch {
    signal?.throwIfAborted();
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
