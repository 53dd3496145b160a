import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { adminPrefix, createAdmin } from "./admin.ts";
import type { Connection, Emulator } from "./definition.ts";
import { checkNames, checkRange } from "./options.ts";
import { isConnectionCut } from "./spoil.ts";

/** How emulators are served. */
export interface ServeOptions {
  /** The port of 127.0.0.1, 0-65 535; 0 takes a free one. @default 0 */
  readonly port?: number | undefined;
  /** The longest request body, in bytes; a longer one is answered with 413. @default 33_554_432 */
  readonly maxBodyBytes?: number | undefined;
  /**
   * Answers what is under no emulator's name, such as a page at `/`: its request's URL has the server's own
   * origin, and the header `host` is as it came. `undefined` is a 404. @default none
   */
  readonly page?: ((request: Request) => Promise<Response | undefined>) | undefined;
}

/** Emulators behind a real HTTP server. */
export interface EmulatorServer {
  /** The port. */
  readonly port: number;
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /**
   * What a client of one emulator needs: base URLs and test credentials.
   *
   * @throws {TypeError} when no emulator of that name is served.
   */
  connection(name: string): Connection;
  /**
   * Stops listening, cuts open connections, and ends the requests on them, long polls too.
   *
   * The emulators stay open: serve them again to play a provider that was restarted. Twice is once.
   */
  close(): Promise<void>;
  /** The same, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}

type Target = (url: URL, init: RequestInit) => Promise<Response>;

/** What happened to a request's body: its bytes, none, or too many. */
type Body = Uint8Array<ArrayBuffer> | undefined | "tooLong";

async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Body> {
  if (incoming.method === "GET" || incoming.method === "HEAD") return undefined;
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of incoming as AsyncIterable<Uint8Array>) {
    size += piece.length;
    // The rest of a long body is read and let go: leaving the loop would cut the connection.
    if (size <= maxBytes) pieces.push(piece);
  }
  if (size > maxBytes) return "tooLong";
  if (size === 0) return undefined;
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}

function readHeaders(incoming: IncomingMessage): Headers {
  const headers = new Headers();
  const { rawHeaders } = incoming;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "");
  }
  return headers;
}

/** Resolves when a piece has gone to the system, or the connection is gone. */
function write(outgoing: ServerResponse, piece: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off("close", done);
      resolve();
    };
    // Node forgets the callback of a write whose connection goes away meanwhile.
    outgoing.once("close", done);
    outgoing.write(piece, done);
  });
}

/**
 * Sends an answer. One that names its length, or a stream of events, is sent as its stream gives it, and when
 * the stream breaks the connection does, after what it gave has left: that is how a truncated body looks.
 */
async function send(reply: Response, outgoing: ServerResponse): Promise<void> {
  const isOfEvents = reply.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  const streamed = isOfEvents || reply.headers.has("content-length");
  const headers = Object.fromEntries(reply.headers);
  if (!streamed || !reply.body) {
    const bytes = new Uint8Array(await reply.arrayBuffer());
    outgoing.writeHead(reply.status, { ...headers, "content-length": bytes.length });
    outgoing.end(bytes);
    return;
  }
  outgoing.writeHead(reply.status, headers);
  if (isOfEvents) outgoing.flushHeaders();
  const reader = reply.body.getReader();
  // What waits for its next piece is not heard of any more.
  outgoing.once("close", () => void reader.cancel().catch(() => {}));
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || outgoing.destroyed) break;
      await write(outgoing, value);
    }
    outgoing.end();
  } catch (error) {
    outgoing.destroy();
    if (!isConnectionCut(error)) throw error;
  }
}

function sendText(outgoing: ServerResponse, status: number, text: string): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  const headers = { "content-type": "text/plain", connection: "close" };
  outgoing.writeHead(status, headers).end(`${text}\n`);
}

/** The target of a request; two slashes at its head are a path as well, not a host. */
function urlOf({ url = "/", socket }: IncomingMessage): URL | undefined {
  return url.startsWith("/") ? new URL(`http://127.0.0.1:${socket.localPort}${url}`) : undefined;
}

/** A page of elsewhere could reach the server by a name of its own that leads here. */
function isLoopback(host: string | undefined): boolean {
  return host === undefined || /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host);
}

