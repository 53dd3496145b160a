import type { Entry } from "./entry.ts";
import type { Tell } from "./report.ts";
import type { Window } from "./window.ts";

const NEVER = Number.POSITIVE_INFINITY;

/** What a watch works with. */
export interface WatchParts {
  readonly window: Pick<Window, "openEntries">;
  readonly tell: Tell;
  /** After how long a handler is slow, in ms. */
  readonly slowMs: number;
}

type Told = Map<Entry, { readonly begunAt: number; readonly againAt: number }>;

/** Tells of handlers that have had their event for long, and again each time that has doubled. It ends none. */
export class Watch {
  readonly #parts: WatchParts;
  /** What was told, by which start, and when it is told again. */
  #told: Told = new Map();
  #lookAt = NEVER;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** Looks if it is time to; gives when it is next, by `performance.now`. `running`: how many are at work. */
  step(now: number, running: number): number {
    if (running === 0) this.#lookAt = NEVER;
    // None of those that begin later can be slow before.
    else if (this.#lookAt === NEVER) this.#lookAt = now + this.#parts.slowMs;
    if (now >= this.#lookAt) this.#look(now);
    return this.#lookAt;
  }

  #look(now: number): void {
    const { window, tell, slowMs } = this.#parts;
    const told: Told = new Map();
    this.#lookAt = now + slowMs;
    for (const entry of window.openEntries()) {
      const { isAtWork, atWorkSince: begunAt, event, attempts } = entry;
      if (!isAtWork || event === undefined) continue;
      const known = this.#told.get(entry);
      let againAt = known?.begunAt === begunAt ? known.againAt : begunAt + slowMs;
      if (now >= againAt) {
        const forMs = now - begunAt;
        tell({ kind: "handlerSlow", event, attempt: attempts + 1, forMs });
        againAt = now + forMs;
      }
      told.set(entry, { begunAt, againAt });
      this.#lookAt = Math.min(this.#lookAt, againAt);
    }
    this.#told = told;
  }
}
