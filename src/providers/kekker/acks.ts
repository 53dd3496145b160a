import { throwIfAborted } from "../../core/abort.ts";
import { type AckloopError, isAckloopError } from "../../core/errors.ts";
import type { AckVerdict, Receipt } from "../../core/feed.ts";
import { asUnsent } from "../../http/fail.ts";
import type { KekkerCalls } from "./calls.ts";
import { type Acknowledged, readReceipt } from "./receipt.ts";
import { earlierTime } from "./time.ts";
import { readEarliest } from "./wire.ts";

/** What came of some acks. */
export interface Acked {
  /** One for each receipt, in order. */
  readonly verdicts: readonly AckVerdict[];
  /** The time before which everything is processed, as far as these acks tell. */
  readonly watermark: string | undefined;
}

/** Acknowledges events one by one, several at once. */
export type AckAll = (
  receipts: readonly Receipt[],
  signal: AbortSignal | undefined,
) => Promise<Acked>;

/** How many acks may fail in a row before no further one of the same call is sent. */
const mostFailures = 3;

/**
 * Makes the acks of a feed, at most `concurrency` at once.
 *
 * A node that fails is spared: after three failures in a row the rest of the call is not sent, and after a
 * call of which nothing succeeded the next begins with one ack alone, which tries whether the node is back.
 * Which one is drawn, so that an event that always fails holds up no other.
 */
export function createAcks(calls: KekkerCalls, concurrency: number): AckAll {
  let isSick = false;
  return async (receipts, signal) => {
    throwIfAborted(signal);
    const batch = new Batch(calls, receipts, signal);
    if (isSick && receipts.length > 0)
      await batch.send(Math.floor(Math.random() * receipts.length));
    if (!batch.isAllFailed) await batch.sendAll(concurrency);
    isSick = batch.isAllFailed;
    return { verdicts: batch.verdicts(), watermark: batch.watermark };
  };
}

/** The acks of one call. */
class Batch {
  readonly #calls: KekkerCalls;
  readonly #receipts: readonly Receipt[];
  readonly #signal: AbortSignal | undefined;
  readonly #verdicts = new Map<number, AckVerdict>();
  #failed: AckloopError | undefined;
  #inRow = 0;
  #succeeded = 0;
  /** The earliest time that a reply named; replies overtake each other, and the earliest is safe. */
  #earliest: string | undefined;
  /** The newest time that was acknowledged. */
  #newest: string | undefined;

  constructor(calls: KekkerCalls, receipts: readonly Receipt[], signal: AbortSignal | undefined) {
    this.#calls = calls;
    this.#receipts = receipts;
    this.#signal = signal;
  }

  get isAllFailed(): boolean {
    return this.#failed !== undefined && this.#succeeded === 0;
  }

  /**
   * Where no reply named an open event, everything up to the newest acknowledged one is processed: a reset
   * to it repeats that one, and would find what was lost behind it.
   */
  get watermark(): string | undefined {
    return this.#earliest ?? this.#newest;
  }

  verdicts(): readonly AckVerdict[] {
    return this.#receipts.map((_, index) => this.#verdicts.get(index) ?? this.#unsent());
  }

  async sendAll(concurrency: number): Promise<void> {
    // The workers share one iterator: each takes the next receipt as soon as it is free.
    const indexes = this.#receipts.keys();
    const work = async (): Promise<void> => {
      for (const index of indexes) {
        if (this.#inRow >= mostFailures) return;
        if (!this.#verdicts.has(index)) await this.send(index);
      }
    };
    const count = Math.min(concurrency, this.#receipts.length);
    await Promise.all(Array.from({ length: count }, work));
  }

  async send(index: number): Promise<void> {
    const event = readReceipt(this.#receipts[index] as Receipt);
    try {
      this.#succeed(
        index,
        "acked",
        event,
        await this.#calls.ack(event.id, { signal: this.#signal }),
      );
    } catch (error) {
      throwIfAborted(this.#signal);
      if (!isAckloopError(error)) throw error;
      // The node says so with 400; a 404 is the word of something else, such as a gateway without this path.
      if (error.code === "notFound" && error.status === 400) this.#succeed(index, "gone");
      else this.#fail(index, error);
    }
  }

  #succeed(index: number, status: "acked" | "gone", event?: Acknowledged, reply?: string): void {
    this.#verdicts.set(index, { status });
    this.#succeeded += 1;
    this.#inRow = 0;
    const named = reply === undefined ? undefined : readEarliest(reply);
    if (named !== undefined) this.#earliest = earlierTime(this.#earliest ?? named, named);
    const { time } = event ?? {};
    if (time === undefined) return;
    if (this.#newest === undefined || earlierTime(this.#newest, time) !== time) this.#newest = time;
  }

  #fail(index: number, error: AckloopError): void {
    this.#verdicts.set(index, { status: "failed", error });
    // What is wrong with one event says nothing of the node.
    if (!error.retryable && error.code !== "auth") return;
    this.#failed = error;
    this.#inRow += 1;
  }

  #unsent(): AckVerdict {
    const error = this.#failed;
    if (error === undefined) throw new TypeError("an ack has no verdict");
    return { status: "failed", error: asUnsent(error) };
  }
}
