import { isAckloopError } from "../../../src/core/errors.ts";
import { makeOdd, type OddName } from "./odd.ts";
import type { DrawnTrouble, Service } from "./plan.ts";
import type { Reader } from "./reader.ts";

/** What a call to a service is about. */
export interface Call<Result> {
  readonly service: Service;
  readonly signal?: AbortSignal | undefined;
  /** The event that it is for, where it is for one. */
  readonly n?: number | undefined;
  /** Gets to know that it is in trouble. */
  /** Its answer has come, and somebody waits for it. */
  readonly onAnswered?: () => void;
  readonly onTrouble?: ((trouble: DrawnTrouble) => void) | undefined;
  /** The longest way there or back, in ms. */
  readonly latencyMs: number;
  /** What the call does; a trouble with single verdicts is for it to see to. */
  readonly effect: (trouble: DrawnTrouble | undefined) => Promise<Result> | Result;
}

/** Calls a service that answers later, through whatever trouble there is. */
export function callLater<Result>(reader: Reader, call: Call<Result>): Promise<Result> {
  const trouble = begin(reader, call);
  if (trouble?.how !== "throw") return answer(reader, call, trouble);
  if (trouble.after) ignoreFailure(call.effect(undefined));
  throw thrown(reader, call, trouble.odd);
}

/** Calls a user's function that answers at once. */
export function callAtOnce<Result>(reader: Reader, service: Service, effect: () => Result): Result {
  const call = { service, latencyMs: 0, effect };
  const trouble = begin(reader, call);
  // What answers at once may be an async function all the same.
  if (trouble?.how === "reject") return Promise.reject(thrown(reader, call, trouble.odd)) as Result;
  if (trouble) throw thrown(reader, call, trouble.odd);
  return effect();
}

function begin(reader: Reader, { service, n, onTrouble }: Call<unknown>): DrawnTrouble | undefined {
  const { world } = reader;
  reader.calls += 1;
  reader.paces.calling(service, reader.isLastOf(service, n));
  const trouble = world.trouble(service);
  if (trouble === undefined) return undefined;
  world.count(`${service} ${trouble.how}`);
  world.note("trouble", { process: reader.number, n, what: `${service} ${trouble.how}` });
  reader.inTrouble(service, n);
  onTrouble?.(trouble);
  return trouble;
}

async function answer<Result>(
  reader: Reader,
  call: Call<Result>,
  trouble: DrawnTrouble | undefined,
): Promise<Result> {
  const { signal, effect, latencyMs, service } = call;
  const isDeaf = trouble !== undefined && reader.world.dice.chance(0.5);
  const heard = isDeaf ? undefined : signal;
  await reader.wait(waitOf(reader, latencyMs), heard);
  if (trouble?.how === "hang") {
    if (trouble.after) await effect(undefined);
    return reader.never(heard);
  }
  if (trouble?.how === "late") await reader.wait(trouble.ms, heard);
  if (trouble?.how === "reject") {
    if (trouble.after) await effect(undefined);
    await reader.wait(waitOf(reader, latencyMs), heard);
    throw thrown(reader, call, trouble.odd);
  }
  const result = await effect(trouble);
  await reader.wait(waitOf(reader, latencyMs), heard);
  reader.paces.answered(service);
  if (!signal?.aborted) call.onAnswered?.();
  return result;
}

function waitOf({ world }: Reader, longestMs: number): number {
  return longestMs === 0 ? 0 : world.dice.whole(0, longestMs);
}

function thrown(reader: Reader, { service }: Call<unknown>, odd: OddName): unknown {
  const value = makeOdd(odd);
  reader.paces.failed(service, odd === "rateLimit");
  if (odd === "fatal") reader.sawFatal = true;
  return value;
}

function ignoreFailure(work: unknown): void {
  Promise.resolve(work).catch(() => {});
}

/** Whether a call that is in trouble is refused for a reason that repeating does not mend. */
export function isRefused({ how, odd }: DrawnTrouble): boolean {
  return (how === "throw" || how === "reject") && odd === "request";
}

/** Whether something is an error of ours, asked so that a hostile object does no harm. */
export function isOurs(error: unknown): boolean {
  try {
    return isAckloopError(error);
  } catch {
    return false;
  }
}
