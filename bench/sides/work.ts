/** What one slice of a benchmark works with. */
export interface Work {
  /** Where the run's events are, up to the vendor's own path. */
  readonly url: string;
  /** How many events there are. */
  readonly events: number;
  /** How long a handler takes, in ms; 0 does nothing at all. */
  readonly handlerMs: number;
  /** How many feeds share the events. @default 1 */
  readonly feeds?: number;
}

/** Does the work once, and gives how many events were handled. */
export type Side = (work: Work) => Promise<number>;

/** The handler of all sides: async, and does nothing. */
export function handlerOf({ handlerMs }: Work): () => Promise<void> {
  if (handlerMs === 0) return async () => {};
  return () => new Promise((resolve) => setTimeout(resolve, handlerMs));
}

/** The token that all sides send. */
export const token = "a-token-of-the-benchmarks";

/** How many handlers run at once, on every side. */
export const atOnce = 10;
