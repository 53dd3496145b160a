import type { Identified } from "../../core/identity.ts";
import { EventMap } from "../../core/identity.ts";

/** Of a longer page, one event in so many is remembered. */
const ONE_IN = 16;

/** A page up to this is remembered whole. */
const SHORT_PAGE = 32;

/** How many events are remembered at the least, before the older ones are forgotten. */
const LEAST_REMEMBERED = 256;

/**
 * Remembers which events came lately, to know a provider that brings back what was acked, page by page, in
 * whatever order.
 *
 * Of long pages it remembers a sample. Which events are in it depends on their ids alone, so that the same
 * ones are looked for when they come again among others.
 */
export class Lately {
  #newer = new EventMap<true>();
  #older = new EventMap<true>();
  #count = 0;

  /** Takes note of a page; true when all of it came before. */
  isRepeat(page: readonly Identified[]): boolean {
    let looked = 0;
    let known = 0;
    for (const event of page) {
      if (page.length > SHORT_PAGE && !isInSample(event.id)) continue;
      looked += 1;
      if (this.#newer.get(event) || this.#older.get(event)) known += 1;
      this.#note(event);
    }
    return looked > 0 && known === looked;
  }

  #note(event: Identified): void {
    this.#newer.set(event, true);
    this.#count += 1;
    if (this.#count < LEAST_REMEMBERED) return;
    this.#older = this.#newer;
    this.#newer = new EventMap();
    this.#count = 0;
  }
}

/** Ids mostly differ at their end. */
function isInSample(id: string): boolean {
  const { length } = id;
  return (id.charCodeAt(length - 1) + 7 * id.charCodeAt(length - 2)) % ONE_IN === 0;
}
