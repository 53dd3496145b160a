import type { Msg } from "@nats-io/transport-node";
import { abortable, reasonOf, throwIfAborted } from "../core/abort.ts";
import type { CallOptions } from "../core/feed.ts";
import type { Engine } from "./engine.ts";
import { giveBack } from "./entry.ts";
import { queueError, toQueueError } from "./error.ts";
import { type PullAnswer, requestMessages } from "./pull-request.ts";
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

/** How long a server may take to say that there is nothing, in ms. */
const SILENCE_MS = 1000;

/** One consumer, as its workers ask it. */
export class Workers {
  readonly #engine: Engine;
  readonly #consumer: string;
  readonly #told: MadeConsumer;
  readonly #filter: string | undefined;
  #known: Promise<Known> | undefined;
  /** What this process holds of a partition, and until when by its own clock. */
  #held: { readonly subject: string; readonly until: number } | undefined;

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
    let answer = await this.#request({ batch, no_wait: true }, SILENCE_MS, signal);
    for (;;) {
      const messages = [...answer.messages];
      if (messages.length === 0) this.#check(answer);
      const leftMs = Math.min(Math.ceil(endsAt - performance.now()), known.maxWaitMs);
      if (messages.length > 0 || leftMs <= 0) return messages;
      // One alone: a request for more would go on after the first, and bring the others to nobody.
      answer = await this.#request(
        { batch: 1, expires: toNs(leftMs) },
        leftMs + SILENCE_MS,
        signal,
      );
    }
  }

  /** Brings one message, now or within the time; nothing more once `stop` has fired. */
  async pullOne(
    known: Known,
    waitMs: number,
    { signal, stop }: { readonly signal: AbortSignal | undefined; readonly stop: AbortSignal },
  ): Promise<Msg[]> {
    if (stop.aborted) return [];
    const leftMs = Math.min(Math.ceil(waitMs), known.maxWaitMs);
    const request =
      leftMs > 0 ? { batch: 1, expires: toNs(leftMs) } : { batch: 1, no_wait: true as const };
    const answer = await this.#request(request, leftMs + SILENCE_MS, signal, stop);
    if (answer.messages.length === 0 && !stop.aborted) this.#check(answer);
    for (const { reply: subject = "" } of answer.messages) {
      this.#held = { subject, until: performance.now() + known.leaseMs };
    }
    return [...answer.messages];
  }

  /**
   * Sends a word about a delivery, and ends when the server has confirmed it. False where the lease of a
   * partition's event has ended: the engine goes by the event's number alone, and would take a late word for that
   * of the worker who has it now, and give the next event beside it.
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
    const saidAt = performance.now();
    if (this.#held?.subject === subject && saidAt >= this.#held.until) return false;
    await this.#send(operation, subject, word);
    if (holdMs !== undefined && this.#held?.subject === subject) {
      this.#held = { subject, until: saidAt + holdMs };
    }
    return true;
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
    const config = await this.#engine.makeConsumer(operation, this.#consumer, {
      ...this.#told,
      ...(this.#filter !== undefined && { filter_subject: this.#filter }),
    });
    const { ack_wait, max_batch, max_expires } = config;
    return {
      made,
      leaseMs: toMs(ack_wait),
      maxBatch: Math.min(max_batch || MOST_MESSAGES, MOST_MESSAGES),
      maxWaitMs: Math.min(toMs(max_expires) || LONGEST_WAIT_MS, LONGEST_WAIT_MS),
    };
  }

  async #request(
    request: { readonly batch: number; readonly no_wait?: true; readonly expires?: number },
    limitMs: number,
    signal: AbortSignal | undefined,
    stop?: AbortSignal,
  ): Promise<PullAnswer> {
    throwIfAborted(signal);
    const { connection, name } = this.#engine.parts;
    const subject = `${this.#engine.client.apiPrefix}.CONSUMER.MSG.NEXT.${name}.${this.#consumer}`;
    try {
      const answer = await requestMessages({ connection, subject, request, limitMs, signal, stop });
      if (!signal?.aborted) return answer;
      giveBack(connection, answer.messages);
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
