import type { DrawnSettings, Service } from "./plan.ts";

const MINUTE_MS = 60_000;

/** What paces see of a world. */
export interface PaceParts {
  readonly settings: DrawnSettings;
  readonly now: () => number;
  readonly tell: (kind: string, text: string) => void;
}

/** Services whose calls keep something alive, and go out when that needs it. */
const renewals: ReadonlySet<Service> = new Set(["renew", "renewLease", "extend"]);
const asked: ReadonlySet<Service> = new Set(["pull", "ack", "put", "begin", "acquire", "finish"]);

/** How long `Retry-After` says to wait, in ms. */
const ASKED_MS = 20_000;

/** More calls in a minute to keep one thing alive are a hot loop. */
const MOST_RENEWALS = 700;

/** Counts the calls that one process makes to each service, and tells of too many. */
export class Paces {
  readonly #parts: PaceParts;
  readonly #most: number;
  readonly #fruitless: number[] = [];
  readonly #failed = new Map<Service, number[]>();
  readonly #renewed = new Map<Service, number[]>();
  readonly #quietUntil = new Map<Service, { since: number; until: number; calls: number }>();
  readonly #told = new Set<string>();

  constructor(parts: PaceParts) {
    this.#parts = parts;
    this.#most = mostPolls(parts.settings);
  }

  /** A call begins; one that is the last there is time for does not wait for a service that asks to. */
  calling(service: Service, isLast: boolean): void {
    const now = this.#parts.now();
    if (renewals.has(service)) this.#countRenewal(service, now);
    const quiet = this.#quietUntil.get(service);
    if (quiet && !isLast && quiet.since < now && now < quiet.until) {
      quiet.calls += 1;
      if (quiet.calls > 3) this.#tell("retryAfter", `${service} was asked within Retry-After`);
    }
    if (service !== "pull") return;
    if (addRecent(this.#fruitless, now) <= this.#most) return;
    this.#tell("polls", `${this.#fruitless.length} fruitless pulls within a minute`);
  }

  /** The last pull brought what is in work: another goes past it. */
  passedBy(): void {
    this.#fruitless.pop();
  }

  /** Something got on: a pull is due again. */
  progress(): void {
    this.#fruitless.length = 0;
  }

  answered(service: Service): void {
    this.#failed.delete(service);
    this.#quietUntil.delete(service);
  }

  failed(service: Service, withWait: boolean): void {
    if (!asked.has(service)) return;
    const { settings, now } = this.#parts;
    const failures = this.#failed.get(service) ?? [];
    this.#failed.set(service, failures);
    const most = this.#most + 100 + 2 * settings.concurrency * settings.batchSize;
    if (addRecent(failures, now()) > most) {
      this.#tell("hotFailures", `${service} failed ${failures.length} times within a minute`);
    }
    if (!withWait) return;
    const quiet = this.#quietUntil.get(service);
    const calls = quiet && now() < quiet.until ? quiet.calls : 0;
    this.#quietUntil.set(service, { since: now(), until: now() + ASKED_MS * 0.9, calls });
  }

  #countRenewal(service: Service, now: number): void {
    const recent = this.#renewed.get(service) ?? [];
    this.#renewed.set(service, recent);
    const most = MOST_RENEWALS * (service === "renewLease" ? 1 : 60);
    if (addRecent(recent, now) > most) this.#tell("renewals", `${service} ${recent.length} times`);
  }

  #tell(kind: string, text: string): void {
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#parts.tell(kind, `${text}, at ${Math.round(this.#parts.now())}`);
  }
}

/** Adds a time to those of the last minute; gives how many they are. */
function addRecent(times: number[], now: number): number {
  times.push(now);
  while ((times[0] ?? now) <= now - MINUTE_MS) times.shift();
  return times.length;
}

/** How many pulls in a minute without any progress the backoff allows at most, with a margin. */
function mostPolls({ idleMs: [minMs, maxMs], waitMs, verb }: DrawnSettings): number {
  let count = 10;
  let spent = 0;
  for (let wait = minMs; spent < MINUTE_MS; wait = Math.min(wait * 2, maxMs)) {
    spent += wait / 2;
    count += 1;
  }
  const held = verb === "drain" || waitMs === 0 ? 0 : MINUTE_MS / Math.max(waitMs, minMs);
  return 2 * count + held;
}
