import type { PlannedSettings } from "./plan.ts";
import type { Process } from "./process.ts";

/** What a run did wrong. */
export interface Violation {
  /** Which promise was broken. */
  readonly kind: string;
  readonly text: string;
}

/** The longest time for which polls are counted, in ms. */
const MINUTE_MS = 60_000;

/** Watches what can only be seen while it happens: hot loops, and acts without the lease. */
export class Watch {
  readonly violations: Violation[] = [];
  readonly #settings: PlannedSettings;
  readonly #now: () => number;
  readonly #most: number;
  /** When each process pulled since it last got on, newest last. */
  readonly #pulls = new Map<number, number[]>();
  #lease: { readonly holder: Process; readonly until: number } | undefined;

  constructor(settings: PlannedSettings, now: () => number) {
    this.#settings = settings;
    this.#now = now;
    this.#most = mostPolls(settings);
  }

  /** A pull begins. */
  pulling(process: Process): void {
    this.#mustHold(process, "pull");
    const now = this.#now();
    const pulls = (this.#pulls.get(process.number) ?? []).filter((at) => at > now - MINUTE_MS);
    pulls.push(now);
    this.#pulls.set(process.number, pulls);
    if (pulls.length <= this.#most) return;
    this.tell("polls", `${pulls.length} fruitless pulls within a minute, at ${now}`);
    this.#pulls.delete(process.number);
  }

  /** An ack begins. */
  acking(process: Process): void {
    this.#mustHold(process, "ack");
  }

  /** The process got on with something: a pull is due again. */
  progress(process: number): void {
    this.#pulls.delete(process);
  }

  leased(process: Process, leaseMs: number): void {
    this.#lease = { holder: process, until: this.#now() + leaseMs };
  }

  released(process: Process): void {
    if (this.#lease?.holder === process) this.#lease = undefined;
  }

  tell(kind: string, text: string): void {
    this.violations.push({ kind, text });
  }

  #mustHold(process: Process, what: string): void {
    if (!this.#settings.lease || process.dead) return;
    const lease = this.#lease;
    if (lease?.holder === process && lease.until > this.#now()) return;
    this.tell("lease", `process ${process.number} began to ${what} without the lease`);
  }
}

/** How many pulls in a minute without any progress the backoff allows at most. */
function mostPolls({ idleMs: [minMs, maxMs], waitMs, verb }: PlannedSettings): number {
  let count = 3;
  let spent = 0;
  for (let wait = minMs; spent < MINUTE_MS; wait = Math.min(wait * 2, maxMs)) {
    spent += wait / 2;
    count += 1;
  }
  return verb === "drain" || waitMs === 0 ? count : count + MINUTE_MS / waitMs;
}
