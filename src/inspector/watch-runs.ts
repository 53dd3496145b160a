import type { Report } from "../core/report.ts";
import type { Run } from "../loop/run.ts";
import { factsOf } from "./facts.ts";
import type { Numbers } from "./numbers.ts";
import type { Redactor } from "./redact.ts";
import { RunTexts, Texts } from "./run-texts.ts";
import type { EventFacts, RunShown, Told, Took } from "./shown.ts";

/** How many reports are told of one run in a second; of more, the newest. */
const MOST_TOLD = 40;

/** How many times are kept of a second, to tell how long handlers took. */
const MOST_TIMES = 2_000;

/** How many open events of a run are shown; of each of many, the oldest. */
const MOST_OPEN = 20;
const MOST_OPEN_OF_MANY = 5;

/** Where there are more runs than this, less is shown of each. */
const MANY = 20;

/** Listens to the runs that there are, for one who looks. */
export class Watchers {
  readonly #watchers = new Map<Run, RunWatcher>();
  readonly #redact: Redactor;
  readonly #numbers: Numbers;

  constructor(redact: Redactor, numbers: Numbers) {
    this.#redact = redact;
    this.#numbers = numbers;
  }

  /** What is shown of the runs of now; those that are not there any more are listened to no longer. */
  take(runs: readonly Run[]): readonly RunShown[] {
    for (const [run, watcher] of this.#watchers) {
      if (runs.includes(run)) continue;
      watcher.end();
      this.#watchers.delete(run);
    }
    const most = runs.length > MANY ? MOST_OPEN_OF_MANY : MOST_OPEN;
    return runs.map((run) => this.#of(run).take(most));
  }

  end(): void {
    for (const watcher of this.#watchers.values()) watcher.end();
    this.#watchers.clear();
  }

  #of(run: Run): RunWatcher {
    const known = this.#watchers.get(run);
    if (known) return known;
    const watcher = new RunWatcher(run, this.#numbers.of(run), this.#redact);
    this.#watchers.set(run, watcher);
    return watcher;
  }
}

/** Listens to a run from the moment on that somebody looks at it. */
class RunWatcher {
  readonly #run: Run;
  readonly #id: number;
  readonly #redact: Redactor;
  readonly #end: () => void;
  #times: number[] = [];
  #told: Told[] = [];
  readonly #texts: Texts;

  constructor(run: Run, id: number, redact: Redactor) {
    this.#run = run;
    this.#id = id;
    this.#redact = redact;
    this.#texts = new Texts(redact);
    this.#end = run.watch((report) => this.#hear(report));
  }

  end(): void {
    this.#end();
  }

  /** What is shown of the run now, with what was heard since this was called last. */
  take(most: number): RunShown {
    const { feed: _, lastError, ...health } = this.#run.health();
    const known = this.#run.details({ most });
    const { open, incidents, ...details } = known;
    const events = new Map(open.map(({ identity, event }) => [identity, event]));
    const byEvent = new Map(open.map(({ event }) => [event && keyOf(event), event]));
    const texts = new RunTexts(this.#texts, known);
    const shown: RunShown = {
      ...details,
      id: this.#id,
      health: { ...health, lastError: lastError && texts.ofLast(lastError) },
      open: open.map(({ event, failure, ...rest }) => ({
        ...rest,
        event: this.#facts(event),
        failure: failure === undefined ? undefined : this.#texts.of(failure, event),
      })),
      incidents: incidents.map(({ text, event, ...rest }) => ({
        ...rest,
        event: this.#facts(event),
        text: event
          ? this.#texts.of(text, byEvent.get(keyOf(event)))
          : texts.ofNone(text, rest.kind),
      })),
      took: tookOf(this.#times),
      told: this.#told,
      holds:
        health.oldestOpen === undefined ? undefined : this.#facts(events.get(health.oldestOpen)),
    };
    this.#times = [];
    this.#told = [];
    return shown;
  }

  #hear(report: Report): void {
    if (report.kind === "handled" && this.#times.length < MOST_TIMES)
      this.#times.push(report.elapsedMs);
    const told = this.#toTold(report);
    if (told === undefined) return;
    this.#told.push(told);
    if (this.#told.length > MOST_TOLD) this.#told.shift();
  }

  #toTold(report: Report): Told | undefined {
    const { kind } = report;
    const event = "event" in report ? report.event : undefined;
    const head = { at: Date.now(), kind, event: this.#facts(event) };
    switch (report.kind) {
      case "pulled":
        return report.count > 0 ? { ...head, count: report.count } : undefined;
      case "acked":
        return { ...head, count: report.count };
      case "handled":
        return { ...head, ms: report.elapsedMs };
      case "retried":
        return { ...head, attempt: report.attempt, ms: report.delayMs };
      case "handling":
        return { ...head, attempt: report.attempt };
      case "deadLettered":
      case "dropped":
        return { ...head, text: this.#texts.of(report.reason, event) };
      case "idle":
      case "duplicate":
        return undefined;
      default:
        return head;
    }
  }

  #facts(event: EventFacts | undefined): EventFacts | undefined {
    return event && factsOf(this.#redact({ event: factsOf(event) }).value.event);
  }
}

function keyOf({ source, id }: Pick<EventFacts, "source" | "id">): string {
  return JSON.stringify([source, id]);
}

function tookOf(times: readonly number[]): Took | undefined {
  if (times.length === 0) return undefined;
  const sorted = times.toSorted((one, other) => one - other);
  const at = (part: number): number => sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
  return { middle: at(0.5), most: at(0.95) };
}
