/** Calls a Lambda for each request, as a function URL does: `node lambda-host.mjs FILE`. */
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const loaded = await import(pathToFileURL(process.argv[2]).href);
const handler = loaded.handler ?? loaded.default.handler;
const server = createServer(async (incoming, outgoing) => {
  const { pathname, search } = new URL(incoming.url, "http://127.0.0.1");
  if (pathname === "/end") {
    outgoing.end("bye", () => {
      server.closeAllConnections();
      server.close();
    });
    return;
  }
  // A body that breaks off never comes to a function.
  const body = await buffer(incoming).catch(() => undefined);
  if (body === undefined) return;
  const reply = await handler({
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: incoming.headers,
    requestContext: { http: { method: incoming.method } },
    ...(body.length > 0 && { body: body.toString("base64") }),
    isBase64Encoded: true,
  });
  outgoing.writeHead(reply.statusCode, reply.headers).end(reply.body);
});
server.listen(Number(process.env.MATRIX_PORT), "127.0.0.1");
