import type { Msg } from "@nats-io/transport-node";
import { abortable, onAbort, reasonOf, throwIfAborted } from "../core/abort.ts";
import { sleep } from "../core/sleep.ts";
import { partsOf } from "./entry.ts";
import type { Known, Workers } from "./workers.ts";

/** A message, and what is known of its consumer. */
export interface Brought {
  readonly message: Msg;
  readonly known: Known;
  readonly workers: Workers;
}

interface Pulling {
  readonly limit: number;
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** How long the others are waited for once one has come, in ms: what is there comes with it. */
const GATHER_MS = 2;
/** The same while answers are due at once: a partition that is held gives none. */
const GATHER_DUE_MS = 30;

/** How long a pull that does not wait leaves the requests of those before it to bring what is there, in ms. */
const GRACE_MS = 50;

/** How long a message is kept for the next pull, in ms, and how much of its lease at most. */
const KEEP = Object.freeze({ ms: 100, ofLease: 1 / 8 });

/**
 * The one message of each partition that is free, for the pulls of one feed.
 *
 * A pull that has brought some leaves its other requests as they are, and the next one goes on with them; what comes
 * between is kept for that one a moment. A request that is taken back costs more than it seems: an event that
 * falls due just then goes to nobody, and holds its partition until its lease is over.
 */
export class Firsts {
  readonly #partitions: readonly Workers[];
  /** Who is asked, and whether the answer may take its time. */
  readonly #asked = new Map<Workers, { readonly isPatient: boolean }>();
  readonly #asking = new Set<Promise<void>>();
  readonly #naps = new Set<() => void>();
  #ready: Brought[] = [];
  #failure: { readonly thrown: unknown } | undefined;
  #stop = new AbortController();
  #known: Promise<unknown> | undefined;
  #pulls = 0;
  #keeping: ReturnType<typeof setTimeout> | undefined;

  constructor(partitions: readonly Workers[]) {
    this.#partitions = partitions;
  }

