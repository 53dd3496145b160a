import { onAbort } from "../core/abort.ts";
import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Delivery, Feed, Receipt } from "../core/feed.ts";
import { sleep } from "../core/sleep.ts";
import type { StopReason, Summary } from "../core/summary.ts";
import type { Acks } from "./acks.ts";
import { CumulativeAcks, IndividualAcks } from "./acks.ts";
import { Changes } from "./changes.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Entry } from "./entry.ts";
import { Extender } from "./extender.ts";
import { Keeping } from "./keeping.ts";
import { LeaseGuard } from "./lease.ts";
import type { LoopSettings } from "./options.ts";
import type { Disposition } from "./processor.ts";
import { Processor, toHalt } from "./processor.ts";
import { Puller } from "./puller.ts";
import type { Tell } from "./report.ts";
import { toTell } from "./report.ts";
import type { Routes } from "./route.ts";
import { HandlerScope } from "./scope.ts";
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
}

/** How a run is to end. */
interface Ending {
  readonly reason?: StopReason | undefined;
  readonly error?: AckloopError | undefined;
  /** The whole stop, in ms. */
  readonly withinMs: number;
  /** Handlers and acks are cut at once: the feed is another's now. */
  readonly abrupt: boolean;
}

/**
 * One run: wires the pulling side, the handlers and the acknowledging side together, and ends them
 * in the stated order.
 */
