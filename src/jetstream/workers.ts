import type { ConsumerInfo } from "@nats-io/jetstream";
import type { Msg } from "@nats-io/transport-node";
import { abortable, reasonOf, throwIfAborted } from "../core/abort.ts";
import type { CallOptions } from "../core/feed.ts";
import type { Engine } from "./engine.ts";
import { sayGivenBack } from "./entry.ts";
import { queueError, toQueueError } from "./error.ts";
import { type PullAnswer, type PullRequestParts, requestMessages } from "./pull-request.ts";
import { type MadeConsumer, toMs, toNs } from "./stream.ts";

/** What is known of a consumer that was looked at. */
export interface Known {
  /** When its stream was made. */
  readonly made: string;
  readonly leaseMs: number;
  /** The most messages of one request. */
  readonly maxBatch: number;
  /** The longest that one request may wait, in ms. */
  readonly maxWaitMs: number;
}

const MOST_MESSAGES = 1000;

/** How long one request waits at most, in ms: one that a server has lost is made again after that. */
const LONGEST_WAIT_MS = 5000;

/** How much of a lease one request may wait at most, since the lease counts from its begin: nobody knows how long a message was on its way. */
const WAIT_OF_LEASE = 1 / 4;

/** How long a server may take to say that there is nothing, in ms. */
const SILENCE_MS = 1000;

const RESOLVED: Promise<void> = Promise.resolve();

type Request = PullRequestParts["request"];

/** How a request is made; its messages are held for `leaseMs` from its begin. */
interface Asking extends Pick<PullRequestParts, "limitMs" | "signal" | "stop"> {
  readonly leaseMs: number;
}

/** One consumer, as its workers ask it. */
export class Workers {
  readonly #engine: Engine;
  readonly #consumer: string;
  readonly #told: MadeConsumer;
  readonly #filter: string | undefined;
  #known: Promise<Known> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #tidying: Promise<void> | undefined;
  /** Ends when nothing is about to be given back: a request that is made sooner may be taken back just then. */
  #givingBack = RESOLVED;

  /** @param filter The one subject that the consumer reads; absent where it reads all. */
  constructor(engine: Engine, consumer: string, told: MadeConsumer, filter?: string) {
    this.#engine = engine;
    this.#consumer = consumer;
    this.#told = told;
    this.#filter = filter;
  }

  /** The engine's consumer. */
  get consumer(): string {
    return this.#consumer;
  }

