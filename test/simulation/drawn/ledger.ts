import type { DeadLetter } from "../../../src/core/stores.ts";
import { type DrawnEvent, type DrawnPlan, isNameless } from "./plan.ts";
import type { Reader } from "./reader.ts";
import type { Item } from "./server.ts";
import { toEvent, toRaw } from "./wire.ts";

/** What became of one event. */
interface Fate {
  readonly event: DrawnEvent;
  readonly named: boolean;
  published: number;
  /** When it was last. */
  publishedAt: number;
  /** How often it was handled, dropped or set aside. */
  settled: number;
  /** How often a letter of it was stored. */
  letters: number;
  acked: number;
  starts: number;
  /** How often its handler failed, and how often of an outage alone. */
  failures: number;
  outages: number;
  /** How few events were held that could be started, when an outage failed it. */
  leastHeld: number;
  /** Whether it may be set aside before its attempts are used up. */
  mayBeLetter: boolean;
  /** When it was handled, and by which process. */
  handledAt: { readonly reader: Reader; readonly at: number }[];
  readonly running: Map<Reader, number>;
  /** Marks that were set, and by whom, while no handler has started for them. */
  readonly unstarted: Map<string, Reader>;
  /** The mark that was set last. */
  mark: string | undefined;
}

/** What the ledger works with. */
export interface LedgerParts {
  readonly plan: DrawnPlan;
  readonly now: () => number;
  readonly tell: (kind: string, text: string) => void;
  readonly knowsOutages: boolean;
}

/** How often an event may be handled within a minute by a process that is not told to. */
const MOST_REPEATS = 60;

