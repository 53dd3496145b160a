import type { StoreSet } from "../../../src/core/stores.ts";
import { memoryStores } from "../../../src/stores/memory.ts";
import { type Clock, type Hands, START } from "../clock.ts";
import { createDice, type Dice } from "../dice.ts";
import { History, type Note, type NoteKind } from "../history.ts";
import { numberOf } from "../process.ts";
import type { Violation } from "../watch.ts";
import { FEED } from "./feed.ts";
import { knows } from "./knows.ts";
import { Ledger } from "./ledger.ts";
import {
  BUSY_MS,
  type DrawnAction,
  type DrawnEvent,
  type DrawnPlan,
  type DrawnStep,
  type DrawnTrouble,
  isNameless,
  type Service,
} from "./plan.ts";
import { identitiesOf, Reader } from "./reader.ts";
import { type Item, Server } from "./server.ts";
import { CONSUMER, CountedStopper, type Going, start, startRedrive } from "./start.ts";

/** By when after the last trouble all must be settled, in ms. */
const PATIENCE_MS = 3_600_000;
/** For how long an event may wait for its first start where nothing is in its way, in ms. */
const STALL_MS = 10 * 60_000;
/** A handler that has worked so long never ends: its process is stopped and begun anew, in ms. */
const STUCK_MS = 5 * 60_000;
/** How long the stores have been there when a run begins, in ms. */
const STORES_AGE_MS = 3_600_000;
/** More timers than this are no honest run. */
const MOST_STEPS = 200_000;
/** A run that has broken so much is looked at no further. */
const MOST_BROKEN = 10;
/** The longest time after which a process is started again, in ms. */
const LONGEST_RESTART_MS = 60_000;
/** More calls than this without any time passing are a loop that nothing ends. */
const MOST_AT_ONCE = 20_000;

/** A place where one process at a time runs, and another after it. */
interface Slot {
  reader: Reader | undefined;
  going: Going | undefined;
  stopper: CountedStopper | undefined;
  wallMs: number;
  /** How many processes have run here and halted, since one ended well. */
  halts: number;
  /** When a process ended here last whose window was full, as far as its reports say. */
  fullAt: number;
}

