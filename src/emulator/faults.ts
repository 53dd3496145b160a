import { createRandom } from "./random.ts";

/** When a fault is injected. All conditions given must hold. */
export interface FaultMatch {
  /** The operations it hits, such as `"pull"`. @default every operation */
  readonly operation?: string | readonly string[] | undefined;
  /** How often it is injected in all. @default until it is cleared */
  readonly count?: number | undefined;
  /** How many matching calls are left alone first. @default 0 */
  readonly after?: number | undefined;
  /** How likely a matching call is hit, 0-1, by the seeded generator. @default 1 */
  readonly probability?: number | undefined;
}

/** What goes wrong; "before the effect" means that the request changes nothing. */
export type FaultEffect =
  /**
   * An answer with this status, before the effect; also an error's body with a status of success.
   * `retryAfter`: seconds, or a date.
   */
  | {
      readonly kind: "status";
      readonly status: number;
      /** Sent as JSON, or as it is when a string. @default the provider's own error body */
      readonly body?: unknown;
      readonly retryAfter?: number | string | Date | undefined;
    }
  /** The request waits for `ms` milliseconds before the effect; other faults still apply. */
  | { readonly kind: "delay"; readonly ms: number }
  /** The connection is cut before the effect. */
  | { readonly kind: "cut" }
  /** The effect happens, then the connection is cut. */
  | { readonly kind: "lostReply" }
  /** The effect happens, then the connection is cut in the middle of the body. */
  | { readonly kind: "truncate" }
  /** The effect happens, half of the body is sent, and the rest never comes. */
  | { readonly kind: "stall" }
  /** The effect happens, and the answer is 200 with a body that is not JSON, though it says so. */
  | { readonly kind: "garbage" }
  /** An HTML page of some proxy, with this status or 502, before the effect. */
  | { readonly kind: "html"; readonly status?: number | undefined }
  /** The effect happens, and the body is padded to `bytes`, or to 64 MiB. */
  | { readonly kind: "oversize"; readonly bytes?: number | undefined }
  /** The answer says these headers instead of its own; other faults still apply. */
  | { readonly kind: "headers"; readonly headers: Readonly<Record<string, string>> }
  /** Events are delivered again or twice; how, says the provider's emulator. */
  | { readonly kind: "duplicate" }
  /** The emulator's clock goes wrong by `ms` until this fault is cleared; no conditions apply. */
  | { readonly kind: "skew"; readonly ms: number };

/** The kinds of faults. */
export type FaultKind = FaultEffect["kind"];

/** A fault: what goes wrong, and when. */
export type Fault = FaultEffect & FaultMatch;

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

/** A fault that hits the call instead of its proper answer. */
export type SpoilingFault = Exclude<Fault, { kind: "delay" | "headers" | "duplicate" | "skew" }>;

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

/** The faults of one emulator. */
export interface Faults {
  /**
   * Adds a fault behind the others, and gives its id. A call is spoilt by the first that hits it.
   *
   * Each fault rolls its own generator, made from the emulator's seed and the fault's number, so that
   * calls of other operations do not change what it does.
   *
   * @throws {TypeError} when the fault is not of the documented shape.
   */
  add(fault: Fault): string;
  /** Removes one fault, or all. The counters and the clock's other skews stay. */
  clear(id?: string): void;
  /** The faults in order. */
  list(): readonly FaultState[];
  /** How many faults were injected, by kind; a kind that never was is absent. */
  injected(): Readonly<Partial<Record<FaultKind, number>>>;
}

/** Faults as their emulator has them. */
export interface FaultInjector extends Faults {
  /** What the clock is wrong by, in ms. */
  skewMs(): number;
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

const kinds: ReadonlySet<string> = new Set<FaultKind>([
  "status",
  "delay",
  "cut",
  "lostReply",
  "truncate",
  "stall",
  "garbage",
  "html",
  "oversize",
  "headers",
  "duplicate",
  "skew",
]);

const none: InjectedFaults = Object.freeze({
  kinds: [],
  delayMs: 0,
  duplicate: false,
  headers: {},
});

function checkNumber(name: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return;
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    throw new TypeError(`fault: ${name} must be a number from ${min} to ${max}`);
  }
}

function checkRequired(kind: string, name: string, value: unknown): void {
  if (value === undefined) throw new TypeError(`fault: ${kind} needs ${name}`);
}

