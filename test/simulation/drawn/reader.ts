import { onAbort } from "../../../src/core/abort.ts";
import { identityOf } from "../../../src/core/identity.ts";
import type { Report } from "../../../src/core/report.ts";
import type { Hands } from "../clock.ts";
import { numberOf } from "../process.ts";
import { callAtOnce } from "./calls.ts";
import { Paces } from "./paces.ts";
import { type DrawnEvent, type DrawnStep, isNameless, type Service } from "./plan.ts";
import type { Item } from "./server.ts";
import type { DrawnWorld } from "./world.ts";

/** Reports that say why nothing moves. */
const whys: ReadonlySet<Report["kind"]> = new Set([
  "windowFull",
  "circuitOpened",
  "probeFailed",
  "leaseTaken",
  "storeFailed",
  "pollFailed",
  "ackFailed",
]);

/** How often an ack is refused for good before the run ends. */
const MOST_REFUSALS = 5;

/** One process that runs the library on clocks of its own, and what is seen of it from outside. */
export class Reader {
  readonly world: DrawnWorld;
  readonly number: number;
  readonly slot: number;
  readonly hands: Hands;
  readonly paces: Paces;
  /** Whether a service has told it what ends a run. */
  sawFatal = false;
  isPaused = false;
  isOver = false;
  /** By when its stop must be over, and since when it is asked for. */
  stopBy: number | undefined;
  stoppedAt: number | undefined;
  /** When a report last said why nothing moves; that of the full window holds until the next pull. */
  toldWhyAt = Number.NEGATIVE_INFINITY;
  isWindowFull = false;
  /** How many of its timers had been called a minute ago, and how many calls it had made, to handlers too. */
  seen = { fired: 0, calls: 0 };
  calls = 0;
  readonly running = new Map<number, number>();
  /** Since when it has a handler of each event. */
  readonly runningSince = new Map<number, number>();
  /** The step that its handler of each event began last. */
  readonly steps = new Map<number, DrawnStep>();
  /** When a handler of it ended last. */
  workedAt = 0;
  /** When its last pull began. */
  pulledAt = 0;
  /** How often in a row, without a wait, a queue has shown what is in work here, and when it last did. */
  #knownInRow = 0;
  #shownAt = 0;
  /** Where what it was given stands: an event may be there more than once. */
  readonly #places = new Set<number>();
  /** Since when its run ends and takes back the marks of what it leaves; beside another's run they hold. */
  #endsAt: number | undefined;
  /** The events that a store was told of since then. */
  readonly #finished = new Set<number>();
  /** Whether it holds for an outage, as far as its reports say. */
  isHolding = false;
  /** By how much its time of day was ahead when it last had a lease. */
  leaseWallMs = Number.NEGATIVE_INFINITY;
  readonly given = new Set<number>();
  readonly #held = new Set<number>();
  readonly #troubled = new Map<number | undefined, number>();
  readonly #unextended = new Map<number, number>();
  readonly #removed = new Map<string, number>();
  /** How often the ack of each place, or letter, was refused for good; by 0 where acks are cumulative. */
  readonly #refusals = new Map<number | string, number>();
  #confirmed = 0;
  #acksOnWay = 0;
  #lastSent = 0;

  constructor(world: DrawnWorld, number: number, slot: number, wallMs: number) {
    this.world = world;
    this.number = number;
    this.slot = slot;
    this.hands = { wallMs, asleepMs: 0, asleepUntil: 0, timers: 0, fired: 0 };
    const { plan, clock, tell } = world;
    this.paces = new Paces({ settings: plan.settings, now: clock.now, tell });
  }

  /** A redrive takes no marks, no lease and no keys. */
  get isRedrive(): boolean {
    return this.slot < 0;
  }

  /** What the library does in this process. */
  as<Result>(work: () => Result): Result {
    return this.world.clock.as(this.hands, work);
  }

