import { explainRepeat } from "./explain.ts";
import type { Note } from "./history.ts";
import type { Violation } from "./watch.ts";
import type { World } from "./world.ts";

/** What a run came to. */
export interface Verdict {
  readonly violations: readonly Violation[];
  readonly events: number;
  readonly lost: number;
  readonly ackedBeforeHandled: number;
  /** How often an event was handled again at most. */
  readonly worstDuplicates: number;
  /** What went wrong, by kind. */
  readonly faults: Readonly<Record<string, number>>;
}

/** What is known of one process at a place in the history. */
interface ProcessFacts {
  readonly running: Set<number>;
  readonly settled: Set<number>;
  /** What it was given, in order, each once. */
  readonly given: Set<number>;
  /** For each key, what it was given and has not settled, in order. */
  readonly byKey: Map<string, number[]>;
  /** How often the handler failed with each event. */
  readonly failures: Map<number, number>;
  /** When it said that it stops. */
  stoppingAt: number | undefined;
}

/** One reading of a run's history against the promises. */
class Checker {
  readonly violations: Violation[];
  readonly #world: World;
  readonly #keys: ReadonlyMap<number, string>;
  readonly #processes = new Map<number, ProcessFacts>();
  readonly #requests = new Map<number, number>();
  readonly #settled = new Set<number>();
  readonly #finished = new Set<number>();
  readonly #handled = new Map<number, number[]>();
  readonly #acked = new Set<number>();
  /** How many events a saved cursor has passed. */
  #passed = 0;
  #index = 0;
  /** How many processes may have left a start behind that never ended. */
  #abrupt = 0;

  constructor(world: World) {
    this.#world = world;
    this.violations = [...world.watch.violations];
    // What cannot be read has no key.
    const keyed = world.plan.events.filter(({ kind }) => kind !== "unreadable");
    this.#keys = new Map(keyed.map(({ n, key }) => [n, key]));
  }

  read(): Verdict {
    const { history, plan, faults } = this.#world;
    for (const [index, note] of history.notes.entries()) {
      this.#index = index;
      this.#readOne(note);
    }
    const lost = plan.events.filter(({ n }) => !this.#settled.has(n));
    for (const { n } of lost) this.#tell("lost", `event ${n} was never settled`);
    const times = [...this.#handled.values()].map((places) => places.length);
    return {
      violations: this.violations,
      events: plan.events.length,
      lost: lost.length,
      ackedBeforeHandled: this.violations.filter(({ kind }) => kind === "ackedBeforeHandled")
        .length,
      worstDuplicates: Math.max(0, ...times.map((count) => count - 1)),
      faults,
    };
  }

  #readOne(note: Note): void {
    const process = note.process ?? 0;
    switch (note.kind) {
      case "request":
        this.#requests.set(note.request ?? 0, process);
        break;
      case "pulled":
        for (const n of note.all ?? []) this.#given(process, n);
        break;
      case "start":
        this.#started(process, note.n ?? -1);
        break;
      case "end":
        this.#ended(process, note.n ?? -1, String(note.what));
        break;
      case "stopping":
        this.#factsOf(process).stoppingAt = note.at;
        break;
      case "storeFailed":
      case "crashed":
        this.#abrupt += 1;
        break;
      case "ended":
        this.#countEnd(process, note);
        break;
      default:
        this.#readSettling(note, process);
    }
  }

  #readSettling({ kind, n = -1, id = "", request, what }: Note, process: number): void {
    const { numbers } = this.#world.provider;
    const number = numbers.get(id) ?? -1;
    switch (kind) {
      case "letter":
        this.#letter(process, n, String(what));
        break;
      case "dropped":
        this.#settle(process, n);
        break;
      case "duplicate":
        this.#duplicate(process, n);
        break;
      case "finished":
        this.#finished.add(number);
        break;
      case "acked":
        this.#ack(number, this.#requests.get(request ?? -1));
        break;
      case "saved":
        this.#save([...numbers.keys()].indexOf(id) + 1, process);
        break;
    }
  }

