import type { AckloopError } from "../../core/errors.ts";
import type { FeedEvent } from "../../core/event.ts";
import { describeThrown, notify } from "../../core/guard.ts";
import { isNameless } from "../../core/identity.ts";
import type { BatchParts } from "../handler.ts";
import type { Attempts, Disposition, Ended } from "./attempt.ts";
import type { Circuit } from "./circuit.ts";
import { LEAST_FAILED } from "./circuit.ts";
import type { Entry } from "./entry.ts";
import { Queue } from "./queue.ts";
import { Rate } from "./rate.ts";

const NEVER = Number.POSITIVE_INFINITY;

/** How an entry was settled. */
export type SettledAs = Extract<Disposition, { kind: "settled" }>["as"];

/** What the handling side of a run works with. */
export interface HandlingParts {
  /** How many handlers run at once. */
  readonly concurrency: number;
  /** How many are started in a second at the most; absent where that is open. */
  readonly maxPerSecond: number | undefined;
  readonly orderBy: ((event: FeedEvent) => string | number) | undefined;
  readonly batch: Pick<BatchParts, "size" | "maxWaitMs"> | undefined;
  readonly attempts: Pick<Attempts, "make" | "makeBatch" | "giveUp">;
  /** Absent where outages are not told from poison. */
  readonly circuit: Circuit | undefined;
  /** How many deliveries are held and not settled. */
  readonly open: () => number;
  /** Whether a handler may be started now. */
  readonly mayStart: (now: number) => boolean;
  /** Whether a pull may bring more by then. */
  readonly mayComeBy: (at: number) => boolean;
  /** Whether a pull brings more before what is held has gone. */
  readonly hasRoom: () => boolean;
  readonly onSettled: (entry: Entry, as: SettledAs) => void;
  /** Whether what would not be done in time can be given back before its lease ends. */
  readonly givesBack: boolean;
  /** Whether the lease of an entry has ended, though it was lengthened: another may have the event. */
  readonly isLeaseOver: (entry: Entry, now: number) => boolean;
  /** It is not begun, for the sake of its lease: it comes again. */
  readonly onLapsed: (entry: Entry) => void;
  /** Its handler, or what came before it, has ended and left it unsettled. */
  readonly onLeft?: ((entry: Entry) => void) | undefined;
  /** An attempt failed and is made again. */
  readonly onRetry: () => void;
  readonly onHalt: (error: AckloopError) => void;
  /** Something has changed: the run looks at all of it again. */
  readonly changed: () => void;
}

/**
 * The handling side of a run: gives entries to handlers, so many at once, never two of one key, each key
 * in order. It pulls nothing and acks nothing.
 *
 * An entry that waits for its next attempt frees its slot and keeps its key.
 */
export class Handling {
  readonly #parts: HandlingParts;
  readonly #rate: Rate | undefined;
  readonly #ready = new Queue<Entry>();
  /** The entries behind the one at work, for each key that is in use. */
  readonly #keys = new Map<string | number, Queue<Entry>>();
  /** What waits for its next attempt, and until when. */
  readonly #napping = new Map<Entry, number>();
  /** What failed too often, while it is not certain that it was its own fault. */
  readonly #parked = new Set<Entry>();
  /** What another has in work: it can say nothing of an outage. */
  readonly #elsewhere = new Set<Entry>();
  #nextWake = NEVER;
  #running = 0;
  /** When a handler ended last, or none was at work. */
  #movedAt: number | undefined;
  #behind = 0;
  /** Whether the last step has started a handler. */
  hasStarted = false;
  /** When a handler was started last. */
  #startedAt = 0;
  /** How long the last one took, where its event could not be hidden longer. */
  #tookMs = 0;
  /** Since when nothing was begun, and what came with the rest of a lease was let go of. */
  #restsSince: number | undefined;
  /** The longest time for which what was let go of was hidden. */
  #lapsedMs: number | undefined;
  /** When something was let go of first since the last start because its lease had ended. */
  #lostAt: number | undefined;
  /** When the first event of the next batch has waited long enough. */
  #batchDueAt: number | undefined;

  constructor(parts: HandlingParts) {
    this.#parts = parts;
    this.#rate = parts.maxPerSecond === undefined ? undefined : new Rate(parts.maxPerSecond);
  }

  /** How many handlers are at work. */
  get running(): number {
    return this.#running;
  }

  /** Since when none of the handlers at work has ended, by `performance.now`, as far as that is known. */
  get stillSince(): number | undefined {
    return this.#running > 0 ? this.#movedAt : undefined;
  }

  /** When an entry that waits for its next attempt is due, by `performance.now`. */
  dueAt(entry: Entry): number | undefined {
    return this.#napping.get(entry);
  }

