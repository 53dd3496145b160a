import { onAbort } from "../../src/core/abort.ts";
import { isAckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import type { BatchContext } from "../../src/loop/handler.ts";
import { deadLetter, done, drop, type Outcome, retry } from "../../src/loop/outcome.ts";
import type { Step } from "./plan.ts";
import { never, numberOf, type Process } from "./process.ts";

/** The part of a handler's context that is used here. */
type Context = Pick<BatchContext, "signal">;

/** What a handler came to. `left`: its word does not count. */
type Ending = "handled" | "failed" | "left" | "dropped" | "letter";

/** Makes the handler of one process: it does what the plan says of each event. */
export function handlerOf(process: Process) {
  return (event: FeedEvent, context: Context): Promise<void | Outcome> =>
    process.cross(async () => {
      const n = numberOf(event.data) ?? -1;
      const step = begin(process, n);
      const cut = await work(step, context);
      return process.dead ? never() : conclude(process, n, step, cut, context);
    });
}

/** The same for many events at a time: it takes as long as the slowest. */
export function batchHandlerOf(process: Process) {
  return (
    events: readonly FeedEvent[],
    context: Context,
  ): Promise<void | readonly (Outcome | undefined)[]> =>
    process.cross(async () => {
      const numbers = events.map((event) => numberOf(event.data) ?? -1);
      const steps = numbers.map((n) => begin(process, n));
      const slowest = steps.reduce((left, right) => (right.ms > left.ms ? right : left));
      const cut = await work(slowest, context);
      if (process.dead) return never();
      return numbers.map((n, index) => {
        const { outcome } = steps[index] as Step;
        // One throw would fail the whole batch; here each event has an outcome of its own.
        const step = { ...slowest, outcome: outcome === "throw" ? "retry" : outcome } as const;
        const isThrow = cut && slowest.onAbort === "throw";
        const said = isThrow ? ({ ...step, onAbort: "bare" } as const) : step;
        return conclude(process, n, said, cut, context) ?? undefined;
      });
    });
}

function begin(process: Process, n: number): Step {
  const { world } = process;
  const step = world.nextStep(n);
  world.note("start", { process: process.number, n });
  return step;
}

/** Works for its time; true when its signal has cut it short. */
function work({ ms, onAbort: does }: Step, context: Context): Promise<boolean> {
  if (ms === 0) return Promise.resolve(false);
  const signal = does === "ignore" ? undefined : context.signal;
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      forget();
      resolve(false);
    }, ms);
    const forget = onAbort(signal, () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** Whether a stop has taken the handler's word away; a time limit makes a failure of it. */
function isStopped({ signal }: Context): boolean {
  const { aborted, reason } = signal;
  return aborted && !(isAckloopError(reason) && reason.code === "timeout");
}

function conclude(
  process: Process,
  n: number,
  step: Step,
  cut: boolean,
  context: Context,
): void | Outcome {
  const outcome = cut && step.onAbort !== "ignore" ? step.onAbort : step.outcome;
  const end = (what: Ending): void => {
    const { world, number } = process;
    if (what === "handled" || what === "dropped") world.settled(n);
    world.note("end", { process: number, n, what });
  };
  const unsettled = isStopped(context) ? "left" : "failed";
  switch (outcome) {
    case "done":
      end("handled");
      return done();
    case "throw":
      end(unsettled);
      throw new Error("the handler failed");
    case "retry":
      end(unsettled);
      return retry();
    case "deadLetter":
      end("letter");
      return deadLetter("the handler says so");
    case "drop":
      end("dropped");
      return drop("the handler says so");
    default:
      end(context.signal.aborted ? unsettled : "handled");
      return undefined;
  }
}
