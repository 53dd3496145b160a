import { checkFault, isDelivering } from "./check-fault.ts";
import type { Fault, FaultKind, SpoilingFault } from "./fault.ts";
import { asList } from "./options.ts";
import { createRandom } from "./random.ts";

/** A fault in the list, and what it did so far. */
export interface FaultState {
  /** What {@link Faults.clear} takes. */
  readonly id: string;
  /** The fault as it was added. */
  readonly fault: Fault;
  /** How many calls matched its operation. */
  readonly matched: number;
  /** How often it was injected. */
  readonly injected: number;
}

/** What hits one call. */
export interface InjectedFaults {
  /** The faults, in the order they were added. */
  readonly kinds: readonly FaultKind[];
  /** How long the call waits first, in ms. */
  readonly delayMs: number;
  /** Whether deliveries are repeated. */
  readonly duplicate: boolean;
  /** What the answer says instead of its own headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** What spoils the answer, if anything does. */
  readonly spoil?: SpoilingFault | undefined;
}

/** The faults of one emulator, whose calls are `Operation`. */
export interface Faults<Operation extends string = string> {
  /**
   * Adds a fault behind the others, and gives its id. A call is spoilt by the first that hits it.
   *
   * Each fault rolls its own generator, made from the emulator's seed and the fault's number, so that
   * calls of other operations do not change what it does.
   *
   * @throws {TypeError} when the fault is not of the documented shape, has a member or an operation that
   * nobody knows.
   */
  add(fault: Fault<Operation>): string;
  /**
   * Removes one fault, or all, and tells how many. The counters and the clock's other skews stay.
   */
  clear(id?: string): number;
  /** Adds several faults, or none where one of them is wrong. */
  addAll(faults: readonly Fault<Operation>[]): readonly string[];
  /** The faults in order. */
  list(): readonly FaultState[];
  /** How many faults were injected, by kind; a kind that never was is absent. */
  injected(): Readonly<Partial<Record<FaultKind, number>>>;
}

/** Faults as their emulator has them. */
export interface FaultInjector extends Faults {
  /** What the clock is wrong by, in ms. */
  skewMs(): number;
  /** Says which operations there are. Called by the frame alone. */
  know(operations: readonly string[], outgoing: readonly string[]): void;
  /** Forgets everything but the operations. Called by the frame alone. */
  reset(): void;
  /** Decides what hits a call. Called by the frame alone, once for each request. */
  take(operation: string): InjectedFaults;
}

interface Planned {
  readonly id: string;
  readonly fault: Fault;
  readonly random: () => number;
  matched: number;
  injected: number;
}

const none: InjectedFaults = Object.freeze({
  kinds: [],
  delayMs: 0,
  duplicate: false,
  headers: {},
});

function hits(planned: Planned, operation: string, incoming: readonly string[]): boolean {
  const { operation: wanted, after = 0, count, probability = 1 } = planned.fault;
  const { kind } = planned.fault;
  if (kind === "skew" || (kind === "duplicate" && !isDelivering(operation))) return false;
  const names = typeof wanted === "string" ? [wanted] : (wanted ?? incoming);
  if (!names.includes(operation)) return false;
  planned.matched += 1;
  if (planned.matched <= after) return false;
  if (count !== undefined && planned.injected >= count) return false;
  return probability === 1 || planned.random() < probability;
}

function spoils(fault: Fault): fault is SpoilingFault {
  return !["delay", "headers", "duplicate", "skew"].includes(fault.kind);
}

function toInjected(hit: readonly Fault[]): InjectedFaults {
  return {
    kinds: hit.map(({ kind }) => kind),
    delayMs: hit.reduce((sum, fault) => (fault.kind === "delay" ? sum + fault.ms : sum), 0),
    duplicate: hit.some(({ kind }) => kind === "duplicate"),
    headers: Object.assign({}, ...hit.map((fault) => "headers" in fault && fault.headers)),
    spoil: hit.find(spoils),
  };
}

/** A copy, so that nobody changes the fault itself. */
function toState({ id, fault, matched, injected }: Planned): FaultState {
  return { id, fault: structuredClone(fault), matched, injected };
}

/** Makes the faults of one emulator. */
export function createFaults(seed: number): FaultInjector {
  const plan: Planned[] = [];
  let counters: Partial<Record<FaultKind, number>> = {};
  let lastId = 0;
  let incoming: readonly string[] = [];
  let known: readonly string[] = [];

  function inject(planned: Planned): void {
    const { kind } = planned.fault;
    planned.injected += 1;
    counters[kind] = (counters[kind] ?? 0) + 1;
  }

  function add(given: Fault): string {
    checkFault(given, known);
    const fault = structuredClone(given);
    lastId += 1;
    const planned: Planned = {
      id: String(lastId),
      fault,
      random: createRandom(seed + lastId * 7919),
      matched: 0,
      injected: 0,
    };
    plan.push(planned);
    if (fault.kind === "skew") inject(planned);
    return planned.id;
  }

  return {
    know(operations, outgoing) {
      incoming = [...new Set(operations)];
      known = [...incoming, ...outgoing];
    },
    reset() {
      plan.length = 0;
      counters = {};
      lastId = 0;
    },
    addAll(faults) {
      for (const fault of asList("faults", faults)) checkFault(fault, known);
      return faults.map(add);
    },
    add,
    clear(id) {
      const rest = id === undefined ? [] : plan.filter((planned) => planned.id !== id);
      return plan.splice(0, plan.length, ...rest).length - rest.length;
    },
    list: () => plan.map(toState),
    injected: () => ({ ...counters }),
    skewMs: () =>
      plan.reduce((sum, { fault }) => (fault.kind === "skew" ? sum + fault.ms : sum), 0),
    take(operation) {
      if (plan.length === 0) return none;
      const hit: Fault[] = [];
      for (const planned of plan) {
        if (!hits(planned, operation, incoming)) continue;
        inject(planned);
        hit.push(planned.fault);
        if (spoils(planned.fault)) break;
      }
      return toInjected(hit);
    },
  };
}
