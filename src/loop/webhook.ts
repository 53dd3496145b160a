import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Delivery } from "../core/feed.ts";
import { askLate, describeThrown, notify, toFailure } from "../core/guard.ts";
import { hasOwnId, identityOf, namelessIdentity } from "../core/identity.ts";
import { Intake } from "../core/intake.ts";
import type { Logger } from "../core/logger.ts";
import type { TableOf } from "../core/options.ts";
import { milliseconds, whole } from "../core/options.ts";
import type { Receiver } from "../core/receiver.ts";
import { Seldom } from "../core/seldom.ts";
import { sleep } from "../core/sleep.ts";
import type { Telemetry } from "../core/telemetry.ts";
import { inWords } from "../core/words.ts";
import type { AttemptParts, Disposition } from "./engine/attempt.ts";
import { Attempts } from "./engine/attempt.ts";
import type { Verdict } from "./engine/entry.ts";
import { Entry } from "./engine/entry.ts";
import type { StoreServices } from "./engine/keeping.ts";
import { Keeping, toServices } from "./engine/keeping.ts";
import type { Tell } from "./engine/report.ts";
import { toLog, toTell } from "./engine/report.ts";
import type { Routes } from "./engine/route.ts";
import { checkTimeLimit, tellOfStrangers, toRoutes } from "./engine/route.ts";
import { HandlerScope } from "./engine/scope.ts";
import { toText } from "./engine/storable.ts";
import { Voice } from "./engine/voice.ts";
import { Watching } from "./engine/watching.ts";
import type { Handlers } from "./handler.ts";
import type { HandlingOptions } from "./options.ts";
import { checkSourceName, toHandlingSettings } from "./options.ts";
import { Patience } from "./patience.ts";

