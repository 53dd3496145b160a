/** What a step on a state says: its result and, where something is to be written, the next state. */
export interface Change<State, Result> {
  readonly result: Result;
  /** Absent: nothing changed, and nothing is written. May be the same object, changed in place. */
  readonly next?: State | undefined;
}

/** A range of time by a store's clock, in ms. */
export interface Span {
  readonly from: number;
  readonly ms: number;
}

/** The span of `ms` from now. */
export function spanOf(now: number, ms: number): Span {
  return { from: now, ms };
}

/**
 * The same span after a look at the clock.
 *
 * A span that begins in the future was written before the clock was set back: its length begins
 * anew, so that what is held ends in time and what is remembered stays remembered.
 */
export function rebased(span: Span, now: number): Span {
  return span.from > now ? spanOf(now, span.ms) : span;
}

/** How much of a span is left, in ms: never more than its length, and 0 when it has ended. */
export function leftMs(span: Span | undefined, now: number): number {
  return span ? Math.max(0, Math.min(span.ms, span.from + span.ms - now)) : 0;
}
