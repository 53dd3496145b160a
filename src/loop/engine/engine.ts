import { onAbort } from "../../core/abort.ts";
import type { AckloopError } from "../../core/errors.ts";
import type { Feed, Receipt } from "../../core/feed.ts";
import { toFailure } from "../../core/guard.ts";
import type { ReportListener } from "../../core/report.ts";
import type { StopReason, Summary } from "../../core/summary.ts";
import type { Telemetry } from "../../core/telemetry.ts";
import type { RunDetails } from "../details.ts";
import type { LoopSettings } from "../options.ts";
import { Alarm } from "./alarm.ts";
import { Attempts } from "./attempt.ts";
import { Circuit, toCircuitPace } from "./circuit.ts";
import { toEnter } from "./context.ts";
import { Counts, withSummary } from "./counts.ts";
import type { EndingFacts } from "./ending.ts";
import { Ending, reserveOf } from "./ending.ts";
import type { Entry } from "./entry.ts";
import { receiptsOf } from "./entry.ts";
import { Extending } from "./extending.ts";
import { Facts } from "./facts.ts";
import type { SettledAs } from "./handling.ts";
import { Handling } from "./handling.ts";
import type { KeepingParts } from "./keeping.ts";
import { Keeping, toServices } from "./keeping.ts";
import { LeaseGuard } from "./lease.ts";
import { Leaving } from "./leaving.ts";
import { Pulling } from "./pulling.ts";
import type { OpenTell } from "./report.ts";
import { toLog, toOpenTell, toTell } from "./report.ts";
import type { Routes } from "./route.ts";
import { LONG_MS, RunVoice } from "./run-voice.ts";
import { HandlerScope } from "./scope.ts";
import type { Service } from "./service.ts";
import type { Settling, SettlingParts } from "./settling.ts";
import { CumulativeSettling, IndividualSettling } from "./settling.ts";
import type { SkipsParts } from "./skips.ts";
import { Skips } from "./skips.ts";
import { Turn } from "./turn.ts";
import { Watch } from "./watch.ts";
import { Watching } from "./watching.ts";
import { Window } from "./window.ts";

/** What a run is to do. */
export interface Assignment {
  readonly feed: Feed;
  readonly routes: Routes;
  readonly settings: LoopSettings;
  /** Ends when nothing more is there. */
  readonly untilEmpty: boolean;
  /** Ends after so many new deliveries. */
  readonly limit: number | undefined;
  /** When everything must be over, in epoch ms. */
  readonly deadline: number | undefined;
  /** Whether one more handler is wanted beside so many. @default it always is */
  readonly isWanted?: ((running: number) => boolean) | undefined;
}

/** How long a run that is paused does nothing at all at the most, in ms. */
const LONGEST_LOOK_MS = 3_600_000;

/** How long acks wait for what other handlers may settle at once, in ms. */
const LONGEST_GATHER_MS = 1;

const RESOLVED = Promise.resolve();

/** Constant reasons: an abort without one makes an error with a stack each time. */
const STOPPING = Object.freeze(new DOMException("The run is stopping.", "AbortError"));

/**
 * One run. It is level-triggered: its rooms hold one small state, and after any change `#step` looks at
 * all of it and starts whatever may be started now, so that no wake-up can be lost.
 */
export class Engine {
  readonly #task: Assignment;
  readonly #watching: Watching | undefined;
  readonly #tell: OpenTell;
  readonly #window: Window;
  readonly #scope: HandlerScope;
  readonly #circuit: Circuit | undefined;
  readonly #keeping: Keeping;
  readonly #skips: Skips;
  readonly #handling: Handling;
  readonly #settling: Settling;
  readonly #pulling: Pulling;
  readonly #extending: Extending;
  readonly #guard: LeaseGuard | undefined;
  readonly #counts: Counts;
  readonly #watch: Watch | undefined;
  readonly #turn = new Turn(() => this.#changed());
  readonly #alarm = new Alarm(() => this.#changed());
  /** Fires when pulling and starting handlers is over. */
  readonly #stopping = new AbortController();
  /** Fires when the time of the stop is over. */
  readonly #over = new AbortController();
  /** Fires when nothing is let go of any more. */
  readonly #left = new AbortController();
  readonly #leaving: Leaving;
  /** When the deadline is, by `performance.now`. */
  readonly #deadline: number;
  /** When pulling and starting handlers is over for it. */
  readonly #startUntil: number;
  readonly #facts: Facts;
  #ending: Ending | undefined;
  #isBegun = false;
  #isPaused = false;
  #hasHeld = false;
  #isStepDue = false;
  #gatherUntil: number | undefined;
  #onEnd: () => void = () => {};

