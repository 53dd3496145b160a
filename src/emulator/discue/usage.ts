/** What usage events are about, as the query `events` names it. */
export type UsageKind = "api_keys" | "listeners" | "messages" | "queues";

/** A usage event. */
export interface UsageEvent {
  readonly id: string;
  readonly kind: UsageKind;
  readonly type: string;
  readonly stored_at: number;
  readonly about: Readonly<Record<string, string>>;
}

/** The usage of the last 24 hours. */
export interface Usage {
  add(kind: UsageKind, type: string, about: Readonly<Record<string, string>>): void;
  /** The events, oldest first. */
  list(): readonly UsageEvent[];
  /** How often each type happened since a time. */
  counts(since: number): Readonly<Record<string, number>>;
}

/** The counters of the page "Get all message stats". */
const types: readonly string[] = [
  ...["api_key", "queue", "listener"].flatMap((kind) => [
    `${kind}_added`,
    `${kind}_updated`,
    `${kind}_deleted`,
  ]),
  "message_added",
  "message_published_ok",
  "message_published_not_ok",
];

const dayMs = 86_400_000;
/** Assumed: so many are kept at most; more would make a long run grow. */
const maxEvents = 10_000;
const bucketMs = 60_000;

/** Makes the usage, empty. Counts are exact to the minute. */
export function createUsage(now: () => number, newId: () => string): Usage {
  let events: UsageEvent[] = [];
  const buckets = new Map<number, Record<string, number>>();

  function countOne(type: string, at: number): void {
    const start = Math.floor(at / bucketMs) * bucketMs;
    const bucket = buckets.get(start) ?? {};
    bucket[type] = (bucket[type] ?? 0) + 1;
    buckets.set(start, bucket);
    for (const old of buckets.keys()) {
      if (old > at - dayMs - bucketMs) break;
      buckets.delete(old);
    }
  }

  return {
    add(kind, type, about) {
      const at = now();
      events.push({ id: newId(), kind, type, stored_at: at, about });
      if (events.length > 2 * maxEvents) events = events.slice(-maxEvents);
      countOne(type, at);
    },
    list: () => events.filter(({ stored_at: at }) => at > now() - dayMs).slice(-maxEvents),
    counts(since) {
      const total: Record<string, number> = Object.fromEntries(types.map((type) => [type, 0]));
      for (const [start, bucket] of buckets) {
        if (start + bucketMs <= since) continue;
        for (const [type, count] of Object.entries(bucket))
          total[type] = (total[type] ?? 0) + count;
      }
      return total;
    },
  };
}
