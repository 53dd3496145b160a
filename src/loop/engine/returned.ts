import { describeThrown, isThenable, type MaybePromise, toOwnPromise } from "../../core/guard.ts";
import type { Decision } from "../outcome.ts";
import { toDecision } from "../outcome.ts";

/** What a handler's result says of one event: a decision, none as in a bare return, or that it failed. */
export type Said =
  | { readonly decision: Decision | undefined }
  | { readonly failure: string; readonly thrown?: unknown };

const NOTHING: Said = Object.freeze({ decision: undefined });

/** An attempt that threw. */
export const toFailed = (thrown: unknown): Said => ({ failure: describeThrown(thrown), thrown });

/** Reads what the handler of one event gave; later where it holds a promise. It never rejects. */
export function toSaid(returned: unknown): MaybePromise<Said> {
  if (returned === undefined) return NOTHING;
  const decision = toDecision(returned);
  if (decision) return { decision };
  const failure = whyNotOver(returned);
  if (failure) return { failure };
  const list = toList(returned);
  return list ? whenRead(list, ofOneEvent) : NOTHING;
}

/**
 * Reads what a batch handler gave, one for each event. One outcome stands for all, and so does what is
 * none; a list of outcomes that are not as many as the events says nothing that could be trusted.
 */
export function toSaidOfEach(returned: unknown, count: number): MaybePromise<readonly Said[]> {
  const forAll = (said: Said): readonly Said[] => new Array<Said>(count).fill(said);
  const list = toList(returned);
  if (list === undefined) return forAll(toSaid(returned) as Said);
  return whenRead(list, (each) => {
    if (each.length === count) return each;
    if (each.every(isBare)) return forAll(NOTHING);
    const failure = `the batch handler gave ${each.length} outcomes for ${count} events`;
    return forAll(each.find((said) => "failure" in said) ?? { failure });
  });
}

/** Reads a list when all of its promises have settled: none may be at work when the next attempt is made. */
function whenRead<Read>(
  list: readonly unknown[],
  read: (each: readonly Said[]) => Read,
): MaybePromise<Read> {
  try {
    // Not by `map`, which passes over the holes of a list.
    const each = Array.from(list, (item) =>
      isThenable(item) ? toOwnPromise(item).then(toSaid, toFailed) : toSaidInList(item),
    );
    return each.some(isThenable) ? Promise.all(each).then(read) : read(each as readonly Said[]);
  } catch (thrown) {
    // A getter's own fault, or a list that holds itself.
    return read([toFailed(thrown)]);
  }
}

/** What `Promise.allSettled` says of a promise is what that promise would have said. */
function toSaidInList(item: unknown): MaybePromise<Said> {
  const result = Object(item) as Partial<PromiseSettledResult<unknown>>;
  if (Object.keys(result).length !== 2) return toSaid(item);
  if (result.status === "rejected" && "reason" in result) return toFailed(result.reason);
  return result.status === "fulfilled" && "value" in result ? toSaid(result.value) : toSaid(item);
}

/** A list is no outcome of one event: what it says beyond "done" would be lost. */
function ofOneEvent(each: readonly Said[]): Said {
  const failed = each.find((said) => "failure" in said);
  if (failed) return failed;
  const isDone = each.every(
    (said) => "decision" in said && (said.decision?.kind ?? "done") === "done",
  );
  return isDone ? NOTHING : { failure: "the handler gave a list of outcomes for one event" };
}

function isBare(said: Said): said is { readonly decision: undefined } {
  return "decision" in said && said.decision === undefined;
}

function toList(returned: unknown): readonly unknown[] | undefined {
  try {
    return Array.isArray(returned) ? returned : undefined;
  } catch {
    // A revoked proxy: whatever it is, it is no list.
    return undefined;
  }
}

/** Why a result is work that was never begun: nobody will run it. */
function whyNotOver(returned: unknown): string | undefined {
  if (typeof returned === "function") return "the handler gave a function that nobody calls";
  if (typeof returned !== "object" || returned === null) return undefined;
  try {
    const { next } = returned as { readonly next?: unknown };
    const isLazy = Symbol.iterator in returned && typeof next === "function";
    if (!isLazy && !(Symbol.asyncIterator in returned)) return undefined;
    return "the handler gave an iterator that nobody runs: is it a generator (`function*`)?";
  } catch {
    return undefined;
  }
}
