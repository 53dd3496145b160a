import type { LoopSettings } from "../options.ts";
import type { Entry } from "./entry.ts";
import type { PacingBounds } from "./pacing.ts";
import { Pace } from "./pacing.ts";
import type { Tell } from "./report.ts";

/** Fewer different events than this that fail cannot be told from poison. */
export const LEAST_FAILED = 3;

/**
 * How often an event may fail and others succeed behind it, before it is taken for bad by itself; or twice as
 * often as one that was good after all.
 */
const MOST_FORGIVEN = 3;

/** How long to wait for what others in work will say, once no further event has failed, in ms. */
const MOST_UNSURE_MS = 120_000;

/** What a circuit works with. */
export interface CircuitParts {
  /** How many different events must have failed. */
  readonly after: number;
  /** How many events one call of a handler takes; 1 where each that failed counts by itself. */
  readonly atOnce: number;
  /** The waits between probes. */
  readonly bounds: PacingBounds;
  /** How long a probe may take before another is made beside it, in ms. */
  readonly probeMs: number;
  readonly tell: Tell | undefined;
}

/** Between which waits the first and the last wait between probes in an outage lie, in ms. */
const PROBE_WAITS = Object.freeze({ first: [100, 1000], last: [1000, 60_000] } as const);

/** How fast a circuit judges and probes, of what the run's options say. */
export function toCircuitPace({
  circuitAfter,
  batchSize = 1,
  orderBy,
  retry,
  handlerTimeoutMs = PROBE_WAITS.last[1],
}: Pick<LoopSettings, "orderBy" | "retry" | "handlerTimeoutMs"> & {
  readonly circuitAfter: number;
  readonly batchSize: number | undefined;
}): Pick<CircuitParts, "after" | "atOnce" | "bounds" | "probeMs"> {
  const within = (ms: number, [least, most]: readonly [number, number]): number =>
    Math.min(most, Math.max(least, ms));
  return {
    after: circuitAfter,
    // With keys a batch holds no more than what stands first of each: events are counted, not calls.
    atOnce: orderBy ? 1 : batchSize,
    bounds: {
      minMs: within(retry.minMs, PROBE_WAITS.first),
      maxMs: within(retry.maxMs, PROBE_WAITS.last),
    },
    probeMs: Math.min(handlerTimeoutMs, PROBE_WAITS.last[1]),
  };
}

/** What the failures so far say. */
export type Judgement = "unsure" | "poison" | "outage";

/**
 * Tells an outage of what the handlers need from events that are bad: when so many different ones have
 * failed and none has succeeded in between, no attempt is counted, and one event at a time probes whether
 * it is over. It judges, and starts nothing.
 */
export class Circuit {
  readonly #parts: CircuitParts;
  readonly #pace: Pace;
  /** The events that failed since the last success, and how often each. */
  readonly #failures = new Map<Entry, number>();
  /** How many calls of a handler failed that held an event which had not. */
  #failedCalls = 0;
  /** What failed last, in words. */
  #why = "";
  /** When the last of them failed first. */
  #failedAt = 0;
  #openedAt: number | undefined;
  #mostForgiven = MOST_FORGIVEN;
  /** What probes, and until when no other does. */
  #probe: { readonly entry: Entry; readonly until: number } | undefined;

  constructor(parts: CircuitParts) {
    this.#parts = parts;
    this.#pace = new Pace(parts.bounds);
  }

  /** Whether there is an outage. */
  get isOpen(): boolean {
    return this.#openedAt !== undefined;
  }

  /** Since when there is an outage, by `performance.now`. */
  get openedAt(): number | undefined {
    return this.#openedAt;
  }

