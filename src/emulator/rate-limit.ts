/** Counts calls by key. */
export interface RateLimit {
  /** Takes one call. Undefined: allowed; a number: refused, and how many ms until the next is. */
  take(key: string): number | undefined;
}

/** How many calls of one key are allowed. */
export interface RateLimitOptions {
  /** So many calls; `Infinity` switches the limit off. */
  readonly limit: number;
  /** In every window of so many ms. */
  readonly windowMs: number;
  /** The clock, epoch ms. */
  readonly now: () => number;
}

/** Makes a limit over fixed windows, each of which starts with a key's first call. */
export function createRateLimit({ limit, windowMs, now }: RateLimitOptions): RateLimit {
  const windows = new Map<string, { readonly endsAt: number; used: number }>();
  return {
    take(key) {
      if (limit === Number.POSITIVE_INFINITY) return undefined;
      const at = now();
      const known = windows.get(key);
      // A skewed clock may have jumped back: a window never ends further away than its length.
      const open = known && known.endsAt > at && known.endsAt - at <= windowMs ? known : undefined;
      const current = open ?? { endsAt: at + windowMs, used: 0 };
      if (!open) windows.set(key, current);
      if (current.used >= limit) return current.endsAt - at;
      current.used += 1;
      return undefined;
    },
  };
}
