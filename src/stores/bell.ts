import { onAbort, throwIfAborted } from "../core/abort.ts";
import { sleep } from "../core/sleep.ts";
import type { InboxWaitOptions } from "../core/stores.ts";

/** Wakes those of this process who wait at an inbox. */
export class Bell {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Calls back whenever it rings at one of these places, until the returned function is called. */
  enter(places: readonly string[], onRing: () => void): () => void {
    for (const place of places) {
      const here = this.#waiting.get(place) ?? new Set();
      this.#waiting.set(place, here.add(onRing));
    }
    return () => {
      for (const place of places) {
        const here = this.#waiting.get(place);
        here?.delete(onRing);
        if (here?.size === 0) this.#waiting.delete(place);
      }
    };
  }

  /** Whether anybody waits at this place. */
  isHeard(place: string): boolean {
    return this.#waiting.has(place);
  }

  ring(place: string): void {
    for (const onRing of this.#waiting.get(place) ?? []) onRing();
  }

  ringAll(): void {
    for (const place of this.#waiting.keys()) this.ring(place);
  }
}

/** What hears of what other processes have done. */
export interface Ear {
  /** Whether it hears now. */
  readonly isOpen: boolean;
  /**
   * Keeps it open, or opens it, and calls back whenever it begins or ceases to hear, until the returned
   * function is called: with true where nobody will come back soon.
   */
  enter(onChange: () => void): (isLast: boolean) => void;
}

/** What hears of everything without doing anything, such as a store that is this process's alone. */
export const allEars: Ear = Object.freeze({ isOpen: true, enter: () => () => {} });

/** How much seldomer than else who hears looks by itself. */
const SELDOMER = 10;

export interface WaitParts {
  readonly bell: Bell;
  /** Absent where only this process is heard. */
  readonly ear: Ear | undefined;
  /** In how many ms the next entry can be claimed, 0 for now; `undefined` where there is none. */
  readonly look: () => Promise<number | undefined>;
  readonly places: readonly string[];
  readonly waitMs: number;
  readonly options: InboxWaitOptions;
}

/**
 * Waits until there may be something to claim. It listens first and looks then, so that nothing comes between
 * unheard; and it looks anew whenever the ear begins or ceases to hear.
 */
export async function waitBy(parts: WaitParts): Promise<boolean> {
  const { bell, ear, places, waitMs, options } = parts;
  const endsAt = performance.now() + waitMs;
  const nap = new Nap();
  const leaveBell = bell.enter(places, () => nap.ring());
  const leaveEar = ear?.enter(() => nap.wake());
  try {
    let found: boolean | undefined;
    while (found === undefined) found = await rest(parts, nap, endsAt);
    return found;
  } finally {
    leaveBell();
    leaveEar?.(options.signal?.aborted === true);
  }
}

/** Looks once, and sleeps as long as it may; gives nothing where the ear has changed meanwhile. */
async function rest(
  { ear, look, options }: WaitParts,
  nap: Nap,
  endsAt: number,
): Promise<boolean | undefined> {
  const { pollMs = 1000, signal } = options;
  const isOpen = ear?.isOpen === true;
  const hasChanged = (): boolean => isOpen !== (ear?.isOpen === true);
  // Who looks so often anyway claims at once, rather than to ask twice.
  const isSeldom = ear === undefined || isOpen;
  const dueMs = (isSeldom ? await look() : undefined) ?? Number.POSITIVE_INFINITY;
  if (nap.hasRung || dueMs <= 0) return true;
  if (hasChanged()) return undefined;
  const leftMs = Math.max(0, endsAt - performance.now());
  const restMs = Math.min(dueMs, isOpen ? SELDOMER * pollMs : pollMs);
  await nap.sleep(Math.min(restMs, leftMs), signal);
  if (nap.hasRung) return true;
  if (hasChanged()) return undefined;
  return !isOpen || restMs <= leftMs;
}

/** A sleep that can be ended from outside. */
class Nap {
  hasRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.hasRung = true;
    this.wake();
  }

  wake(): void {
    this.#wake?.();
  }

  async sleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    const own = new AbortController();
    const end = (): void => own.abort();
    const forget = onAbort(signal, end);
    this.#wake = end;
    await sleep(Math.ceil(delayMs), own.signal).catch(() => {});
    this.#wake = undefined;
    forget();
    throwIfAborted(signal);
  }
}
