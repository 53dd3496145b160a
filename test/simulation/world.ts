import type { FeedEvent } from "../../src/core/event.ts";
import { sleep } from "../../src/core/sleep.ts";
import type { StoreSet } from "../../src/core/stores.ts";
import { memoryStores } from "../../src/stores/memory.ts";
import { check, type Verdict } from "./checks.ts";
import { type Clock, START } from "./clock.ts";
import { createDice, type Dice } from "./dice.ts";
import { History, type Note, type NoteKind } from "./history.ts";
import type { Plan, PlannedAction, PlannedEvent, Step, StoreName, StoreTrouble } from "./plan.ts";
import { Process } from "./process.ts";
import { type Provider, type Simulated, simulatedOf } from "./providers.ts";
import { type Running, run } from "./runner.ts";
import { Watch } from "./watch.ts";

/** By when a run must have come to its end, in ms of virtual time. */
const LIMIT_MS = 3 * 3_600_000;
/** For how long timers may be left after the end, in ms. */
const LAST_TIMERS_MS = 61_000;
/** More steps over an edge than this are no honest work. */
const MOST_STEPS = 8_000;

/** After these a pull is due again. */
const progress: ReadonlySet<NoteKind> = new Set<NoteKind>([
  "start",
  "end",
  "ackOk",
  "letter",
  "saved",
  "resumed",
]);

/** The place of a process: one at a time runs there, and another after it. */
interface Slot {
  process: Process | undefined;
  running: Running | undefined;
  /** When the last stop was asked for, and by when it must be over. */
  stopBy: number | undefined;
}

/** One run: a provider, processes that come and go, and all that goes wrong between them. */
export class World {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly history: History;
  readonly watch: Watch;
  readonly stores: StoreSet = memoryStores();
  readonly simulated: Simulated;
  readonly provider: Provider;
  readonly faults: Record<string, number> = {};
  requests = 0;
  readonly #dice: Dice;
  readonly #slots: Slot[];
  readonly #starts = new Map<number, number>();
  readonly #open = new Set<number>();
  #steps = 0;
  #processes = 0;
  #toPublish = 0;
  #closing = false;
  readonly #planned: ReturnType<typeof setTimeout>[] = [];

