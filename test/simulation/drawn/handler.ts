import { onAbort } from "../../../src/core/abort.ts";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { OwnDelivery } from "../../../src/loop/deliveries.ts";
import { deadLetter, done, drop, retry } from "../../../src/loop/outcome.ts";
import { numberOf } from "../process.ts";
import { isOurs } from "./calls.ts";
import { knows } from "./knows.ts";
import { makeOdd } from "./odd.ts";
import type { DrawnStep } from "./plan.ts";
import type { Reader } from "./reader.ts";

/** What a handler says in the end: it throws a value, or returns one. */
type Word = { readonly throws: unknown } | { readonly returns: unknown };

/** Makes the handler of one process: it does what the plan says of each event. */
export function handlerOf(reader: Reader) {
  return (event: FeedEvent, { signal }: { readonly signal: AbortSignal }): void | Promise<void> => {
    const n = numberOf(event.data) ?? -1;
    const step = begin(reader, n, event);
    const word = work(reader, step, signal, (cut) => conclude(reader, n, step, cut, signal));
    // What it returns is whatever the plan says, which types would not let through.
    return say(word) as void | Promise<void>;
  };
}

/** The same for many events at a time: it takes as long as the slowest. */
export function batchHandlerOf(reader: Reader) {
  return (events: readonly FeedEvent[], { signal }: { readonly signal: AbortSignal }) => {
    const numbers = events.map((event) => numberOf(event.data) ?? -1);
    const steps = numbers.map((n, index) => begin(reader, n, events[index] as FeedEvent));
    const slowest = steps.reduce((left, right) => (right.ms > left.ms ? right : left));
    const never = steps.find(({ outcome }) => outcome === "never");
    const whole = steps[0]?.outcome === "throw";
    const finish = (cut: boolean): Word => {
      const words = numbers.map((n, index) => {
        const own = steps[index] as DrawnStep;
        // A throw is everybody's, so that each has what the first has, or says it in other words.
        const spoken = own.outcome === "throw" ? "retry" : own.outcome;
        const step = {
          ...own,
          outcome: whole ? "throw" : spoken,
          onAbort: slowest.onAbort,
        } as const;
        return conclude(reader, n, step, cut, signal, true);
      });
      const thrown = words.find((word) => "throws" in word);
      if (thrown) return thrown;
      return { returns: words.map((word) => ("returns" in word ? word.returns : undefined)) };
    };
    return say(work(reader, never ?? slowest, signal, finish)) as Promise<undefined>;
  };
}

/** Works on one delivery of a loop of one's own, and settles it. */
export async function handleOwn(reader: Reader, delivery: OwnDelivery): Promise<void> {
  const { event, signal } = delivery;
  const n = numberOf(event.data) ?? -1;
  const step = begin(reader, n, event);
  const plainStep = step.outcome === "odd" ? ({ ...step, outcome: "done" } as const) : step;
  await work(reader, plainStep, signal, (cut) => {
    const said = conclude(reader, n, plainStep, cut, signal);
    if ("throws" in said) delivery.retry();
    else
      settleOwn(
        delivery,
        cut && plainStep.onAbort !== "ignore" ? plainStep.onAbort : plainStep.outcome,
      );
    return said;
  });
}

/** Settles a delivery in the words of a step; a bare end after the signal leaves it unsettled. */
function settleOwn(delivery: OwnDelivery, outcome: DrawnStep["outcome"]): void {
  if (outcome === "retry") delivery.retry({ afterMs: 50 });
  else if (outcome === "deadLetter") delivery.deadLetter("the handler says so");
  else if (outcome === "drop") delivery.drop("the handler says so");
  else if (outcome === "done" || !delivery.signal.aborted) delivery.ack();
}

function say(word: Word | Promise<Word>): unknown {
  const speak = (said: Word): unknown => {
    if ("throws" in said) throw said.throws;
    return said.returns;
  };
  return word instanceof Promise ? word.then(speak) : speak(word);
}

