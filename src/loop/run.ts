import type { AckloopError } from "../core/errors.ts";
import { checkOptions, milliseconds, whole } from "../core/options.ts";
import type { ReportListener } from "../core/report.ts";
import type { Summary } from "../core/summary.ts";
import { Awaitable } from "./awaitable.ts";
import type { RunDetails } from "./details.ts";
import { SILENT_AFTER_MS } from "./engine/answers.ts";
import type { Engine } from "./engine/engine.ts";
import type { RunState } from "./engine/facts.ts";

/** Why a run does not do its work. */
export type Trouble =
  /** Something has halted it: `lastError` says what. */
  | "halted"
  /** It was stopped, or its signal has fired. */
  | "ended"
  /** Handlers are at work and none has ended for `stalledAfterMs`. A retry that waits is no stall. */
  | "stalled"
  /**
   * Three polls in a row have failed, or none was answered for 2 min + `idle.maxDelayMs` + `waitMs` (205 s by
   * default) although one should have been.
   */
  | "polls"
  /** Three acknowledgements in a row have failed, or none on the way is answered for 2 min. */
  | "acks"
  /** The same of a store: of dead letters, marks or leases. */
  | "stores"
  /** The circuit breaker is open: what the handlers need is away. */
  | "outage";

/** How a run is doing, at the moment it was asked. */
export interface Health {
  /** The feed's name. */
  readonly feed: string;
  /** What it is about. */
  readonly state: "standby" | "running" | "paused" | "stopping" | "ended";
  /**
   * Whether it does its work: it has no trouble. One that is paused, or waits for its lease, is healthy. One
   * poll that is lost is no trouble. For a readiness probe, and for alarms.
   */
  readonly healthy: boolean;
  /**
   * False where only a new process may help: the run was halted, or its handlers stall. Whatever else is
   * wrong passes without a restart, and not by one. For a liveness probe.
   */
  readonly live: boolean;
  /** What is wrong, an empty list where nothing is. */
  readonly troubles: readonly Trouble[];
  /** What has halted the run, or else why the last poll, acknowledgement or call of a store failed. */
  readonly lastError?: AckloopError | undefined;
  /** When a pull was last answered, in epoch ms; absent before the first. */
  readonly lastPollAt?: number | undefined;
  /** When a handler was last done with an event, in epoch ms; absent before the first. */
  readonly lastHandledAt?: number | undefined;
  /** How many polls in a row brought nothing new or failed. */
  readonly fruitlessPolls: number;
  /** Deliveries that are not settled. */
  readonly open: number;
  /** Deliveries that are not acknowledged, settled ones included: what `maxInFlight` bounds. */
  readonly inFlight: number;
  /** Handlers that are at work. */
  readonly handling: number;
  /** The delivery that has been open longest, by its identity; absent where none is open. */
  readonly oldestOpen?: string | undefined;
  /** For how long that one has been open, in ms. */
  readonly oldestOpenMs?: number | undefined;
  /** Whether another process holds the lease, or nobody could say yet. */
  readonly waitingForLease: boolean;
  /**
   * For how long the run has held since handlers failed with event after event, in ms; absent while it
   * does not. See the option `circuitBreaker`.
   */
  readonly outageMs?: number | undefined;
}

/** The options of a look inside. */
const detailsTable = { most: whole(0, 1000).or(50) };

/** The options of a stop. */
export const stopTable = { withinMs: milliseconds(0) };

/**
 * A loop at work: awaitable, to be stopped, paused and asked for its health.
 *
 * Awaiting it gives the summary once it has ended by itself or was stopped, and rejects with an
 * {@link AckloopError} that carries the summary when it had to halt.
 */
export class Run extends Awaitable<Summary> {
  readonly [Symbol.toStringTag] = "Run";
  readonly #engine: Engine;
  readonly #stalledAfterMs: number;
  protected readonly ended: Promise<Summary>;
  #isOver = false;

  /** Made by `consume`. */
  constructor(engine: Engine, stalledAfterMs: number) {
    super();
    this.#engine = engine;
    this.#stalledAfterMs = stalledAfterMs;
    this.ended = engine.run().finally(() => {
      this.#isOver = true;
    });
  }

