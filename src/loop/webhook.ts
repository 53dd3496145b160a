import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Delivery } from "../core/feed.ts";
import type { TableOf } from "../core/options.ts";
import { milliseconds } from "../core/options.ts";
import type { Received, Receiver } from "../core/receiver.ts";
import { sleep } from "../core/sleep.ts";
import { toEntry } from "./entry.ts";
import type { Handlers } from "./handler.ts";
import { Keeping } from "./keeping.ts";
import type { HandlingOptions, HandlingSettings } from "./options.ts";
import { toHandlingSettings } from "./options.ts";
import { Processor } from "./processor.ts";
import type { Tell } from "./report.ts";
import { toTell } from "./report.ts";
import type { AnyHandler, Routes } from "./route.ts";
import { toRoutes } from "./route.ts";
import { HandlerScope } from "./scope.ts";

/** The options of `webhook`. */
export interface WebhookOptions extends HandlingOptions {
  /**
   * How long the events of a request may take, in ms, 100-900 000; set it below what the provider and
   * the platform wait. Retries in place end with it. discue's own client waits 10 s. @default 9_000
   */
  readonly replyTimeoutMs?: number | undefined;
  /** When a provider that was told to send again should do so, in ms. @default 30_000 */
  readonly retryAfterMs?: number | undefined;
  /**
   * For how long this process remembers the ids it has settled, in ms, so that a resend after a late
   * finish is answered at once. The last 10 000 are kept. @default 600_000
   */
  readonly rememberMs?: number | undefined;
}

const webhookTable = {
  replyTimeoutMs: milliseconds(100, 900_000).or(9000),
  retryAfterMs: milliseconds(0).or(30_000),
  rememberMs: milliseconds(0).or(600_000),
} satisfies TableOf<Omit<WebhookOptions, keyof HandlingOptions>>;

/** Answers the requests of a provider that calls us. */
export type WebhookHandler = (request: Request) => Promise<Response>;

/** How many settled ids are remembered. */
const MOST_REMEMBERED = 10_000;

/**
 * Makes a fetch handler of a receiver and handlers: a `Request` in, a `Response` out.
 *
 * It answers only when every event of the request is settled: 2xx when done, dead-lettered or dropped;
 * 503 with `Retry-After` when the provider should send again; the receiver's own answer to what is no
 * event. A failed attempt is repeated in place while `replyTimeoutMs` lasts; then the event is stored
 * as a dead letter, or answered 503 without a store.
 *
 * A resend that comes while the first is being handled joins it and gets the same answer; one that
 * comes after a late finish gets 2xx. Ids made from the content never join.
 *
 * @throws {AckloopError} `config` for a wrong option, at once. The handler rejects with `config` when
 * the request's body was read before.
 */
export function webhook<E extends FeedEvent>(
  receiver: Receiver<E>,
  handlers: Handlers<E>,
  options: WebhookOptions = {},
): WebhookHandler {
  if (typeof receiver?.receive !== "function") {
    throw new AckloopError("config", "webhook: the first argument must be a receiver");
  }
  const routes = toRoutes("webhook", handlers, receiver.events);
  if (routes.batch) {
    throw new AckloopError("config", "webhook: a request has no batch; give a function or a map");
  }
  const settings = toHandlingSettings("webhook", options, webhookTable);
  const { replyTimeoutMs, retryAfterMs, rememberMs } = settings;
  const desk = new Desk(receiver.name, routes, settings, replyTimeoutMs, rememberMs);
  return async (request) => {
    const received = await receiveInTime(receiver, request, replyTimeoutMs);
    if (received === undefined) return receiver.defer(retryAfterMs);
    if (received.kind === "answered") return received.response;
    const settled = await desk.settleAll(received.deliveries);
    return settled ? receiver.accept() : receiver.defer(retryAfterMs);
  };
}

