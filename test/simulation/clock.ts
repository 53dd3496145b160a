import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import { createRandom } from "../../src/emulator/random.ts";

/** When every simulated world begins, in epoch ms. */
export const START = Date.UTC(2026, 0, 1);

/** The clocks of one process, which may differ from true time, and the timers that it has. */
export interface Hands {
  /** By how much its time of day is ahead, in ms. */
  wallMs: number;
  /** For how long it was suspended in all, in ms: so far its monotonic clock and timers are behind. */
  asleepMs: number;
  /** Until when it is suspended, in ms since the start. */
  asleepUntil: number;
  /** How many of its timers wait. */
  timers: number;
  /** How many of its timers were called. */
  fired: number;
}

interface Timer {
  readonly at: number;
  readonly owner: Hands | undefined;
  /** For how long its owner had been suspended when it was set. */
  readonly asleepMs: number;
  readonly order: number;
  readonly call: () => void;
  cancelled: boolean;
}

/** Where time stands, and what waits for it. */
export interface Clock {
  /** Virtual time since the start of the world, in ms. */
  now(): number;
  /** How many timers wait. */
  pending(): number;
  /** When the next timer is due, in ms since the start; `undefined` when none waits. */
  next(): number | undefined;
  /** Moves time to the next timer and calls it. */
  fire(): void;
  /** Computes for so long: time passes, and no timer is called. */
  burn(ms: number): void;
  /** Runs work in a process with clocks of its own, or outside of all processes. */
  as<Result>(hands: Hands | undefined, work: () => Result): Result;
  /** Lets everything run that can run without time passing. */
  settle(): Promise<void>;
  /** Seeds whatever is random, and begins anew at zero with no timer. */
  reset(seed: number): void;
}

const realImmediate = globalThis.setImmediate;

let installed: Clock | undefined;

/** The virtual clock of this thread; the first call puts it in place. */
export function threadClock(): Clock {
  installed ??= installClock();
  return installed;
}

/**
 * Puts virtual time and seeded chance in the place of this thread's own, for good: `setTimeout`,
 * `clearTimeout`, `Date.now`, `performance.now`, `Math.random`, `crypto.randomUUID`, and
 * `crypto.subtle.digest`, whose work on other threads would end in an order that no seed decides.
 *
 * `setImmediate` stays real: a turn of the true event loop is how one knows that all promises have
 * come to rest.
 */
function installClock(): Clock {
  let now = 0;
  let lastOrder = 0;
  let live = 0;
  let random = createRandom(1);
  const heap: Timer[] = [];
  const processes = new AsyncLocalStorage<Hands | undefined>();

  const set = (call: (...values: unknown[]) => void, delayMs = 0, ...values: unknown[]): object => {
    lastOrder += 1;
    const wait = delayMs >= 1 && delayMs <= 2 ** 31 - 1 ? delayMs : 1;
    const owner = processes.getStore();
    if (owner) owner.timers += 1;
    const timer: Timer = {
      at: now + wait,
      owner,
      asleepMs: owner?.asleepMs ?? 0,
      order: lastOrder,
      call: () => call(...values),
      cancelled: false,
    };
    live += 1;
    push(heap, timer);
    return Object.assign(timer, { ref: () => timer, unref: () => timer, hasRef: () => true });
  };
  const clear = (timer: Timer | undefined): void => {
    if (timer === undefined || timer === null || timer.cancelled) return;
    timer.cancelled = true;
    live -= 1;
    if (timer.owner) timer.owner.timers -= 1;
  };
  /** Takes off what was cancelled, and puts off what a suspension has put off. */
  const skipCancelled = (): void => {
    for (let first = heap[0]; first !== undefined; first = heap[0]) {
      const lateMs = (first.owner?.asleepMs ?? 0) - first.asleepMs;
      if (!first.cancelled && lateMs === 0) return;
      pop(heap);
      if (!first.cancelled) push(heap, putOff(first, lateMs));
    }
  };

  replace(globalThis, "setTimeout", set);
  replace(globalThis, "clearTimeout", clear);
  replace(Date, "now", () => START + Math.floor(now + (processes.getStore()?.wallMs ?? 0)));
  replace(performance, "now", () => now - (processes.getStore()?.asleepMs ?? 0));
  replace(Math, "random", () => random());
  replace(crypto, "randomUUID", () => uuid(random));
  replace(crypto.subtle, "digest", async (_name: string, bytes: Uint8Array) => {
    const digest = createHash("sha256").update(bytes).digest();
    return Uint8Array.from(digest).buffer;
  });

  return {
    now: () => now,
    pending: () => live,
    next() {
      skipCancelled();
      return heap[0]?.at;
    },
    fire() {
      skipCancelled();
      const timer = pop(heap);
      if (timer === undefined) return;
      now = Math.max(now, timer.at);
      timer.cancelled = true;
      live -= 1;
      if (timer.owner === undefined) return timer.call();
      timer.owner.timers -= 1;
      timer.owner.fired += 1;
      return processes.run(timer.owner, timer.call);
    },
    burn(ms) {
      now += ms;
    },
    as: (hands, work) => processes.run(hands, work),
    settle: () => new Promise((resolve) => realImmediate(resolve)),
    reset(seed) {
      heap.length = 0;
      live = 0;
      lastOrder = 0;
      now = 0;
      random = createRandom(seed);
    },
  };
}

function replace(owner: object, name: string, value: unknown): void {
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
}

function uuid(random: () => number): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");
  return [8, 12, 16, 20].reduceRight((text, at) => `${text.slice(0, at)}-${text.slice(at)}`, hex);
}

/** The same timer later; whoever holds it still cancels it. */
function putOff(timer: Timer, ms: number): Timer {
  return Object.assign(timer, { at: timer.at + ms, asleepMs: timer.asleepMs + ms });
}

const before = (left: Timer, right: Timer): boolean =>
  left.at < right.at || (left.at === right.at && left.order < right.order);

function push(heap: Timer[], timer: Timer): void {
  let index = heap.push(timer) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !before(timer, above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = timer;
}

function pop(heap: Timer[]): Timer | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    const child = smallerChild(heap, index);
    const below = heap[child];
    if (below === undefined || !before(below, last)) break;
    heap[index] = below;
    index = child;
  }
  heap[index] = last;
  return first;
}

function smallerChild(heap: readonly Timer[], index: number): number {
  const left = heap[2 * index + 1];
  const right = heap[2 * index + 2];
  return left && right && before(right, left) ? 2 * index + 2 : 2 * index + 1;
}