/** Whether a page of elsewhere sends it: its browser says so, and no other program sends an origin. */
function isFromElsewhere(origin: string | undefined): boolean {
  return origin !== undefined && !isLoopback(origin.replace(/^https?:\/\//, ""));
}

/** Why a request is not answered at all; `undefined` where it may be. */
function refusalOf({ headers }: IncomingMessage, { pathname }: URL): string | undefined {
  if (!isLoopback(headers.host)) {
    return "This server answers to 127.0.0.1, [::1] and localhost only.";
  }
  const isSteering = `${pathname}/`.startsWith(`${adminPrefix}/`);
  return isSteering && isFromElsewhere(headers.origin)
    ? "A page of another site does not steer the emulators."
    : undefined;
}

const noPrefix = "No emulator has this prefix.";

/** Finds what answers under a path, and the path as that sees it. */
function createFinder(emulators: readonly Emulator[], page: ServeOptions["page"]) {
  const admin = createAdmin(emulators);
  const targets = new Map(emulators.map((emulator) => [emulator.name, emulator.fetch]));
  return (url: URL): { readonly target: Target; readonly url: URL } | undefined => {
    const [, prefix = "", ...rest] = url.pathname.split("/");
    if (`/${prefix}` === adminPrefix) {
      return { target: (at, init) => admin(new Request(at, init)), url };
    }
    const target = targets.get(prefix);
    if (!target) {
      const toPage: Target = async (at, init) =>
        (await page?.(new Request(at, init))) ?? new Response(`${noPrefix}\n`, { status: 404 });
      return page && { target: toPage, url };
    }
    // Not resolved against the origin: two slashes at its head would name a host.
    return { target, url: new URL(`${url.origin}/${rest.join("/")}${url.search}`) };
  };
}

function createListener(
  emulators: readonly Emulator[],
  { page, maxBodyBytes }: Pick<ServeOptions, "page"> & { readonly maxBodyBytes: number },
) {
  const find = createFinder(emulators, page);

  async function answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const url = urlOf(incoming);
    if (!url) return sendText(outgoing, 400, "The request's target is no path.");
    const refused = refusalOf(incoming, url);
    if (refused) return sendText(outgoing, 403, refused);
    const found = find(url);
    if (!found) return sendText(outgoing, 404, noPrefix);
    const { method = "GET" } = incoming;
    if (method === "TRACE") return sendText(outgoing, 405, "No emulator knows this method.");
    const body = await readBody(incoming, maxBodyBytes);
    if (body === "tooLong") return sendText(outgoing, 413, "The request body is too long.");
    const init = { method, headers: readHeaders(incoming), signal, ...(body && { body }) };
    await send(await found.target(found.url, init), outgoing);
  }

  return async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const controller = new AbortController();
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) controller.abort();
    });
    try {
      await answer(incoming, outgoing, controller.signal);
    } catch (error) {
      if (controller.signal.aborted) return;
      if (isConnectionCut(error)) incoming.socket.resetAndDestroy();
      else sendText(outgoing, 500, `The emulator itself failed: ${String(error)}`);
    }
  };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  return typeof address === "object" && address ? address.port : port;
}

/**
 * Serves emulators on one port of 127.0.0.1, each under its name: `/tiki`, `/kekker`, and so on.
 *
 * Other processes steer them under `/_emulator`:
 *
 * | request | answer |
 * | --- | --- |
 * | `GET /_emulator` | what there is here, in words |
 * | `GET /_emulator/health` | `{ status: "ok", emulators: [{ name, seed, requests }] }` |
 * | `GET /_emulator/<name>/journal?after=0&kind=acked,published&limit=1000` | `{ entries, after, missed }`; ask again with that `after` until the list is empty; `missed`: how many entries behind the `after` of the request are forgotten, where the journal has a bound; `limit` 1-10 000; also `queue=`, `event=`, `reader=`, `operation=` |
 * | `GET /_emulator/<name>/totals` | `{ totals, injected }` |
 * | `GET /_emulator/<name>/faults` | the list of faults |
 * | `POST /_emulator/<name>/faults` | a fault, or a list of them; answers `{ ids }` |
 * | `DELETE /_emulator/<name>/faults` or `.../faults/<id>` | clears all, or one; 404 where there is none |
 * | `POST /_emulator/<name>/reset` | begins anew, as at the start |
 * | `POST /_emulator/<name>/<command>` | a command of the emulator, such as `publish` |
 *
 * A POST there must say `content-type: application/json`, which no web page can send unasked.
 *
 * Needs Node's `http`; everything else of the emulators runs anywhere. A cut connection is a real
 * one here, and a client that goes away ends its request.
 *
 * @throws {TypeError} when what is given is no list of emulators, the port is none, two emulators have one name,
 * or this is not Node. Rejects with the system's
 * error when the port is taken.
 */
export async function serveEmulators(
  emulators: readonly Emulator[],
  options: ServeOptions = {},
): Promise<EmulatorServer> {
  const areAll =
    Array.isArray(emulators) && emulators.every((each) => typeof each?.fetch === "function");
  if (!areAll)
    throw new TypeError("serveEmulators: give a list of emulators, such as [tikiEmulator()]");
  checkNames("serveEmulators", options, ["port", "maxBodyBytes", "page"]);
  const { port: wanted = 0, maxBodyBytes = 33_554_432, page } = options;
  if (page !== undefined && typeof page !== "function") {
    throw new TypeError("serveEmulators: page must be a function that answers requests");
  }
  checkRange("serveEmulators: maxBodyBytes", maxBodyBytes, 1, Number.MAX_SAFE_INTEGER);
  if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65_535) {
    throw new TypeError("serveEmulators: port must be a whole number from 0 to 65535");
  }
  const byName = new Map(emulators.map((emulator) => [emulator.name, emulator]));
  if (byName.size < emulators.length) throw new TypeError("serveEmulators: names must differ");

  // Not imported: bundlers for the web refuse even an import that nothing there gets to.
  const http = typeof process === "object" ? process.getBuiltinModule?.("node:http") : undefined;
  if (!http) throw new TypeError("serveEmulators: there is no node:http here");
  const listener = createListener(emulators, { page, maxBodyBytes });
  const running = new Set<Promise<void>>();
  const server = http.createServer({ keepAliveTimeout: 65_000 }, (incoming, outgoing) => {
    const done: Promise<void> = listener(incoming, outgoing).finally(() => running.delete(done));
    running.add(done);
  });
  const port = await listen(server, wanted);
  const origin = `http://127.0.0.1:${port}`;
  let closed: Promise<void> | undefined;

  async function stop(): Promise<void> {
    const stopped = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await Promise.all([stopped, ...running]);
  }

  function close(): Promise<void> {
    closed ??= stop();
    return closed;
  }

  return {
    port,
    origin,
    connection(name) {
      const emulator = byName.get(name);
      if (!emulator) throw new TypeError(`serveEmulators: no emulator is named ${name}`);
      return emulator.connection(`${origin}/${name}`);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
