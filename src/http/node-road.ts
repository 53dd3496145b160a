import { type Cut, cutOf } from "../core/abort.ts";
import { joined } from "../core/bytes.ts";
import { nodeModule } from "../core/node-module.ts";
import { sleep } from "../core/sleep.ts";

/** What of a request goes over this road. */
export interface Departure {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
  /** The same, for who does not need the signal itself. @default what the signal tells */
  readonly cut?: Cut | undefined;
  /** Whether it may go out a second time. */
  readonly isRepeatable?: boolean | undefined;
}

type Http = NonNullable<ReturnType<typeof nodeModule<"node:http">>>;
type Agent = InstanceType<Http["Agent"]>;
type Sent = ReturnType<Http["request"]>;
type Incoming = InstanceType<Http["IncomingMessage"]>;
type Channels = NonNullable<ReturnType<typeof nodeModule<"node:diagnostics_channel">>>;

/** What Node's own `fetch` holds, and no other does. */
const ownFetch = /require\('internal\/deps\/undici\/undici'\)/;

/** Whoever listens to one of these wants to hear of each `fetch`; OpenTelemetry does. */
const watched = [
  "undici:request:create",
  "undici:request:bodySent",
  "undici:request:headers",
  "undici:request:trailers",
  "undici:request:error",
  "undici:client:sendHeaders",
  "undici:client:beforeConnect",
  "undici:client:connected",
  "undici:client:connectError",
];

/** What Node's `fetch` sends of its own accord, so that a server sees the same on both roads. */
const fetchHeaders = [
  ["accept-language", "*"],
  ["sec-fetch-mode", "cors"],
  ["user-agent", "node"],
] as const;

/** What Node's `fetch` unpacks: brotli it asks for only where nobody on the way can read along. */
const encodings = { "http:": "gzip, deflate", "https:": "br, gzip, deflate" };

/** For how long an idle connection is kept, in ms: servers keep theirs for five seconds at the least. */
const IDLE_MS = 4_000;

/** How long a connection may take to come about, in ms, as with Node's `fetch`. */
const CONNECT_MS = 10_000;

/** For how long no server closes a connection that has just been used, in ms. */
const SURELY_OPEN_MS = 200;

/** How many turns of the event loop it takes until a connection that was closed is out of use. */
const TURNS = 3;

/** How often a request goes out again at once because the connection that was kept for it had been closed. */
const MOST_STALE = 2;

/**
 * The road of hot calls on Node: `node:http` in place of the global `fetch`, which costs three times as much.
 * It is taken only where nobody could notice but by the clock, which is asked at each call.
 */
export class NodeRoad {
  readonly #modules = new Map<string, Http>();
  readonly #agents = new Map<Http, Agent>();
  /** Where the agents of a process are kept, by the versions of undici. */
  readonly #dispatchers = [1, 2, 3, 4].map((n) => Symbol.for(`undici.globalDispatcher.${n}`));
  #channels: readonly ReturnType<Channels["channel"]>[] | undefined;
  /** When something was heard last, by `performance.now()`. */
  #usedAt = 0;
  /** The last `fetch` that was found to be Node's. */
  #own: typeof globalThis.fetch | undefined;
  /** The agents of undici that were found to be without settings, which they cannot be given later. */
  readonly #plain = new WeakSet<object>();

  /** Whether a call may go this way now. */
  get isOpen(): boolean {
    try {
      return this.#isOwnFetch() && isNode() && !this.#isWatched() && this.#isPlain();
    } catch {
      // Whatever cannot be asked is nothing that is known to be Node's.
      return false;
    }
  }

  /** Whether the global `fetch` is Node's own: not msw's, Next's or a test's. */
  #isOwnFetch(): boolean {
    const { fetch } = globalThis;
    if (fetch === this.#own) return fetch !== undefined;
    // That of another realm, as in Jest, has its settings where nobody here sees them.
    if (typeof fetch !== "function" || Object.getPrototypeOf(fetch) !== Function.prototype)
      return false;
    if (!ownFetch.test(Function.prototype.toString.call(fetch))) return false;
    this.#own = fetch;
    return true;
  }

