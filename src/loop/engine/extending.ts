import { toErrorFacts } from "../../core/error-facts.ts";
import type { Feed, Receipt } from "../../core/feed.ts";
import { ask } from "../../core/guard.ts";
import type { Logger } from "../../core/logger.ts";
import { Seldom } from "../../core/seldom.ts";
import { Alarm } from "./alarm.ts";
import type { Entry, Message } from "./entry.ts";
import { isStale } from "./entry.ts";

/** Between two extensions of a lease, in ms: a shorter one than three times this may end. */
const LEAST_INTERVAL_MS = 100;

/** How long after the last one a lease is extended. */
const intervalOf = (leaseMs: number): number => Math.max(leaseMs / 3, LEAST_INTERVAL_MS);

/** What the extending side of a run works with. */
export interface ExtendingParts {
  readonly feed: Pick<Feed, "name" | "extend">;
  readonly callTimeoutMs: number;
  readonly log: Logger;
  /** Fires when leases are left to end. */
  readonly over: AbortSignal;
}

/** A lease; times by `performance.now`. */
interface Lease {
  readonly leaseMs: number;
  /** When it is to be extended. */
  readonly at: number;
  /** By when it has ended for certain, unless it is extended before. */
  readonly endsAt: number;
}

/**
 * Keeps leased deliveries hidden from other readers while they are open, each by its own lease, counted
 * from before the pull that brought it. It extends, and knows nothing of handlers or acks.
 */
export class Extending {
  readonly #parts: ExtendingParts;
  readonly #leased = new Map<Message, Lease>();
  readonly #alarm = new Alarm(() => this.#extendDue());
  readonly #seldom = new Seldom();

  constructor(parts: ExtendingParts) {
    this.#parts = parts;
  }

  /** A delivery was taken in, or came once more, by a pull that began then. */
  watch(message: Message, leaseMs: number | undefined, pulledAt: number): void {
    // One that is no number, or over at once, is no lease: there is nothing to lengthen.
    if (typeof leaseMs !== "number" || !(leaseMs > 0) || this.#parts.feed.extend === undefined)
      return;
    // Whoever waited in the pull has it hidden from later on: only then is it certain that it has ended.
    const endsAt = message.seenIn.openedAt + leaseMs;
    this.#extendLater(message, { leaseMs, endsAt, at: pulledAt + intervalOf(leaseMs) });
  }

  /** Whether all its leases have ended for certain: another may have the event, as where this process stood still. */
  isOver(entry: Entry, now: number): boolean {
    if (this.#leased.size === 0) return false;
    let isOver = false;
    for (const message of [entry, ...(entry.further?.values() ?? [])]) {
      const { endsAt } = this.#leased.get(message) ?? {};
      if (endsAt === undefined) continue;
      if (endsAt > now) return false;
      isOver = true;
    }
    return isOver;
  }

  /** An entry is settled: it is not held until its lease would be extended. */
  forget(entry: Entry): void {
    if (this.#leased.size === 0) return;
    for (const message of [entry, ...(entry.further?.values() ?? [])]) this.#leased.delete(message);
  }

  /** Extends nothing any more. */
  close(): void {
    this.#alarm.stop();
    this.#leased.clear();
  }

  #extendLater(message: Message, lease: Lease): void {
    if (this.#parts.over.aborted) return;
    this.#leased.set(message, lease);
    this.#alarm.setTo(lease.at);
  }

  /** What is due together, for equally long, shares a call; what may be no lease any more goes apart. */
  #extendDue(): void {
    if (this.#parts.over.aborted) return;
    const now = performance.now();
    const alike = new Map<string, Message[]>();
    for (const [message, lease] of this.#leased) {
      const { leaseMs, at } = lease;
      if (message.entry.state !== "open" || message.receipt === undefined)
        this.#leased.delete(message);
      // Those that would be due soon come along, so that a page of one moment stays one call.
      else if (at <= now + leaseMs / 10) {
        const kind = `${leaseMs} ${isStale(message)}`;
        const messages = alike.get(kind) ?? [];
        messages.push(message);
        alike.set(kind, messages);
        this.#extendLater(message, { ...lease, at: now + intervalOf(leaseMs) });
      }
    }
    for (const messages of alike.values()) void this.#extend(messages);
    for (const { at } of this.#leased.values()) this.#alarm.setTo(at);
  }

  async #extend(messages: readonly Message[]): Promise<void> {
    const { feed, callTimeoutMs, over, log } = this.#parts;
    const [first] = messages;
    const { leaseMs } = (first && this.#leased.get(first)) ?? {};
    if (leaseMs === undefined) return;
    const known = messages.map(({ receipt }) => receipt as Receipt);
    const limitMs = Math.min(callTimeoutMs, intervalOf(leaseMs));
    const askedAt = performance.now();
    const asking = { what: "extend", whom: feed.name, limitMs, signal: over };
    const answer = await ask(asking, (signal) => feed.extend?.(known, leaseMs, { signal }));
    if (answer.kind === "answered") this.#extended(messages, askedAt);
    if (answer.kind !== "failed") return;
    const what = `leases were not extended: ${answer.error.message}`;
    const next = "trying again soon; once they end, others may get events that are open here";
    this.#seldom.warn(log, `${what}; ${next}`, { error: toErrorFacts(answer.error) }, "extend");
    const soon = performance.now() + Math.max(leaseMs / 10, LEAST_INTERVAL_MS);
    for (const message of messages) {
      const lease = this.#leased.get(message);
      if (isStale(message)) this.#leased.delete(message);
      else if (lease) this.#extendLater(message, { ...lease, at: soon });
    }
  }

  /** What had ended before it was asked for may be another's all the same. */
  #extended(messages: readonly Message[], askedAt: number): void {
    for (const message of messages) {
      const lease = this.#leased.get(message);
      if (lease && lease.endsAt > askedAt)
        this.#leased.set(message, { ...lease, endsAt: askedAt + lease.leaseMs });
    }
  }
}
