import { isAckloopError } from "../../src/core/errors.ts";
import type {
  AckReport,
  CallOptions,
  Delivery,
  Feed,
  Page,
  PullOptions,
  Receipt,
} from "../../src/core/feed.ts";
import { toPage } from "../../src/core/feed.ts";
import type { Report } from "../../src/core/report.ts";
import type { World } from "./world.ts";

/** What never comes: the promise of a process that is dead. */
export function never(): Promise<never> {
  return new Promise(() => {});
}

/** The number that an event carries in whatever form it comes. */
export function numberOf(value: unknown): number | undefined {
  const found = /sim\\*":(\d+)/.exec(JSON.stringify(value) ?? "");
  return found ? Number(found[1]) : undefined;
}

/** Whether a request was certainly turned away before it could have an effect. */
function isRefusal(error: unknown): boolean {
  if (!isAckloopError(error) || error.outcomeUnknown) return false;
  return ["rateLimit", "auth", "request"].includes(error.code);
}

/**
 * One process that runs the library: everything that it does to the world outside goes over an edge
 * here, where it may die. Of a dead process nothing is heard any more, and it hears nothing.
 */
export class Process {
  readonly world: World;
  readonly number: number;
  readonly slot: number;
  /** Fires when it dies. */
  readonly death = new AbortController();
  /** The name that it holds leases by. */
  readonly holder: string;
  late = false;
  /** Whether the loop has said that it stops. */
  isStopping = false;
  /** What was sent with a pull that failed, and may have had its effect. */
  readonly #unknown = new Set<Receipt>();

  constructor(world: World, number: number, slot: number) {
    this.world = world;
    this.number = number;
    this.slot = slot;
    this.holder = `process-${number}`;
  }

  get dead(): boolean {
    return this.death.signal.aborted;
  }

  /** Makes a step over an edge, with the two moments at which it may die. */
  async cross<Result>(work: () => Promise<Result>): Promise<Result> {
    this.world.step(this);
    if (this.dead) return never();
    try {
      const result = await work();
      this.world.step(this);
      return this.dead ? never() : result;
    } catch (error) {
      this.world.step(this);
      if (this.dead) return never();
      throw error;
    }
  }

  /** What the library is given as `fetch`. */
  readonly fetch: typeof globalThis.fetch = (input, init) =>
    this.cross(async () => {
      const { world } = this;
      const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
      await world.latency(signal);
      if (this.dead && !this.late) return never();
      signal?.throwIfAborted();
      world.requests += 1;
      world.note("request", { process: this.number, request: world.requests });
      const reply = await world.provider.emulator.fetch(input, init);
      await world.latency(signal);
      return reply;
    });

  /** Puts the edges around a feed, and writes down what crosses them. */
  feed<F extends Feed>(feed: F): F {
    const wrapped: Feed = {
      ...feed,
      pull: (options) => this.cross(() => this.#pull(feed, options)),
      ack: (receipts, options) => this.cross(() => this.#ack(feed, receipts, options)),
    };
    return wrapped as F;
  }

  async #pull(feed: Feed, options: PullOptions = {}): Promise<readonly Delivery[] | Page> {
    const { ack } = options;
    const facts = { process: this.number, what: ack === undefined ? "" : "ack" };
    this.world.note("pull", facts);
    this.world.watch.pulling(this);
    if (ack !== undefined) this.#sends(ack);
    try {
      const page = await feed.pull(options);
      this.#pulled(toPage(page).deliveries, ack !== undefined);
      return page;
    } catch (error) {
      if (!this.dead) this.world.note("pullFailed", facts);
      if (ack !== undefined && !isRefusal(error)) this.#unknown.add(ack);
      throw error;
    }
  }

  /** A receipt whose pull had no known end is never sent again, unless a page brought it again. */
  #sends(receipt: Receipt): void {
    if (!this.#unknown.has(receipt) || this.dead) return;
    this.world.watch.tell(
      "resent",
      `process ${this.number} sent a receipt of unknown outcome again`,
    );
  }

  async #ack(feed: Feed, receipts: readonly Receipt[], options?: CallOptions): Promise<AckReport> {
    const { number: process, world } = this;
    world.note("ack", { process, what: receipts.length });
    world.watch.acking(this);
    for (const receipt of receipts) this.#sends(receipt);
    try {
      const report = await feed.ack(receipts, options);
      const isFailed = report.some(({ status }) => status === "failed");
      if (!this.dead) world.note(isFailed ? "ackFailed" : "ackOk", { process });
      return report;
    } catch (error) {
      if (!this.dead) world.note("ackFailed", { process });
      throw error;
    }
  }

  #pulled(page: readonly Delivery[], carriedAck: boolean): void {
    if (this.dead) return;
    for (const { receipt } of page) if (receipt !== undefined) this.#unknown.delete(receipt);
    const all = page.map(({ raw }) => numberOf(raw) ?? -1);
    const receipts = page.map(({ receipt }) => (receipt === undefined ? "-" : "r")).join("");
    this.world.note("pulled", { process: this.number, all, what: receipts });
    if (carriedAck) this.world.note("ackOk", { process: this.number });
  }

  /** Takes the loop's reports. */
  readonly onReport = (report: Report): void => {
    if (this.dead) return;
    const { number: process, world } = this;
    if (report.kind === "dropped") {
      const n = numberOf(report.event);
      world.settled(n);
      world.note("dropped", { process, n });
    } else if (report.kind === "duplicate") {
      world.note("duplicate", { process, n: numberOf(report.event) });
    } else if (report.kind === "stopping") {
      this.isStopping = true;
      world.note("stopping", { process });
    }
  };
}