  #isWatched(): boolean {
    this.#channels ??= watched.flatMap(
      (name) => nodeModule("node:diagnostics_channel")?.channel(name) ?? [],
    );
    return this.#channels.length === 0 || this.#channels.some((channel) => channel.hasSubscribers);
  }

  /**
   * Whether `fetch` would ask an agent without any settings: nobody has put a proxy, a certificate, a mock or an
   * interceptor of undici's there, for the process or by the runtime's own options.
   */
  #isPlain(): boolean {
    return this.#dispatchers.every((symbol) => {
      const dispatcher: unknown = Reflect.get(globalThis, symbol);
      // There is none before the first `fetch`.
      if (dispatcher === undefined) return !Object.hasOwn(globalThis, symbol);
      const agent = dispatcher as PlainAgent;
      if (!this.#plain.has(agent)) {
        if (!isPlainAgent(agent)) return false;
        this.#plain.add(agent);
      }
      return isUntouched(agent);
    });
  }

  /**
   * Sends one request. It rejects with what Node rejects with, or the signal's reason.
   *
   * A server may close an idle connection in the moment in which it is used again. That says nothing of the
   * server, so that what may be repeated goes out again at once.
   */
  async send(departure: Departure): Promise<NodeAnswer> {
    const { isRepeatable, cut = cutOf(departure) } = departure;
    const isIdle = performance.now() - this.#usedAt > SURELY_OPEN_MS;
    if (isIdle && !isRepeatable) await hearOfClosed(departure.signal);
    for (let stale = 0; ; stale += 1) {
      cut.throwIfAborted();
      const sent = this.#request(departure);
      try {
        return await answerOf(sent, departure, cut);
      } catch (error) {
        const isStale = isRepeatable && sent.reusedSocket && isReset(error);
        if (!isStale || stale === MOST_STALE) throw error;
      } finally {
        this.#usedAt = performance.now();
      }
    }
  }

  #request({ url, method, headers, body }: Departure): Sent {
    const { protocol, host, hostname, port, pathname, search } = new URL(url);
    const http = this.#moduleOf(protocol);
    // In the order in which `fetch` sends them.
    const all: Record<string, string> = { host, connection: "keep-alive", ...headers };
    for (const [name, value] of fetchHeaders) all[name] ??= value;
    all["accept-encoding"] ??= encodings[protocol as keyof typeof encodings];
    const length = lengthOf(body, method);
    if (length !== undefined) all["content-length"] = String(length);
    // Looked up at each call, as nock puts its own there.
    return http.request({
      agent: this.#agentOf(http),
      // An address of IPv6 stands in brackets.
      host: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname,
      port,
      path: pathname + search,
      method,
      headers: all,
    });
  }

  #moduleOf(protocol: string): Http {
    const known = this.#modules.get(protocol);
    if (known) return known;
    const http = nodeModule(protocol === "http:" ? "node:http" : "node:https") as Http;
    this.#modules.set(protocol, http);
    return http;
  }

  #agentOf(http: Http): Agent {
    const known = this.#agents.get(http);
    if (known) return known;
    const agent = new http.Agent({ keepAlive: true, timeout: IDLE_MS, scheduling: "lifo" });
    limitConnecting(agent);
    this.#agents.set(http, agent);
    return agent;
  }
}

/**
 * Lets the event loop hear of connections that were closed while it was busy, as with a handler that computes for
 * seconds: a request on one of them would fail, and it could not be known whether it has arrived.
 */
async function hearOfClosed(signal: AbortSignal): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await sleep(1, signal);
}

/** Lets no connection take longer than it may; each of them is asked once, not each call. */
function limitConnecting(agent: Agent): void {
  const connect = agent.createConnection;
  agent.createConnection = (options, done) => {
    const socket = connect.call(agent, options, done);
    if (!socket) return socket;
    const timer = setTimeout(() => {
      const facts = { code: "ETIMEDOUT", syscall: "connect" };
      socket.destroy(Object.assign(new Error("no connection in time"), facts));
    }, CONNECT_MS);
    const stop = (): void => clearTimeout(timer);
    socket.once("encrypted" in socket ? "secureConnect" : "connect", stop);
    socket.once("close", stop);
    return socket;
  };
}

