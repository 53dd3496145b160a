/**
 * Calls a Lambda for each request: `node lambda-host.mjs FILE KIND`. A KIND `rest` has the event of a REST API, whose
 * query is decoded, `balancer` that of a load balancer; without one it is that of a function URL or an HTTP API.
 */
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const loaded = await import(pathToFileURL(process.argv[2]).href);
const handler = loaded.handler ?? loaded.default.handler;
const [, , , kind] = process.argv;

/** What stands in the event for the request's method and address. */
function addressOf({ method, headers }, { pathname, search, searchParams }) {
  if (kind === undefined) {
    const requestContext = { http: { method } };
    return {
      version: "2.0",
      rawPath: pathname,
      rawQueryString: search.slice(1),
      headers,
      requestContext,
    };
  }
  const asItCame = search
    .slice(1)
    .split("&")
    .filter(Boolean)
    .map((each) => each.split("="));
  const query = Object.fromEntries(kind === "rest" ? searchParams : asItCame);
  const queryStringParameters = search === "" && kind === "rest" ? null : query;
  return { path: pathname, httpMethod: method, headers, queryStringParameters };
}

const server = createServer(async (incoming, outgoing) => {
  const url = new URL(incoming.url, "http://127.0.0.1");
  if (url.pathname === "/end") {
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
    ...addressOf(incoming, url),
    // A REST API and a load balancer say that there is none.
    ...(body.length > 0 ? { body: body.toString("base64") } : kind !== undefined && { body: null }),
    isBase64Encoded: true,
  });
  outgoing.writeHead(reply.statusCode, reply.headers).end(reply.body);
});
server.listen(Number(process.env.MATRIX_PORT), "127.0.0.1");
