import type { FeedEvent } from "../../core/event.ts";
import { notify } from "../../core/guard.ts";
import type { ReportListener } from "../../core/report.ts";
import type {
  HandlerEnd,
  HandlerWatch,
  RunWatch,
  Telemetry,
  WatchedRun,
} from "../../core/telemetry.ts";
import type { Entry } from "./entry.ts";
import type { Said } from "./returned.ts";
import type { Leash } from "./scope.ts";

/** A telemetry as the loop calls it: whatever it throws, at once or late, goes no further. */
export class Watching {
  #run: RunWatch | undefined;

  constructor(telemetry: Telemetry, run: WatchedRun) {
    notify(() => {
      this.#run = telemetry.watch(run);
      return this.#run;
    });
  }

  /** Hands on a report. */
  readonly onReport: ReportListener = (report) => {
    notify(() => this.#run?.onReport(report));
  };

  /** A pull was answered; gives what its events are to be handed on with. */
  polled(count: number, elapsedMs: number): unknown {
    let poll: unknown;
    notify(() => {
      poll = this.#run?.polled({ count, elapsedMs });
      return poll;
    });
    return poll;
  }

  /** A webhook holds something, or nothing any more. */
  busy(isBusy: boolean): void {
    notify(() => this.#run?.busy?.(isBusy));
  }

  /** A handler is about to be called. */
  handling(entries: readonly Entry[], isBatch: boolean): Watched {
    return new Watched(() =>
      this.#run?.handling({
        events: entries.map((entry) => entry.event as FeedEvent),
        isBatch,
        attempts: entries.map((entry) => entry.attempts + 1),
        polls: pollsOf(entries),
      }),
    );
  }
}

/** One call of a handler that is watched. */
export class Watched {
  readonly #begin: () => HandlerWatch | undefined;
  #watch: HandlerWatch | undefined;

  constructor(begin: () => HandlerWatch | undefined) {
    this.#begin = begin;
  }

  /** Calls the handler exactly once, whatever the telemetry does, and gives what it gave. */
  run<Result>(call: () => Result): Result {
    let isBegun = false;
    let read: () => Result = call;
    const once = (): void => {
      if (isBegun) return;
      isBegun = true;
      try {
        const result = call();
        read = () => result;
      } catch (thrown) {
        read = () => {
          throw thrown;
        };
      }
    };
    notify(() => {
      this.#watch = this.#begin();
      notify(() => this.#watch);
      return this.#watch?.run(once);
    });
    once();
    return read();
  }

  /** The handler has ended. */
  ended(said: readonly Said[], endedBy: Leash["endedBy"]): void {
    notify(() => this.#watch?.ended(said.map((each) => toEnd(each, endedBy))));
  }
}

function pollsOf(entries: readonly Entry[]): readonly unknown[] {
  const polls = new Set(entries.map(({ page }) => page.poll));
  polls.delete(undefined);
  return [...polls];
}

function toEnd(said: Said, endedBy: Leash["endedBy"]): HandlerEnd {
  const { decision } = said as Extract<Said, { decision: unknown }>;
  if (decision !== undefined) return { outcome: decision.kind };
  if (endedBy === "stop") return { outcome: "unsettled" };
  if (endedBy === "timeout") return { outcome: "timedOut" };
  if ("failure" in said) return { outcome: "failed", error: said.thrown };
  return { outcome: "done" };
}