function begin(reader: Reader, n: number, event: FeedEvent): DrawnStep {
  const { world, number, running } = reader;
  world.note("start", { process: number, n });
  world.mayStart(reader, n);
  world.ledger.started(reader, n, event);
  if (!running.has(n)) reader.runningSince.set(n, world.clock.now());
  running.set(n, (running.get(n) ?? 0) + 1);
  reader.paces.progress();
  const step = world.nextStep(n);
  reader.began(n, step);
  if (step.outcome === "deadLetter") world.ledger.excuseLetter(n);
  if (step.changes) change(event);
  if (step.burnMs > 0) world.burn(step.burnMs);
  return step;
}

/** Writes into an event as a careless handler does. */
function change(event: FeedEvent): void {
  const data = event.data as { price: number; list: unknown[] };
  Reflect.set(data, "price", data.price * 100);
  data.list?.push?.(1);
  for (const name of ["type", "id", "source"]) Reflect.set(event, name, "another");
}

/** Works for its time; whether its signal has cut it short is told to what comes then. */
function work(
  reader: Reader,
  { ms, outcome, onAbort: does }: DrawnStep,
  signal: AbortSignal,
  then: (cut: boolean) => Word,
): Word | Promise<Word> {
  const isNever = outcome === "never";
  if (ms === 0 && !isNever) return then(false);
  const heard = does === "ignore" ? undefined : signal;
  return new Promise((resolve, reject) => {
    const end = (cut: boolean): void => {
      try {
        resolve(then(cut));
      } catch (error) {
        reject(error);
      }
    };
    if (isNever) onAbort(heard, () => end(true));
    else
      reader.wait(ms, heard).then(
        () => end(false),
        () => end(true),
      );
  });
}

/** One throw would fail a whole batch. */
function stubborn({ world }: Reader, n: number, inBatch: boolean): "throw" | "retry" | undefined {
  if (!world.isStubborn(n)) return undefined;
  return inBatch ? "retry" : "throw";
}

/** Whether a stop has taken the handler's word away; a time limit makes a failure of it. */
function isStopped({ aborted, reason }: AbortSignal): boolean {
  return aborted && !(isOurs(reason) && (reason as { code?: unknown }).code === "timeout");
}

function conclude(
  reader: Reader,
  n: number,
  step: DrawnStep,
  cut: boolean,
  signal: AbortSignal,
  inBatch = false,
): Word {
  const { world } = reader;
  const planned = cut && step.onAbort !== "ignore" ? step.onAbort : step.outcome;
  const isOutage = world.isOutage && planned !== "throw" && planned !== "retry" && !cut;
  const outcome = world.isOutage ? "throw" : (stubborn(reader, n, inBatch) ?? planned);
  const end = (what: "handled" | "failed" | "left" | "dropped"): void => {
    over(reader, n, what);
    if (what === "handled" || what === "dropped") {
      world.ledger.settled(n, what === "handled" ? reader : undefined);
    }
    if (what === "failed") world.ledger.failed(n, isOutage, reader.held);
  };
  const failing = isStopped(signal) ? "left" : "failed";
  switch (outcome) {
    case "done":
      end("handled");
      return { returns: done() };
    case "throw":
      end(failing);
      return { throws: makeOdd(step.odd) };
    case "retry":
      end(failing);
      return { returns: retry() };
    case "deadLetter":
      end("left");
      return { returns: deadLetter("the handler says so") };
    case "drop":
      end("dropped");
      return { returns: drop("the handler says so") };
    case "odd":
      end("handled");
      return { returns: inBatch || !knows.anyReturn ? undefined : makeOdd(step.odd) };
    default:
      end(signal.aborted ? failing : "handled");
      return { returns: undefined };
  }
}

function over(reader: Reader, n: number, what: string): void {
  const { world, number, running } = reader;
  const count = (running.get(n) ?? 1) - 1;
  if (count === 0) running.delete(n);
  else running.set(n, count);
  reader.workedAt = world.clock.now();
  world.ledger.ended(reader, n);
  world.note("end", { process: number, n, what });
  reader.paces.progress();
}