  constructor(task: Assignment) {
    const { feed, settings } = task;
    this.#task = task;
    const { logger, consumer, telemetry } = settings;
    const log = toLog(logger, { feed: feed.name, consumer });
    this.#watching = telemetry && this.#makeWatching(telemetry);
    const voice = new RunVoice(log, settings.concurrency);
    const telling = { ...settings, feed: feed.name, watching: this.#watching, log, voice };
    this.#tell = toOpenTell(feed.name, toTell(telling));
    const leftMs = (task.deadline ?? Number.POSITIVE_INFINITY) - Date.now();
    this.#deadline = performance.now() + leftMs;
    this.#startUntil = this.#deadline - reserveOf(settings.reserveMs, leftMs);
    this.#window = new Window(feed);
    this.#counts = new Counts(feed);
    this.#watch = this.#makeWatch();
    this.#scope = new HandlerScope(settings.handlerTimeoutMs);
    this.#guard = this.#makeGuard();
    const quit = this.#over.signal;
    const services = toServices({ settings, tell: this.#tell });
    const keepingParts = {
      feed: feed.name,
      settings,
      tell: this.#tell,
      log,
      isList: feed.acks === "individual" && feed.pulls === "unacked",
      stopping: this.#stopping.signal,
      quit,
      services,
    };
    this.#keeping = new Keeping(keepingParts);
    this.#skips = this.#makeSkips(keepingParts, services.letters);
    this.#circuit = this.#makeCircuit();
    const attempts = new Attempts({
      ...keepingParts,
      routes: task.routes,
      scope: this.#scope,
      keeping: this.#keeping,
      watching: this.#watching,
      skips: this.#skips,
      enter: toEnter(),
      mayStart: () => this.#ending === undefined && this.#isReader(),
      isPaused: () => this.#isPaused,
      others: () => this.#turn.others(performance.now()),
      onSuccess: this.#circuit && ((entry) => this.#circuit?.succeeded(entry)),
    });
    this.#handling = this.#makeHandling(attempts);
    this.#settling = this.#makeSettling();
    this.#pulling = this.#makePulling();
    const { callTimeoutMs } = settings;
    this.#extending = new Extending({ feed, callTimeoutMs, log, over: quit });
    this.#leaving = this.#makeLeaving(log);
    this.#facts = this.#makeFacts();
  }

  /** Runs to the end. Rejects with the error that halted it, which carries the summary. */
  async run(): Promise<Summary> {
    const { feed, settings } = this.#task;
    // Whoever begins a run has it before its first report comes.
    await RESOLVED;
    this.#begin();
    if (settings.signal?.aborted) this.stop("signal");
    const forget = onAbort(settings.signal, () => this.stop("signal"));
    if (this.#guard && !this.#ending) void this.#guard.acquire(this.#stopping.signal);
    if (!this.#guard) this.#readSkips();
    const ended = new Promise<void>((resolve) => {
      this.#onEnd = resolve;
    });
    this.#changed();
    await ended;
    forget();
    const { reason, error } = this.#ending?.facts ?? {};
    const summary = this.#counts.toSummary(reason, this.#window.open, this.#pulling.polls);
    this.#tell({ kind: "stopped", summary });
    if (error) throw withSummary(error, feed.name, { summary });
    return summary;
  }

  /** Tells first that it was started, also where it is stopped or paused in the same breath. */
  #begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.#tell({ kind: "started" });
  }

  /** Asks the run to end. The first call says why; a later one can only give it less time. */
  stop(reason: StopReason, withinMs = this.#task.settings.shutdownTimeoutMs): void {
    if (this.#ending === undefined) this.#end({ reason, withinMs });
    else {
      this.#ending.shorten(withinMs, performance.now());
      this.#changed();
    }
  }

  /** Fires when pulling and starting handlers is over. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Reads again what is to be skipped; ends when that is known, or the run is stopping. */
  async reload(): Promise<void> {
    await this.#skips.read();
    this.#changed();
  }

  /** Something has changed outside: the run looks at all of it again. */
  wake(): void {
    this.#changed();
  }

  pause(): void {
    if (this.#isPaused || this.#ending) return;
    this.#begin();
    this.#isPaused = true;
    this.#pulling.cut(false);
    this.#tell({ kind: "paused" });
    this.#changed();
  }

  resume(): void {
    if (!this.#isPaused || this.#ending) return;
    this.#isPaused = false;
    this.#tell({ kind: "resumed" });
    this.#changed();
  }

  /** What `health()` is made of. */
  get state() {
    return this.#facts.state;
  }

  /** What it has done and holds; of what is open at most `most`. */
  details(most: number): RunDetails {
    return this.#facts.details(most);
  }

  /** Listens to every report from now on, until what it gives is called. */
  watch(listener: ReportListener): () => void {
    return this.#tell.watch(listener);
  }

  /** Something has changed. What changes in one turn is looked at once. */
  readonly #changed = (): void => {
    if (this.#isStepDue || this.#left.signal.aborted) return;
    this.#isStepDue = true;
    void RESOLVED.then(this.#step);
  };

  /** Looks at everything, and starts whatever may be started now. */
  readonly #step = (): void => {
    this.#isStepDue = false;
    this.#facts.noteHandled();
    if (this.#left.signal.aborted) return;
    try {
      this.#alarm.setTo(this.#ending ? this.#stepToEnd(this.#ending) : this.#stepOn());
    } catch (error) {
      this.#halt(toFailure(error, { what: "run", whom: this.#task.feed.name }));
    }
  };

  #stepOn(): number {
    const now = performance.now();
    if (now >= this.#startUntil) {
      // What is left now is what was kept for the acks: handlers have had their time.
      const withinMs = Math.max(0, this.#deadline - now);
      this.#end({ reason: "deadline", withinMs, reserveMs: withinMs });
      return Number.POSITIVE_INFINITY;
    }
    const handleAt = this.#handling.step(now);
    void this.#leaving.nack();
    const pullAt = this.#pulling.step(now);
    const ackAt = this.#gathersUntil(now) ?? this.#settling.step(now);
    const { finished } = this.#pulling;
    // Whatever was begun is brought to its end before the run says that it is done.
    if (finished && this.#window.open === 0 && this.#settling.isIdle) this.stop(finished);
    // A pause keeps the process alive, where nothing else does.
    const lookAt = this.#isPaused ? now + LONGEST_LOOK_MS : Number.POSITIVE_INFINITY;
    const watchAt = this.#watch?.step(now, this.#handling.running) ?? Number.POSITIVE_INFINITY;
    return Math.min(handleAt, pullAt, ackAt, this.#startUntil, lookAt, watchAt);
  }

  /** What settles in one breath is acked by one call; a moment later it is acked in any case. */
  #gathersUntil(now: number): number | undefined {
    const { ackGroupMs = 0 } = this.#task.feed;
    const until = this.#gatherUntil ?? now + Math.max(LONGEST_GATHER_MS, ackGroupMs);
    const { running, hasStarted, isHungry } = this.#handling;
    // An empty slot does not wait for acks that make room for its event.
    const isHeldUp = isHungry && !this.#pulling.hasRoom;
    const mayMore = ackGroupMs > 0 ? running > 0 && !isHeldUp : hasStarted;
    const mayGather = mayMore && this.#settling.isDue && !this.#settling.isFull;
    this.#gatherUntil = mayGather && now < until ? until : undefined;
    return this.#gatherUntil;
  }

  #stepToEnd(ending: Ending): number {
    const now = performance.now();
    if (ending.phase === "lettingGo" && now >= ending.endAt) this.#left.abort(STOPPING);
    const ackAt = this.#settling.step(now);
    const pending = {
      handlers: this.#handling.running > 0,
      acks: !this.#settling.isIdle,
      pull: this.#pulling.isPulling,
    };
    while (ending.advance(pending, now)) {
      if (ending.phase === "acks") this.#scope.abort(ending.facts.error ?? STOPPING);
      if (ending.phase === "lettingGo") void this.#letGo(ending);
    }
    return Math.min(ackAt, ending.nextAt(now));
  }

  #end(facts: Omit<EndingFacts, "reserveMs"> & Partial<EndingFacts>): void {
    if (this.#ending) return;
    this.#begin();
    const now = performance.now();
    const withinMs = Math.max(0, Math.min(facts.withinMs, this.#deadline - now));
    const { reserveMs = reserveOf(this.#task.settings.reserveMs, withinMs) } = facts;
    this.#ending = new Ending({ ...facts, withinMs, reserveMs }, now);
    this.#turn.stop();
    this.#stopping.abort(STOPPING);
    this.#pulling.cut(false);
    const { open, held: unacked } = this.#window;
    const { error } = facts;
    this.#tell({ kind: "stopping", open, unacked, withinMs, ...(error && { error }) });
    this.#changed();
  }

  #halt(error: AckloopError): void {
    // How a run that is stopping ends is decided; that it leaves something behind is told all the same.
    this.#end({ error, withinMs: this.#task.settings.shutdownTimeoutMs });
    this.#tell({ kind: "halted", error });
  }

  /** The feed is another's now: what a stop would still do is cut, also where one is under way. */
  #lose(error: AckloopError): void {
    this.#over.abort(STOPPING);
    this.#scope.abort(error);
    if (this.#ending) this.#tell({ kind: "halted", error });
    else this.#halt(error);
    this.#ending?.lose(error, performance.now());
    this.#changed();
  }

  /**
   * What is unsettled is free for others at once, where the API and the stores can say so; but what a
   * handler still has in its hands is not given back: its lease ends by itself.
   */
  async #letGo({ isLost }: Ending): Promise<void> {
    this.#over.abort(STOPPING);
    this.#pulling.cut(true);
    this.#extending.close();
    this.#keeping.close();
    await Promise.all([this.#leaving.giveBack(isLost, this.#left), this.#skips.leave()]);
    this.#left.abort(STOPPING);
    this.#alarm.stop();
    this.#onEnd();
  }

  /** A handler that outlasted the run has ended: its event is free at once, and its start does not count. */
  #onLeftLate(entry: Entry): void {
    if (this.#ending?.phase !== "lettingGo") return;
    this.#leaving.abandon(entry);
  }

  /** Whether this run is the feed's reader, as far as it knows. */
  #isReader(): boolean {
    return this.#guard === undefined || this.#guard.isValid();
  }

  #mayStart(now: number): boolean {
    return !this.#ending && !this.#isPaused && now < this.#startUntil && this.#isReader();
  }

  #onSettled(entry: Entry, as: SettledAs): void {
    // Too late: it was given back, and comes again.
    if (this.#over.signal.aborted) return;
    this.#counts.settled(as);
    if (as === "handled") this.#facts.handled();
    this.#window.settle(entry);
    this.#extending.forget(entry);
    this.#settling.settled(entry);
    if (entry.further === undefined) return;
    for (const message of entry.further.values()) this.#settling.settled(message);
  }

  #onFresh(entry: Entry): void {
    this.#counts.pulled += 1;
    this.#facts.cameIn(entry);
    this.#handling.add(entry);
  }

  #onLapsed(entry: Entry): void {
    this.#counts.pulled -= 1;
    this.#leaving.add(receiptsOf(entry));
    this.#extending.forget(entry);
    this.#window.leave(entry);
    this.#pulling.lapsed();
  }

  /** Seen only where acks are cumulative; a list that is older than an ack is nothing to tell of. */
  #onSettledAgain({ delivery: { event } }: Entry): void {
    if (this.#task.feed.acks === "individual" || event === undefined) return;
    this.#counts.pulled += 1;
    this.#counts.duplicates += 1;
    this.#tell.each?.({ kind: "duplicate", event });
  }

  #onAcked(count: number, gone: number, sentAt: number): void {
    this.#counts.ackedSo(count);
    this.#skips.takeBack();
    this.#tell({ kind: "acked", count, gone, elapsedMs: performance.now() - sentAt });
  }

  #makeLeaving(log: ReturnType<typeof toLog>): Leaving {
    const { feed, settings } = this.#task;
    const { callTimeoutMs } = settings;
    return new Leaving({
      feed,
      callTimeoutMs,
      log,
      window: this.#window,
      keeping: this.#keeping,
      guard: this.#guard,
    });
  }

  #makeFacts(): Facts {
    const { feed, settings } = this.#task;
    return new Facts({
      feed,
      settings,
      window: this.#window,
      counts: this.#counts,
      handling: this.#handling,
      pulling: this.#pulling,
      settling: this.#settling,
      keeping: this.#keeping,
      guard: this.#guard,
      circuit: this.#circuit,
      incidents: () => this.#tell.recent.incidents,
      ending: () => this.#ending,
      isPaused: () => this.#isPaused,
    });
  }

  #makeWatching(telemetry: Telemetry): Watching {
    const { feed, settings, untilEmpty } = this.#task;
    return new Watching(telemetry, {
      feed: feed.name,
      consumer: settings.consumer,
      kind: untilEmpty ? "job" : "endless",
      countOpen: () => this.#window.open,
    });
  }

  #makeSkips(parts: KeepingParts & Pick<SkipsParts, "stopping">, letters: Service): Skips {
    const isIndividual = this.#task.feed.acks === "individual";
    return new Skips({ ...parts, letters, isIndividual, left: this.#left.signal });
  }

  #makeGuard(): LeaseGuard | undefined {
    const { feed, settings } = this.#task;
    const { lease, consumer, callTimeoutMs } = settings;
    if (!lease) return undefined;
    return new LeaseGuard({
      lease,
      callTimeoutMs,
      key: { consumer, feed: feed.name },
      tell: this.#tell,
      onLost: (error) => this.#lose(error),
      onHeld: () => {
        // Not before: what is skipped meanwhile may be what has ended the run that had the lease.
        if (!this.#hasHeld) this.#readSkips();
        this.#hasHeld = true;
        this.#changed();
      },
    });
  }

  #makeWatch(): Watch | undefined {
    const { handlerTimeoutMs = 0 } = this.#task.settings;
    const slowMs = Math.max(LONG_MS, handlerTimeoutMs);
    return this.#tell.isHeard
      ? new Watch({ window: this.#window, tell: this.#tell, slowMs })
      : undefined;
  }

  #readSkips(): void {
    this.#skips.forget();
    this.reload().catch((error: unknown) =>
      this.#halt(toFailure(error, { what: "skips", whom: "deadLetters" })),
    );
  }

  #makeCircuit(): Circuit | undefined {
    const { settings, routes } = this.#task;
    const { circuitAfter } = settings;
    if (circuitAfter === undefined) return undefined;
    const pace = { ...settings, circuitAfter, batchSize: routes.batch?.size };
    return new Circuit({ ...toCircuitPace(pace), tell: this.#tell });
  }

  #makeHandling(attempts: Attempts): Handling {
    const { feed, settings, routes, isWanted, untilEmpty } = this.#task;
    return new Handling({
      concurrency: settings.concurrency,
      maxPerSecond: settings.maxPerSecond,
      orderBy: settings.orderBy,
      batch: routes.batch,
      attempts,
      circuit: this.#circuit,
      open: () => this.#window.open,
      mayStart: (now) =>
        this.#mayStart(now) &&
        this.#skips.isRead &&
        !this.#turn.isOver(now) &&
        (isWanted === undefined || isWanted(this.#handling.running)),
      mayComeBy: (at) => this.#pulling.mayComeBy(at),
      hasRoom: () => this.#pulling.hasRoom,
      onSettled: (entry, as) => this.#onSettled(entry, as),
      // A drain must not look for what is on its way back.
      givesBack: feed.nack !== undefined && !untilEmpty,
      isLeaseOver: (entry, now) => this.#extending.isOver(entry, now),
      onLapsed: (entry) => this.#onLapsed(entry),
      onLeft: (entry) => this.#onLeftLate(entry),
      onRetry: () => {
        this.#counts.retried += 1;
      },
      onHalt: (error) => this.#halt(error),
      changed: this.#changed,
    });
  }

  #makeSettling(): Settling {
    const { feed, settings } = this.#task;
    const parts = {
      feed,
      settings,
      window: this.#window,
      tell: this.#tell,
      over: this.#over.signal,
      mayStart: () => this.#isReader(),
      pullsOn: () => this.#ending === undefined && this.#pulling.finished === undefined,
      onAcked: (...facts: Parameters<SettlingParts["onAcked"]>) => this.#onAcked(...facts),
      onHalt: (error: AckloopError) => this.#halt(error),
      changed: this.#changed,
    };
    return feed.acks === "cumulative"
      ? new CumulativeSettling(parts)
      : new IndividualSettling(parts);
  }

  #makePulling(): Pulling {
    const { feed, settings, untilEmpty, limit } = this.#task;
    return new Pulling({
      feed,
      settings,
      window: this.#window,
      settling: this.#settling,
      tell: this.#tell,
      watching: this.#watching,
      untilEmpty,
      limit,
      onFresh: (entry) => this.#onFresh(entry),
      onOpen: (message, leaseMs, at) => this.#extending.watch(message, leaseMs, at),
      onSettledAgain: (entry) => this.#onSettledAgain(entry),
      onLeft: (receipts) => this.#onLeft(receipts),
      onAcked: (count, sentAt) => this.#onAcked(count, 0, sentAt),
      onHalt: (error) => this.#halt(error),
      mayStart: (now) => this.#mayStart(now),
      isTurnOver: (now) => this.#turn.isOver(now),
      isStopping: () => this.#ending !== undefined,
      isHungry: () => this.#handling.isHungry,
      roomInTime: () => this.#handling.roomInTime(this.#settling.isIdle),
      changed: this.#changed,
    });
  }

  /** What was pulled too late is given back with the rest, or by itself after that. */
  #onLeft(receipts: readonly Receipt[]): void {
    const { phase, isLost } = this.#ending ?? {};
    this.#leaving.add(receipts);
    if (phase === "lettingGo" && !isLost) void this.#leaving.nack();
  }
}
