import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";

/** Puts a fetch handler behind Node's own HTTP server; other runtimes take the handler as it is. */
export function toFetchServer(handle: (request: Request) => Promise<Response>) {
  return async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const method = incoming.method ?? "GET";
    const hasBody = method !== "GET" && method !== "HEAD";
    const request = new Request(new URL(incoming.url ?? "/", "http://127.0.0.1"), {
      method,
      headers: incoming.headers as Record<string, string>,
      ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: "half" }),
    });
    const response = await handle(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(await response.text());
  };
}