export class Engine {
  readonly #task: Assignment;
  readonly #tell: Tell | undefined;
  readonly #changes = new Changes();
  readonly #window: Window;
  readonly #scope: HandlerScope;
  readonly #keeping: Keeping;
  readonly #dispatcher: Dispatcher;
  readonly #acks: Acks;
  readonly #puller: Puller;
  readonly #extender: Extender;
  readonly #guard: LeaseGuard | undefined;
  /** Fires when pulling and starting handlers is over. */
  readonly #stopping = new AbortController();
  /** Fires when the time of the stop is over. */
  readonly #over = new AbortController();
  /** Fires when nothing is waited for any more. */
  readonly #gone = new AbortController();
  readonly #counts = {
    pulled: 0,
    handled: 0,
    retried: 0,
    deadLettered: 0,
    dropped: 0,
    duplicates: 0,
    acked: 0,
  };
  readonly #began = performance.now();
  /** Receipts of what was pulled and never begun. */
  readonly #leftReceipts: Receipt[] = [];
  #ending: Ending | undefined;
  #paused = false;
  /** How many handlers at work are not waited for. */
  #unsettled: () => number = () => 0;

  constructor(task: Assignment) {
    const { feed, settings, routes } = task;
    this.#task = task;
    this.#tell = toTell(feed.name, settings, (cause) => {
      this.#halt(new AckloopError("halted", "onReport threw", { provider: feed.name, cause }));
    });
    const tell = this.#tell;
    this.#window = new Window(feed);
    this.#scope = new HandlerScope(settings.handlerTimeoutMs);
    this.#guard = this.#makeGuard();
    const keepingParts = { feed: feed.name, settings, tell, quit: this.#over.signal };
    this.#keeping = new Keeping({ ...keepingParts, end: this.#gone.signal });
    const processor = new Processor({
      ...keepingParts,
      routes,
      scope: this.#scope,
      keeping: this.#keeping,
      mayStart: this.#mayStart,
    });
    this.#dispatcher = new Dispatcher({
      concurrency: settings.concurrency,
      orderBy: settings.orderBy,
      batch: routes.batch,
      attempt: (entry) => processor.attempt(entry),
      attemptBatch: (entries) => processor.attemptBatch(entries),
      mayStart: this.#mayStart,
      onEnd: (entry, disposition) => this.#ended(entry, disposition),
      onAgain: (failed) => {
        if (failed) this.#counts.retried += 1;
      },
    });
    this.#acks = this.#makeAcks();
    this.#puller = this.#makePuller();
    this.#extender = new Extender(feed, this.#window, settings.logger, this.#over.signal);
  }

  /** Runs to the end. Rejects with the error that halted it, which carries the summary. */
  async run(): Promise<Summary> {
    this.#tell?.({ kind: "started" });
    const unlisten = this.#listen();
    const pulling = this.#work().catch((error) => this.#halt(toHalt(this.#task.feed.name, error)));
    await this.#changes.until(() => this.#ending !== undefined);
    await this.#shutDown(pulling);
    unlisten();
    const { reason, error } = this.#ending ?? {};
    const summary = this.#summarize(reason);
    this.#tell?.({ kind: "stopped", summary });
    if (error) throw withSummary(error, summary);
    return summary;
  }

  /** Asks the run to end. The first call decides how. */
  stop(reason: StopReason, withinMs = this.#task.settings.shutdownTimeoutMs): void {
    this.#end({ reason, withinMs, abrupt: false });
  }

  /** Asks the run to end, and not to wait for so many handlers that will not settle any more. */
  leave(unsettled: () => number): void {
    this.#unsettled = unsettled;
    this.stop("signal");
    this.#changes.notify();
  }

  /** Fires when pulling and starting handlers is over. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  pause(): void {
    if (this.#paused || this.#ending) return;
    this.#paused = true;
    this.#dispatcher.pause();
    this.#puller.pause();
    this.#tell?.({ kind: "paused" });
  }

  resume(): void {
    if (!this.#paused || this.#ending) return;
    this.#paused = false;
    this.#dispatcher.resume();
    this.#puller.resume();
    this.#tell?.({ kind: "resumed" });
  }

  /** The facts that `health()` is made of. */
  get state(): {
    readonly phase: "standby" | "running" | "paused" | "stopping";
    readonly lastPollAt: number | undefined;
    readonly fruitlessPolls: number;
    readonly open: number;
    readonly unacked: number;
    readonly oldest: Entry | undefined;
    readonly pullDueSince: number | undefined;
    readonly longestSilenceMs: number;
  } {
    const { idle, waitMs } = this.#task.settings;
    return {
      phase: this.#phase,
      lastPollAt: this.#puller.lastPollAt,
      fruitlessPolls: this.#puller.fruitless,
      open: this.#window.open,
      unacked: this.#window.held,
      oldest: this.#window.oldest,
      pullDueSince: this.#puller.dueSince,
      longestSilenceMs: idle.maxMs + waitMs,
    };
  }

  get #phase(): "standby" | "running" | "paused" | "stopping" {
    if (this.#ending) return "stopping";
    if (this.#paused) return "paused";
    return this.#guard && !this.#guard.isHeld ? "standby" : "running";
  }

  readonly #mayStart = (): boolean =>
    this.#ending === undefined && (this.#guard === undefined || this.#guard.isValid());

  async #work(): Promise<void> {
    if (this.#guard && !(await this.#guard.acquire(this.#stopping.signal))) return;
    const finished = await this.#puller.run();
    if (finished === undefined) return;
    // Whatever was begun is brought to its end before the run says that it is done.
    this.#dispatcher.hurry();
    this.#acks.flush();
    await this.#changes.until(
      () => this.#ending !== undefined || (this.#window.open === 0 && this.#acks.idle),
    );
    this.stop(finished);
  }

  /** Stops in the stated order: pulls, handlers, acknowledgements, what is left, the lease. */
  async #shutDown(pulling: Promise<void>): Promise<void> {
    const { withinMs, abrupt, error } = this.#ending as Ending;
    const { reserveMs } = this.#task.settings;
    const end = performance.now() + withinMs;
    const handlersDone = this.#changes.until(() => this.#dispatcher.running <= this.#unsettled());
    if (!abrupt) {
      const graceMs = withinMs - Math.min(reserveMs, withinMs);
      await within(graceMs, Promise.all([handlersDone, pulling]));
    }
    this.#scope.abort(error ?? new DOMException("The run is stopping.", "AbortError"));
    if (!abrupt) {
      this.#acks.flush();
      const flushed = handlersDone.then(() => this.#changes.until(() => this.#acks.idle));
      await within(end - performance.now(), Promise.all([flushed, pulling]));
    }
    this.#over.abort();
    this.#puller.cut();
    this.#keeping.close();
    const letGo = Promise.all([this.#giveBack(abrupt), this.#guard?.release()]);
    await within(Math.max(1000, end - performance.now()), letGo);
    this.#gone.abort();
  }

  /** What is unsettled is free for others at once, where the API and the stores can say so. */
  async #giveBack(abrupt: boolean): Promise<void> {
    const { feed, settings } = this.#task;
    const open = [...this.#window.openEntries()];
    const abandonAll = () => Promise.all(open.map((entry) => this.#keeping.abandon(entry)));
    const abandoned = abandonAll();
    const receipts = [...open.map((entry) => entry.receipt), ...this.#leftReceipts];
    const known = receipts.filter((receipt) => receipt !== undefined);
    if (!abrupt && feed.nack && known.length > 0) {
      await feed.nack(known).catch((error: unknown) => {
        settings.logger.warn("ackloop: giving unsettled events back failed", { error });
      });
    }
    await abandoned;
    // A begin under way counts as a start of a handler that never ran, unless it is taken back.
    await this.#changes.until(() => !this.#keeping.isBeginning);
    await abandonAll();
  }

  #ended(entry: Entry, disposition: Disposition): void {
    if (disposition.kind === "halt") this.#halt(disposition.error);
    if (disposition.kind === "settled" && !this.#over.signal.aborted) {
      this.#counts[disposition.as === "duplicate" ? "duplicates" : disposition.as] += 1;
      this.#window.settle(entry);
      this.#acks.settled(entry);
    }
    this.#changes.notify();
  }

  #end(ending: Ending): void {
    if (this.#ending) return;
    const leftMs = (this.#task.deadline ?? Number.POSITIVE_INFINITY) - Date.now();
    this.#ending = { ...ending, withinMs: Math.max(0, Math.min(ending.withinMs, leftMs)) };
    this.#stopping.abort();
    this.#puller.stop();
    this.#dispatcher.stop();
    this.#tell?.({ kind: "stopping" });
    this.#changes.notify();
  }

  #halt(error: AckloopError): void {
    if (this.#ending) {
      // How the run ends is decided; that it leaves something behind must not go unsaid.
      this.#task.settings.logger.error("ackloop: failed while stopping", { error });
      return;
    }
    this.#end({ error, withinMs: this.#task.settings.shutdownTimeoutMs, abrupt: false });
    this.#tell?.({ kind: "halted", error });
  }

  #listen(): () => void {
    const { settings, deadline } = this.#task;
    const { signal } = settings;
    if (signal?.aborted) this.stop("signal");
    const forget = onAbort(signal, () => this.stop("signal"));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watch = (lastMs: number): void => {
      const leftMs = lastMs - Date.now();
      // A timer holds 24 days; a later deadline is looked at again then.
      if (leftMs > 0) timer = setTimeout(() => watch(lastMs), Math.min(leftMs, 2 ** 31 - 1));
      else this.stop("deadline", Number.POSITIVE_INFINITY);
    };
    if (deadline !== undefined) watch(deadline - settings.reserveMs);
    return () => {
      clearTimeout(timer);
      forget();
    };
  }

  #makeGuard(): LeaseGuard | undefined {
    const { feed, settings } = this.#task;
    const { lease, consumer } = settings;
    if (!lease) return undefined;
    return new LeaseGuard({
      lease,
      key: { consumer, feed: feed.name },
      tell: this.#tell,
      onLost: (error) => {
        this.#over.abort();
        this.#end({ error, withinMs: 0, abrupt: true });
        this.#scope.abort(error);
        this.#tell?.({ kind: "halted", error });
      },
    });
  }

  #makeAcks(): Acks {
    const { feed, settings } = this.#task;
    const parts = {
      feed,
      settings,
      window: this.#window,
      tell: this.#tell,
      signal: this.#over.signal,
      mayStart: () => this.#guard === undefined || this.#guard.isValid(),
      onAcked: (count: number, gone: number) => this.#acked(count, gone),
      onHalt: (error: AckloopError) => this.#halt(error),
      onChange: () => this.#changes.notify(),
    };
    return feed.acks === "cumulative"
      ? new CumulativeAcks(parts, () => this.#puller.carries)
      : new IndividualAcks(parts);
  }

  #makePuller(): Puller {
    const { feed, settings, untilEmpty, limit } = this.#task;
    return new Puller({
      feed,
      settings,
      window: this.#window,
      acks: this.#acks,
      changes: this.#changes,
      tell: this.#tell,
      untilEmpty,
      limit,
      onFresh: (entry) => this.#begin(entry),
      onSettledAgain: (entry) => this.#cameBack(entry),
      onLeft: (delivery) => this.#leave(delivery),
      onPage: () => this.#dispatcher.pump(),
      onCarried: (mark) => this.#acked(this.#window.confirm(mark), 0),
      onBlocked: () => this.#dispatcher.hurry(),
      onFatal: (error) => this.#halt(toHalt(feed.name, error)),
      mayStart: this.#mayStart,
      isHungry: () => this.#dispatcher.isHungry,
    });
  }

  #begin(entry: Entry): void {
    this.#counts.pulled += 1;
    this.#dispatcher.add(entry);
    this.#extender.watch(entry);
  }

  /** Seen only where acks are cumulative; a list that is older than an ack is nothing to tell of. */
  #cameBack(entry: Entry): void {
    const { event } = entry.delivery;
    if (this.#task.feed.acks === "individual" || event === undefined) return;
    this.#counts.pulled += 1;
    this.#counts.duplicates += 1;
    this.#tell?.({ kind: "duplicate", event });
  }

  #leave(delivery: Delivery<FeedEvent>): void {
    if (delivery.receipt !== undefined) this.#leftReceipts.push(delivery.receipt);
  }

  #acked(count: number, gone: number): void {
    this.#counts.acked += count;
    this.#tell?.({ kind: "acked", count, gone });
  }

  #summarize(stopped: StopReason | undefined): Summary {
    const { feed } = this.#task;
    return {
      feed: feed.name,
      stopped,
      ...this.#counts,
      unsettled: this.#window.open,
      polls: this.#puller.polls,
      noProgress: feed.acks === "cumulative" && this.#counts.pulled > 0 && this.#counts.acked === 0,
      elapsedMs: performance.now() - this.#began,
    };
  }
}

/** Waits for work to end, or for so long. */
async function within(delayMs: number, work: Promise<unknown>): Promise<void> {
  if (delayMs <= 0) return;
  const timer = new AbortController();
  await Promise.race([work, sleep(delayMs, timer.signal).catch(() => {})]);
  timer.abort();
}

/** The error that halted a run, with what the run had done. */
function withSummary(error: AckloopError, summary: Summary): AckloopError {
  const { code, message, cause, retryable, provider, operation, status } = error;
  const { retryAfterMs, requestId, path, outcomeUnknown } = error;
  const facts = { cause, retryable, status, retryAfterMs, requestId, path, outcomeUnknown };
  const named = new AckloopError(code, message, { ...facts, summary });
  return Object.assign(named, provider && { provider }, operation && { operation });
}
