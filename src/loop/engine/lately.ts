import type { Identified } from "../../core/identity.ts";
import { EventMap } from "../../core/identity.ts";

/** Of a longer page, one event in so many is remembered. */
const ONE_IN = 16;

/** A page up to this is remembered whole. */
const SHORT_PAGE = 32;

/** How many events are remembered at the least, before the older ones are forgotten. */
const LEAST_REMEMBERED = 256;

/** What a delivery is known by, and what it is known by as well. */
export interface Seen extends Identified {
  readonly or?: Identified;
}

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
  isRepeat(page: readonly Seen[]): boolean {
    const sample = page.length > SHORT_PAGE ? page.filter(isInSample) : page;
    const looked = sample.length > 0 ? sample : page;
    let known = 0;
    for (const event of looked) {
      const isKnown = this.#note(event);
      const isKnownToo = event.or !== undefined && this.#note(event.or);
      if (isKnown || isKnownToo) known += 1;
    }
    this.#count += looked.length;
    if (this.#count >= LEAST_REMEMBERED) {
      this.#older = this.#newer;
      this.#newer = new EventMap();
      this.#count = 0;
    }
    return known > 0 && known === looked.length;
  }

  #note(event: Identified): boolean {
    const isKnown = (this.#newer.get(event) ?? this.#older.get(event)) === true;
    this.#newer.set(event, true);
    return isKnown;
  }
}

/** Ids differ anywhere: at their end, at their start, or between. */
function isInSample({ id, or }: Seen): boolean {
  if (or) return true;
  let hash = 0;
  for (let at = 0; at < id.length; at += 1) hash = (31 * hash + id.charCodeAt(at)) | 0;
  return hash % ONE_IN === 0;
}