/** Gives the body to a request, and waits for the head of its answer. */
function answerOf(sent: Sent, departure: Departure, cut: Cut): Promise<NodeAnswer> {
  const { body } = departure;
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    const forget = cut.onAbort(() => {
      reject(departure.signal.reason);
      sent.destroy();
    });
    sent.once("response", (incoming) => {
      isAnswered = true;
      resolve(new NodeAnswer(incoming));
    });
    sent.once("close", () => {
      forget();
      // Whatever else has ended it without a word, such as another protocol than was asked for. An error
      // costs as much as all else here: it is made where it is needed.
      if (!isAnswered) reject(new Error("socket hang up"));
    });
    // What goes wrong behind the answer is told where its body is read.
    sent.on("error", reject);
    // A text of UTF-8 takes the head along, whose letters are bytes; where it is ASCII, both are the same.
    if (body === undefined || lengthOf(body) === body.length) sent.end(body, "latin1");
    else sent.end(Buffer.from(body));
  });
}

/** In bytes. `fetch` says of some methods that they have no body, and of others nothing. */
function lengthOf(body: string | undefined, method?: string): number | undefined {
  if (body !== undefined) return Buffer.byteLength(body);
  return method === "POST" || method === "PUT" || method === "PATCH" ? 0 : undefined;
}

function isReset(error: unknown): boolean {
  const { code } = Object(error) as { readonly code?: unknown };
  return code === "ECONNRESET" || code === "EPIPE";
}

/** An answer as `fetch` would give it, as far as it is read here. */
export class NodeAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** The bytes one after another, unpacked. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly #incoming: Incoming;

  constructor(incoming: Incoming) {
    this.#incoming = incoming;
    this.status = incoming.statusCode ?? 0;
    const get = (name: string) => headerOf(incoming.rawHeaders, name);
    this.headers = { get };
    this.body = unpacked(incoming, get("content-encoding"));
  }

  /** The whole body, where it is not packed. */
  arrayBuffer(): Promise<Uint8Array> {
    const incoming = this.#incoming;
    return new Promise((resolve, reject) => {
      const pieces: Uint8Array[] = [];
      incoming.on("data", (piece: Uint8Array) => pieces.push(piece));
      incoming.once("end", () => resolve(joined(pieces)));
      incoming.once("error", reject);
      // Where it was cut before anybody listened.
      if (incoming.destroyed) reject(new Error("terminated"));
    });
  }
}

/** Reads one of the headers as they came, its name in lower case. Those that come twice are a list, as with `fetch`. */
function headerOf(raw: readonly string[], wanted: string): string | null {
  let value: string | null = null;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] as string;
    if (name.length !== wanted.length || name.toLowerCase() !== wanted) continue;
    value = value === null ? (raw[at + 1] as string) : `${value}, ${raw[at + 1]}`;
  }
  return value;
}

/** More encodings than this, one around another, are an attack. */
const MOST_ENCODINGS = 5;

/** Unpacks a body by the encodings that its header names, the last one first; with one that is unknown, none. */
function unpacked(incoming: Incoming, encoding: string | null): Bytes {
  if (encoding === null) return incoming;
  const names = encoding.toLowerCase().split(",").reverse();
  const steps = names.map((name) => unpackers.get(name.trim()));
  if (steps.length > MOST_ENCODINGS) incoming.destroy(new Error("too many encodings"));
  if (!steps.every((step) => step !== undefined)) return incoming;
  const zlib = nodeModule("node:zlib") as Zlib;
  return piped(incoming, ...steps.map((step) => step(zlib)));
}

/** Puts one behind another. What goes wrong with one of them is told by the last. */
function piped(...steps: readonly unknown[]): Bytes {
  const { pipeline } = nodeModule("node:stream") as unknown as {
    pipeline(steps: readonly unknown[], onEnd: () => void): Bytes;
  };
  return pipeline(steps, () => {});
}