  /** When the next probe may start, by `performance.now`; one that hangs is not waited for for ever. */
  get probeAt(): number {
    return Math.max(this.#pace.until, this.#probe?.until ?? 0);
  }

  /** When what is not known by then is not waited for, by `performance.now`. */
  get sureAt(): number {
    return this.#failedAt + MOST_UNSURE_MS;
  }

  /**
   * A call of a handler has failed with these events. In an outage their attempts do not count.
   *
   * @param isBlocked Whether so few are held that they may be bad, and no other can come before they go.
   * @param why With what, in words.
   */
  failed(entries: readonly Entry[], isBlocked = false, why = ""): void {
    this.#why = why;
    if (this.isOpen) {
      if (isBlocked) return;
      for (const entry of entries) entry.attempts = Math.max(0, entry.attempts - 1);
      return;
    }
    // What has failed beside others' successes before is bad by itself, and says nothing of an outage.
    const telling = entries.filter(({ forgiven }) => forgiven < this.#mostForgiven);
    const fresh = telling.filter((entry) => !this.#failures.has(entry)).length;
    if (fresh > 0) this.#failedAt = performance.now();
    this.#failedCalls += this.#parts.atOnce === 1 ? fresh : Math.min(1, fresh);
    for (const entry of telling) this.#failures.set(entry, (this.#failures.get(entry) ?? 0) + 1);
  }

  /**
   * A handler was done with an event. Few that failed before have failed by themselves; many may have met
   * an outage that is over now, so that what they have tried meanwhile is given back, a few times.
   */
  succeeded({ forgiven }: Entry): void {
    this.#mostForgiven = Math.max(this.#mostForgiven, 2 * forgiven);
    if (this.#failedCalls > 0) this.#forgive();
    if (this.#openedAt === undefined) return;
    const elapsedMs = performance.now() - this.#openedAt;
    this.#openedAt = undefined;
    this.#probe = undefined;
    this.#pace.reset();
    this.#parts.tell?.({ kind: "circuitClosed", elapsedMs });
  }

  /** Whether an event has failed since the last success. */
  isSuspect(entry: Entry): boolean {
    return this.#failures.has(entry);
  }

  /** An event has left, however that was: it is not there any more to fail again. */
  left(entry: Entry): void {
    if (this.#failures.size > 0) this.#failures.delete(entry);
  }

  /**
   * What the failures say of the events that failed.
   *
   * @param startable How many events are held that a handler was or can be started with.
   */
  judge(startable: number): Judgement {
    const { after, atOnce } = this.#parts;
    const isLate = performance.now() >= this.sureAt;
    // A handler may hang for ever: what it has says nothing.
    const held = isLate ? Math.min(startable, this.#failures.size) : startable;
    const calls = Math.ceil(held / atOnce);
    const failed = Math.min(this.#failedCalls, this.#failures.size);
    const areAll = failed >= Math.max(LEAST_FAILED, Math.min(after, calls));
    if (areAll || this.#failedCalls >= Math.max(LEAST_FAILED, after)) return "outage";
    // Where not enough could ever fail, or all that could have, nothing more will be known.
    const untried = held - this.#failures.size;
    const inSight = failed + Math.ceil(untried / atOnce);
    return untried > 0 && inSight >= LEAST_FAILED ? "unsure" : "poison";
  }

  /** There is an outage: the attempts since the last success are given back. */
  open(): void {
    for (const [entry, failures] of this.#failures) {
      entry.attempts = Math.max(0, entry.attempts - failures);
      entry.verdict = undefined;
    }
    const failed = this.#failures.size;
    this.#forget();
    this.#openedAt = performance.now();
    const delayMs = this.#pace.delay();
    this.#parts.tell?.({ kind: "circuitOpened", failed, delayMs, why: this.#why });
  }

  /** An event probes. If another still does, that one has failed. */
  probes(entry: Entry): void {
    if (this.#probe) this.#pace.delay();
    this.#probe = { entry, until: performance.now() + this.#parts.probeMs };
  }

  /** An attempt has ended: what probed lets another probe, after a longer wait where it has failed. */
  ended(entry: Entry, hasFailed: boolean): void {
    if (this.#probe?.entry !== entry) return;
    this.#probe = undefined;
    if (!hasFailed) return;
    const delayMs = this.#pace.delay();
    if (this.#openedAt === undefined) return;
    const elapsedMs = performance.now() - this.#openedAt;
    this.#parts.tell?.({ kind: "probeFailed", elapsedMs, delayMs, why: this.#why });
  }

  #forgive(): void {
    const mayBeOutage = this.#failures.size >= LEAST_FAILED;
    for (const [entry, failures] of this.#failures) {
      entry.forgiven += 1;
      if (!mayBeOutage) continue;
      entry.attempts = Math.max(0, entry.attempts - failures);
      entry.verdict = undefined;
    }
    this.#forget();
  }

  #forget(): void {
    this.#failures.clear();
    this.#failedCalls = 0;
  }
}
