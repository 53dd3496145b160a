import { toRetryAfter } from "./check-fault.ts";
import { json } from "./exchange.ts";
import type { SpoilingFault } from "./fault.ts";

/** The error that `fetch` rejects with when the connection is cut: what Node's own looks like. */
export function connectionCut(message = "fetch failed", code = "ECONNRESET"): TypeError {
  const cause = Object.assign(new Error(code === "ECONNRESET" ? "socket hang up" : code), { code });
  return new TypeError(message, { cause });
}

/** Whether a rejection of an emulator's `fetch` stands for a cut connection. */
export function isConnectionCut(error: unknown): boolean {
  const { name, cause } = Object(error) as Partial<Error>;
  return name === "TypeError" && "code" in Object(cause);
}

const htmlPage =
  "<!DOCTYPE html><html><head><title>Bad gateway</title></head>" +
  "<body><h1>Bad gateway</h1></body></html>";

/** What a spoiling fault puts in the place of the answer before the request has any effect. */
export function spoilBefore(
  fault: SpoilingFault,
  errorReply: (status: number, text: string) => Response,
): Response | undefined {
  if (fault.kind === "cut") throw connectionCut();
  if (fault.kind === "html") {
    const headers = { "content-type": "text/html; charset=utf-8" };
    return new Response(htmlPage, { status: fault.status ?? 502, headers });
  }
  if (fault.kind !== "status") return undefined;
  const reply = statusReply(fault.status, fault.body, errorReply);
  const retryAfter = toRetryAfter(fault.retryAfter);
  if (retryAfter !== undefined) reply.headers.set("retry-after", retryAfter);
  return reply;
}

function statusReply(
  status: number,
  body: unknown,
  errorReply: (status: number, text: string) => Response,
): Response {
  if ([204, 205, 304].includes(status)) return new Response(null, { status });
  if (body === undefined) return errorReply(status, "Injected fault.");
  return typeof body === "string" ? new Response(body, { status }) : json(body, status);
}

/** What a spoiling fault makes of the answer after the request has had its effect. */
export async function spoilAfter(
  fault: SpoilingFault,
  reply: Response,
  givenUp: readonly (AbortSignal | null | undefined)[],
): Promise<Response> {
  if (fault.kind === "lostReply") throw connectionCut();
  if (fault.kind === "garbage") {
    const headers = { "content-type": "application/json; charset=utf-8" };
    return new Response('{"events":[\u0000\ufffd<<', { status: 200, headers });
  }
  const bytes = new Uint8Array(await reply.arrayBuffer());
  if (fault.kind === "truncate") return halved(reply, bytes, broken);
  if (fault.kind === "stall") return halved(reply, bytes, silence(...givenUp));
  if (fault.kind === "oversize") return padded(reply, bytes, fault.bytes ?? 67_108_864);
  return reply;
}

/** Promises the whole body, and gives the first half. */
function halved(reply: Response, bytes: Uint8Array<ArrayBuffer>, end: StreamEnd): Response {
  return withBody(reply, halfOf(bytes, end), Math.max(bytes.length, 1));
}

/** What comes after the first half of a body. */
type StreamEnd = (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void>;

/** The body breaks off. */
export const broken: StreamEnd = (controller) => controller.error(connectionCut("terminated"));

/** Nothing more comes, until the request is given up. */
export function silence(...givenUp: readonly (AbortSignal | null | undefined)[]): StreamEnd {
  return () =>
    new Promise((_, reject) => {
      // One of them may live as long as the emulator.
      const over = new AbortController();
      for (const signal of givenUp) {
        const giveUp = (): void => {
          over.abort();
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", giveUp, { signal: over.signal });
      }
    });
}

/** The first half of a body, and how it goes on. */
export function halfOf(
  bytes: Uint8Array<ArrayBuffer>,
  end: StreamEnd,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const half = bytes.slice(0, bytes.length >>> 1);
  let isSent = half.length === 0;
  return new ReadableStream({
    pull(controller) {
      if (isSent) return end(controller);
      isSent = true;
      controller.enqueue(half);
    },
  });
}

const blanks = new Uint8Array(65_536).fill(0x20);

/** Puts blanks before the body, a piece at a time, so that it stays valid JSON. */
function padded(reply: Response, bytes: Uint8Array<ArrayBuffer>, size: number): Response {
  let left = Math.max(size - bytes.length, 0);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left > 0) {
        const piece = Math.min(left, blanks.length);
        left -= piece;
        controller.enqueue(blanks.slice(0, piece));
        return;
      }
      controller.enqueue(bytes);
      controller.close();
    },
  });
  return withBody(reply, body, Math.max(size, bytes.length));
}

function withBody(reply: Response, body: ReadableStream<Uint8Array>, length: number): Response {
  const headers = new Headers(reply.headers);
  headers.set("content-length", String(length));
  return new Response(body, { status: reply.status, headers });
}