type Bytes = AsyncIterable<Uint8Array>;
type Zlib = NonNullable<ReturnType<typeof nodeModule<"node:zlib">>>;

const unpackers: ReadonlyMap<string, (zlib: Zlib) => unknown> = new Map([
  ["gzip", gunzip],
  ["x-gzip", gunzip],
  ["deflate", (zlib) => (source: Bytes) => inflated(source, zlib)],
  ["br", unbrotli],
]);

/** As lenient as `fetch`: what was cut is given as far as it came. */
function gunzip({ createGunzip, constants: { Z_SYNC_FLUSH: flush } }: Zlib): unknown {
  return createGunzip({ flush, finishFlush: flush });
}

function unbrotli({ createBrotliDecompress, constants }: Zlib): unknown {
  const { BROTLI_OPERATION_FLUSH: flush } = constants;
  return createBrotliDecompress({ flush, finishFlush: flush });
}

/** Some servers leave the frame of zlib out, whose first byte ends in 8. */
async function* inflated(source: Bytes, zlib: Zlib): Bytes {
  const pieces = source[Symbol.asyncIterator]();
  const { value: first } = await pieces.next();
  if (first === undefined) return;
  async function* whole(): Bytes {
    yield first as Uint8Array;
    yield* { [Symbol.asyncIterator]: () => pieces };
  }
  const { Z_SYNC_FLUSH: flush } = zlib.constants;
  const options = { flush, finishFlush: flush };
  const isFramed = (Number(first[0]) & 0x0f) === 8;
  yield* piped(whole, isFramed ? zlib.createInflate(options) : zlib.createInflateRaw(options));
}

/** Whether this is Node itself, and not one of those that speak like it. */
function isNode(): boolean {
  const { process, Deno, EdgeRuntime, navigator } = globalThis as Readonly<Record<string, unknown>>;
  const { versions, getBuiltinModule } = (process ?? {}) as Partial<NodeJS.Process>;
  if (!versions?.node || versions["bun"] || versions["electron"]) return false;
  if (typeof getBuiltinModule !== "function") return false;
  if (Deno !== undefined || EdgeRuntime !== undefined) return false;
  const { userAgent = "" } = (navigator ?? {}) as Partial<Navigator>;
  return userAgent !== "Cloudflare-Workers";
}

/** What is looked at of an agent of undici's. */
interface PlainAgent {
  readonly constructor: { readonly name: string };
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  eventNames(): readonly unknown[];
}

/** Whether an agent has no settings. */
function isPlainAgent(agent: PlainAgent): boolean {
  // An agent with interceptors is a proxy of one.
  if (nodeModule("node:util")?.types.isProxy(agent) !== false) return false;
  // Node's own bridge from one version of undici to the next, whose agent is looked at by itself.
  const { name } = agent.constructor;
  if (name === "Dispatcher1Wrapper") return true;
  if (name !== "Agent") return false;
  const options: unknown = memberOf(agent, "options");
  const factory: unknown = memberOf(agent, "factory");
  if (!options || typeof factory !== "function" || factory.name !== "defaultFactory") return false;
  return Object.values(options).every(
    (value) => value === undefined || value === Number.POSITIVE_INFINITY,
  );
}

/** What an agent holds under a symbol of its own. */
function memberOf(agent: object, name: string): unknown {
  const symbols = Object.getOwnPropertySymbols(agent);
  const symbol = symbols.find(({ description }) => description === name);
  return symbol && Reflect.get(agent, symbol);
}

/** Whether nobody has put anything in front of an agent, listens to it, or has closed it. */
function isUntouched(agent: PlainAgent): boolean {
  if (agent.closed === true || agent.destroyed === true) return false;
  if (Object.hasOwn(agent, "dispatch") || agent.eventNames().length > 0) return false;
  const above: object = Object.getPrototypeOf(agent);
  return agent.constructor.name === "Dispatcher1Wrapper" || !Object.hasOwn(above, "dispatch");
}
