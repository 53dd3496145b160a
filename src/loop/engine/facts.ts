import type { Feed } from "../../core/feed.ts";
import type { OpenEvent, RunDetails } from "../details.ts";
import type { LoopSettings } from "../options.ts";
import type { Circuit } from "./circuit.ts";
import type { Counts } from "./counts.ts";
import type { Ending } from "./ending.ts";
import type { Entry } from "./entry.ts";
import type { Handling } from "./handling.ts";
import type { Keeping } from "./keeping.ts";
import type { LeaseGuard } from "./lease.ts";
import type { Pulling } from "./pulling.ts";
import type { Settling } from "./settling.ts";
import type { Window } from "./window.ts";

/** Whom a run's facts are asked of. */
export interface FactsParts {
  readonly feed: Feed;
  readonly settings: LoopSettings;
  readonly window: Window;
  readonly counts: Counts;
  readonly handling: Handling;
  readonly pulling: Pulling;
  readonly settling: Settling;
  readonly keeping: Keeping;
  readonly guard: LeaseGuard | undefined;
  readonly circuit: Circuit | undefined;
  readonly incidents: () => RunDetails["incidents"];
  readonly ending: () => Ending | undefined;
  readonly isPaused: () => boolean;
}

/** What `health()` is made of; times by `performance.now` but for those in epoch ms. */
export type RunState = Facts["state"];

/** What a run tells of itself to whoever asks. It changes nothing. */
export class Facts {
  readonly #parts: FactsParts;
  /** When a handler was done with an event, in epoch ms; read once for all that were in one turn. */
  #lastHandledAt: number | undefined;
  #hasHandled = false;
  /** When the event that came last happened. */
  #newestTime: string | undefined;

  constructor(parts: FactsParts) {
    this.#parts = parts;
  }

  /** An event is new. */
  cameIn({ delivery }: Entry): void {
    this.#newestTime = delivery.event?.time ?? this.#newestTime;
  }

  /** A handler is done with an event. */
  handled(): void {
    this.#hasHandled = true;
  }

  /** Says when that was, of all since it was said last. */
  noteHandled(): void {
    if (this.#hasHandled) this.#lastHandledAt = Date.now();
    this.#hasHandled = false;
  }

  get state() {
    this.noteHandled();
    const { feed, settings, window, handling, pulling, settling, keeping, guard } = this.#parts;
    const { idle, waitMs } = settings;
    const pulls = pulling.answers;
    const acks = settling.answers;
    const stores = [...keeping.answers, ...(guard ? [guard.answers] : [])];
    return {
      feed: feed.name,
      phase: this.#phase,
      lastPollAt: pulling.lastPollAt,
      lastHandledAt: this.#lastHandledAt,
      fruitlessPolls: pulling.fruitless,
      open: window.open,
      inFlight: window.held,
      handling: handling.running,
      oldest: window.oldest,
      outageSince: this.#parts.circuit?.openedAt,
      pullDueSince: pulling.dueSince,
      longestSilenceMs: idle.maxMs + waitMs,
      stillSince: this.#stillSince,
      arePullsBad: pulls.areBad,
      // What can be acked no more is not waited for.
      areAcksBad: acks.areBad && !settling.isIdle,
      areStoresBad: stores.some(({ areBad }) => areBad),
      halt: this.#parts.ending()?.facts.error,
      lastError: [pulls, acks, ...stores].find(({ lastError }) => lastError)?.lastError,
    };
  }

  /** What it has done and holds; of what is open at most `most`. */
  details(most: number): RunDetails {
    const { feed, settings, window, counts, pulling } = this.#parts;
    const { open } = window;
    const unacked = feed.acks === "cumulative" ? window.watermark.first : window.oldest;
    return {
      feed: feed.name,
      consumer: settings.consumer,
      acks: feed.acks,
      summary: counts.toSummary(undefined, open, pulling.polls),
      concurrency: settings.concurrency,
      maxInFlight: settings.maxInFlight,
      bytes: window.bytes,
      holder: settings.lease?.holder,
      newestTime: this.#newestTime,
      unackedTime: unacked?.delivery.event?.time,
      open: window.firstOpen(most).map((entry) => this.#toOpenEvent(entry)),
      incidents: this.#parts.incidents(),
    };
  }

  #toOpenEvent(entry: Entry): OpenEvent {
    const { identity, delivery, isAtWork, attempts, failure, openedAt } = entry;
    const now = performance.now();
    const dueAt = this.#parts.handling.dueAt(entry);
    const waits = failure === undefined ? "waiting" : "retrying";
    return {
      identity,
      event: delivery.event,
      state: isAtWork ? "handling" : waits,
      attempts,
      openMs: now - openedAt,
      nextInMs: dueAt && Math.max(0, dueAt - now),
      failure,
    };
  }

  /** Since when no handler that is at work has ended. An attempt may wait for a store too, and be no work. */
  get #stillSince(): number | undefined {
    const { window, handling } = this.#parts;
    const { stillSince } = handling;
    let begun = Number.POSITIVE_INFINITY;
    for (const { isAtWork, atWorkSince } of window.openEntries())
      if (isAtWork) begun = Math.min(begun, atWorkSince);
    const isAtWork = begun < Number.POSITIVE_INFINITY;
    return isAtWork && stillSince !== undefined ? Math.max(stillSince, begun) : undefined;
  }

  get #phase(): "standby" | "running" | "paused" | "stopping" {
    const { ending, isPaused, guard } = this.#parts;
    if (ending()) return "stopping";
    if (isPaused()) return "paused";
    return guard && !guard.isHeld ? "standby" : "running";
  }
}