/** One run of a drawn feed: the provider, its readers, and all that goes wrong between them. */
export class DrawnWorld {
  readonly plan: DrawnPlan;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly history: History;
  readonly ledger: Ledger;
  readonly server: Server;
  readonly stores: StoreSet;
  readonly violations: Violation[] = [];
  readonly faults: Record<string, number> = {};
  /** When a process was suspended last, a store's clock set, or the thread held for long. */
  disturbedAt = Number.NEGATIVE_INFINITY;
  readonly #slots: Slot[];
  readonly #redrives = new Set<Slot>();
  readonly #events: ReadonlyMap<number, DrawnEvent>;
  readonly #identities: ReadonlyMap<string, number>;
  readonly #planned: ReturnType<typeof setTimeout>[] = [];
  /** The clock of the stores, which somebody may set: so old that none sets it to before it began. */
  readonly #storeHands: Hands = {
    wallMs: 0,
    asleepMs: -STORES_AGE_MS,
    asleepUntil: 0,
    timers: 0,
    fired: 0,
  };
  #storeSetAt = Number.NEGATIVE_INFINITY;
  #lease: { readonly holder: Reader; readonly until: number } | undefined;
  #outageUntil = 0;
  #quietAt = BUSY_MS;
  #readers = 0;
  #steps = 0;
  #calls = 0;
  #burnedMs = 0;
  #longestBurnMs = 0;
  #isClosing = false;
  #neverSince = new Map<string, number>();

  constructor(plan: DrawnPlan, clock: Clock) {
    this.plan = plan;
    this.clock = clock;
    clock.reset(plan.seed ^ 0x5bd1e995);
    this.dice = createDice(plan.seed ^ 0x2545f491);
    this.history = new History(clock.now, START);
    const { settings } = plan;
    const now = clock.now;
    const knowsOutages = knows.circuitBreaker;
    this.ledger = new Ledger({ plan, now, tell: this.tell, knowsOutages });
    const { dice, ledger } = this;
    const onAcked = (item: Parameters<Ledger["acked"]>[0]): void => {
      this.note("acked", { n: item.event.n, what: item.place });
      ledger.acked(item);
    };
    this.server = new Server({ settings, dice, now, onAcked });
    this.stores = onClock(memoryStores(), (work) => clock.as(this.#storeHands, work));
    this.#events = new Map(plan.events.map((event) => [event.n, event]));
    this.#identities = identitiesOf(this);
    this.#slots = Array.from({ length: settings.processes }, emptySlot);
  }

  /** Runs to the end; the violations say what went wrong. */
  async run(): Promise<void> {
    this.#schedule();
    for (const slot of this.#slots) this.#start(slot);
    // Where nothing can be set aside, each that fails too often ends a run, and a page's work begins anew.
    const end = this.#quietAt + PATIENCE_MS * (this.plan.settings.deadLetters ? 1 : 4);
    // A handler of a redrive may never end by its script, and then holds it for ever.
    const isIdle = (): boolean =>
      [...this.#redrives].every(({ reader }) => (reader?.running.size ?? 0) > 0);
    await this.#turn(end, () => this.#isDone && isIdle());
    if (!this.#isDone) this.#tellWhatIsLeft();
    else if (!isIdle()) this.tell("endless", "a redrive has not ended");
    this.#isClosing = true;
    for (const timer of this.#planned) clearTimeout(timer);
    const all = [...this.#slots, ...this.#redrives];
    for (const slot of all) this.#stop(slot, this.plan.settings.shutdownMs);
    await this.#turn(this.clock.now() + 120_000, () => all.every(({ going }) => !going));
    await this.clock.settle();
    if (this.#isDone) await this.#checkLetters();
  }

  async #checkLetters(): Promise<void> {
    const key = { consumer: CONSUMER, feed: FEED };
    const { letters } = await this.stores.deadLetters.list(key, { limit: 1000 });
    const kept = new Map<number, number>();
    for (const { raw } of letters) {
      const n = numberOf(raw) ?? -1;
      kept.set(n, (kept.get(n) ?? 0) + 1);
    }
    this.ledger.checkLetters(kept);
  }

  readonly tell = (kind: string, text: string): void => {
    this.note("broken", { what: `${kind}: ${text}` });
    if (this.violations.length < MOST_BROKEN) this.violations.push({ kind, text });
  };

  note(kind: NoteKind, facts: Omit<Note, "kind" | "at"> = {}): void {
    this.history.note(kind, facts);
  }

  count(fault: string): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + 1;
  }

  eventOf(n: number): DrawnEvent {
    const event = this.#events.get(n);
    if (event === undefined) throw new Error(`no event has the number ${n}`);
    return event;
  }

  numberOf(identity: string): number | undefined {
    return this.#identities.get(identity);
  }

  /** The handler's step for the start that was just counted. */
  nextStep(n: number): DrawnStep {
    const { kind, script } = this.eventOf(n);
    const last = script.at(-1) as DrawnStep;
    if (kind === "poison") return { ...last, ms: 5, outcome: "throw", onAbort: "throw" };
    return script[this.ledger.startsOf(n) - 1] ?? last;
  }

  get isOutage(): boolean {
    return this.clock.now() < this.#outageUntil;
  }

  isStubborn(n: number): boolean {
    return this.clock.now() < this.eventOf(n).failsUntil;
  }

  /** A handler computes: nothing else runs. */
  burn(ms: number): void {
    this.#burnedMs += ms;
    this.#longestBurnMs = Math.max(this.#longestBurnMs, ms);
    if (ms >= 50) this.disturbedAt = Math.max(this.disturbedAt, this.clock.now());
    this.clock.burn(ms);
  }

  mayFail(service: Service): boolean {
    return this.plan.troubles.some((trouble) => trouble.service === service);
  }

  /** Whether a service may be in trouble now. */
  isFailing(service: Service): boolean {
    const now = this.clock.now();
    return this.plan.troubles.some(
      (each) => each.service === service && each.from <= now && now < each.until,
    );
  }

  /** The trouble that a call meets, if it meets any. */
  trouble(service: Service): DrawnTrouble | undefined {
    this.#calls += 1;
    if (this.#calls === MOST_AT_ONCE) {
      this.tell("hotLoop", `${MOST_AT_ONCE} calls at ${this.clock.now()}`);
    }
    // The loop that nothing ends gets no answer any more, so that the world goes on.
    if (this.#calls >= MOST_AT_ONCE) return hanging(service);
    const now = this.clock.now();
    const found = this.plan.troubles.find(
      (each) => each.service === service && each.from <= now && now < each.until,
    );
    return found && this.dice.chance(found.probability) ? found : undefined;
  }

  /** Any event may be set aside now. */
  excuseAll(): void {
    for (const { n } of this.plan.events) this.ledger.excuseLetter(n);
  }

  /** A handler begins: its process must be at work, and not have too many. */
  mayStart(reader: Reader, n: number): void {
    const { settings } = this.plan;
    const subject = `event ${n} in process ${reader.number}`;
    const now = this.clock.now();
    if (reader.stoppedAt !== undefined && reader.stoppedAt < now) {
      this.tell("startedAfterStop", subject);
    }
    if (reader.isOver) this.tell("startedAfterEnd", subject);
    if (reader.isPaused) this.tell("startedInPause", subject);
    const total = [...reader.running.values()].reduce((sum, count) => sum + count, 0);
    const most = settings.concurrency * (settings.verb === "batch" ? settings.batchSize : 1);
    if (total >= most) this.tell("tooMany", `${subject} beside ${total}`);
    this.#checkKeys(reader, n, subject);
  }

  #checkKeys(reader: Reader, n: number, subject: string): void {
    const { settings } = this.plan;
    // A redrive has no order of its own here.
    if (!settings.ordered || settings.verb === "batch" || reader.isRedrive) return;
    if (this.mayFail("orderBy")) return;
    const { key } = this.eventOf(n);
    for (const other of reader.running.keys()) {
      if (other !== n && this.eventOf(other).key === key)
        this.tell("keysAtOnce", `${subject}, ${other}`);
    }
  }

  leased(reader: Reader, leaseMs: number): void {
    this.#lease = { holder: reader, until: this.clock.now() + leaseMs };
    reader.leaseWallMs = reader.hands.wallMs;
  }

  /** A lease is gone: nobody has freed it while it held. */
  mustBeOver(reader: Reader): void {
    const now = this.clock.now();
    if (this.#lease?.holder !== reader || this.#lease.until <= now) return;
    if (now - this.#storeSetAt < 2 * this.plan.settings.leaseMs) return;
    // A late answer to its own question, on its way, has a newer fence.
    if (this.mayFail("acquire")) return;
    this.tell("lease", `that of process ${reader.number} was freed by another, at ${now}`);
  }

  released(reader: Reader): void {
    if (this.#lease?.holder === reader) this.#lease = undefined;
  }

  /** A pull or an ack begins: only with the lease. */
  mustHoldLease(reader: Reader, what: string): void {
    const { lease, leaseMs } = this.plan.settings;
    const now = this.clock.now();
    if (!lease || now - this.#storeSetAt < 2 * leaseMs) return;
    if (this.#lease?.holder === reader && this.#lease.until > now) return;
    // One clock stood still, and the other was set back.
    if (reader.hands.asleepMs > 0 && reader.hands.wallMs < reader.leaseWallMs) return;
    this.tell("lease", `process ${reader.number} began to ${what} without the lease, at ${now}`);
  }

  /** A letter is taken off: its event must be done. */
  removing(reader: Reader, identity: string): void {
    const n = this.numberOf(identity);
    if (n === undefined || !reader.running.has(n)) return;
    this.tell("removedEarly", `the letter of event ${n} was taken off while its handler runs`);
  }

  async #turn(end: number, until: () => boolean): Promise<void> {
    for (;;) {
      this.#calls = 0;
      await this.clock.settle();
      if (until() || this.violations.length >= MOST_BROKEN) return;
      const next = this.clock.next();
      if (next === undefined || next > end) return;
      this.#steps += 1;
      if (this.#steps === MOST_STEPS) this.tell("hotTimers", `${MOST_STEPS} timers`);
      if (this.#steps > MOST_STEPS * 1.2) return;
      this.#checkLateness(next);
      this.#fire();
      this.#checkStops();
    }
  }

  #fire(): void {
    try {
      this.clock.fire();
    } catch (error) {
      this.tell("uncaught", `a timer threw ${typeof error}`);
    }
  }

  /** Timers are called in time, whatever handlers compute. */
  #checkLateness(due: number): void {
    const lateMs = this.clock.now() - due;
    const { concurrency, verb, batchSize, processes } = this.plan.settings;
    // Handlers that wait first may wake together, and compute one after the other: that is their own.
    // All processes of a world share its one thread.
    const atOnce = processes * concurrency * (verb === "batch" ? batchSize : 1);
    // What comes due while a batch computes waits for one more: the loop's own timer was due before it.
    const most = 100 + (3 + (verb === "batch" ? 2 : 1) * atOnce) * this.#longestBurnMs;
    // A loop of one's own holds the thread for itself.
    if (verb === "deliveries") return;
    if (lateMs > most) this.tell("starved", `a timer is ${Math.round(lateMs)} ms late`);
  }

  get #isDone(): boolean {
    const { ledger, server } = this;
    return ledger.isPublished && ledger.open.length === 0 && server.unacked.length === 0;
  }

  #tellWhatIsLeft(): void {
    const open = this.ledger.open.map(({ n }) => n);
    const unacked = this.server.unacked.map(({ event }) => event.n);
    const readers = this.#slots.flatMap(({ reader }) => reader ?? []);
    const areHeld =
      readers.some((reader) => reader.isHeldByPoison) &&
      readers.every((reader) => reader.isHeldByPoison || reader.open.length === 0) &&
      // What is behind it, and may be good, must be reached.
      open.every((n) => readers.some(({ given }) => given.has(n)));
    const lost = open.filter((n) => !unacked.includes(n) && this.eventOf(n).receipt);
    if (lost.length > 0) this.tell("lost", `acked, and settled by nobody: ${lost.join(" ")}`);
    if (!areHeld) this.tell("endless", `open: ${open.join(" ")}; not acked: ${unacked.join(" ")}`);
  }

  #schedule(): void {
    const { events, actions, troubles, settings } = this.plan;
    const ends = [BUSY_MS];
    for (const event of events) {
      ends.push(event.failsUntil);
      for (const at of event.times) this.#at(at, () => this.#publish(event));
    }
    for (const action of actions) {
      ends.push(action.at + Math.abs(action.ms) * (action.kind === "wall" ? 0 : 1));
      this.#at(action.at, () => this.#act(action));
    }
    for (const { until } of troubles) ends.push(until + 160_000);
    this.#quietAt = Math.max(...ends);
    const isMischievous = settings.stale > 0 || settings.empty > 0 || settings.order !== "kept";
    if (isMischievous) this.server.mischiefUntil = BUSY_MS * 2;
    this.#every(60_000, () => this.#lookAround());
  }

  #at(ms: number, work: () => void): void {
    if (ms === 0) work();
    else this.#planned.push(setTimeout(work, ms));
  }

  #every(ms: number, work: () => void): void {
    this.#at(ms, () => {
      work();
      if (!this.#isClosing) this.#every(ms, work);
    });
  }

  #publish(event: DrawnEvent): void {
    this.note("published", { n: event.n });
    this.ledger.published(event);
    this.server.publish(event);
  }

  #act(action: DrawnAction): void {
    const slot = this.#slots[action.slot];
    if (slot === undefined || this.#isClosing) return;
    const { reader } = slot;
    const asleepMs = (reader?.hands.asleepUntil ?? 0) - this.clock.now();
    if (asleepMs > 0) {
      this.#at(asleepMs + 1, () => this.#act(action));
      return;
    }
    this.count(action.kind);
    this.note("action", { process: reader?.number, what: `${action.kind} ${action.ms}` });
    this.#doAct(action, slot);
  }

  #doAct({ kind, ms }: DrawnAction, slot: Slot): void {
    switch (kind) {
      case "stop":
      case "leave":
        this.#stop(slot, ms);
        return;
      case "stopTwice":
        this.#stop(slot, 25_000);
        this.#at(100, () => this.#stop(slot, ms));
        return;
      case "abort":
        this.#abort(slot);
        return;
      case "pause":
        this.#pause(slot, ms);
        return;
      case "suspend":
        this.#suspend(slot, ms);
        return;
      case "wall":
        slot.wallMs += ms;
        if (slot.reader) slot.reader.hands.wallMs += ms;
        return;
      case "storeClock":
        this.#storeHands.asleepMs -= ms;
        this.#storeSetAt = this.clock.now();
        this.disturbedAt = Math.max(this.disturbedAt, this.clock.now());
        return;
      case "outage":
        this.#outageUntil = Math.max(this.#outageUntil, this.clock.now() + ms);
        return;
      default:
        this.#redrive();
        return;
    }
  }

  #stop({ reader, going }: Slot, withinMs: number): void {
    const { settings } = this.plan;
    if (reader === undefined || going === undefined) return;
    const isBySignal =
      settings.verb === "drain" || settings.verb === "deliveries" || reader.isRedrive;
    this.#stopping(reader, isBySignal ? settings.shutdownMs : withinMs);
    reader.as(() => going.stop(withinMs));
  }

  #abort({ reader, going }: Slot): void {
    if (reader === undefined || going === undefined) return;
    this.#stopping(reader, this.plan.settings.shutdownMs);
    reader.as(going.abort);
  }

  #stopping(reader: Reader, withinMs: number): void {
    const now = this.clock.now();
    const from = Math.max(now, reader.hands.asleepUntil);
    this.note("stopping", { process: reader.number, what: withinMs });
    reader.stoppedAt ??= now;
    reader.stopBy = Math.min(reader.stopBy ?? Number.POSITIVE_INFINITY, from + withinMs + 1_000);
  }

  #pause({ reader, going }: Slot, ms: number): void {
    if (reader === undefined || going?.pause === undefined) return;
    reader.as(going.pause);
    reader.isPaused = true;
    this.note("paused", { process: reader.number });
    this.#at(ms, () => {
      reader.isPaused = false;
      this.note("resumed", { process: reader.number });
      reader.paces.progress();
      reader.as(() => going.resume?.());
    });
  }

  /** The process stands still, its monotonic clock with it; the time of day goes on. */
  #suspend({ reader }: Slot, ms: number): void {
    if (reader === undefined) return;
    const now = this.clock.now();
    reader.hands.asleepMs += ms;
    reader.hands.asleepUntil = now + ms;
    if (reader.stopBy !== undefined) reader.stopBy += ms;
    // One that wakes earlier does not end the sleep of another.
    this.disturbedAt = Math.max(this.disturbedAt, now + ms);
  }

  #redrive(): void {
    const slot = emptySlot();
    this.#redrives.add(slot);
    this.#begin(slot, -1, startRedrive, () => this.#redrives.delete(slot));
  }

  /** A stop has its time, and a second more for what is let go of. */
  #checkStops(): void {
    const now = this.clock.now();
    for (const { reader } of [...this.#slots, ...this.#redrives]) {
      if (reader?.stopBy === undefined || now <= reader.stopBy + 4 * this.#longestBurnMs + 1)
        continue;
      this.tell("slowStop", `process ${reader.number} has not ended by ${reader.stopBy}`);
      reader.stopBy = Number.POSITIVE_INFINITY;
    }
  }

  #start(slot: Slot): void {
    if (this.#isClosing) return;
    this.#begin(slot, this.#slots.indexOf(slot), start, () => {
      const waitMs = this.plan.settings.restartMs * 2 ** slot.halts;
      this.#at(Math.min(waitMs, LONGEST_RESTART_MS), () => this.#start(slot));
    });
  }

  #begin(
    slot: Slot,
    index: number,
    starter: (reader: Reader, stopper: CountedStopper) => Going,
    then: () => void,
  ): void {
    this.#readers += 1;
    const reader = new Reader(this, this.#readers, index, slot.wallMs);
    const stopper = new CountedStopper();
    this.note("began", { process: reader.number });
    const began = this.clock.now();
    const burned = this.#burnedMs;
    Object.assign(slot, { reader, stopper });
    const going = reader.as(() => starter(reader, stopper));
    slot.going = going;
    void going.ended.then((what) => {
      this.note("ended", { process: reader.number, what });
      this.#checkEnd(reader, what, this.clock.now() - began - (this.#burnedMs - burned));
      slot.halts = isOrderly(what) ? 0 : slot.halts + 1;
      this.#over(slot, reader);
      this.#checkLeftIn(this.#lastCallMs(what), reader, stopper);
      if (!this.#isClosing || index < 0) then();
    });
  }

  #over(slot: Slot, reader: Reader): void {
    reader.isOver = true;
    if (reader.isWindowFull) slot.fullAt = this.clock.now();
    for (const n of reader.running.keys()) this.ledger.ended(reader, n);
    this.released(reader);
    Object.assign(slot, { reader: undefined, going: undefined });
  }

  /** How a run may end: as it was told to, or for a reason that the docs name. */
  #checkEnd(reader: Reader, what: string, tookMs: number): void {
    const { verb, deadLetters } = this.plan.settings;
    if (what.startsWith("raw")) this.tell("raw", `process ${reader.number} ended with ${what}`);
    if (verb === "drain" && !reader.isRedrive) this.#checkDrain(reader, what, tookMs);
    if (isOrderly(what) || what.startsWith("raw")) return;
    if (what.startsWith("leaseLost") && this.plan.settings.lease) return;
    if (what.startsWith("halted") && !deadLetters) return;
    // An ack that is refused for good, again and again, ends a run too.
    if (!reader.sawFatal && !reader.sawRefusals)
      this.tell("halt", `process ${reader.number} ended: ${what}`);
  }

  #checkDrain(reader: Reader, what: string, tookMs: number): void {
    this.#checkDeadline(reader, tookMs);
    if (what === "empty") this.#checkEmpty(reader);
  }

  /** A drain that says "empty" has seen all that was there when it pulled last. */
  #checkEmpty({ number, given, pulledAt }: Reader): void {
    const { kind, processes } = this.plan.settings;
    // Of a list or a queue nobody knows what was hidden, and of two readers who has it.
    if (kind !== "log" || processes === 2 || this.mayFail("pull")) return;
    const left = this.ledger.open.filter(
      ({ n }) => !given.has(n) && this.ledger.publishedAt(n) < pulledAt,
    );
    if (left.length === 0) return;
    const numbers = left.map(({ n }) => n).join(" ");
    this.tell("drainedEarly", `process ${number} ended as empty, and left ${numbers}`);
  }

  #checkDeadline({ hands }: Reader, tookMs: number): void {
    const { deadlineMs = Number.POSITIVE_INFINITY } = this.plan.settings;
    const lateMs = tookMs - deadlineMs - hands.asleepMs;
    if (lateMs > 1_001 + 3 * this.#longestBurnMs) {
      this.tell("lateDrain", `${Math.round(lateMs)} ms late`);
    }
  }

  /**
   * One call more may go out just behind a run: a handler that ends when the lease is lost has its mark
   * taken back, and what a pull brings that did not hear that it was cut is given back. So is a lease that is
   * granted late.
   */
  #lastCallMs(what: string): number {
    const { dedupe, nack, lease, callTimeoutMs, shutdownMs } = this.plan.settings;
    const isLate = ({ service, how }: DrawnTrouble) => service === "acquire" && how === "late";
    const late = lease ? this.plan.troubles.filter(isLate).map(({ ms }) => ms) : [];
    // So it is where a stop has no time, and a start is known to be none a moment behind it.
    const isLeft = dedupe && (what.startsWith("leaseLost") || shutdownMs === 0);
    const isMade = nack || isLeft || late.length > 0;
    return isMade ? Math.max(0, ...late) + callTimeoutMs + 1 : 0;
  }

  /** Looks that long after the run has ended, and its last handler. */
  #checkLeftIn(ms: number, reader: Reader, stopper: CountedStopper): void {
    this.#at(ms, () => {
      const leftMs = ms === 0 ? 0 : reader.workedAt + ms - this.clock.now();
      if (leftMs > 0) this.#checkLeftIn(leftMs, reader, stopper);
      else void this.clock.settle().then(() => this.#checkLeft(reader, stopper));
    });
  }

  #checkLeft({ hands, number }: Reader, { listeners, signal }: CountedStopper): void {
    if (hands.timers > 0) this.tell("timersLeft", `${hands.timers} of process ${number}`);
    if (listeners > 0 && !signal.aborted)
      this.tell("listenersLeft", `${listeners} of process ${number}`);
  }

  /** Once a minute: what stands still, grows, or never ends. */
  #lookAround(): void {
    for (const slot of this.#slots) {
      const { reader } = slot;
      if (reader === undefined) continue;
      this.#checkGrowth(reader, slot.stopper);
      this.#checkTimers(reader);
      // What begins anew so often, and ever later, gets on slowly.
      if (slot.halts === 0) this.#checkStall(reader, slot.fullAt);
      this.#unstick(slot, reader);
    }
  }

  #checkGrowth(reader: Reader, stopper: CountedStopper | undefined): void {
    const { hands, number } = reader;
    const { maxInFlight, concurrency, batchSize, pageSize } = this.plan.settings;
    const window = (maxInFlight ?? Math.max(200, 4 * concurrency * batchSize)) + pageSize;
    if (hands.timers > 100 + 6 * window)
      this.tell("manyTimers", `${hands.timers} of process ${number}`);
    if ((stopper?.listeners ?? 0) > 10)
      this.tell("manyListeners", `${stopper?.listeners} of ${number}`);
    // Whoever hears no answer to a pull does not hold what it brought.
    if (this.plan.troubles.some(({ service, after }) => service === "pull" && after)) return;
    // A list in no order may show others than those that are held.
    const open = reader.openCount;
    if (open > 2 * window + 1)
      this.tell("window", `${open} open of ${window} in process ${number}`);
  }

  /** A process whose timers are called much oftener than it does anything is busy with nothing. */
  #checkTimers(reader: Reader): void {
    const { hands, calls, seen, number } = reader;
    const fired = hands.fired - seen.fired;
    if (fired > 2_000 + 10 * (calls - seen.calls)) {
      this.tell("hotTimers", `${fired} timers of process ${number} in a minute`);
    }
    reader.seen = { fired: hands.fired, calls };
  }

  /** An event that nothing is in the way of must be started, or a report says why it is not. */
  #checkStall(reader: Reader, fullAt: number): void {
    const { settings } = this.plan;
    const now = this.clock.now();
    // What the last process has said of its full window, the next one finds.
    const from = Math.max(this.#stallableFrom(reader), fullAt + STALL_MS);
    if (now < from || settings.kind === "pages") return;
    if (this.#mayHideUntold(reader)) return;
    if (reader.running.size >= settings.concurrency || reader.isWindowFull) return;
    const open = this.ledger.open;
    // What is handled and not acked may be handled again first.
    const others = [...open, ...this.server.unacked.map(({ event }) => event)];
    const stalled = open.filter(
      ({ n, key }) =>
        this.ledger.startsOf(n) === 0 &&
        this.#isDue(n, reader) &&
        !(settings.ordered && others.some((other) => other.n !== n && other.key === key)) &&
        // Its key was another's until then.
        !(settings.ordered && now < this.ledger.endedAt(key) + STALL_MS),
    );
    // An outage is all it can know of bad ones that hold the key of those behind them.
    if (reader.isHeldByPoison && stalled.every(({ n }) => reader.given.has(n))) return;
    if (stalled.length === 0) return;
    const numbers = stalled.map(({ n }) => n).join(" ");
    this.tell("stall", `nothing is in the way of ${numbers}, and none is started by ${now}`);
  }

  /** A drain that has seen the end pulls no more, and another process may have it behind a handler. */
  #isDue(n: number, { pulledAt }: Reader): boolean {
    const { concurrency, verb } = this.plan.settings;
    for (const { reader } of this.#slots)
      if (reader?.given.has(n) && reader.running.size >= concurrency) return false;
    return (
      verb !== "drain" || (this.ledger.publishedAt(n) < pulledAt && !this.#isTwin(n, pulledAt))
    );
  }

  /** What is there twice at the head of a queue that does not say how long it hides may be one for ever. */
  #mayHideUntold({ given }: Reader): boolean {
    const { kind, leases } = this.plan.settings;
    if (kind !== "queue" || leases.every((ms) => ms > 0)) return false;
    return [...given].some((n) => this.ledger.isOpen(n) && this.eventOf(n).times.length > 1);
  }

  /** Two without a name, of which a list shows one at a time, are one for whoever holds the first. */
  #isTwin(n: number, pulledAt: number): boolean {
    const { kind, order } = this.plan.settings;
    const isInTurns = kind === "list" && order !== "kept" && pulledAt < this.server.mischiefUntil;
    return isInTurns && isNameless(this.eventOf(n)) && this.eventOf(n).times.length > 1;
  }

  #stallableFrom({ toldWhyAt, isPaused, hands }: Reader): number {
    if (this.plan.settings.lease && this.plan.settings.processes === 2)
      return Number.POSITIVE_INFINITY;
    if (isPaused || this.mayFail("onReport")) return Number.POSITIVE_INFINITY;
    const ends = this.plan.troubles.map(({ until }) => until + 100_000);
    const acts = this.plan.actions.map(({ at, ms }) => at + Math.abs(ms));
    // Who sleeps is acted on when awake, and may be sent to sleep again.
    const last = Math.max(BUSY_MS, toldWhyAt, hands.asleepUntil, ...ends, ...acts);
    return last + STALL_MS;
  }

  /** A handler that hears its signal ends by its time limit. */
  #checkTimeLimit({ number, stoppedAt, steps }: Reader, n: number, since: number): void {
    const { handlerTimeoutMs, verb } = this.plan.settings;
    const hasLimit = handlerTimeoutMs !== undefined && (verb === "consume" || verb === "drain");
    const { onAbort = "ignore", ms = 0 } = steps.get(n) ?? {};
    // Of what has no name nobody knows which one works.
    if (isNameless(this.eventOf(n))) return;
    if (!hasLimit || stoppedAt !== undefined || onAbort === "ignore") return;
    if (ms > 60_000 || this.disturbedAt > since - 60_000) return;
    this.tell("handlerTime", `event ${n} works on and on in process ${number}`);
  }

  /** Whether whoever has an event keeps it hidden: nothing is in the way of its being extended. */
  mustHide({ place, event }: Item, leaseMs: number): void {
    const { extend, latencyMs, leases } = this.plan.settings;
    const isTooShort =
      leaseMs < 200 || leaseMs < 8 * latencyMs || leaseMs < 10 * this.#longestBurnMs;
    // What came without a lease first is not extended later.
    if (leases.some((ms) => ms <= 0)) return;
    // A page that comes later than its lease lasts was never in time.
    if (this.plan.troubles.some(({ service, how }) => service === "pull" && how === "late")) return;
    if (!extend || isTooShort || event.times.length > 1) return;
    const since = this.clock.now() - 3 * leaseMs;
    if (this.disturbedAt > since - 60_000) return;
    for (const { reader } of this.#slots) {
      if (reader?.stoppedAt !== undefined || !reader?.running.has(event.n)) continue;
      if (!reader.couldExtend(event.n, since)) continue;
      this.tell("leaseEnded", `place ${place} was hidden for ${leaseMs} ms, and is in work`);
    }
  }

  /** A handler that never ends, and hears no signal, ends with its process. */
  #unstick(slot: Slot, reader: Reader): void {
    const now = this.clock.now();
    for (const n of reader.running.keys()) {
      const name = `${reader.number} ${n} ${this.ledger.startsOf(n)}`;
      const since = this.#neverSince.get(name) ?? now;
      this.#neverSince.set(name, since);
      if (now - since > 60_000) this.#checkTimeLimit(reader, n, since);
      if (now - since < STUCK_MS || reader.stoppedAt !== undefined) continue;
      this.#stop(slot, this.plan.settings.shutdownMs);
      return;
    }
  }
}

function isOrderly(what: string): boolean {
  return /^(empty|deadline|limit|signal|left|undefined)/.test(what);
}

/** The same stores, each call of which reads another clock. */
function onClock<Stores extends object>(
  stores: Stores,
  as: (work: () => unknown) => unknown,
): Stores {
  return new Proxy(stores, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value === "function") return (...all: unknown[]) => as(() => value(...all));
      return typeof value === "object" && value !== null ? onClock(value, as) : value;
    },
  });
}

function emptySlot(): Slot {
  return {
    reader: undefined,
    going: undefined,
    stopper: undefined,
    wallMs: 0,
    halts: 0,
    fullAt: 0,
  };
}

function hanging(service: Service): DrawnTrouble {
  return {
    service,
    from: 0,
    until: 0,
    probability: 1,
    how: "hang",
    after: false,
    odd: "undefined",
    ms: 0,
  };
}
