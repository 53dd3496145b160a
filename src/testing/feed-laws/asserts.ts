import type { AckloopError, AckloopErrorCode } from "../../core/errors.ts";
import { isAckloopError } from "../../core/errors.ts";

/** Fails unless a fact holds. */
export function check(fact: boolean, promise: string): asserts fact {
  if (!fact) throw new Error(`broken: ${promise}`);
}

/** Fails unless two values are the same as JSON. */
export function equal(actual: unknown, expected: unknown, promise: string): void {
  const [is, should] = [actual, expected].map((value) => JSON.stringify(value) ?? "undefined");
  if (is !== should) {
    throw new Error(`broken: ${promise}: got ${is?.slice(0, 500)}, not ${should?.slice(0, 500)}`);
  }
}

/** Fails unless two lists hold the same texts, in any order. */
export function sameSet(actual: Iterable<string>, expected: Iterable<string>, promise: string) {
  equal([...new Set(actual)].sort(), [...new Set(expected)].sort(), promise);
}

/** What a call rejected with; fails when it did not. */
export async function rejection(call: Promise<unknown>, promise: string): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error(`broken: ${promise}: it did not reject`);
}

/** The typed error that a call rejected with; fails for any other, and for any other code. */
export async function typedError(
  call: Promise<unknown>,
  promise: string,
  codes?: readonly AckloopErrorCode[],
): Promise<AckloopError> {
  const error = await rejection(call, promise);
  check(isAckloopError(error), `${promise}: an AckloopError, not ${String(error)}`);
  const fits = codes === undefined || codes.includes(error.code);
  check(fits, `${promise}: code ${codes?.join(" or ")}, not ${error.code}`);
  return error;
}

/** Everything that printing a value could show: own members of any depth, hidden ones included. */
export function printed(value: unknown, seen: Set<unknown> = new Set()): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (seen.has(value)) return "";
  seen.add(value);
  const members = Reflect.ownKeys(value).map((key) => {
    try {
      return `${String(key)}: ${printed(Reflect.get(value, key), seen)}`;
    } catch {
      return String(key);
    }
  });
  // Headers and maps keep what they hold where no member shows it.
  const held = Symbol.iterator in value ? [...(value as Iterable<unknown>)] : [];
  return [...members, ...held.map((each) => printed(each, seen))].join("\n");
}

/** The objects of a value, at any depth, that somebody could change. */
export function objectsIn(value: unknown, found: Set<object> = new Set()): Set<object> {
  if (typeof value !== "object" || value === null || found.has(value)) return found;
  if (!Object.isFrozen(value)) found.add(value);
  for (const member of Object.values(value)) objectsIn(member, found);
  return found;
}

/** Does to a value what the worst handler could. */
export function spoil(value: unknown): void {
  for (const each of objectsIn(value)) {
    for (const name of Object.keys(each)) Reflect.set(each, name, "spoilt");
  }
}

/** Numbers from 0 up to 1 that follow from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