  /** Brings what is free, as soon as there is any, in the stream's order. */
  async pull(pulling: Pulling): Promise<readonly Brought[]> {
    const { signal } = pulling;
    throwIfAborted(signal);
    const forget = onAbort(signal, () => this.cut());
    // What has failed while nobody pulled may be well again.
    if (this.#pulls === 0) this.#failure = undefined;
    this.#pulls += 1;
    clearTimeout(this.#keeping);
    this.#keeping = undefined;
    try {
      return await this.#bring(pulling);
    } finally {
      forget();
      this.#pulls -= 1;
      this.#keep();
    }
  }

  async #bring({ limit, waitMs, signal }: Pulling): Promise<readonly Brought[]> {
    const endsAt = performance.now() + waitMs;
    await abortable({ signal }, () => this.#know());
    // Once: a partition that is held is silent for long, and meanwhile the others would be asked without end.
    if (waitMs === 0) this.#askAll(limit, 0);
    for (let leftMs = waitMs; ; leftMs = Math.max(0, endsAt - performance.now())) {
      if (leftMs > 0) this.#askAll(limit, leftMs);
      await this.#look(limit, leftMs, signal);
      if (signal?.aborted) throw reasonOf(signal);
      const brought = this.#take(limit);
      if (brought.length > 0) return brought;
      this.#throwFailure();
      if (leftMs === 0 && !this.#isAnswerDue) break;
    }
    return waitMs === 0 ? await this.#bringLate(limit, signal) : [];
  }

  /** What is there is on its way to a request of before, and a drain would end without it. */
  async #bringLate(limit: number, signal: AbortSignal | undefined): Promise<readonly Brought[]> {
    const endsAt = performance.now() + GRACE_MS;
    while (this.#ready.length === 0 && this.#asked.size > 0 && !signal?.aborted) {
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) break;
      await this.#nap(leftMs, signal);
    }
    if (signal?.aborted) throw reasonOf(signal);
    return this.#take(limit);
  }

  /** All consumers are there before the first is asked, or the last would be asked long after it. */
  #know(): Promise<unknown> {
    this.#known ??= Promise.all(this.#partitions.map((each) => each.known("pull")));
    this.#known.catch(() => {
      this.#known = undefined;
    });
    return this.#known;
  }

  /** Waits until one has answered. */
  async #look(limit: number, leftMs: number, signal: AbortSignal | undefined): Promise<void> {
    const restMs = leftMs || Number.POSITIVE_INFINITY;
    if (this.#ready.length === 0 && (leftMs > 0 || this.#isAnswerDue)) {
      await this.#nap(restMs, signal);
    }
    if (this.#ready.length > 0) await this.#gather(limit, signal);
  }

  /** Takes all requests back, and gives back what was not pulled. */
  cut(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#giveBackAll();
  }

  /** Ends when all that was asked for before is given back. */
  async release(): Promise<void> {
    this.cut();
    await Promise.all(this.#asking);
  }

  /** Whether a partition was asked that answers at once. */
  get #isAnswerDue(): boolean {
    return [...this.#asked.values()].some(({ isPatient }) => !isPatient);
  }

  /** Asks whom it has not asked, where that is not here already. */
  #askAll(limit: number, waitMs: number): void {
    if (this.#ready.length >= limit) return;
    const isHere = new Set(this.#ready.map(({ workers }) => workers));
    for (const workers of this.#partitions) {
      if (this.#asked.has(workers) || isHere.has(workers)) continue;
      const asking = this.#ask(workers, waitMs).finally(() => this.#asking.delete(asking));
      this.#asking.add(asking);
    }
  }

  async #ask(workers: Workers, waitMs: number): Promise<void> {
    const { signal: stop } = this.#stop;
    this.#asked.set(workers, { isPatient: waitMs > 0 });
    try {
      const known = await workers.known("pull");
      const messages = await workers.pullOne(known, waitMs, stop);
      if (stop.aborted) workers.giveBack(messages);
      else this.#ready.push(...messages.map((message) => ({ message, known, workers })));
    } catch (thrown) {
      if (!stop.aborted) this.#failure ??= { thrown };
    }
    this.#asked.delete(workers);
    this.#keep();
    for (const wake of this.#naps) wake();
  }

  /** Waits for more to come with what has come. */
  async #gather(limit: number, signal: AbortSignal | undefined): Promise<void> {
    const began = performance.now();
    while (this.#isAnswerDue || (this.#ready.length < limit && this.#asked.size > 0)) {
      const mostMs = this.#isAnswerDue ? GATHER_DUE_MS : GATHER_MS;
      const leftMs = began + mostMs - performance.now();
      if (leftMs <= 0 || signal?.aborted) return;
      await this.#nap(leftMs, signal);
    }
  }

  #take(limit: number): readonly Brought[] {
    const held = this.#ready.filter(({ message, workers }) => workers.holds(message));
    held.sort((left, right) => sequenceOf(left.message) - sequenceOf(right.message));
    const taken = held.splice(0, limit);
    this.#ready = held;
    if (taken.length > 0) this.#failure = undefined;
    return taken;
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.thrown;
  }

  /** What nobody pulls soon is another's. */
  #keep(): void {
    if (this.#pulls > 0 || this.#ready.length === 0 || this.#keeping !== undefined) return;
    const { leaseMs = 0 } = this.#ready[0]?.known ?? {};
    this.#keeping = setTimeout(
      () => {
        this.#keeping = undefined;
        this.#giveBackAll();
      },
      Math.min(KEEP.ms, leaseMs * KEEP.ofLease),
    );
  }

  #giveBackAll(): void {
    for (const { message, workers } of this.#ready.splice(0)) workers.giveBack([message]);
  }

  /** Sleeps until a partition has answered, or the time is over. */
  async #nap(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return;
    const own = new AbortController();
    const wake = (): void => own.abort();
    const forget = onAbort(signal, wake);
    this.#naps.add(wake);
    await sleep(Math.ceil(delayMs), own.signal).catch(() => {});
    this.#naps.delete(wake);
    forget();
  }
}

/** Where it stands in the stream; a message's order, whichever its consumer. */
function sequenceOf({ reply = "" }: Msg): number {
  return partsOf(reply)?.sequence ?? 0;
}
