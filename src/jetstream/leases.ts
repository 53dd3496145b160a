/**
 * What the workers of this process hold, and until when by its own clock.
 *
 * The engine goes by an event's number alone: it would take the word of a worker whose lease has ended for that of
 * the worker who has the event now.
 */
export class Leases {
  readonly #until = new Map<string, number>();
  #sweepAt = 0;

  /** Holds a delivery, known by the subject of its acknowledgement. */
  hold(subject: string, until: number): void {
    this.#sweep();
    this.#until.set(subject, until);
  }

  /** Holds it for longer, where it is held at all. */
  lengthen(subject: string, until: number): void {
    if (this.#until.has(subject)) this.#until.set(subject, until);
  }

  /** It is finished, or given back. */
  drop(subject: string): void {
    this.#until.delete(subject);
  }

  /** Whether its lease is not over. What is not known was held long ago, or by another process. */
  holds(subject: string): boolean {
    return performance.now() < (this.#until.get(subject) ?? 0);
  }

  /** Forgets what ended by itself, once in so many ms. */
  #sweep(): void {
    const now = performance.now();
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + SWEEP_MS;
    for (const [subject, until] of this.#until) if (until <= now) this.#until.delete(subject);
  }
}

const SWEEP_MS = 10_000;