  /**
   * Stops the run: pulling ends, handlers at work may finish, then their signal fires, then what is
   * settled is acknowledged, and what is not is let go of: given back where the API can, its marks are
   * taken back, the lease is released. What a handler still has in its hands when the time is over is not
   * given back, but its mark is taken back too: a stop counts no start. Resolves like the run itself.
   *
   * A stop is never a failed attempt. Called twice, or from many places, it gives the same result; of
   * several times the shortest holds, also for a halt that is under way. Of the time, the part
   * `reserveMs` is kept for the last acknowledgements, at most a fifth; in the last half of that, at most
   * a second, handlers are not waited for any more, so that there is time to let go. Letting go has 100 ms
   * in any case, and a second where the lease was lost: a stop may be so much longer than its time.
   * A handler calls it without awaiting it: what awaits the run's end cannot be a part of it.
   *
   * @param options.withinMs How long the stop may take in all, in ms. @default the option `shutdownTimeoutMs`
   * @throws {AckloopError} `config` when `withinMs` is no number from 0 to a year; whatever halted the run.
   */
  stop(options: { readonly withinMs?: number | undefined } = {}): Promise<Summary> {
    try {
      const { withinMs } = checkOptions("run.stop", options, stopTable);
      this.#engine.stop("signal", withinMs);
      return this.ended;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Pulls no more and starts no handler until {@link Run.resume}. Handlers at work go on. */
  pause(): void {
    this.#engine.pause();
  }

  /** Goes on after {@link Run.pause}. */
  resume(): void {
    this.#engine.resume();
  }

  /**
   * Reads again which events are to be skipped, as the dead-letter store keeps them (`ackloop skip`).
   *
   * Resolves when that is known, and every event that is started from then on goes by it; while the store
   * fails, not before it is back. Resolves at once where no dead-letter store keeps skips, and once the run
   * is stopping.
   *
   * @throws {AckloopError} `config`, where no waiting mends the store: the run goes on with what it knew.
   */
  reload(): Promise<void> {
    return this.#engine.reload();
  }

  /**
   * Listens to every report from now on, as the option `onReport` does from the start, until the function that it
   * gives is called. While nobody listens, reports that come with each event are not made. One that throws goes no
   * further.
   */
  watch(listener: ReportListener): () => void {
    return this.#engine.watch(listener);
  }

  /**
   * What the run has done and holds, for pages and tools that show it to people; see `ackloop/inspector`. It costs
   * what it shows, and nothing while nobody asks.
   *
   * @param options.most How many open events are given at the most, 0-1000. @default 50
   * @throws {AckloopError} `config` when `most` is no such number.
   */
  details(options: { readonly most?: number | undefined } = {}): RunDetails {
    const { most } = checkOptions("run.details", options, detailsTable);
    return this.#engine.details(most);
  }

  /** How the run is doing. */
  health(): Health {
    const facts = this.#engine.state;
    const { oldest, outageSince } = facts;
    const state = this.#isOver ? "ended" : facts.phase;
    const troubles = troublesOf(state, facts, this.#stalledAfterMs);
    const now = performance.now();
    return {
      feed: facts.feed,
      state,
      healthy: troubles.length === 0,
      live: !troubles.some((trouble) => trouble === "halted" || trouble === "stalled"),
      troubles,
      lastError: facts.halt ?? facts.lastError,
      lastPollAt: facts.lastPollAt,
      lastHandledAt: facts.lastHandledAt,
      fruitlessPolls: facts.fruitlessPolls,
      open: facts.open,
      inFlight: facts.inFlight,
      handling: facts.handling,
      oldestOpen: oldest?.identity,
      oldestOpenMs: oldest && now - oldest.openedAt,
      waitingForLease: state === "standby",
      outageMs: outageSince === undefined ? undefined : now - outageSince,
    };
  }
}

function troublesOf(
  state: Health["state"],
  facts: RunState,
  stalledAfterMs: number,
): readonly Trouble[] {
  if (facts.halt) return ["halted"];
  if (state === "ended") return ["ended"];
  const now = performance.now();
  const { pullDueSince = now, stillSince = now } = facts;
  const isRunning = state === "running";
  const isSilent = now - pullDueSince >= SILENT_AFTER_MS + facts.longestSilenceMs;
  const all: readonly (readonly [Trouble, boolean])[] = [
    ["stalled", isRunning && now - stillSince >= stalledAfterMs],
    ["polls", isRunning && (facts.arePullsBad || isSilent)],
    ["acks", facts.areAcksBad],
    ["stores", facts.areStoresBad],
    ["outage", facts.outageSince !== undefined],
  ];
  return all.filter(([, isSo]) => isSo).map(([trouble]) => trouble);
}
