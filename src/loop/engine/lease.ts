import { AckloopError } from "../../core/errors.ts";
import type { Answer } from "../../core/guard.ts";
import { ask } from "../../core/guard.ts";
import { sleep } from "../../core/sleep.ts";
import type { LeaseGrant, StoreKey } from "../../core/stores.ts";
import type { LoopSettings } from "../options.ts";
import { Alarm } from "./alarm.ts";
import { Answers } from "./answers.ts";
import { Pace, RENEWAL, renewalWaitMs, timesOf } from "./pacing.ts";
import type { Tell } from "./report.ts";

/** Over how long those who wait for a lease are spread, in ms. */
const SPREAD_MS = 250;

/** How often it is asked for while another holds it, as a share of its time. */
const STANDBY_PERIOD = 1 / 6;

/** What a lease guard works with. */
export interface LeaseParts {
  readonly lease: NonNullable<LoopSettings["lease"]>;
  readonly callTimeoutMs: number;
  readonly key: StoreKey;
  readonly tell: Tell | undefined;
  /** The lease is no longer this run's, or can never be. Called at most once. */
  readonly onLost: (error: AckloopError) => void;
  /** The lease was taken, or is certain again. */
  readonly onHeld: () => void;
}

/**
 * Holds a run's lease: takes it, renews it beside the handlers, and knows when it has run out.
 *
 * It is counted from before the request that granted it, by two clocks: the monotonic one, which stands
 * still while a machine is suspended, and the time of day, which somebody may set. Over by the first, it
 * is lost; over by the time of day alone, nothing may start until the store has been asked.
 */
export class LeaseGuard {
  readonly #parts: LeaseParts;
  readonly #ended = new AbortController();
  /** How the store answers. */
  readonly answers = new Answers();
  readonly #alarm = new Alarm(() => this.#onAlarm());
  #grant: { fence: number; untilMono: number; untilWall: number } | undefined;
  #renewAt = 0;
  #isRenewing = false;
  /** Whether the time of day says that it is over. */
  #isDoubtful = false;
  #isLost = false;
  /** Whether the store has given no answer since its last. */
  #hasFailed = false;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  /** Whether the lease certainly holds; finding that it does not, tells of the loss. */
  readonly isValid = (): boolean => {
    const grant = this.#grant;
    if (grant === undefined || this.#isLost) return false;
    if (performance.now() >= grant.untilMono) {
      this.#lose("it ran out before it was renewed; another process may read the feed now");
      return false;
    }
    if (Date.now() < grant.untilWall) return true;
    if (!this.#isDoubtful) {
      this.#isDoubtful = true;
      this.#renewIn(0);
    }
    return false;
  };

  /** Whether the lease was taken and is not known to be lost. */
  get isHeld(): boolean {
    return this.#grant !== undefined && !this.#isLost;
  }

  /** Takes the lease, however long that takes; ends when the signal fires. */
  async acquire(stopping: AbortSignal): Promise<void> {
    const { leaseMs } = this.#parts.lease;
    const pace = new Pace({ minMs: Math.min(1000, leaseMs / 3), maxMs: leaseMs });
    while (!stopping.aborted) {
      const delayMs = await this.#tryToAcquire(stopping, pace);
      if (delayMs === undefined) return;
      await sleep(delayMs, stopping).catch(() => {});
    }
  }

  /** Gives when to try again; `undefined` when there is no need, or no use. */
  async #tryToAcquire(stopping: AbortSignal, pace: Pace): Promise<number | undefined> {
    const { lease, callTimeoutMs, key, tell } = this.#parts;
    const { leaseMs, holder, store } = lease;
    const times = timesOf(leaseMs);
    const limitMs = Math.min(callTimeoutMs, leaseMs);
    const onLate = (late: Answer<LeaseGrant>): void => {
      if (late.kind !== "answered" || late.value.status !== "held") return;
      const { fence } = late.value;
      // It came as the run stopped, or after that: nobody else is to wait for its end.
      if (stopping.aborted) void this.#giveBack(fence);
      // Taken once more: only the newest fence can be renewed.
      else if (this.#grant) this.#grant.fence = Math.max(this.#grant.fence, fence);
    };
    const asking = { what: "acquire", whom: "lease", limitMs, signal: stopping, onLate };
    const sentAt = performance.now();
    this.answers.sent(sentAt);
    const answer = await ask(asking, async (signal) =>
      checkGrant(await store.acquire(key, holder, leaseMs, { signal })),
    );
    this.#heard(answer, sentAt);
    if (answer.kind === "cut") return undefined;
    if (answer.kind === "failed") {
      const { error, thrown = error } = answer;
      if (error.code === "config") return this.#end(error);
      const delayMs = pace.delay(error.retryAfterMs);
      this.#failed(thrown, delayMs);
      return delayMs;
    }
    this.#answered();
    const grant = answer.value;
    if (grant.status === "held") {
      if (stopping.aborted) await this.#giveBack(grant.fence);
      else this.#hold(grant.fence, times);
      return undefined;
    }
    const { endsInMs } = grant;
    // Only one that says again and again that it ends at once is asked at a growing wait.
    if (endsInMs > SPREAD_MS) pace.reset();
    // One that is renewed may be given up before its end. Spread, so that not all who wait come at once.
    const periodMs = leaseMs * STANDBY_PERIOD;
    const askAgainMs = endsInMs > 2 * periodMs ? periodMs : endsInMs;
    const delayMs = pace.delay(askAgainMs + Math.random() * SPREAD_MS);
    tell?.({ kind: "leaseTaken", delayMs, holder: grant.holder });
    return delayMs;
  }

  #failed(error: unknown, delayMs: number): void {
    this.#hasFailed = true;
    this.#parts.tell?.({ kind: "storeFailed", store: "lease", error, delayMs });
  }

