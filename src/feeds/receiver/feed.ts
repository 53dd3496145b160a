import { onAbort, reasonOf, throwIfAborted } from "../../core/abort.ts";
import type { FeedEvent } from "../../core/event.ts";
import type {
  AckReport,
  AckSink,
  CallOptions,
  EventSource,
  NackOptions,
  PullOptions,
} from "../../core/feed.ts";
import { type Delivery, fromReceipt, type Receipt, toReceipt } from "../../core/feed.ts";
import { Intake } from "../../core/intake.ts";
import { checkOptions, type FilledOf, type TableOf, whole } from "../../core/options.ts";
import type { Receiver } from "../../core/receiver.ts";
import { sleep } from "../../core/sleep.ts";
import { withAgain } from "./delivery.ts";
import { type Answer, createHeldRequests, type Held, type HeldRequests } from "./held-requests.ts";

/** How a {@link ReceiverFeed} holds its requests. */
export interface ReceiverFeedOptions {
  /**
   * How many requests are read or held at most, 1 to 100,000; one more is answered 503 before its body is
   * read, unless it is no delivery. @default 1_000
   */
  readonly maxRequests?: number | undefined;
  /**
   * How long a request is held from its first byte, in ms, 1 to 3,600,000. Not settled by then, it is answered 503, and its
   * ack is `gone`. Stay below the time after which the sender, or a proxy, cuts the request.
   * @default 9_000
   */
  readonly replyTimeoutMs?: number | undefined;
  /** The `Retry-After` of every 503 that names no time of its own, in ms. @default 1_000 */
  readonly retryAfterMs?: number | undefined;
}

/**
 * A feed of requests that are held open until their event is settled.
 *
 * Its promises: each request is one delivery, given to one pull; a resend that comes while the
 * message is open joins it, and both get the same answer; ids made from the content never join. A
 * delivery whose requests have ended is not given to a pull, and its ack says `gone`: it comes again,
 * as often as the sender repeats it. What was acked so late is known for ten minutes, the last 10,000: its
 * resend is accepted at once, and not delivered. Receipts are of no use to another feed object.
 *
 * A liveness check is answered 200, however many requests are held, while a pull waits or the last one
 * came within its `waitMs` and 60 s; then, and after `close`, 503.
 */
export interface ReceiverFeed<E extends FeedEvent = FeedEvent> extends EventSource<E>, AckSink {
  readonly acks: "individual";
  readonly pulls: "onward";
  readonly waits: true;
  readonly acksOnPull?: never;
  pull(options?: PullOptions): Promise<readonly Delivery<E>[]>;
  /**
   * Takes a request and resolves to its answer once its event is settled: the receiver's `accept`
   * after an ack, its `defer` after a nack, at the deadline, over the bound, and after `close`.
   *
   * @throws {AckloopError} `config` when the request's body was read before.
   */
  fetch(request: Request): Promise<Response>;
  /** Answers the requests of these deliveries "send again". */
  nack(receipts: readonly Receipt[], options?: NackOptions): Promise<void>;
  /** Answers every held request, and from now on every request, "send again". Never rejects. */
  close(): void;
}

const defaultLimit = 100;
/** How long after a pull the feed counts as read, beside the time for which the pull may wait, in ms. */
const livesMs = 60_000;

const table = {
  maxRequests: whole(1, 100_000).or(1_000),
  replyTimeoutMs: whole(1, 3_600_000).or(9_000),
  retryAfterMs: whole(0, 86_400_000).or(1_000),
} satisfies TableOf<ReceiverFeedOptions>;

/** Makes a feed of a receiver's requests. */
export function createReceiverFeed<E extends FeedEvent>(
  receiver: Receiver<E>,
  provider: string,
  options: ReceiverFeedOptions = {},
): ReceiverFeed<E> {
  const settings = checkOptions(`${provider} receiver feed`, options, table);
  const held = createHeldRequests<E>();
  const state = { closed: false };
  const intake = new Intake({
    receiver,
    limitMs: settings.replyTimeoutMs,
    mayRead: (reading) => !state.closed && held.size + reading < settings.maxRequests,
  });
  const arrivals = createArrivals(held);
  const answerAll = (answers: readonly Answer[], response: () => Response): void => {
    for (const answer of answers) answer(response());
  };
  return {
    name: receiver.name,
    events: receiver.events,
    acks: "individual",
    pulls: "onward",
    waits: true,
    fetch: (request) => handle(request, { receiver, intake, held, arrivals, settings, state }),
    pull: (pullOptions) => arrivals.pull(pullOptions),
    ack: async (receipts, { signal }: CallOptions = {}): Promise<AckReport> => {
      throwIfAborted(signal);
      return receipts.map((receipt) => {
        const token = fromReceipt<object>(receipt);
        const answers = held.settle(token);
        answerAll(answers ?? held.settleLate(token), receiver.accept);
        return { status: answers ? "acked" : "gone" };
      });
    },
    nack: async (receipts, { signal, afterMs = settings.retryAfterMs }: NackOptions = {}) => {
      throwIfAborted(signal);
      for (const receipt of receipts) {
        const answers = held.settle(fromReceipt<object>(receipt)) ?? [];
        answerAll(answers, () => receiver.defer(afterMs));
      }
    },
    close: () => {
      state.closed = true;
      answerAll(held.clear(), () => receiver.defer(settings.retryAfterMs));
    },
  };
}

