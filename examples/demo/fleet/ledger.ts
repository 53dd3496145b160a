import { ackedByCursor, type JournalLine } from "../result.ts";
import type { FleetLine } from "./task.ts";

/** What may be killed. */
export type Killed = "relay" | "worker" | "engine";

/** An end of a process of the fleet that was not in order: it was killed, or has ended by itself. */
export interface Kill {
  readonly kind: Killed | "itself";
  /** The process. */
  readonly name: string;
  /** When, in epoch ms. */
  readonly at: number;
}

/** What became of the events of one provider. */
export interface Count {
  readonly published: number;
  /** Events whose handler finished at least once. */
  readonly handled: number;
  readonly deadLettered: number;
  /** Published, and neither handled nor dead-lettered. */
  readonly lost: number;
  /** Acknowledged at the provider before the queue had confirmed them. */
  readonly ackedEarlyAtProvider: number;
  /** Acknowledged at the queue before a handler had finished, or the dead letter was stored. */
  readonly ackedEarlyAtQueue: number;
  /** Not acknowledged at the provider. */
  readonly unacked: number;
  /** Times that a handler finished an event again. */
  readonly repeats: number;
  /** Those whose worker was killed before the queue had confirmed its acknowledgement. */
  readonly byWorker: number;
  /** Those whose engine was killed while it had the event, and so may not have kept an acknowledgement. */
  readonly byEngine: number;
  /** Those whose worker stood still for longer than its lease, so that another was given the event. */
  readonly byLease: number;
  /** Those that a relay has sent twice, and whose provider gives no id that a queue may go by. */
  readonly byProvider: number;
  /** Those that nothing explains. */
  readonly unexplained: number;
}

type Cause = "byWorker" | "byEngine" | "byLease" | "byProvider" | "unexplained";

interface Finish {
  readonly by: string;
  readonly at: number;
}

/** What is written down of one provider's events, by the emulator and by the fleet. */
export class Ledger {
  readonly published: string[] = [];
  readonly #sentAt = new Map<string, number>();
  readonly publishedAt = new Map<string, number>();
  readonly storedAt = new Map<string, number>();
  readonly asideAt = new Map<string, number>();
  readonly finishes = new Map<string, Finish[]>();
  readonly #ackedAt = new Map<string, number>();
  readonly #saves: { readonly id: string; readonly at: number }[] = [];
  readonly #acking: { readonly id: string; readonly at: number }[] = [];
  /** When a worker has pulled an event, and when it has pulled or extended it, by worker and event. */
  readonly #pulls = new Map<string, number[]>();
  readonly #holds = new Map<string, number[]>();
  readonly #confirmed = new Set<string>();
  /** How often each event was sent whose id a queue does not go by. */
  readonly #sentUnknown = new Map<string, number>();
  #lastSeq = 0;

  /** The last line of the journal that is known. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  addJournal(lines: readonly JournalLine[]): void {
    for (const { seq, kind, eventId = "", at } of lines) {
      this.#lastSeq = seq;
      if (kind === "published") {
        this.published.push(eventId);
        this.publishedAt.set(eventId, at);
      } else if (kind === "acked") keepFirst(this.#ackedAt, eventId, at);
    }
  }

  add({ kind, by, at, ids, derived = [] }: FleetLine): void {
    for (const id of derived) this.#sentUnknown.set(id, (this.#sentUnknown.get(id) ?? 0) + 1);
    const note: Partial<Record<FleetLine["kind"], (id: string) => void>> = {
      sending: (id) => keepFirst(this.#sentAt, id, at),
      stored: (id) => keepFirst(this.storedAt, id, at),
      pulled: (id) => {
        add(this.#pulls, `${by} ${id}`, at);
        add(this.#holds, `${by} ${id}`, at);
      },
      extended: (id) => add(this.#holds, `${by} ${id}`, at),
      handled: (id) => add(this.finishes, id, { by, at }),
      setAside: (id) => keepFirst(this.asideAt, id, at),
      saved: (id) => this.#saves.push({ id, at }),
      acking: (id) => this.#acking.push({ id, at }),
      acked: (id) => this.#confirmed.add(`${by} ${id}`),
    };
    ids.forEach((id) => void note[kind]?.(id));
  }

  /** Compares what the provider says with what the fleet has written down. */
  count(kills: readonly Kill[], isByCursor: boolean, leaseMs: number): Count {
    const acked = isByCursor ? ackedByCursor(this.published, this.#saves) : this.#ackedAt;
    const settledAt = new Map(this.asideAt);
    for (const [id, [first]] of this.finishes) {
      if (first) settledAt.set(id, Math.min(first.at, settledAt.get(id) ?? first.at));
    }
    const isBefore = (at: number, times: ReadonlyMap<string, number>, id: string): boolean =>
      at < (times.get(id) ?? Number.POSITIVE_INFINITY);
    const early = this.#acking.filter(({ id, at }) => isBefore(at, settledAt, id));
    const causes = [...this.finishes].flatMap(([id, finishes]) =>
      finishes.slice(1).map((again, at) => {
        const first = finishes[at] ?? again;
        const cause = this.#causeOf(id, first, again, kills);
        const isLate = cause === "unexplained" && this.#holdsOver(id, first, again) >= leaseMs;
        return isLate ? "byLease" : cause;
      }),
    );
    const because = (cause: Cause): number => causes.filter((each) => each === cause).length;
    return {
      published: this.published.length,
      handled: this.published.filter((id) => this.finishes.has(id)).length,
      deadLettered: this.asideAt.size,
      lost: this.published.filter((id) => !settledAt.has(id)).length,
      ackedEarlyAtProvider: [...acked].filter(([id, at]) => isBefore(at, this.storedAt, id)).length,
      ackedEarlyAtQueue: new Set(early.map(({ id }) => id)).size,
      unacked: this.published.filter((id) => !acked.has(id)).length,
      repeats: causes.length,
      byWorker: because("byWorker"),
      byEngine: because("byEngine"),
      byLease: because("byLease"),
      byProvider: because("byProvider"),
      unexplained: because("unexplained"),
    };
  }

  /** How long a worker had said nothing when another, or itself, pulled its event again, in ms. */
  #holdsOver(id: string, first: Finish, again: Finish): number {
    const pulls = this.#pulls.get(`${again.by} ${id}`) ?? [];
    const pulledAt = Math.max(...pulls.filter((at) => at <= again.at));
    const holds = this.#holds.get(`${first.by} ${id}`) ?? [];
    return pulledAt - Math.max(...holds.filter((at) => at < pulledAt));
  }

  /** Why an event was finished again. */
  #causeOf(id: string, first: Finish, again: Finish, kills: readonly Kill[]): Cause {
    const isConfirmed = this.#confirmed.has(`${first.by} ${id}`);
    const before = kills.filter(({ at }) => at <= again.at);
    const isKilled = before.some(({ name, at }) => name === first.by && at >= first.at);
    if (isKilled && !isConfirmed) return "byWorker";
    const sentAt = this.#sentAt.get(id) ?? again.at;
    if (before.some(({ kind, at }) => kind === "engine" && at >= sentAt)) return "byEngine";
    return (this.#sentUnknown.get(id) ?? 0) > 1 ? "byProvider" : "unexplained";
  }
}

function add<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function keepFirst(times: Map<string, number>, id: string, at: number): void {
  if (!times.has(id)) times.set(id, at);
}