/** The options of `webhook`. */
export interface WebhookOptions extends HandlingOptions {
  /**
   * The most requests whose events are handled at once, 1-10 000, those that were answered meanwhile
   * included. One more is answered 503 with `Retry-After`; one whose events are all settled already, or
   * at work, takes no place. As many, and at least 100, are read at once. @default 100
   */
  readonly concurrency?: number | undefined;
  /**
   * How long a request may take from its first byte to its answer, in ms, 100-900 000; set it below what
   * the provider and the platform wait. Retries in place end with it. discue's own client waits 10 s.
   * @default 9_000
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
  concurrency: whole(1, 10_000).or(100),
  replyTimeoutMs: milliseconds(100, 900_000).or(9000),
  retryAfterMs: milliseconds(0).or(30_000),
  rememberMs: milliseconds(0).or(600_000),
} satisfies TableOf<Omit<WebhookOptions, keyof HandlingOptions>>;

/** Answers the requests of a provider that calls us. */
export type WebhookHandler = (request: Request) => Promise<Response>;

/** What was not read is told of where that is known; there may be too many at once. */
const NOT_READ = "it was not read: it failed, or too many come at once";

const UNSETTLED = "an event of it is not settled yet; what failed has a line of its own";

/** How many requests are read at once where no more are handled. */
const LEAST_READ = 100;

/** How many settled ids are remembered. */
const MOST_REMEMBERED = 10_000;

/**
 * Makes a fetch handler of a receiver and handlers: a `Request` in, a `Response` out.
 *
 * It answers only when every event of the request is settled: 2xx when done, dead-lettered or dropped;
 * 503 with `Retry-After` when the provider should send again; at once, with the receiver's own answer, what
 * is no event, however many requests are at work. What the receiver refuses, and what is to be sent again, is
 * told to the logger, each reason at once and then at growing intervals. A failed attempt is repeated in place while `replyTimeoutMs` lasts; then the event is stored
 * as a dead letter, or answered 503 without a store.
 *
 * A resend that comes while the first is being handled joins it and gets the same answer; one that
 * comes after a late finish gets 2xx. Ids made from the content never join.
 *
 * @throws {AckloopError} `config` for a wrong option, at once. The handler rejects with `config` when
 * the request's body was read before.
 * @example
 * ```ts
 * import { webhook } from "ackloop";
 *
 * // `(request: Request) => Promise<Response>`, which most web servers take.
 * export const POST = webhook(receiver, handlers, { deadLetters: stores.deadLetters });
 * ```
 */
export function webhook<E extends FeedEvent>(
  receiver: Receiver<E>,
  handlers: NoInfer<Handlers<E>>,
  options: WebhookOptions = {},
): WebhookHandler {
  if (typeof receiver?.receive !== "function") {
    throw new AckloopError(
      "config",
      "webhook: the first argument must be a receiver: it has `receive`",
    );
  }
  checkSourceName("webhook", "receiver", receiver.name);
  const routes = toRoutes("webhook", handlers, receiver.events);
  if (routes.batch && typeof handlers !== "function") {
    throw new AckloopError("config", "webhook: a request has no batch; give a function or a map");
  }
  const settings = toHandlingSettings("webhook", options, webhookTable);
  checkTimeLimit("webhook", handlers, settings);
  const { logger, consumer } = settings;
  const log = toLog(logger, { feed: receiver.name, consumer });
  tellOfStrangers(receiver, handlers, log);
  const intake = new Intake({
    receiver,
    limitMs: settings.replyTimeoutMs,
    mayRead: (reading) => reading < Math.max(LEAST_READ, settings.concurrency),
    // Where none was given, the receiver's own is told.
    logger: options.logger === undefined ? undefined : logger,
  });
  const desk = new Desk(receiver, intake, routes, settings, log);
  return (request) => desk.answer(request);
}

type Settings = ReturnType<typeof toHandlingSettings<typeof webhookTable>>;

/** Settles the events of requests, each at most once at a time. */
class Desk<E extends FeedEvent> {
  readonly #receiver: Receiver<E>;
  readonly #intake: Intake<E>;
  readonly #settings: Settings;
  readonly #scope: HandlerScope;
  readonly #log: Logger;
  readonly #tell: Tell | undefined;
  readonly #shared: Shared;
  readonly #seldom = new Seldom();
  readonly #atWork = new Map<string, Promise<boolean>>();
  /** When each settled event is forgotten, by `performance.now`, oldest first. */
  readonly #remembered = new Map<string, number>();
  /** What is done but for the dedupe store's word: a resend asks it again, and runs no handler. */
  readonly #unfinished = new Map<string, Entry>();
  /** How many requests have events at work that they have brought first. */
  #places = 0;
  /** How many deliveries are at work. */
  #open = 0;

  constructor(
    receiver: Receiver<E>,
    intake: Intake<E>,
    routes: Routes,
    settings: Settings,
    log: Logger,
  ) {
    this.#receiver = receiver;
    this.#intake = intake;
    this.#settings = settings;
    this.#scope = new HandlerScope(settings.handlerTimeoutMs);
    const watching = settings.telemetry && this.#watch(settings.telemetry);
    this.#log = log;
    const { onReport, logger } = settings;
    this.#tell = toTell({
      feed: receiver.name,
      onReport,
      watching,
      logger,
      log,
      voice: new Voice(log),
    });
    this.#shared = {
      feed: receiver.name,
      settings,
      routes,
      tell: this.#tell,
      log: this.#log,
      watching,
      services: toServices({ settings, tell: this.#tell }),
    };
  }

