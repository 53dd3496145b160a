import type { FeedEvent } from "../core/event.ts";
import { sleep } from "../core/sleep.ts";
import type { Entry } from "./entry.ts";
import type { BatchHandler } from "./handler.ts";
import type { Disposition } from "./processor.ts";
import { Queue } from "./queue.ts";

/** What a dispatcher works with. */
export interface DispatcherParts {
  /** How many attempts run at once. */
  readonly concurrency: number;
  readonly orderBy: ((event: FeedEvent) => string | number) | undefined;
  readonly batch: Pick<BatchHandler, "size" | "maxWaitMs"> | undefined;
  readonly attempt: (entry: Entry) => Promise<Disposition>;
  readonly attemptBatch: (entries: readonly Entry[]) => Promise<readonly Disposition[]>;
  /** Whether a handler may be started now. */
  readonly mayStart: () => boolean;
  /** An attempt came to an end that is final, or the run must halt. */
  readonly onEnd: (entry: Entry, disposition: Disposition) => void;
  /** An attempt failed and waits for the next. */
  readonly onAgain: (failed: boolean) => void;
}

/**
 * Gives entries to handlers: so many at once, never two of one key, each key in order.
 *
 * An entry that waits for its next attempt frees its slot and keeps its key.
 */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #ready = new Queue<Entry>();
  /** The entries behind the one at work, for each key that is in use. */
  readonly #keys = new Map<string | number, Queue<Entry>>();
  readonly #quit = new AbortController();
  #running = 0;
  #pumping = false;
  #held = false;
  /** Whether the puller brings nothing more for now. */
  #hurry = false;
  /** How many entries wait for their next attempt. */
  #asleep = 0;
  /** Whether the first event of the next batch has waited long enough. */
  #isDue = false;
  #batchTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** How many attempts are at work. */
  get running(): number {
    return this.#running;
  }

  /** How many entries wait for a slot, apart from those behind their key. */
  get ready(): number {
    return this.#ready.length;
  }

  /** Whether a slot stands empty that nothing here can fill now. */
  get isHungry(): boolean {
    const { concurrency, batch } = this.#parts;
    return this.#running < concurrency && this.#ready.length < (batch?.size ?? 1);
  }

  /** Takes an entry; call {@link Dispatcher.pump} after the last. */
  add(entry: Entry): void {
    this.#hurry = false;
    this.#giveKey(entry);
    if (entry.key !== undefined) {
      const behind = this.#keys.get(entry.key);
      if (behind) {
        behind.push(entry);
        return;
      }
      this.#keys.set(entry.key, new Queue());
    }
    this.#ready.push(entry);
  }

  /** The data is not validated yet: an event without a key, or whose key cannot be made, has none. */
  #giveKey(entry: Entry): void {
    const { orderBy } = this.#parts;
    const { event } = entry.delivery;
    if (orderBy === undefined || event === undefined) return;
    try {
      entry.key = orderBy(event) ?? undefined;
    } catch (error) {
      entry.keyFailure = { error };
    }
  }

  /** Starts as many handlers as there are slots and entries. */
  pump(): void {
    // A handler that returns at once would start the next from within, deeper each time.
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#running < this.#parts.concurrency && this.#mayStart() && this.#startNext()) {
      // Each turn starts one handler.
    }
    this.#pumping = false;
  }

  /** No more events come before some here are done: until others do, batches go out that are not full. */
  hurry(): void {
    this.#hurry = true;
    this.pump();
  }

  /** Starts no handler until {@link Dispatcher.resume}. */
  pause(): void {
    this.#held = true;
  }

  resume(): void {
    this.#held = false;
    this.pump();
  }

  /** Starts no handler any more and forgets what waits. Handlers at work go on. */
  stop(): void {
    clearTimeout(this.#batchTimer);
    this.#quit.abort();
  }

  #mayStart(): boolean {
    return !this.#held && !this.#quit.signal.aborted && this.#parts.mayStart();
  }

  #startNext(): boolean {
    const { batch } = this.#parts;
    if (batch) return this.#startBatch(batch);
    const entry = this.#ready.shift();
    if (entry === undefined) return false;
    this.#running += 1;
    void this.#work(entry);
    return true;
  }

  #startBatch({ size, maxWaitMs }: { readonly size: number; readonly maxWaitMs: number }): boolean {
    if (this.#ready.length === 0) return false;
    const noneCome = this.#hurry && this.#asleep === 0;
    if (this.#ready.length < size && !noneCome && !this.#isDue) {
      this.#batchTimer ??= setTimeout(() => this.#batchIsDue(), maxWaitMs);
      return false;
    }
    clearTimeout(this.#batchTimer);
    this.#batchTimer = undefined;
    this.#isDue = false;
    this.#running += 1;
    void this.#workBatch(this.#ready.take(size));
    return true;
  }

  #batchIsDue(): void {
    this.#batchTimer = undefined;
    this.#isDue = true;
    this.pump();
  }

  async #work(entry: Entry): Promise<void> {
    const disposition = await this.#parts.attempt(entry);
    this.#running -= 1;
    this.#ended(entry, disposition);
    this.pump();
  }

  async #workBatch(entries: readonly Entry[]): Promise<void> {
    const dispositions = await this.#parts.attemptBatch(entries);
    this.#running -= 1;
    for (const [index, entry] of entries.entries()) {
      this.#ended(entry, dispositions[index] ?? { kind: "left" });
    }
    this.pump();
  }

  #ended(entry: Entry, disposition: Disposition): void {
    if (disposition.kind === "again" && !this.#quit.signal.aborted) {
      this.#parts.onAgain(disposition.failed);
      void this.#wait(entry, disposition.delayMs);
      return;
    }
    if (entry.key !== undefined && disposition.kind === "settled") this.#nextOfKey(entry.key);
    this.#parts.onEnd(entry, disposition);
  }

  async #wait(entry: Entry, delayMs: number): Promise<void> {
    this.#asleep += 1;
    try {
      await sleep(delayMs, this.#quit.signal);
    } catch {
      return;
    } finally {
      this.#asleep -= 1;
    }
    this.#ready.push(entry);
    this.pump();
  }

  #nextOfKey(key: string | number): void {
    const next = this.#keys.get(key)?.shift();
    if (next) this.#ready.push(next);
    else this.#keys.delete(key);
  }
}
