import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as WebStream } from "node:stream/web";
import { Failure } from "./failure.ts";

/** A fetch handler that is reachable. */
export interface Served {
  readonly port: number;
  /** Ends it once the requests that are open have been answered. */
  close(): Promise<void>;
  /** Cuts the requests that are open, such as those that go on for as long as somebody looks. */
  cut(): void;
}

/**
 * Serves a fetch handler on 127.0.0.1.
 *
 * @throws {Failure} when the port cannot be had.
 */
export async function serve(
  handle: (request: Request) => Promise<Response>,
  port: number,
): Promise<Served> {
  const server = createServer((incoming, outgoing) => void answer(handle, incoming, outgoing));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(portFailure(error)));
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" ? (address?.port ?? port) : port,
    cut: () => server.closeAllConnections(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

/** The sentence for a port that cannot be had; anything else is passed on. */
export function portFailure(error: unknown): unknown {
  const { syscall, code } = Object(error) as Partial<NodeJS.ErrnoException>;
  if (syscall !== "listen") return error;
  return new Failure(`the port cannot be had (${code}); choose another, or --port 0`);
}

async function answer(
  handle: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const leaving = new AbortController();
  outgoing.once("close", () => leaving.abort());
  try {
    const response = await handle(toRequest(incoming, leaving.signal));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    await pipe(response, outgoing);
  } catch {
    // The caller went away, or sent what is no request: it is repeated.
    if (!outgoing.headersSent) outgoing.writeHead(503);
    outgoing.end();
  }
}

function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = "GET", url = "/" } = incoming;
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(new URL(url, "http://127.0.0.1"), {
    method,
    signal,
    headers: Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    ),
    ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: "half" }),
  });
}

/** Hands a body on as it comes, and no faster than it is taken. */
async function pipe({ body }: Response, outgoing: ServerResponse): Promise<void> {
  if (body) await pipeline(Readable.fromWeb(body as WebStream), outgoing);
  else outgoing.end();
}

/** A port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const { port, close } = await serve(() => Promise.resolve(new Response()), 0);
  await close();
  return port;
}