interface Holding<E extends FeedEvent> {
  readonly receiver: Receiver<E>;
  readonly intake: Intake<E>;
  readonly held: HeldRequests<E>;
  readonly arrivals: Arrivals<E>;
  readonly settings: FilledOf<typeof table>;
  readonly state: { readonly closed: boolean };
}

async function handle<E extends FeedEvent>(
  request: Request,
  holding: Holding<E>,
): Promise<Response> {
  const { receiver, intake, held, arrivals, settings, state } = holding;
  const later = (): Response => receiver.defer(settings.retryAfterMs);
  const endsAtMs = performance.now() + settings.replyTimeoutMs;
  const received = await intake.take(request, request?.signal);
  if (received?.kind === "answered") {
    const isLive = received.as !== "liveness" || (!state.closed && arrivals.areRead());
    return isLive ? received.response : new Response(null, { status: 503 });
  }
  const [delivery] = received?.deliveries ?? [];
  if (received && !delivery) return receiver.accept();
  if (!delivery || state.closed || request.signal?.aborted) return later();
  if (held.isSettled(delivery)) return receiver.accept();
  if (held.size >= settings.maxRequests) return later();
  return await hold(delivery, request.signal, endsAtMs, { held, arrivals, later });
}

/** Holds one request until its delivery is settled, or its own end. */
function hold<E extends FeedEvent>(
  delivery: Delivery<E>,
  gone: AbortSignal | undefined,
  endsAtMs: number,
  { held, arrivals, later }: Pick<Holding<E>, "held" | "arrivals"> & { later: () => Response },
): Promise<Response> {
  return new Promise((resolve) => {
    const answered = new AbortController();
    const answer: Answer = (response) => {
      answered.abort();
      forget();
      resolve(response);
    };
    const entry = held.add(delivery, answer, endsAtMs);
    const end = (): void => {
      held.remove(entry, answer);
      answer(later());
    };
    const forget = onAbort(gone, end);
    sleep(Math.max(0, endsAtMs - performance.now()), answered.signal).then(end, () => undefined);
    arrivals.announce();
  });
}

/** The pulls that wait, and what they are given. */
interface Arrivals<E extends FeedEvent> {
  /** Gives what waits to the pulls that wait, the oldest pull first. */
  announce(): void;
  /** Whether a pull waits, or came lately enough that another is to be expected. */
  areRead(): boolean;
  pull(options?: PullOptions): Promise<readonly Delivery<E>[]>;
}

function createArrivals<E extends FeedEvent>(held: HeldRequests<E>): Arrivals<E> {
  const waiters = new Set<() => void>();
  let readUntilMs = performance.now() + livesMs;

  const announce = (): void => {
    for (const wake of waiters) {
      if (held.waiting === 0) return;
      wake();
    }
  };

  /** Waits for an arrival, which is taken at once, so that no other pull comes in between. */
  const next = async (limit: number, waitMs: number, signal?: AbortSignal) => {
    let taken: readonly Held<E>[] = [];
    const woken = new AbortController();
    const wake = (): void => {
      waiters.delete(wake);
      taken = held.take(limit);
      woken.abort();
    };
    const stop = (): void => woken.abort();
    waiters.add(wake);
    signal?.addEventListener("abort", stop, { once: true });
    await sleep(waitMs, woken.signal).catch(() => undefined);
    waiters.delete(wake);
    signal?.removeEventListener("abort", stop);
    if (signal?.aborted) {
      held.putBack(taken);
      announce();
      throw reasonOf(signal);
    }
    return taken;
  };

  return {
    announce,
    areRead: () => waiters.size > 0 || performance.now() <= readUntilMs,
    async pull({ limit = defaultLimit, waitMs = 0, signal } = {}) {
      throwIfAborted(signal);
      readUntilMs = performance.now() + waitMs + livesMs;
      const count = Math.max(1, limit);
      const isThere = held.waiting > 0 || waitMs <= 0;
      return (isThere ? held.take(count) : await next(count, waitMs, signal)).map(toPulled);
    },
  };
}

/** The delivery of a held request, hidden from other pulls until the last of its requests ends. */
function toPulled<E extends FeedEvent>({ delivery, token, requests }: Held<E>): Delivery<E> {
  const leaseMs = Math.max(0, Math.max(...requests.values()) - performance.now());
  const pulled = (each: Delivery<E>): Delivery<E> => {
    const own: Delivery<E> = { ...each, receipt: toReceipt(token), leaseMs };
    const again: (() => Delivery<E>) | undefined = each.again;
    return again ? withAgain(own, () => pulled(again.call(each))) : own;
  };
  return pulled(delivery);
}