  /** Whether a slot stands empty that nothing here can fill now. */
  get isHungry(): boolean {
    const { concurrency, batch, circuit } = this.#parts;
    // In an outage nothing fills it but a probe, and what comes later may be the first that is good.
    const isFew = circuit?.isOpen === true || this.#ready.length < (batch?.size ?? 1);
    return isFew && this.#running < concurrency;
  }

  /**
   * How many may come so that all are begun in the first half of their lease, where others were not.
   *
   * @param isAcked Whether all that is settled is acked: what is not, and has no lease any more, comes again.
   */
  roomInTime(isAcked: boolean): number {
    if (this.#lapsedMs === undefined) return NEVER;
    const { concurrency, batch, maxPerSecond = NEVER } = this.#parts;
    const size = batch?.size ?? 1;
    // A handler that took no time at all counts as one of a millisecond.
    const turnMs = Math.max(1, this.#tookMs, (1000 * concurrency) / maxPerSecond);
    const turns = Math.floor(this.#lapsedMs / 2 / turnMs);
    if (turns < 1 && !isAcked) return 0;
    const atOnce = concurrency * size * Math.max(1, turns);
    // What stands behind a key that waits may come again first: it holds up no other key.
    const behind = this.isHungry ? -this.#behind : this.#behind;
    const room = atOnce - this.#running * size - this.#ready.length - behind;
    return Math.max(room, this.#missing);
  }

  /** How many more are to be held while some have failed, so that an outage can be told from poison. */
  get #missing(): number {
    const { batch, circuit } = this.#parts;
    const haveFailed = this.#napping.size + this.#parked.size > 0;
    const least = LEAST_FAILED * (batch?.size ?? 1);
    return circuit && haveFailed ? least - this.#startable : -1;
  }

  /** Takes an entry that is new. */
  add(entry: Entry): void {
    this.#giveKey(entry);
    if (entry.key !== undefined) {
      const behind = this.#keys.get(entry.key);
      if (behind) {
        this.#behind += 1;
        behind.push(entry);
        return;
      }
      this.#keys.set(entry.key, new Queue());
    }
    this.#ready.push(entry);
  }

  /** Starts whatever may be started now; gives when there is more to do, by `performance.now`. */
  step(now: number): number {
    if (this.#running === 0) this.#movedAt = undefined;
    this.#movedAt ??= now;
    this.#judge();
    if (now >= this.#nextWake) this.#wake(now);
    let at = now;
    this.hasStarted = false;
    while (this.#hasSlot(at) && this.#parts.mayStart(at) && this.#startNext(at)) {
      this.hasStarted = true;
      at = performance.now();
    }
    const { circuit } = this.#parts;
    // What is due and may not be started is woken by whatever ends or changes.
    const sureAt = this.#parked.size > 0 ? circuit?.sureAt : undefined;
    const circuitAt = circuit?.isOpen ? circuit.probeAt : sureAt;
    const later = (due = NEVER): number => (due > at ? due : NEVER);
    const rateAt = this.#ready.length > 0 ? this.#rate?.nextAt : undefined;
    return Math.min(
      later(this.#nextWake),
      later(this.#batchDueAt),
      later(circuitAt),
      later(rateAt),
    );
  }

  /** The data is not validated yet: a key that cannot be made of it is a fault of the event. */
  #giveKey(entry: Entry): void {
    const { orderBy } = this.#parts;
    const { event } = entry.delivery;
    if (orderBy === undefined || event === undefined) return;
    try {
      const key: unknown = orderBy(event);
      if (typeof key === "string" || typeof key === "number") entry.key = key;
      else if (key !== undefined && key !== null) {
        // It may be a promise, and reject later.
        notify(() => key);
        entry.keyFailure = `orderBy gave ${typeof key}, not a text or number`;
      }
    } catch (thrown) {
      entry.keyFailure = `orderBy threw: ${describeThrown(thrown)}`;
    }
  }

  #hasSlot(now: number): boolean {
    const { circuit, concurrency } = this.#parts;
    if (this.#running >= concurrency) return false;
    if (this.#rate && now < this.#rate.nextAt) return false;
    return !circuit?.isOpen || now >= circuit.probeAt;
  }

  #startNext(now: number): boolean {
    const { batch, attempts, circuit } = this.#parts;
    if (batch && !this.#isBatchReady(batch, now)) return false;
    const isProbe = circuit?.isOpen === true;
    // As a probe, one that was never tried says the most, the newest above all: those that have failed, and
    // what came with them, may be bad by themselves.
    const untried = isProbe ? this.#ready.takeLast(isUntried) : undefined;
    const entry = untried ?? this.#takeNext(now);
    if (entry === undefined) return false;
    this.#startedAt = now;
    this.#rate?.take(now);
    this.#restsSince = undefined;
    this.#lostAt = undefined;
    entry.begunAt = now;
    if (isProbe) circuit.probes(entry);
    this.#running += 1;
    const { verdict } = entry;
    entry.verdict = undefined;
    if (verdict) attempts.giveUp(entry, verdict, this.#ended);
    // A probe goes alone: beside one that is bad it would fail for ever.
    else if (batch)
      this.#startBatch([entry, ...this.#takeForBatch(isProbe ? 0 : batch.size - 1, now)]);
    else attempts.make(entry, this.#ended);
    return true;
  }

  #takeNext(now: number): Entry | undefined {
    let entry = this.#ready.shift();
    while (entry && this.#letLapse(entry, now)) entry = this.#ready.shift();
    return entry;
  }

  /** Lets go of what was never begun and is to come again rather than to be begun now. */
  #letLapse(entry: Entry, now: number): boolean {
    const { given, beside, key } = entry;
    if (given !== undefined || beside !== undefined || this.#missing >= 0) return false;
    if (!this.#isLost(entry, now) && !this.#lapses(entry, now)) return false;
    if (key !== undefined) this.#nextOfKey(key);
    this.#parts.onLapsed(entry);
    return true;
  }

  /**
   * Whether its lease has ended although it was to be lengthened, as where this process stood still: what
   * another may have is not begun beside it. One that has come since, and finds nothing begun, is begun all the same,
   * so that no lease is too short for all.
   */
  #isLost(entry: Entry, now: number): boolean {
    if (!this.#parts.isLeaseOver(entry, now)) return false;
    if (entry.openedAt >= (this.#lostAt ?? NEVER)) return false;
    this.#lostAt ??= now;
    return true;
  }

  /**
   * Whether it has no id and would be begun, or done, after its lease, which nothing lengthens: it comes again as
   * another, to be handled once more. Not where no other was begun since it came, so that no lease is too short for
   * all; but where others have longer ones, what came with the rest of one may be.
   */
  #lapses(entry: Entry, now: number): boolean {
    const { hiddenUntil, name, openedAt } = entry;
    const doneAt = now + (this.#parts.givesBack ? this.#tookMs : 0);
    if (hiddenUntil > doneAt || name === undefined || !isNameless(name)) return false;
    if (openedAt >= this.#startedAt && !this.#isRest(entry, now)) return false;
    // A feed may tell what is left of a lease that has begun before.
    this.#lapsedMs = Math.max(this.#lapsedMs ?? 0, hiddenUntil - openedAt);
    return true;
  }

  /**
   * Whether an entry came with the rest of a lease, and is to come with a whole one. Where nothing is begun
   * in the time of four leases none does, such as where each pull is held for longer.
   */
  #isRest({ hiddenUntil, openedAt }: Entry, now: number): boolean {
    const longestMs = this.#lapsedMs ?? 0;
    if (hiddenUntil - openedAt >= this.#tookMs || this.#tookMs >= longestMs) return false;
    this.#restsSince ??= now;
    return now <= this.#restsSince + 4 * longestMs;
  }

  #startBatch(entries: readonly Entry[]): void {
    this.#batchDueAt = undefined;
    for (const entry of entries) entry.begunAt = this.#startedAt;
    const onEnd = (ended: readonly Ended[]): void => {
      const failed = ended.filter(([, disposition]) => isFailure(disposition));
      if (failed.length > 0)
        this.#parts.circuit?.failed(
          failed.map(([entry]) => entry),
          this.#isBlocked,
          whyOf(failed.at(-1)?.[1]),
        );
      for (const [entry, disposition] of ended) this.#dispose(entry, disposition);
      this.#parts.changed();
    };
    void this.#parts.attempts.makeBatch(entries, onEnd).then(() => {
      this.#hasEnded(entries[0]);
      this.#parts.changed();
    });
  }

  /** Those that are to be given up do not go into a batch. */
  #takeForBatch(count: number, now: number): Entry[] {
    const taken = this.#ready.take(count).filter((entry) => !this.#letLapse(entry, now));
    const doomed = taken.filter(({ verdict }) => verdict !== undefined);
    for (const entry of doomed) this.#ready.push(entry);
    return taken.filter(({ verdict }) => verdict === undefined);
  }

  /** Full, or has waited long enough, or nothing can come that would fill it. */
  #isBatchReady(
    { size, maxWaitMs }: { readonly size: number; readonly maxWaitMs: number },
    now: number,
  ): boolean {
    if (this.#ready.length === 0) return false;
    this.#batchDueAt ??= now + maxWaitMs;
    if (this.#ready.length >= size || now >= this.#batchDueAt) return true;
    const freed = this.#behind > 0 && this.#running > 0;
    const woken = this.#nextWake <= this.#batchDueAt;
    return !freed && !woken && !this.#parts.mayComeBy(this.#batchDueAt);
  }

  #hasEnded(entry: Entry | undefined): void {
    if (entry && entry.hiddenUntil < Number.POSITIVE_INFINITY)
      this.#tookMs = performance.now() - entry.begunAt;
    this.#running -= 1;
    this.#movedAt = undefined;
  }

  readonly #ended = (disposition: Disposition, entry: Entry): void => {
    this.#hasEnded(entry);
    if (isFailure(disposition))
      this.#parts.circuit?.failed([entry], this.#isBlocked, whyOf(disposition));
    this.#dispose(entry, disposition);
    this.#parts.changed();
  };

  /** Whether nothing good could ever come to end an outage, if what is held is bad by itself. */
  get #isBlocked(): boolean {
    return this.#startable < LEAST_FAILED && !this.#parts.hasRoom();
  }

  /** How many events are held that a handler was or can be started with. */
  get #startable(): number {
    return this.#parts.open() - this.#behind - this.#elsewhere.size;
  }

  #dispose(entry: Entry, disposition: Disposition): void {
    const { circuit, onSettled, onHalt } = this.#parts;
    if (this.#elsewhere.size > 0) this.#elsewhere.delete(entry);
    circuit?.ended(entry, isFailure(disposition));
    switch (disposition.kind) {
      case "settled":
        circuit?.left(entry);
        if (entry.key !== undefined) this.#nextOfKey(entry.key);
        onSettled(entry, disposition.as);
        return;
      case "halt":
        onHalt(disposition.error);
        return;
      case "left":
        // Where the run is not stopping, it was only not sure whether it may go on.
        this.#ready.push(entry);
        this.#parts.onLeft?.(entry);
        return;
      default:
        this.#retryOrPark(entry, disposition);
    }
  }

  #retryOrPark(
    entry: Entry,
    disposition: Extract<Disposition, { kind: "again" | "exhausted" }>,
  ): void {
    entry.failure = disposition.why ?? entry.failure;
    if (disposition.kind === "exhausted") {
      const isProbed = this.#parts.circuit?.isOpen === true;
      if (!isProbed || this.#isBlocked) entry.verdict = disposition.verdict;
      if (isProbed) this.#ready.push(entry);
      else this.#parked.add(entry);
      return;
    }
    if (disposition.failed) this.#parts.onRetry();
    else this.#elsewhere.add(entry);
    this.#nap(entry, disposition.delayMs);
  }

  /** Decides what becomes of those that failed too often, as soon as it can be known. */
  #judge(): void {
    const { circuit } = this.#parts;
    if (circuit === undefined) {
      this.#release(() => true);
      return;
    }
    if (circuit.isOpen) return;
    // A success since has shown that it was their own fault.
    this.#release((entry) => !circuit.isSuspect(entry));
    const judgement = circuit.judge(this.#startable);
    if (judgement === "outage") {
      circuit.open();
      this.#release(() => true);
    } else if (judgement === "poison") this.#release(() => true);
  }

  #release(which: (entry: Entry) => boolean): void {
    for (const entry of this.#parked) {
      if (!which(entry)) continue;
      this.#parked.delete(entry);
      this.#ready.push(entry);
    }
  }

  #nap(entry: Entry, delayMs: number): void {
    const until = performance.now() + delayMs;
    this.#napping.set(entry, until);
    this.#nextWake = Math.min(this.#nextWake, until);
  }

  #wake(now: number): void {
    this.#nextWake = NEVER;
    for (const [entry, until] of this.#napping) {
      if (until > now) {
        this.#nextWake = Math.min(this.#nextWake, until);
        continue;
      }
      this.#napping.delete(entry);
      this.#ready.push(entry);
    }
  }

  #nextOfKey(key: string | number): void {
    const next = this.#keys.get(key)?.shift();
    if (next) {
      this.#behind -= 1;
      this.#ready.push(next);
    } else this.#keys.delete(key);
  }
}

const isUntried = ({ given }: Entry): boolean => given === undefined;

function isFailure(disposition: Disposition): boolean {
  return disposition.kind === "exhausted" || (disposition.kind === "again" && disposition.failed);
}

/** With what an attempt has failed, in words. */
function whyOf(disposition: Disposition | undefined): string {
  return (disposition && "why" in disposition && disposition.why) || "it said so";
}