  #given(process: number, n: number): void {
    const { given, byKey } = this.#factsOf(process);
    if (given.has(n)) return;
    given.add(n);
    const key = this.#keys.get(n);
    if (key === undefined) return;
    byKey.set(key, [...(byKey.get(key) ?? []), n]);
  }

  #started(process: number, n: number): void {
    const facts = this.#factsOf(process);
    const { settings } = this.#world.plan;
    const subject = `event ${n} in process ${process}`;
    if (facts.stoppingAt !== undefined) this.#tell("startedAfterStop", subject);
    if (facts.running.has(n)) this.#tell("twoAtOnce", `${subject} has two handlers at once`);
    if (settings.dedupe && this.#finished.has(n)) this.#tell("startedAfterFinish", subject);
    facts.running.add(n);
    const most = settings.verb === "batch" ? settings.concurrency * 4 : settings.concurrency;
    if (settings.verb !== "webhook" && facts.running.size > most) {
      this.#tell("tooMany", `${facts.running.size} handlers at once in process ${process}`);
    }
    if (settings.ordered && !facts.settled.has(n)) this.#checkOrder(facts, n, subject);
  }

  /** Whatever was given before it under the same key must be settled, or be in the same batch. */
  #checkOrder(facts: ProcessFacts, n: number, subject: string): void {
    for (const other of facts.byKey.get(this.#keys.get(n) ?? "") ?? []) {
      if (other === n) return;
      if (facts.settled.has(other)) continue;
      this.#tell("order", `${subject} was started before event ${other} of its key was settled`);
    }
  }

  #ended(process: number, n: number, what: string): void {
    const facts = this.#factsOf(process);
    facts.running.delete(n);
    if (what === "failed") facts.failures.set(n, (facts.failures.get(n) ?? 0) + 1);
    if (what === "handled") this.#handle(process, n);
    if (what === "handled" || what === "dropped") this.#settle(process, n);
  }

  #handle(process: number, n: number): void {
    const places = this.#handled.get(n) ?? [];
    this.#handled.set(n, [...places, this.#index]);
    const last = places.at(-1);
    if (last === undefined) return;
    const why = explainRepeat(this.#world, n, last, this.#index);
    if (why !== undefined) return;
    this.#tell("duplicate", `event ${n} was handled again in process ${process} for no reason`);
  }

  /**
   * A stop has a second to take its starts back; one without the time, or the lease, may not. One that
   * was given less has a tenth of that, and 100 ms at least, which a slow store may not answer in. A
   * webhook's process, closed, ends with whatever it has at work.
   */
  #countEnd(process: number, { at, what }: Note): void {
    const { stoppingAt = at } = this.#factsOf(process);
    const isAbrupt = /leaseLost|conflict|cut|closed/.test(String(what));
    const { settings, actions } = this.#world.plan;
    const ofOwn = actions.filter(
      (action) => action.kind === "stop" && action.at >= stoppingAt && action.at <= at,
    );
    const withinMs = Math.min(settings.shutdownMs, ...ofOwn.map(({ ms }) => ms));
    const isHasty = settings.storeMs > Math.max(100, withinMs / 10);
    if (isAbrupt || isHasty || at - stoppingAt >= 1_000) this.#abrupt += 1;
  }

  #letter(process: number, n: number, reason: string): void {
    const starts = Number(/started (\d+) times and never ended/.exec(reason)?.[1] ?? 0);
    if (starts > this.#abrupt) {
      this.#tell("attempts", `event ${n} was given up for ${starts} starts that did end`);
    }
    const tried = /^failed (\d+) times/.exec(reason)?.[1];
    const failures = this.#factsOf(process).failures.get(n) ?? 0;
    const { verb, attempts } = this.#world.plan.settings;
    const least = verb === "webhook" ? Number(tried) : attempts;
    if (tried !== undefined && failures < least) {
      this.#tell("attempts", `event ${n} was given up after ${failures} failures of ${least}`);
    }
    this.#settle(process, n);
  }

  /** The loop says that an event was settled before: that must be true. */
  #duplicate(process: number, n: number): void {
    if (!this.#settled.has(n)) this.#tell("falseDuplicate", `event ${n} was settled by nobody`);
    this.#settle(process, n);
  }

  #settle(process: number, n: number): void {
    this.#settled.add(n);
    this.#factsOf(process).settled.add(n);
  }

  #ack(n: number, process: number | undefined): void {
    if (this.#acked.has(n)) return;
    this.#acked.add(n);
    if (!this.#settled.has(n)) {
      this.#tell("ackedBeforeHandled", `event ${n} was acked before anything was done with it`);
      return;
    }
    if (process === undefined) return;
    const { given, settled } = this.#factsOf(process);
    if (given.has(n) && !settled.has(n)) {
      this.#tell("ackPassedOpen", `process ${process} acked event ${n}, which it had open`);
    }
  }

  /** A cursor that is saved acks every message before it. */
  #save(end: number, process: number): void {
    const order = [...this.#world.provider.numbers.values()];
    for (let index = this.#passed; index < end; index += 1) {
      this.#ack(order[index] ?? -1, process);
    }
    this.#passed = Math.max(this.#passed, end);
  }

  #factsOf(process: number): ProcessFacts {
    const known = this.#processes.get(process);
    if (known) return known;
    const made: ProcessFacts = {
      running: new Set(),
      settled: new Set(),
      given: new Set(),
      byKey: new Map(),
      failures: new Map(),
      stoppingAt: undefined,
    };
    this.#processes.set(process, made);
    return made;
  }

  #tell(kind: string, text: string): void {
    this.violations.push({ kind, text });
  }
}

/** Holds a run's history against the promises. */
export function check(world: World): Verdict {
  return new Checker(world).read();
}
