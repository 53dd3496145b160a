import { vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import type { Report } from "../../src/core/report.ts";
import type { Summary } from "../../src/core/summary.ts";
import type { LoopOptions, LoopSettings } from "../../src/loop/options.ts";
import { toLoopSettings } from "../../src/loop/options.ts";
import type { MemoryFeed, MemoryFeedOptions } from "../../src/testing/memory-feed.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";

/** The settings of a run with the defaults filled in. */
export function toSettings(options: LoopOptions = {}): LoopSettings {
  return toLoopSettings("test", options, 1);
}

/** The ids e0, e1, and so on. */
export function idsOf(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `e${from + index}`);
}

/** A memory feed that holds events e0, e1, and so on. */
export function filledFeed(count: number, options: MemoryFeedOptions = {}): MemoryFeed {
  const feed = memoryFeed(options);
  feed.publish(...idsOf(count).map((id) => testEvent(id)));
  return feed;
}

/** Keeps reports; `of` gives those of one kind. */
export function recorder() {
  const reports: Report[] = [];
  const onReport = (report: Report): void => {
    reports.push(report);
  };
  const of = <Kind extends Report["kind"]>(kind: Kind) =>
    reports.filter((report): report is Extract<Report, { kind: Kind }> => report.kind === kind);
  return { reports, onReport, of };
}

/** An error that passes when the call is repeated. */
export function passing(facts: { readonly retryAfterMs?: number } = {}): AckloopError {
  return new AckloopError("transport", "the network failed", { retryable: true, ...facts });
}

/** An error of a call that may have had its effect. */
export function lost(): AckloopError {
  return new AckloopError("timeout", "no answer", { retryable: true, outcomeUnknown: true });
}

/** A promise that is settled from outside. */
export function gate<Value = void>() {
  let open!: (value: Value) => void;
  let fail!: (error: unknown) => void;
  const opened = new Promise<Value>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { opened, open, fail };
}

/** What is left when what is known of each pulled delivery is taken off: always nothing. */
export function imbalance(summary: Summary | undefined): number {
  if (!summary) return Number.NaN;
  const { pulled, handled, deadLettered, dropped, duplicates, unsettled } = summary;
  return pulled - handled - deadLettered - dropped - duplicates - unsettled;
}

/** Notes the ids that a handler was given, and lets it end when its gate opens. */
export function slowHandler() {
  const started: string[] = [];
  const gates = new Map<string, ReturnType<typeof gate<void>>>();
  const gateOf = (id: string) => {
    const known = gates.get(id) ?? gate<void>();
    gates.set(id, known);
    return known;
  };
  const handler = async (event: FeedEvent): Promise<void> => {
    started.push(event.id);
    await gateOf(event.id).opened;
  };
  return { started, handler, gateOf };
}

const realTurn = setImmediate;

/** The digests under way: threads of their own make them, which a busy machine may keep waiting. */
const digests = new Set<Promise<unknown>>();
const digest = crypto.subtle.digest.bind(crypto.subtle);
crypto.subtle.digest = (...given) => {
  const made = digest(...given);
  const forget = (): void => void digests.delete(made);
  digests.add(made);
  made.then(forget, forget);
  return made;
};

/** Moves the fake clock until a promise is settled, for at most so long, and gives what it gives. */
export async function ended<Value>(
  promise: PromiseLike<Value>,
  withinMs = 600_000,
): Promise<Value> {
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
  };
  promise.then(settle, settle);
  const until = Date.now() + withinMs;
  await vi.advanceTimersByTimeAsync(0);
  while (!isSettled && Date.now() < until) {
    await new Promise((resolve) => realTurn(resolve));
    await Promise.allSettled(digests);
    await vi.advanceTimersByTimeAsync(10);
  }
  if (!isSettled) throw new Error(`it has not ended within ${withinMs} ms`);
  return promise;
}