  #watch(telemetry: Telemetry): Watching {
    return new Watching(telemetry, {
      feed: this.#receiver.name,
      consumer: this.#settings.consumer,
      kind: "request",
      countOpen: () => this.#open,
    });
  }

  /** Answers a request. */
  async answer(request: Request): Promise<Response> {
    const { replyTimeoutMs, retryAfterMs } = this.#settings;
    const endsAt = performance.now() + replyTimeoutMs;
    const receiver = this.#receiver;
    const received = await this.#intake.take(request);
    if (received?.kind === "answered") return this.#reply(() => received.response);
    const why = received ? await this.#settleAll(received.deliveries, endsAt) : NOT_READ;
    const settled = why === undefined;
    if (why) this.#seldom.warn(this.#log, `a request is to be sent again: ${why}`);
    return this.#reply(() => (settled ? receiver.accept() : receiver.defer(retryAfterMs)));
  }

  /** A receiver of the user's that has no answer must not leave the provider without one. */
  #reply(make: () => Response): Response {
    let fault = "gave no Response, at once";
    try {
      const response: Partial<Response> | undefined = make();
      // One of another realm, or of a library, will do.
      if (typeof response?.status === "number") return response as Response;
      notify(() => response);
    } catch (thrown) {
      fault = `threw: ${describeThrown(thrown)}`;
    }
    this.#log.error(`the receiver's answer ${fault}; the request was answered 503 instead`);
    return new Response(null, { status: 503 });
  }

  /** Why not every delivery is settled within the time of a reply; `undefined` where all are. */
  async #settleAll(deliveries: readonly Delivery[], endsAt: number): Promise<string | undefined> {
    const needsPlace = deliveries.some((delivery) => !this.#isKnown(delivery));
    const { concurrency, replyTimeoutMs } = this.#settings;
    if (needsPlace && this.#places >= concurrency)
      return `all ${concurrency} places are taken (the option concurrency)`;
    const works = deliveries.map((delivery) => this.#settle(delivery, endsAt));
    const all = Promise.all(works);
    if (needsPlace) {
      this.#places += 1;
      const leave = (): void => {
        this.#places -= 1;
      };
      all.then(leave, leave);
    }
    const asking = { what: "reply", limitMs: Math.max(0, endsAt - performance.now()) };
    const answer = await askLate(asking, () => all);
    if (answer.kind === "answered") return answer.value.every(Boolean) ? undefined : UNSETTLED;
    return `its events were not done within replyTimeoutMs (${inWords(replyTimeoutMs)})`;
  }

  /** Whether no handler is started for it: it is settled, or at work. */
  #isKnown(delivery: Delivery): boolean {
    const identity = toIdentity(delivery);
    return this.#remembers(identity) || this.#atWork.has(identity);
  }

  #settle(delivery: Delivery, endsAt: number): Promise<boolean> {
    const { event } = delivery;
    const identity = toIdentity(delivery);
    if (event === undefined || identity === "") return this.#work("", delivery, endsAt);
    if (this.#remembers(identity)) {
      this.#tell?.each?.({ kind: "duplicate", event });
      return Promise.resolve(true);
    }
    const joined = this.#atWork.get(identity);
    if (joined) return joined;
    const work = this.#workOnce(identity, delivery, endsAt);
    this.#atWork.set(identity, work);
    return work;
  }

  /** What comes again meanwhile joins, and afterwards is known. */
  async #workOnce(identity: string, delivery: Delivery, endsAt: number): Promise<boolean> {
    try {
      const settled = await this.#work(identity, delivery, endsAt);
      const until = performance.now() + this.#settings.rememberMs;
      if (settled) remember(this.#remembered, identity, until);
      return settled;
    } finally {
      this.#atWork.delete(identity);
    }
  }

  /** Brings one delivery to its end, which may be later than the reply. It never rejects. */
  async #work(identity: string, delivery: Delivery, endsAt: number): Promise<boolean> {
    const { replyTimeoutMs } = this.#settings;
    // Stores are waited for no longer than the next resend would bring the event again.
    const patience = new Patience(2 * replyTimeoutMs, this.#scope);
    const work = new Work(this.#shared, patience);
    const { keeping } = work;
    const entry =
      this.#unfinished.get(identity) ??
      new Entry(
        identity || (() => namelessIdentity(toText(delivery.raw), 1)),
        delivery,
        pageOfOne(),
      );
    this.#open += 1;
    if (this.#open === 1) this.#shared.watching?.busy(true);
    const settled = entry.isDone
      ? await keeping.finish(entry).catch((error: unknown) => this.#halted(error))
      : await this.#attempt(entry, endsAt, work);
    this.#open -= 1;
    if (this.#open === 0) this.#shared.watching?.busy(false);
    patience.rest();
    if (settled) this.#unfinished.delete(identity);
    else if (entry.isDone) remember(this.#unfinished, identity, entry);
    else await this.#abandon(keeping, entry);
    keeping.close();
    return settled;
  }

  /** What ends a run ends nothing here: it is told, and the provider sends again. */
  #halted(thrown: unknown): false {
    const error = toFailure(thrown, { what: "finish", whom: this.#receiver.name });
    this.#tell?.({ kind: "halted", error });
    return false;
  }

  /**
   * In a time of its own: that of the work may be over, and a start that never was would count. Until the
   * mark ends by itself a resend finds it anyway; beyond that it is not held up.
   */
  async #abandon(keeping: Keeping, entry: Entry): Promise<void> {
    const { replyTimeoutMs, dedupe } = this.#settings;
    const limitMs = Math.max(2 * replyTimeoutMs, dedupe?.markMs ?? 0);
    const patience = new Patience(limitMs, this.#scope);
    await keeping.abandon(entry, patience.over);
    patience.rest();
  }

  /** Attempts as often as there is time, and gives up then. */
  async #attempt(entry: Entry, deadline: number, work: Work): Promise<boolean> {
    const attempts = new Attempts(work);
    const attempt = (): Promise<Disposition> => new Promise((end) => attempts.make(entry, end));
    const giveUp = (verdict: Verdict): Promise<Disposition> =>
      new Promise((end) => attempts.giveUp(entry, verdict, end));
    let disposition = await attempt();
    while (disposition.kind === "again" || disposition.kind === "exhausted") {
      if (disposition.kind === "exhausted") disposition = await giveUp(disposition.verdict);
      else if (performance.now() + disposition.delayMs < deadline) {
        await sleep(disposition.delayMs);
        disposition = await attempt();
      } else if (disposition.failed) disposition = await giveUp(outOfTime(entry, disposition.why));
      else break;
    }
    if (disposition.kind === "halt") return this.#halted(disposition.error);
    return disposition.kind === "settled";
  }

  #remembers(identity: string): boolean {
    const until = this.#remembered.get(identity);
    if (until === undefined) return false;
    if (until > performance.now()) return true;
    this.#remembered.delete(identity);
    return false;
  }
}

/** What a resend is known by; empty where nothing tells it from another event. */
function toIdentity(delivery: Delivery): string {
  if (delivery.event === undefined || !hasOwnId(delivery)) return "";
  return delivery.identity || identityOf(delivery.event);
}

/** What came with a request has no page. */
const pageOfOne = () => ({ bytes: 0, held: 1, openedAt: performance.now() });

/** Its time is over before its attempts are used up. */
function outOfTime({ attempts }: Entry, why = ""): Verdict {
  const times = attempts === 1 ? "once" : `${attempts} times`;
  const reason = `failed ${times}, and no time is left: ${why}`;
  return { reason, code: undefined, cause: undefined };
}

/** Remembers so many at the most, the newest. */
function remember<Value>(memory: Map<string, Value>, identity: string, value: Value): void {
  memory.delete(identity);
  memory.set(identity, value);
  if (memory.size <= MOST_REMEMBERED) return;
  const oldest = memory.keys().next();
  if (!oldest.done) memory.delete(oldest.value);
}

/** What the attempts with all deliveries work with. */
type Shared = Pick<
  AttemptParts,
  "feed" | "settings" | "routes" | "tell" | "log" | "watching" | "services"
>;

/** What those with one delivery work with. */
class Work implements AttemptParts {
  readonly feed: string;
  readonly settings: AttemptParts["settings"];
  readonly routes: Routes;
  readonly tell: Tell | undefined;
  readonly log: Logger;
  readonly watching: Watching | undefined;
  readonly services: StoreServices | undefined;
  readonly scope: Patience;
  readonly keeping: Keeping;

  constructor(shared: Shared, patience: Patience) {
    const { feed, settings, routes, tell, log, watching, services } = shared;
    this.feed = feed;
    this.settings = settings;
    this.routes = routes;
    this.tell = tell;
    this.log = log;
    this.watching = watching;
    this.services = services;
    this.scope = patience;
    this.keeping = new Keeping(this);
  }

  /** Of the class, so that no signal is made before somebody asks for it. */
  get quit(): AbortSignal {
    return this.scope.over;
  }

  mayStart(): boolean {
    return !this.scope.isOver;
  }
}
