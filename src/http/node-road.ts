import { onAbort } from "../core/abort.ts";
import { nodeModule } from "../core/node-module.ts";

/** What of a request goes over this road. */
export interface Departure {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

type Http = NonNullable<ReturnType<typeof nodeModule<"node:http">>>;
type Agent = InstanceType<Http["Agent"]>;
type Incoming = InstanceType<Http["IncomingMessage"]>;

/** What Node's own `fetch` holds, and no other does. */
const ownFetch = /require\('internal\/deps\/undici\/undici'\)/;

/** Whoever listens to these wants to hear of each `fetch`; OpenTelemetry does. */
const watched = ["undici:request:create", "undici:request:headers", "undici:client:sendHeaders"];

/** What Node's `fetch` sends of its own accord, so that a server sees the same on both roads. */
const fetchHeaders = Object.freeze({
  "accept-language": "*",
  "sec-fetch-mode": "cors",
  "user-agent": "node",
  "accept-encoding": "gzip, deflate, br",
});

/** For how long an idle connection is kept, in ms: servers keep theirs for five seconds at the least. */
const IDLE_MS = 4_000;

/**
 * The road of hot calls on Node: `node:http` in place of the global `fetch`, which costs three times as much.
 * It is taken only where nobody could notice but by the clock, which is asked at each call.
 */
export class NodeRoad {
  #http: Http | undefined;
  #https: Http | undefined;
  readonly #agents = new Map<Http, Agent>();
  /** The last `fetch` that was found to be Node's. */
  #own: typeof globalThis.fetch | undefined;

  /** Whether a call may go this way now. */
  get isOpen(): boolean {
    return this.#isOwnFetch() && isNode() && !isWatched() && hasPlainDispatcher();
  }

  /** Whether the global `fetch` is Node's own: not msw's, Next's or a test's. */
  #isOwnFetch(): boolean {
    const { fetch } = globalThis;
    if (typeof fetch !== "function") return false;
    if (fetch === this.#own) return true;
    if (!ownFetch.test(Function.prototype.toString.call(fetch))) return false;
    this.#own = fetch;
    return true;
  }

  /** Sends one request. It rejects with what Node rejects with, or the signal's reason. */
  send({ url, method, headers, body, signal }: Departure): Promise<NodeAnswer> {
    const { protocol, hostname, port, pathname, search } = new URL(url);
    const http = this.#moduleOf(protocol);
    return new Promise((resolve, reject) => {
      // Looked up at each call, as nock puts its own there.
      const sent = http.request({
        agent: this.#agentOf(http),
        // An address of IPv6 stands in brackets.
        host: hostname.replace(/^\[|\]$/g, ""),
        port,
        path: pathname + search,
        method,
        headers: { ...fetchHeaders, ...headers },
      });
      const forget = onAbort(signal, () => {
        reject(signal.reason);
        sent.destroy();
      });
      sent.once("response", (incoming) => resolve(new NodeAnswer(incoming)));
      sent.once("close", forget);
      // What goes wrong behind the answer is told where its body is read.
      sent.on("error", reject);
      sent.end(body);
    });
  }

  #moduleOf(protocol: string): Http {
    if (protocol === "http:") {
      this.#http ??= nodeModule("node:http");
      return this.#http as Http;
    }
    this.#https ??= nodeModule("node:https") as unknown as Http;
    return this.#https;
  }

  #agentOf(http: Http): Agent {
    const known = this.#agents.get(http);
    if (known) return known;
    const agent = new http.Agent({ keepAlive: true, timeout: IDLE_MS, scheduling: "lifo" });
    this.#agents.set(http, agent);
    return agent;
  }
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
    const get = (name: string): string | null => {
      const value = incoming.headers[name];
      return value === undefined ? null : String(value);
    };
    this.headers = { get };
    this.body = unpacked(incoming, incoming.headers["content-encoding"] ?? "");
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

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (pieces.length === 1 && first) return first;
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

/** Unpacks a body by the encodings that its header names, the last one first; others are left as they are. */
function unpacked(incoming: Incoming, encodings: string): AsyncIterable<Uint8Array> {
  const names = encodings.toLowerCase().split(",");
  const steps = names.reverse().flatMap((name) => unpackerOf(name.trim()) ?? []);
  if (steps.length === 0) return incoming;
  // What goes wrong with one of them is told by the last.
  const pipeline = nodeModule("node:stream")?.pipeline as unknown as (
    streams: readonly unknown[],
    onEnd: () => void,
  ) => AsyncIterable<Uint8Array>;
  return pipeline([incoming, ...steps], () => {});
}

function unpackerOf(name: string): object | undefined {
  const zlib = nodeModule("node:zlib");
  if (name === "gzip" || name === "x-gzip") return zlib?.createGunzip();
  if (name === "deflate") return zlib?.createInflate();
  return name === "br" ? zlib?.createBrotliDecompress() : undefined;
}

/** Whether this is Node itself, and not one of those that speak like it. */
function isNode(): boolean {
  const { process, Deno, EdgeRuntime, navigator } = globalThis as Readonly<Record<string, unknown>>;
  const { versions } = (process ?? {}) as { readonly versions?: Record<string, unknown> };
  if (!versions?.["node"] || versions["bun"] || versions["electron"]) return false;
  if (Deno !== undefined || EdgeRuntime !== undefined) return false;
  const { userAgent = "" } = (navigator ?? {}) as Partial<Navigator>;
  return userAgent !== "Cloudflare-Workers" && nodeModule("node:http")?.request !== undefined;
}

function isWatched(): boolean {
  const channels = nodeModule("node:diagnostics_channel");
  return channels === undefined || watched.some((name) => channels.hasSubscribers(name));
}

/**
 * Whether `fetch` would ask an agent without any settings: nobody has put a proxy, a certificate, a mock or an
 * interceptor of undici's there, for the process or by the runtime's own options.
 */
function hasPlainDispatcher(): boolean {
  return Object.getOwnPropertySymbols(globalThis).every((symbol) => {
    if (!symbol.description?.startsWith("undici.globalDispatcher.")) return true;
    return isPlainAgent(Reflect.get(globalThis, symbol));
  });
}

function isPlainAgent(dispatcher: object): boolean {
  // An agent with interceptors is a proxy of one.
  if (nodeModule("node:util")?.types.isProxy(dispatcher) !== false) return false;
  // Node's own bridge from one version of undici to the next, whose agent is looked at by itself.
  const { name } = dispatcher.constructor;
  if (name === "Dispatcher1Wrapper") return true;
  const symbols = Object.getOwnPropertySymbols(dispatcher);
  const found = symbols.find(({ description }) => description === "options");
  if (name !== "Agent" || found === undefined || Object.hasOwn(dispatcher, "dispatch"))
    return false;
  const settings: unknown[] = Object.values(Reflect.get(dispatcher, found) as object);
  return settings.every((value) => value === undefined || value === Number.POSITIVE_INFINITY);
}
