import { AckloopError } from "../core/errors.ts";
import type { TableOf } from "../core/options.ts";
import { checkOptions, oneOf } from "../core/options.ts";
import type { Summary } from "../core/summary.ts";
import { Awaitable } from "./awaitable.ts";
import { withSummary } from "./engine/counts.ts";
import type { Health, Run } from "./run.ts";
import { stopTable } from "./run.ts";

/** The options of `group`. */
export interface GroupOptions {
  /**
   * What becomes of the others when one run halts: they are stopped, or they go on and the group ends with
   * the last of them. @default "stop"
   */
  readonly onHalt?: "stop" | "continue" | undefined;
}

const groupTable = {
  onHalt: oneOf<"stop" | "continue">("stop", "continue").or("stop"),
} satisfies TableOf<GroupOptions>;

/** How the runs of a group are doing. */
export interface GroupHealth {
  /** Whether all are healthy. */
  readonly healthy: boolean;
  /** Whether all are live. */
  readonly live: boolean;
  /** Each one's, in the group's order; `feed` says whose it is. */
  readonly runs: readonly Health[];
}

/**
 * Takes several runs as one, such as all feeds of a process: one end, one stop, one health.
 *
 * @param runs At least one, each once; several may read one feed.
 * @throws {AckloopError} `config` where something else was given. The group rejects with what halted one.
 * @example
 * ```ts
 * import { consume, group } from "ackloop";
 *
 * const all = group([consume(feed, handlers), consume(invoices, invoiceHandlers)]);
 *
 * process.once("SIGTERM", () => all.stop());
 * await all;
 * ```
 */
export function group(runs: readonly Run[], options: GroupOptions = {}): Group {
  const { onHalt } = checkOptions("group", options, groupTable);
  const isList = Array.isArray(runs) && runs.length > 0;
  if (!isList || !runs.every(isRun) || new Set(runs).size < runs.length) {
    throw new AckloopError(
      "config",
      "group: give a list of runs, each once: group([consume(...), consume(...)])",
    );
  }
  return new Group([...runs], onHalt);
}

/** By what it can do: it may be of another copy of this package. */
function isRun(run: Partial<Run> | undefined | null): boolean {
  return [run?.stop, run?.health, run?.then].every((each) => typeof each === "function");
}

/**
 * Runs that are one: awaitable, to be stopped and asked for their health.
 *
 * Awaiting it gives the summaries, in order, once all have ended. Where one has halted it rejects with the
 * error of the first that did, once all have ended: `summary` is that run's, `summaries` are those of all.
 */
export class Group extends Awaitable<readonly Summary[]> {
  readonly [Symbol.toStringTag] = "Group";
  readonly #runs: readonly Run[];
  readonly #onHalt: "stop" | "continue";
  protected readonly ended: Promise<readonly Summary[]>;
  /** What halted the first that has halted. */
  #error: AckloopError | undefined;

  /** Made by `group`. */
  constructor(runs: readonly Run[], onHalt: "stop" | "continue") {
    super();
    this.#runs = runs;
    this.#onHalt = onHalt;
    this.ended = this.#run();
  }

  /**
   * Stops all runs at once, each as {@link Run.stop} says; resolves like the group itself.
   *
   * @param options.withinMs How long the stop may take in all, in ms. @default each run's `shutdownTimeoutMs`
   * @throws {AckloopError} `config` when `withinMs` is no number from 0 to a year; what halted one.
   */
  stop(options: { readonly withinMs?: number | undefined } = {}): Promise<readonly Summary[]> {
    try {
      const { withinMs } = checkOptions("group.stop", options, stopTable);
      this.#stopAll(withinMs);
      // The very promise of the group: who awaits that need not await this.
      return this.ended;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** How the runs are doing. */
  health(): GroupHealth {
    const runs = this.#runs.map((run) => run.health());
    const healthy = runs.every((each) => each.healthy);
    return { healthy, live: runs.every((each) => each.live), runs };
  }

  async #run(): Promise<readonly Summary[]> {
    const summaries = await Promise.all(this.#runs.map((run) => this.#endOf(run)));
    const error = this.#error;
    if (error) throw withSummary(error, undefined, { summary: error.summary, summaries });
    return summaries;
  }

  /** What a run did, also where it has halted. */
  async #endOf(run: Run): Promise<Summary> {
    try {
      return await run;
    } catch (thrown) {
      // A run rejects with nothing else.
      const error = thrown as AckloopError;
      this.#error ??= error;
      if (this.#onHalt === "stop") this.#stopAll();
      return error.summary as Summary;
    }
  }

  #stopAll(withinMs?: number): void {
    // What comes of each is known by its end.
    for (const run of this.#runs) run.stop({ withinMs }).catch(() => {});
  }
}