/** Keeps what became of each event, and holds it against the promises. */
export class Ledger {
  readonly #fates = new Map<number, Fate>();
  readonly #endedAt = new Map<string | undefined, number>();
  readonly #parts: LedgerParts;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
    for (const event of parts.plan.events) {
      this.#fates.set(event.n, {
        event,
        named: !isNameless(event),
        published: 0,
        publishedAt: 0,
        settled: 0,
        letters: 0,
        acked: 0,
        starts: 0,
        failures: 0,
        outages: 0,
        leastHeld: Number.POSITIVE_INFINITY,
        mayBeLetter: event.kind === "unfit" || event.kind === "unreadable",
        handledAt: [],
        running: new Map(),
        unstarted: new Map(),
        mark: undefined,
      });
    }
  }

  published({ n }: DrawnEvent): void {
    const fate = this.#of(n);
    fate.published += 1;
    fate.publishedAt = this.#parts.now();
  }

  /** A mark is set in the store, whether whoever asks hears of it or not. */
  marked(reader: Reader, n: number, mark: string): void {
    const fate = this.#of(n);
    fate.mark = mark;
    fate.unstarted.set(mark, reader);
  }

  /** A mark is taken back, and its start with it, where none was set since. */
  unmarked(n: number, mark: string): void {
    const fate = this.#of(n);
    if (fate.mark === mark) fate.unstarted.delete(mark);
  }

  /** A handler begins; it must see the event as it came. */
  started(reader: Reader, n: number, seen: unknown): void {
    const fate = this.#of(n);
    fate.starts += 1;
    const { event, named, running } = fate;
    const expected = JSON.stringify(toEvent(event));
    if (JSON.stringify(seen) !== expected) this.#tell("changed", n, "was seen changed");
    if (event.kind === "unfit")
      this.#tell("unfit", n, "was given to a handler though it does not fit");
    if (named) this.#checkAlone(reader, n, running);
    running.set(reader, (running.get(reader) ?? 0) + 1);
    const own = [...fate.unstarted].filter(([, by]) => by === reader).at(-1);
    if (own) fate.unstarted.delete(own[0]);
  }

  /** No other handler has the event, as far as marks hold; a redrive asks for none, and may meet one. */
  #checkAlone(reader: Reader, n: number, running: Fate["running"]): void {
    if (running.has(reader)) this.#tell("twoAtOnce", n, "has two handlers in one process");
    for (const other of reader.isRedrive ? [] : running.keys()) {
      if (other === reader || !other.holdsMark(n)) continue;
      const where = `in process ${other.number}, whose mark should hold`;
      this.#tell("twoAtOnce", n, `has a handler ${where}`);
    }
  }

  /** When a handler of an event with this key ended last. */
  endedAt(key: string | undefined): number {
    return this.#endedAt.get(key) ?? Number.NEGATIVE_INFINITY;
  }

  /** A handler has ended, or is given up. */
  ended(reader: Reader, n: number): void {
    const { running, event } = this.#of(n);
    this.#endedAt.set(event.key, this.#parts.now());
    const count = (running.get(reader) ?? 1) - 1;
    if (count === 0) running.delete(reader);
    else running.set(reader, count);
  }

  failed(n: number, ofOutage: boolean, held: number): void {
    const fate = this.#of(n);
    fate.failures += 1;
    if (!ofOutage) return;
    fate.outages += 1;
    fate.leastHeld = Math.min(fate.leastHeld, held);
  }

  /** It was handled, or dropped by its handler's word. */
  settled(n: number, handledBy?: Reader): void {
    const fate = this.#of(n);
    fate.settled += 1;
    if (handledBy === undefined) return;
    const now = this.#parts.now();
    const recent = fate.handledAt.filter(
      ({ reader, at }) => reader === handledBy && at > now - 60_000,
    );
    fate.handledAt = [...recent, { reader: handledBy, at: now }];
    // Each delivery of a queue is another event where it has no name, and an outage gathers them.
    if (!fate.named && this.#parts.plan.settings.kind === "queue") return;
    const most = MOST_REPEATS * (fate.named ? 1 : fate.published);
    if (fate.handledAt.length !== most) return;
    this.#tell("repeated", n, `was handled ${most} times within a minute`);
  }

  /** A letter of it was stored. */
  stored(n: number): void {
    this.#of(n).letters += 1;
    this.settled(n);
  }

  /** What was set aside and handled by nobody since must have its letters: so many are there. */
  checkLetters(kept: ReadonlyMap<number, number>): void {
    for (const [n, { named, letters, settled, published, event }] of this.#fates) {
      // Without a receipt it comes with every list, and each place among equals has one letter.
      if (!event.receipt) continue;
      const needed = named ? 1 : published;
      const there = settled - letters + (kept.get(n) ?? 0);
      if (letters > 0 && there < needed) this.#tell("lettersLost", n, `has ${there} of ${needed}`);
    }
  }

  /** Whatever it came to: it may be set aside now. */
  excuseLetter(n: number | undefined): void {
    if (n !== undefined) this.#of(n).mayBeLetter = true;
  }

  /** A letter is to be put: it must hold what came, and be due. */
  letter(n: number, letter: Pick<DeadLetter, "event" | "raw" | "reason">): void {
    const fate = this.#of(n);
    const { event } = fate;
    const wire = JSON.stringify([toEvent(event), toRaw(event)]);
    const held = JSON.stringify([letter.event, letter.raw]);
    if (held !== wire) this.#tell("changedLetter", n, "is changed in its letter");
    if (fate.mayBeLetter) return;
    const { attempts, verb } = this.#parts.plan.settings;
    // A store counts a begin whose answer was lost, and nobody can know whether a handler came of it.
    const lost = / never ended$/.test(letter.reason) ? fate.unstarted.size : 0;
    if (fate.starts + lost < Math.max(attempts, lost > 0 ? 2 : 0)) {
      this.#tell("attempts", n, `was given up after ${fate.starts} starts of ${attempts}`);
    }
    // Those that are in work all the while have not failed, and say nothing of an outage.
    const { concurrency } = this.#parts.plan.settings;
    const isOfOutage =
      fate.outages > 0 && fate.failures === fate.outages && fate.leastHeld >= 3 + concurrency;
    if (isOfOutage && attempts >= 2 && verb !== "batch" && this.#parts.knowsOutages) {
      this.#tell("outage", n, `was given up in an outage, with ${fate.leastHeld} held`);
    }
  }

  /** The run says that it was settled before. */
  duplicate(n: number): void {
    const { settled, named } = this.#of(n);
    if (!named || settled === 0) this.#tell("falseDuplicate", n, "was taken for done");
  }

  acked({ event: { n, kind } }: Item): void {
    const fate = this.#of(n);
    fate.acked += 1;
    if (kind === "foreign") return;
    const needed = fate.named ? 1 : fate.acked;
    if (fate.settled >= needed) return;
    const { drops } = this.#parts.plan.settings;
    // No report names what the policy drops unread.
    if (drops && fate.mayBeLetter) return;
    this.#tell("ackedEarly", n, `was acked ${fate.acked} times, and settled ${fate.settled} times`);
  }

  /** How many of so many places of an event are not settled for certain. */
  openOf(n: number, places: number): number {
    const { named, settled } = this.#of(n);
    if (!this.isOpen(n)) return 0;
    return named ? 1 : Math.max(0, places - settled);
  }

  /** Events that are published and not settled. */
  get open(): readonly DrawnEvent[] {
    const open: DrawnEvent[] = [];
    for (const fate of this.#fates.values()) if (this.#isOpen(fate)) open.push(fate.event);
    return open;
  }

  isOpen(n: number): boolean {
    return this.#isOpen(this.#of(n));
  }

  publishedAt(n: number): number {
    return this.#of(n).publishedAt;
  }

  startsOf(n: number): number {
    return this.#of(n).starts;
  }

  /** Whether every publication has come. */
  get isPublished(): boolean {
    return [...this.#fates.values()].every(
      ({ published, event }) => published === event.times.length,
    );
  }

  #isOpen({ event, named, published, settled, mayBeLetter }: Fate): boolean {
    if (event.kind === "foreign" || published === 0) return false;
    if (this.#parts.plan.settings.drops && mayBeLetter) return false;
    return settled < (named ? 1 : published);
  }

  #of(n: number): Fate {
    const fate = this.#fates.get(n);
    if (fate === undefined) throw new Error(`no event has the number ${n}`);
    return fate;
  }

  #tell(kind: string, n: number, text: string): void {
    this.#parts.tell(kind, `event ${n} ${text}, at ${Math.round(this.#parts.now())}`);
  }
}