  #answered(): void {
    if (this.#hasFailed) this.#parts.tell?.({ kind: "storeBack", store: "lease" });
    this.#hasFailed = false;
  }

  /** Takes note of how the store answers. */
  #heard(answer: Answer<unknown>, sentAt: number): void {
    if (answer.kind === "answered") this.answers.good();
    else if (answer.kind === "failed") this.answers.failed(answer.error, sentAt);
    else this.answers.cut();
  }

  /** Stops renewing, and gives the lease up where it still holds; ends when the signal fires. */
  async release(giveUp?: AbortSignal): Promise<void> {
    const fence = this.isHeld ? this.#grant?.fence : undefined;
    this.#ended.abort();
    this.#alarm.stop();
    if (fence !== undefined) await this.#giveBack(fence, giveUp);
  }

  async #giveBack(fence: number, giveUp?: AbortSignal): Promise<void> {
    const { lease, callTimeoutMs, key } = this.#parts;
    const limitMs = Math.min(callTimeoutMs, lease.leaseMs);
    const asking = { what: "release", whom: "lease", limitMs, signal: giveUp };
    const answer = await ask(asking, (signal) => lease.store.release(key, fence, { signal }));
    if (answer.kind !== "failed") return;
    // It ends by itself, and the next holder waits that long.
    const error = answer.thrown ?? answer.error;
    this.#failed(error, lease.leaseMs);
  }

  #hold(fence: number, times: ReturnType<typeof timesOf>): void {
    this.#grant = { fence, ...times };
    this.#parts.tell?.({ kind: "leaseAcquired", fence });
    this.#renewIn(this.#parts.lease.leaseMs * RENEWAL.period);
    this.#parts.onHeld();
  }

  #renewIn(delayMs: number): void {
    if (this.#ended.signal.aborted) return;
    this.#renewAt = performance.now() + delayMs;
    // At its end too, so that a store that hangs does not hide it.
    this.#alarm.setTo(Math.min(this.#renewAt, this.#grant?.untilMono ?? Number.POSITIVE_INFINITY));
  }

  #onAlarm(): void {
    if (!this.isValid() && this.#isLost) return;
    if (performance.now() + 1 >= this.#renewAt) void this.#renew();
    const until = this.#grant?.untilMono ?? Number.POSITIVE_INFINITY;
    this.#alarm.setTo(this.#isRenewing ? until : Math.min(this.#renewAt, until));
  }

  async #renew(): Promise<void> {
    const grant = this.#grant;
    if (this.#isRenewing || grant === undefined || this.#ended.signal.aborted) return;
    this.#isRenewing = true;
    const { lease, callTimeoutMs, key } = this.#parts;
    const { leaseMs, store } = lease;
    const { fence } = grant;
    const askedAt = performance.now();
    const times = timesOf(leaseMs);
    const limitMs = Math.min(callTimeoutMs, leaseMs * RENEWAL.call);
    const asking = { what: "renew", whom: "lease", limitMs, signal: this.#ended.signal };
    this.answers.sent(askedAt);
    const answer = await ask(asking, (signal) => store.renew(key, fence, leaseMs, { signal }));
    this.#heard(answer, askedAt);
    this.#isRenewing = false;
    if (answer.kind === "cut" || this.#isLost) return;
    if (answer.kind === "answered") {
      this.#answered();
      if (grant.fence !== fence) return this.#renewIn(0);
      if (!answer.value) return this.#lose("another has taken or released it");
      Object.assign(grant, times);
      this.#isDoubtful = false;
      this.#renewIn(leaseMs * RENEWAL.period);
      this.#parts.onHeld();
      return;
    }
    const error = answer.thrown ?? answer.error;
    const delayMs = renewalWaitMs(leaseMs, performance.now() - askedAt);
    this.#failed(error, delayMs);
    this.#renewIn(delayMs);
  }

  #lose(how: string): void {
    const { consumer, feed } = this.#parts.key;
    const message = `the lease of ${consumer} on ${feed} is lost: ${how}`;
    this.#end(new AckloopError("leaseLost", message));
  }

  #end(error: AckloopError): undefined {
    if (this.#isLost || this.#ended.signal.aborted) return;
    this.#isLost = true;
    this.#ended.abort();
    this.#alarm.stop();
    this.#parts.onLost(error);
  }
}

/** A store of the user's may answer anything: what is no number of ms ends now. */
function checkGrant(grant: LeaseGrant): LeaseGrant {
  if (grant?.status === "held") return grant;
  if (grant?.status === "taken")
    return {
      status: "taken",
      endsInMs: Math.max(0, Number(grant.endsInMs) || 0),
      holder: typeof grant.holder === "string" ? grant.holder : undefined,
    };
  throw new Error("the store gave neither a grant nor who holds the lease");
}