  /** Makes or checks the consumer, once for all calls until {@link forget}. */
  known(operation: string, call: CallOptions = {}): Promise<Known> {
    return abortable(call, () => {
      const known = this.#known ?? this.#look(operation);
      this.#known = known;
      known.catch(() => this.#forget(known));
      return known;
    });
  }

  /** Something says that the consumer is not what it was: it is looked at again before the next call. */
  forget(): void {
    this.#known = undefined;
  }

  /** Brings what is there at once, else the first that comes in time. */
  async pull(known: Known, limit: number, waitMs: number, signal?: AbortSignal): Promise<Msg[]> {
    const endsAt = performance.now() + waitMs;
    const batch = Math.min(limit, known.maxBatch);
    const ask = (request: Request, limitMs: number) =>
      this.#request(request, { limitMs, leaseMs: known.leaseMs, signal });
    let answer = await ask({ batch, no_wait: true }, SILENCE_MS);
    for (;;) {
      const messages = [...answer.messages];
      if (messages.length === 0) this.#check(answer);
      // Silence may be no emptiness: a drain would take it for the end while the server is away.
      if (answer.isSilent && messages.length === 0) await this.known("pull", { signal });
      const leftMs = Math.min(Math.ceil(endsAt - performance.now()), known.maxWaitMs);
      if (messages.length > 0 || leftMs <= 0) return messages;
      // One alone: a request for more would go on after the first, and bring the others to nobody.
      answer = await ask({ batch: 1, expires: toNs(leftMs) }, leftMs + SILENCE_MS);
    }
  }

  /**
   * Brings one message, now or within the time; nothing more once `stop` has fired. One that was on its way for
   * longer than its lease is left to whoever has it now.
   */
  async pullOne(known: Known, waitMs: number, stop: AbortSignal): Promise<readonly Msg[]> {
    await this.#givingBack;
    if (stop.aborted) return [];
    const leftMs = Math.min(Math.ceil(waitMs), known.maxWaitMs);
    const request: Request =
      leftMs > 0 ? { batch: 1, expires: toNs(leftMs) } : { batch: 1, no_wait: true };
    const { leaseMs } = known;
    const limitMs = leftMs + SILENCE_MS;
    const answer = await this.#request(request, { limitMs, leaseMs, signal: undefined, stop });
    if (answer.messages.length === 0 && !stop.aborted) {
      this.#check(answer);
      // A server that answers although it holds the partition is looked at too, now and then.
      if (performance.now() - this.#lookedAt > leaseMs) this.forget();
    }
    return answer.messages.filter((message) => this.holds(message));
  }

  /** Whether the lease of what was pulled is not over. */
  holds({ reply = "" }: Msg): boolean {
    return this.#engine.leases.holds(reply);
  }

  /** Gives back what was pulled, where it is not another's by now. */
  giveBack(messages: readonly Msg[], when = RESOLVED): void {
    const before = this.#givingBack;
    const work = async (): Promise<void> => {
      await when;
      const held = messages.filter((message) => this.holds(message));
      if (held.length > 0) await this.#tidy();
      await before;
      sayGivenBack(this.#engine.parts.connection, held);
    };
    this.#givingBack = work();
  }

  /** Ends when all that is to be given back is free for others. */
  async released(): Promise<void> {
    let last: unknown;
    while (last !== this.#givingBack) {
      last = this.#givingBack;
      await last;
    }
    const { connection } = this.#engine.parts;
    if (!connection.isClosed()) await connection.flush();
  }

  /**
   * Sends a word about a delivery, and ends when the server has confirmed it. False where its lease has ended:
   * then it may be another's. Only an acknowledgement is sent all the same, since the event is handled, but not of
   * a partition, where the next event would be given beside the one at work.
   *
   * @param holdMs For how long it is held then, where the word lengthens its lease.
   */
  async say(
    operation: string,
    {
      subject,
      word,
      holdMs,
    }: { readonly subject: string; readonly word: string; readonly holdMs?: number | undefined },
  ): Promise<boolean> {
    const { leases } = this.#engine;
    const isOfPartition = this.#filter !== undefined;
    if (!leases.holds(subject) && (operation !== "ack" || isOfPartition)) return false;
    if (word.startsWith("-NAK")) await this.#tidy();
    const saidAt = performance.now();
    await this.#send(operation, subject, word);
    if (holdMs === undefined) leases.drop(subject);
    else leases.lengthen(subject, saidAt + holdMs);
    return true;
  }

  /**
   * Lets the server drop the requests of those who have left, whoever they were. Else 2.9.10 loses an event that is
   * given back to the first of these: it stays hidden for its lease, and another one at work is given once more.
   */
  #tidy(): Promise<void> {
    const { parts } = this.#engine;
    const look = async (): Promise<void> => {
      await this.#engine.ask("nack", (api) => api.consumers.info(parts.name, this.#consumer));
    };
    this.#tidying ??= look()
      .catch(() => {})
      .finally(() => {
        this.#tidying = undefined;
      });
    return this.#tidying;
  }

  async #send(operation: string, subject: string, word: string): Promise<void> {
    const { connection, timeout } = this.#engine.parts;
    try {
      await connection.request(subject, word, { timeout });
    } catch (thrown) {
      const nobody = `there is no consumer ${this.#consumer} any more; the next pull makes it again`;
      this.forget();
      throw toQueueError(thrown, operation, nobody);
    }
  }

  #forget(known: Promise<Known>): void {
    if (this.#known === known) this.#known = undefined;
  }

  async #look(operation: string): Promise<Known> {
    const made = await this.#engine.look(operation);
    const info = await this.#engine.makeConsumer(operation, this.#consumer, {
      ...this.#told,
      ...(this.#filter !== undefined && { filter_subject: this.#filter }),
    });
    await this.#letGo(operation, info);
    const { ack_wait, max_batch, max_expires } = info.config;
    this.#lookedAt = performance.now();
    const leaseMs = toMs(ack_wait);
    const longestMs = Math.min(LONGEST_WAIT_MS, leaseMs * WAIT_OF_LEASE);
    return {
      made,
      leaseMs,
      maxBatch: Math.min(max_batch || MOST_MESSAGES, MOST_MESSAGES),
      maxWaitMs: Math.min(toMs(max_expires) || longestMs, longestMs),
    };
  }

  /**
   * A server that crashed may have the consumer as it was before an acknowledgement, and the stream as it was
   * behind it: the consumer then waits for an event that is gone. It would hold its partition for good, since of
   * a partition one event alone is out. Tried on 2.9.10; a server that is told of the event lets go of it.
   *
   * Source: nats-io/nats-server, pull request 7984, read 2026-12.
   */
  async #letGo(operation: string, { num_ack_pending, delivered }: ConsumerInfo): Promise<void> {
    if (this.#filter === undefined || num_ack_pending === 0) return;
    const { stream_seq, consumer_seq } = delivered;
    // Who may not ask, or hears nothing, takes it for there.
    if (await this.#engine.has(operation, stream_seq).catch(() => true)) return;
    const place = `${this.#engine.parts.name}.${this.#consumer}.1.${stream_seq}.${consumer_seq}.0.0`;
    await this.#send(operation, `$JS.ACK.${place}`, "+ACK");
  }

  async #request(request: Request, { leaseMs, signal, ...how }: Asking): Promise<PullAnswer> {
    throwIfAborted(signal);
    const { connection, name } = this.#engine.parts;
    const subject = `${this.#engine.client.apiPrefix}.CONSUMER.MSG.NEXT.${name}.${this.#consumer}`;
    const until = performance.now() + leaseMs;
    const hold = (messages: readonly Msg[]) => {
      for (const { reply = "" } of messages) this.#engine.leases.hold(reply, until);
    };
    const giveBack: PullRequestParts["giveBack"] = (messages, when) => {
      hold(messages);
      this.giveBack(messages, when);
    };
    try {
      const parts = { connection, subject, request, signal, giveBack, ...how };
      const answer = await requestMessages(parts);
      hold(answer.messages);
      if (!signal?.aborted) return answer;
      this.giveBack(answer.messages);
    } catch (thrown) {
      if (!signal?.aborted) throw toQueueError(thrown, "pull", "the server is away");
    }
    throw reasonOf(signal);
  }

  /** Says what a request without a message came to, where that is not that there is nothing. */
  #check({ status, told = "", isSilent }: PullAnswer): void {
    if (isSilent || status === 503) {
      this.forget();
      return;
    }
    if (status === undefined || status === 404 || status === 408) return;
    if (/maxwaiting/i.test(told)) {
      const text = "more workers wait than `max_waiting` of the consumer lets";
      throw queueError("rateLimit", "pull", text, { retryable: true, retryAfterMs: 1000 });
    }
    this.forget();
    if (/push based/i.test(told)) throw queueError("config", "pull", told);
    if (status === 400) throw queueError("request", "pull", told);
    throw queueError("transport", "pull", told, { retryable: true });
  }
}