  /** Lets true time pass; who is suspended hears of it when awake. */
  wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (ms <= 0) return Promise.resolve();
    return this.until(ms, signal, () => () => {});
  }

  /** Waits so long at most, or until it is woken. */
  until(
    ms: number,
    signal: AbortSignal | undefined,
    subscribe: (wake: () => void) => () => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const { clock } = this.world;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const end = (finish: () => void): void => {
        clearTimeout(timer);
        forget();
        unsubscribe();
        finish();
      };
      const set = (after: number): void => {
        timer = clock.as(undefined, () => setTimeout(wake, after));
      };
      const wake = (): void => {
        clearTimeout(timer);
        const asleepMs = this.hands.asleepUntil - clock.now();
        if (asleepMs > 0) set(asleepMs);
        else end(resolve);
      };
      const unsubscribe = subscribe(wake);
      const forget = onAbort(signal, () => end(() => reject(signal?.reason)));
      set(ms);
    });
  }

  /** What never answers; it may still hear the signal. */
  never(signal: AbortSignal | undefined): Promise<never> {
    return new Promise((_, reject) => {
      onAbort(signal, () => reject(signal?.reason));
    });
  }

  inTrouble(service: Service, n: number | undefined): void {
    this.#troubled.set(n, this.world.clock.now());
    if (n !== undefined && service === "schema") this.world.ledger.excuseLetter(n);
    if (service === "orderBy") this.world.excuseAll();
  }

  /** The leases of these are not extended for now. */
  extendInTrouble(ns: readonly number[]): void {
    for (const n of ns) this.#unextended.set(n, this.world.clock.now());
  }

  /** Whether the lease of an event could be extended since then. */
  couldExtend(n: number, since: number): boolean {
    return (this.#unextended.get(n) ?? Number.NEGATIVE_INFINITY) < since;
  }

  /** A run that ends tells a store once, at once, of each event that is done. */
  isLastOf(service: Service, n: number | undefined): boolean {
    if (this.#endsAt === undefined || service !== "finish" || n === undefined) return false;
    const isFirst = !this.#finished.has(n);
    this.#finished.add(n);
    return isFirst;
  }

  /** A handler begins a step. */
  began(n: number, step: DrawnStep): void {
    this.calls += 1;
    this.steps.set(n, step);
  }

  /** An ack of these was refused for a reason that repeating does not mend. */
  refused(whats: readonly (number | string)[]): void {
    for (const what of whats) this.#refusals.set(what, (this.#refusals.get(what) ?? 0) + 1);
  }

  /** Whether one ack was refused so often that its run may end. */
  get sawRefusals(): boolean {
    return Math.max(...this.#refusals.values()) >= MOST_REFUSALS;
  }

  /** Takes note of a letter that was taken off. */
  removed(identity: string): void {
    const count = (this.#removed.get(identity) ?? 0) + 1;
    this.#removed.set(identity, count);
    if (count === 3) this.world.tell("hotFailures", `a letter was taken off ${count} times`);
  }

  /** Whether no other may begin an event: its mark was set, and nothing kept it from being renewed. */
  holdsMark(n: number): boolean {
    const { settings } = this.world.plan;
    if (!settings.dedupe || this.isRedrive || this.isOver) return false;
    if (this.stoppedAt !== undefined || this.#endsAt !== undefined) return false;
    const now = this.world.clock.now();
    // What went wrong while this handler was at work is so until it ends: its mark may be another's since.
    const since = Math.min(now - 2 * settings.markMs - 60_000, this.runningSince.get(n) ?? now);
    const wasTroubled = (this.#troubled.get(n) ?? Number.NEGATIVE_INFINITY) > since;
    return !wasTroubled && this.world.disturbedAt < since;
  }

  pulling(carried: number | undefined): void {
    const { world } = this;
    world.note("pull", { process: this.number, what: carried ?? "" });
    world.mustHoldLease(this, "pull");
    // What a report has said of it was so until now.
    if (this.isWindowFull) this.toldWhyAt = world.clock.now();
    this.isWindowFull = false;
    this.pulledAt = world.clock.now();
    if (carried !== undefined) this.#sends(carried);
  }

  pulled(items: readonly Item[], place: number): void {
    const all = items.map(({ event }) => event.n);
    const { world } = this;
    world.note("pulled", { process: this.number, all, what: place });
    let isNew = place > this.#lastSent && items.length === 0;
    for (const n of all) {
      const isAnother = isNameless(world.eventOf(n)) && world.plan.settings.kind === "queue";
      if (this.given.has(n) && !isAnother) continue;
      this.given.add(n);
      isNew = true;
    }
    for (const item of items) this.#places.add(item.place);
    if (isNew) this.paces.progress();
    this.#passesBy(isNew ? 0 : all.length);
  }

  /** A page of these has come; what a lost answer brought is held by nobody. */
  holds(items: readonly Item[]): void {
    for (const { event } of items) this.#held.add(event.n);
  }

  /**
   * Leases that end bring what is in work again, which is passed by as often as there is of it, and after
   * a wait once more.
   */
  #passesBy(known: number): void {
    const { kind, idleMs } = this.world.plan.settings;
    const now = this.world.clock.now();
    // Here, or at the provider.
    const hasWaited = now - this.#shownAt >= idleMs[0] / 2;
    this.#knownInRow = known === 0 || hasWaited ? known : this.#knownInRow + known;
    this.#shownAt = now;
    if (kind === "queue" && known > 0 && this.#knownInRow <= this.#places.size)
      this.paces.passedBy();
  }

  /** An ack begins, of these places where it is cumulative; gives what to call when it is over. */
  acking(places: readonly number[] | undefined, signal: AbortSignal | undefined): () => void {
    const { world, number } = this;
    world.note("ack", { process: number, what: places?.join(" ") ?? "" });
    world.mustHoldLease(this, "ack");
    if (places === undefined) return () => {};
    for (const place of places) this.#sends(place);
    if (places.length !== 1)
      world.tell("ackShape", `${places.length} receipts in one cumulative ack`);
    this.#acksOnWay += 1;
    if (this.#acksOnWay > 1) world.tell("acksAtOnce", `process ${number} has two acks on the way`);
    let isOver = false;
    const over = (): void => {
      if (!isOver) this.#acksOnWay -= 1;
      isOver = true;
    };
    onAbort(signal, over);
    return over;
  }

  /** The provider has taken an ack in. */
  confirmed(place: number): void {
    this.#confirmed = Math.max(this.#confirmed, place);
    this.paces.progress();
  }

  #sends(place: number): void {
    this.#lastSent = Math.max(this.#lastSent, place);
    const { world, number } = this;
    // A page that is brought again has receipts of its own, which lie behind.
    if (place >= this.#confirmed || world.plan.settings.stale > 0) return;
    world.tell(
      "ackBack",
      `process ${number} acked ${place} after ${this.#confirmed} was confirmed`,
    );
  }

  /** How much of what it was given is open for certain. */
  get openCount(): number {
    const { ledger, server } = this.world;
    const places = new Map<number, number>();
    for (const place of this.#places) {
      const n = server.items[place - 1]?.event.n ?? -1;
      places.set(n, (places.get(n) ?? 0) + 1);
    }
    let count = 0;
    for (const [n, there] of places) {
      count += Math.max(ledger.openOf(n, there), this.running.has(n) ? 1 : 0);
    }
    return count;
  }

  /** What it was given and is open. */
  get open(): readonly DrawnEvent[] {
    const { ledger } = this.world;
    return [...this.given].filter((n) => ledger.isOpen(n)).map((n) => this.world.eventOf(n));
  }

  /**
   * How many different keys are held for certain that could be started. Of what has no name nobody knows
   * how much of it is held, nor who holds what two processes share.
   */
  get held(): number {
    const { processes, lease, ordered } = this.world.plan.settings;
    if (processes === 2 && !lease) return 0;
    // What has no mark cannot be started.
    if (this.world.isFailing("begin")) return 0;
    const open = this.open.filter((event) => this.#held.has(event.n) && !isNameless(event));
    return ordered ? new Set(open.map(({ key }) => key)).size : open.length;
  }

  /** Whether it holds for an outage, and no handler that could succeed can be started to end that. */
  get isHeldByPoison(): boolean {
    if (!this.isHolding && !this.world.mayFail("onReport")) return false;
    const { ordered } = this.world.plan.settings;
    // One that was set aside before is bad when it comes again, too.
    const given = this.world.plan.events.filter(({ n }) => this.given.has(n));
    const bad = new Set(given.filter(({ kind }) => kind === "poison").map(({ key }) => key));
    return (
      bad.size > 0 &&
      this.open.every(({ kind, key }) => kind === "poison" || (ordered && bad.has(key)))
    );
  }

  /** Takes the run's reports, and may be in trouble itself. */
  readonly onReport = (report: Report): unknown => {
    this.#takeReport(report);
    if (!this.world.mayFail("onReport")) return undefined;
    return callAtOnce(this, "onReport", () => undefined);
  };

  /** A window that is not full explains nothing, where all that holds it is what is open. */
  #isFull(open: number): boolean {
    const { kind, maxInFlight, tellsBytes } = this.world.plan.settings;
    const isCounted = (kind === "list" || kind === "queue") && !tellsBytes && maxInFlight;
    if (!isCounted || open >= maxInFlight || this.world.mayFail("ack")) return true;
    // An event that was published twice may be held twice, and is open once.
    const { ledger } = this.world;
    const isOpen = [...this.given].filter((n) => ledger.isOpen(n));
    const held = isOpen.reduce((sum, n) => sum + this.world.eventOf(n).times.length, 0);
    return held >= maxInFlight;
  }

  #takeEnd(report: Report): void {
    const now = this.world.clock.now();
    if (report.kind === "stopping") this.#endsAt = now;
    if (report.kind !== "halted" || report.error.code !== "leaseLost") return;
    if (this.#endsAt === now) this.#endsAt = undefined;
  }

  #takeReport(report: Report): void {
    const { world, number: process } = this;
    if (whys.has(report.kind)) this.toldWhyAt = world.clock.now();
    if (report.kind === "windowFull") this.isWindowFull = this.#isFull(report.open);
    if (report.kind === "circuitOpened") this.isHolding = true;
    if (report.kind === "circuitClosed") this.isHolding = false;
    this.#takeEnd(report);
    const n = "event" in report ? numberOf(report.event) : undefined;
    world.note("report", { process, n, what: report.kind });
    if (report.kind === "duplicate" && n !== undefined) world.ledger.duplicate(n);
    if (report.kind === "dropped" && n !== undefined) world.ledger.settled(n);
    if (report.kind === "acked") this.paces.progress();
  }
}

/** The number of a named event, by its identity. */
export function identitiesOf(world: DrawnWorld): ReadonlyMap<string, number> {
  return new Map(world.plan.events.map((event) => [identityOf(event), event.n]));
}