/** Reads a request; `undefined` when its body does not end within the time of a reply. */
async function receiveInTime<E extends FeedEvent>(
  receiver: Receiver<E>,
  request: Request,
  limitMs: number,
): Promise<Received<E> | undefined> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  try {
    return await receiver.receive(request, { signal: limit.signal });
  } catch (error) {
    if (limit.signal.aborted) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Settles the events of requests, each at most once at a time. */
class Desk {
  readonly #name: string;
  readonly #routes: Routes;
  readonly #settings: HandlingSettings;
  readonly #replyTimeoutMs: number;
  readonly #rememberMs: number;
  readonly #scope: HandlerScope;
  readonly #tell: Tell | undefined;
  readonly #atWork = new Map<string, Promise<boolean>>();
  /** When each settled id is forgotten, in epoch ms, oldest first. */
  readonly #remembered = new Map<string, number>();

  constructor(
    name: string,
    routes: Routes,
    settings: HandlingSettings,
    replyTimeoutMs: number,
    rememberMs: number,
  ) {
    this.#name = name;
    this.#routes = routes;
    this.#settings = settings;
    this.#replyTimeoutMs = replyTimeoutMs;
    this.#rememberMs = rememberMs;
    this.#scope = new HandlerScope(settings.handlerTimeoutMs);
    this.#tell = toTell(name, settings);
  }

  /** True when every delivery is settled within the time of a reply. */
  async settleAll(deliveries: readonly Delivery[]): Promise<boolean> {
    const timer = new AbortController();
    const late = sleep(this.#replyTimeoutMs, timer.signal).then(
      () => false,
      () => false,
    );
    const all = Promise.all(deliveries.map((delivery) => this.#settle(delivery)));
    const settled = await Promise.race([all.then((each) => each.every(Boolean)), late]);
    timer.abort();
    return settled;
  }

  #settle(delivery: Delivery): Promise<boolean> {
    const { event } = delivery;
    if (event === undefined || delivery.idDerived) return this.#work(delivery);
    if (this.#remembers(event.id)) {
      this.#tell?.({ kind: "duplicate", event });
      return Promise.resolve(true);
    }
    const joined = this.#atWork.get(event.id);
    if (joined) return joined;
    const work = this.#work(delivery).then((settled) => {
      this.#atWork.delete(event.id);
      if (settled) this.#remember(event.id);
      return settled;
    });
    this.#atWork.set(event.id, work);
    return work;
  }

  /** Brings one delivery to its end, which may be later than the reply. It never rejects. */
  async #work(delivery: Delivery): Promise<boolean> {
    const deadline = Date.now() + this.#replyTimeoutMs;
    // Stores are waited for no longer than the next resend would bring the event again.
    const patience = new Patience(2 * this.#replyTimeoutMs);
    const parts = {
      feed: this.#name,
      settings: this.#settings,
      tell: this.#tell,
      quit: patience.over,
    };
    const keeping = new Keeping(parts);
    const processor = new Processor({
      ...parts,
      routes: patience.around(this.#routes),
      scope: this.#scope,
      keeping,
      mayStart: () => !patience.over.aborted,
    });
    const entry = toEntry(delivery.event?.id ?? "", delivery);
    let disposition = await processor.attempt(entry);
    while (disposition.kind === "again") {
      if (Date.now() + disposition.delayMs < deadline) {
        await sleep(disposition.delayMs);
        disposition = await processor.attempt(entry);
      } else if (disposition.failed) disposition = await processor.exhaust(entry);
      else break;
    }
    patience.rest();
    if (disposition.kind === "halt") {
      this.#settings.logger.error(`ackloop: ${disposition.error.message}`);
      this.#tell?.({ kind: "halted", error: disposition.error });
    }
    if (disposition.kind !== "settled") await keeping.abandon(entry);
    keeping.close();
    return disposition.kind === "settled";
  }

  #remembers(id: string): boolean {
    const until = this.#remembered.get(id);
    if (until === undefined) return false;
    if (until > Date.now()) return true;
    this.#remembered.delete(id);
    return false;
  }

  #remember(id: string): void {
    this.#remembered.set(id, Date.now() + this.#rememberMs);
    if (this.#remembered.size <= MOST_REMEMBERED) return;
    const oldest = this.#remembered.keys().next();
    if (!oldest.done) this.#remembered.delete(oldest.value);
  }
}

/**
 * How long the stores of one delivery are waited for. The time in which its handler works does not
 * count, and the waiting begins anew behind it: what a slow handler did must be remembered too.
 */
class Patience {
  readonly #over = new AbortController();
  readonly #limitMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.#begin();
  }

  /** Fires when it is over. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Stops counting. */
  rest(): void {
    clearTimeout(this.#timer);
  }

  /** The same routes, to handlers that are not counted. */
  around(routes: Routes): Routes {
    const find: Routes["find"] = (type) => {
      const route = routes.find(type);
      if (typeof route === "string" || route.handler === undefined) return route;
      const { handler } = route;
      const uncounted: AnyHandler = async (event, context) => {
        this.rest();
        try {
          return await handler(event, context);
        } finally {
          this.#begin();
        }
      };
      return { ...route, handler: uncounted };
    };
    return { ...routes, find };
  }

  #begin(): void {
    this.#timer = setTimeout(() => this.#over.abort(), this.#limitMs);
  }
}