/** Checks a fault that may have come as JSON from another process. */
function checkFault(fault: Fault): void {
  const { kind, operation } = fault;
  if (!kinds.has(kind)) throw new TypeError(`fault: kind must be one of ${[...kinds].join(", ")}`);
  const operations: readonly unknown[] = Array.isArray(operation) ? operation : [operation ?? ""];
  if (!operations.every((name) => typeof name === "string")) {
    throw new TypeError("fault: operation must be a name or a list of names");
  }
  checkNumber("count", fault.count, 1, Number.MAX_SAFE_INTEGER);
  checkNumber("after", fault.after, 0, Number.MAX_SAFE_INTEGER);
  checkNumber("probability", fault.probability, 0, 1);
  checkEffect(fault);
}

function checkEffect(fault: Fault): void {
  switch (fault.kind) {
    case "status":
      checkRequired(fault.kind, "status", fault.status);
      checkNumber("status", fault.status, 200, 599);
      toRetryAfter(fault.retryAfter);
      break;
    case "html":
      checkNumber("status", fault.status, 200, 599);
      break;
    case "oversize":
      checkNumber("bytes", fault.bytes, 1, 2 ** 40);
      break;
    case "headers":
      checkRequired(fault.kind, "headers", fault.headers);
      checkHeaders(fault.headers);
      break;
    case "delay":
    case "skew":
      checkRequired(fault.kind, "ms", fault.ms);
      checkNumber("ms", fault.ms, fault.kind === "delay" ? 0 : -(2 ** 50), 2 ** 50);
      break;
  }
}

function checkHeaders(headers: unknown): void {
  try {
    new Headers(headers as Record<string, string>);
  } catch {
    throw new TypeError("fault: headers must be an object of names and texts that HTTP can send");
  }
}

/**
 * The text of a Retry-After header: whole seconds, or an HTTP date.
 *
 * @throws {TypeError} when it is neither a number of seconds nor a date.
 */
export function toRetryAfter(value: number | string | Date | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && value >= 0) return String(Math.ceil(value));
  const date = new Date(value);
  if (typeof value === "number" || Number.isNaN(date.getTime())) {
    throw new TypeError("fault: retryAfter must be seconds or a date");
  }
  return date.toUTCString();
}

function hits(planned: Planned, operation: string): boolean {
  const { operation: wanted, after = 0, count, probability = 1 } = planned.fault;
  if (planned.fault.kind === "skew") return false;
  const names = typeof wanted === "string" ? [wanted] : wanted;
  if (names && !names.includes(operation)) return false;
  planned.matched += 1;
  if (planned.matched <= after) return false;
  if (count !== undefined && planned.injected >= count) return false;
  return probability === 1 || planned.random() < probability;
}

function spoils(fault: Fault): fault is SpoilingFault {
  return !["delay", "headers", "duplicate", "skew"].includes(fault.kind);
}

/** Makes the faults of one emulator. */
export function createFaults(seed: number): FaultInjector {
  const plan: Planned[] = [];
  const counters: Partial<Record<FaultKind, number>> = {};
  let lastId = 0;

  function inject(planned: Planned): void {
    const { kind } = planned.fault;
    planned.injected += 1;
    counters[kind] = (counters[kind] ?? 0) + 1;
  }

  return {
    add(fault) {
      checkFault(fault);
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
    },
    clear(id) {
      const rest = id === undefined ? [] : plan.filter((planned) => planned.id !== id);
      plan.splice(0, plan.length, ...rest);
    },
    list: () => plan.map(({ id, fault, matched, injected }) => ({ id, fault, matched, injected })),
    injected: () => ({ ...counters }),
    skewMs: () =>
      plan.reduce((sum, { fault }) => (fault.kind === "skew" ? sum + fault.ms : sum), 0),
    take(operation) {
      if (plan.length === 0) return none;
      const hit: Fault[] = [];
      for (const planned of plan) {
        if (!hits(planned, operation)) continue;
        inject(planned);
        hit.push(planned.fault);
        if (spoils(planned.fault)) break;
      }
      return {
        kinds: hit.map(({ kind }) => kind),
        delayMs: hit.reduce((sum, fault) => (fault.kind === "delay" ? sum + fault.ms : sum), 0),
        duplicate: hit.some(({ kind }) => kind === "duplicate"),
        headers: Object.assign({}, ...hit.map((fault) => "headers" in fault && fault.headers)),
        spoil: hit.find(spoils),
      };
    },
  };
}