  constructor(plan: Plan, clock: Clock) {
    this.plan = plan;
    this.clock = clock;
    clock.reset(plan.seed ^ 0x5bd1e995);
    this.#dice = createDice(plan.seed ^ 0x2545f491);
    this.history = new History(clock.now, START);
    this.watch = new Watch(plan.settings, clock.now);
    this.simulated = simulatedOf(plan.provider);
    this.provider = this.simulated.open(this);
    this.history.follow(this.provider.emulator.journal);
    this.#slots = Array.from({ length: plan.settings.processes }, () => ({
      process: undefined,
      running: undefined,
      stopBy: undefined,
    }));
  }

  /** Runs to the end, and tells what it came to. */
  async run(): Promise<Verdict> {
    await this.provider.open?.();
    this.#schedule();
    for (const slot of this.#slots) this.#start(slot);
    await this.#turn(() => this.#isDone());
    const isDone = this.#isDone();
    if (!isDone) this.watch.tell("endless", this.#whatIsLeft());
    this.#closing = true;
    for (const timer of this.#planned) clearTimeout(timer);
    for (const slot of this.#slots) this.#stop(slot, "stop", this.plan.settings.shutdownMs);
    await this.#turn(() => this.#slots.every(({ running }) => running === undefined));
    await this.provider.emulator.close();
    await this.clock.settle();
    await this.#checkTimers(isDone);
    this.history.sync();
    Object.assign(this.faults, this.provider.emulator.faults.injected());
    return check(this);
  }

  /** The handler's step for the next start of an event. */
  nextStep(n: number): Step {
    const event = this.plan.events.find((each) => each.n === n);
    const count = this.#starts.get(n) ?? 0;
    this.#starts.set(n, count + 1);
    if (event?.kind === "poison") return { ms: 5, outcome: "throw", onAbort: "throw" };
    const last = event?.script.at(-1) ?? { ms: 0, outcome: "bare", onAbort: "throw" };
    return event?.script[count] ?? last;
  }

  note(kind: NoteKind, facts: Omit<Note, "kind" | "at"> = {}): void {
    this.history.note(kind, facts);
    const { process, all } = facts;
    if (process !== undefined && (progress.has(kind) || (kind === "pulled" && all?.length))) {
      this.watch.progress(process);
    }
  }

  /** A process makes a step over an edge; here it may die. */
  step(process: Process): void {
    if (process.dead) return;
    this.#steps += 1;
    if (this.#steps === MOST_STEPS) this.watch.tell("endless", `${MOST_STEPS} steps`);
    const crash = this.plan.crashes.find(({ step }) => step === this.#steps);
    if (crash || this.#steps >= MOST_STEPS) this.#kill(process, crash?.late ?? false);
  }

  /** An event needs no handling any more. */
  settled(n: number | undefined): void {
    if (n !== undefined) this.#open.delete(n);
  }

  /** A cursor was saved, which may be an ack. */
  saved(process: Process, cursor: string): void {
    const id = this.simulated.idIn?.(cursor);
    if (id === undefined) return;
    this.note("saved", { process: process.number, id });
    this.provider.saved?.(id);
  }

  /** The trouble that this call to a store meets, if it meets any. */
  trouble(store: StoreName): StoreTrouble | undefined {
    const now = this.clock.now();
    const found = this.plan.troubles.find(
      (each) => each.store === store && each.from <= now && now < each.until,
    );
    if (!found || !this.#dice.chance(found.probability)) return undefined;
    this.count(`store ${store}`);
    return found;
  }

  count(fault: string): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + 1;
  }

  /** One way of a request. */
  latency(signal: AbortSignal | undefined | null): Promise<void> {
    return this.#delay(this.plan.settings.latencyMs, signal);
  }

  storeDelay(signal: AbortSignal | undefined): Promise<void> {
    return this.#delay(this.plan.settings.storeMs, signal);
  }

  /** The process of a slot that is alive. */
  alive(slot: number): Process | undefined {
    return this.#slots[slot]?.process;
  }

  /** What a handler is keyed by. */
  keyOf(event: FeedEvent): string {
    return /"key\\*":\\*"(\w+)/.exec(JSON.stringify(event.data))?.[1] ?? "";
  }

  #delay(longestMs: number, signal: AbortSignal | undefined | null): Promise<void> {
    const ms = longestMs === 0 ? 0 : this.#dice.whole(0, longestMs);
    if (ms === 0) return Promise.resolve();
    return sleep(ms, signal ?? undefined);
  }

  /** Lets time pass until it is so, or nothing moves any more. */
  async #turn(until: () => boolean): Promise<void> {
    const end = this.clock.now() + LIMIT_MS;
    for (;;) {
      await this.clock.settle();
      if (until() || this.#steps >= MOST_STEPS) return;
      const next = this.clock.next();
      if (next === undefined || next > end) return;
      this.clock.fire();
      this.#checkStops();
    }
  }

  #isDone(): boolean {
    return this.#toPublish === 0 && this.#open.size === 0 && this.provider.isDrained();
  }

  #whatIsLeft(): string {
    const open = [...this.#open].join(" ");
    return `open: [${open}], drained: ${this.provider.isDrained()}, steps: ${this.#steps}`;
  }

  #schedule(): void {
    const { events, faults, actions } = this.plan;
    this.#toPublish = events.length;
    for (const event of events) {
      this.#open.add(event.n);
      this.#at(event.at, () => this.#publish(event));
    }
    for (const { at, fault } of faults) {
      this.#at(at, () => void this.provider.emulator.faults.add(fault));
    }
    for (const action of actions) this.#at(action.at, () => this.#act(action));
  }

  #at(ms: number, work: () => void): void {
    if (ms === 0) work();
    else this.#planned.push(setTimeout(work, ms));
  }

  #publish(event: PlannedEvent): void {
    this.#toPublish -= 1;
    this.provider.publish(event);
  }

  #act({ kind, slot: index, ms }: PlannedAction): void {
    const slot = this.#slots[index];
    if (slot === undefined || this.#closing) return;
    this.count(kind);
    if (kind === "revoke") this.provider.revoke?.();
    else if (kind === "pause") this.#pause(slot, ms);
    else if (kind !== "crash") this.#stop(slot, kind, ms);
    else if (slot.process) this.#kill(slot.process, ms > 5_000);
  }

  #pause(slot: Slot, ms: number): void {
    const { process, running } = slot;
    if (process === undefined || running?.pause === undefined) return;
    running.pause();
    this.note("paused", { process: process.number });
    this.#at(ms, () => {
      if (slot.process !== process) return;
      this.note("resumed", { process: process.number });
      running.resume?.();
    });
  }

  #stop(slot: Slot, how: "stop" | "abort", ms: number): void {
    const { running } = slot;
    if (running === undefined || slot.stopBy !== undefined) return;
    const { shutdownMs, verb } = this.plan.settings;
    const withinMs = how === "abort" || verb === "drain" ? shutdownMs : ms;
    // A halt that has begun goes on with the time that it has.
    const isHalting = slot.process?.isStopping === true;
    slot.stopBy = isHalting ? Number.POSITIVE_INFINITY : this.clock.now() + withinMs + 1_000;
    running.stop(how, withinMs);
  }

  /** A stop has its time, and a second more for what is let go of. */
  #checkStops(): void {
    const now = this.clock.now();
    for (const slot of this.#slots) {
      if (slot.stopBy === undefined || now <= slot.stopBy + 1) continue;
      this.watch.tell(
        "slowStop",
        `process ${slot.process?.number} has not ended by ${slot.stopBy}`,
      );
      slot.stopBy = Number.POSITIVE_INFINITY;
    }
  }

  #start(slot: Slot): void {
    if (this.#closing) return;
    this.#processes += 1;
    const process = new Process(this, this.#processes, this.#slots.indexOf(slot));
    this.note("began", { process: process.number });
    slot.process = process;
    slot.stopBy = undefined;
    const running = run(process);
    if (process.dead) {
      // It died with its very first step.
      running.stop("stop", 0);
      return;
    }
    slot.running = running;
    void running.ended.then((what) => {
      if (process.dead) return;
      this.note("ended", { process: process.number, what });
      // Whatever is still under way in it is cut off with the process.
      process.death.abort();
      this.#over(slot);
    });
  }

  #kill(process: Process, late: boolean): void {
    const slot = this.#slots[process.slot];
    if (process.dead || slot?.process !== process) return;
    this.count("crash");
    process.late = late;
    this.note("crashed", { process: process.number });
    process.death.abort();
    const { running } = slot;
    // Nothing of it is heard any more; this only takes its timers off, when its requests have ended.
    setTimeout(() => running?.stop("stop", 0), late ? 60_000 : 1);
    this.#over(slot);
  }

  #over(slot: Slot): void {
    slot.process = undefined;
    slot.running = undefined;
    slot.stopBy = undefined;
    if (!this.#closing) this.#at(this.plan.settings.restartMs, () => this.#start(slot));
  }

  /**
   * After an orderly end nothing goes on by itself. What is left may be the time limit of a token's
   * request, which serves all callers and is not cut with one of them; the dead leave more.
   */
  async #checkTimers(isDone: boolean): Promise<void> {
    if (!isDone || this.faults["crash"] !== undefined) return;
    // What a closed webhook has at work is cut off with its process, and its marks are renewed for ever.
    const isCutOff = this.faults["stop"] !== undefined || this.faults["abort"] !== undefined;
    if (isCutOff && this.plan.settings.verb === "webhook") return;
    const end = this.clock.now() + LAST_TIMERS_MS;
    for (let next = this.clock.next(); next !== undefined; next = this.clock.next()) {
      if (next > end) {
        this.watch.tell("timersLeft", `${this.clock.pending()} timers are left after the end`);
        return;
      }
      this.clock.fire();
      await this.clock.settle();
    }
  }
}
