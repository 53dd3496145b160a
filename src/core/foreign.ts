import { notify, settle } from "./guard.ts";
import type { Logger } from "./logger.ts";

/**
 * How long a user's function that answers later may take inside of a client, in ms: one that gives a
 * credential, stores one, or looks something up.
 */
export const foreignLimitMs = 30_000;

/**
 * What a user's function answered, that is to answer at once; `undefined` where it threw, or answered
 * with a promise, whose rejection goes nowhere.
 */
export function answerAtOnce<Value>(call: () => Value): { readonly value: Value } | undefined {
  let answer: { readonly value: Value } | undefined;
  const take = (value: Value): void => {
    answer = { value };
  };
  settle<Value>(call, take, () => undefined);
  return answer;
}

/** Tells a user's logger, whose own failure changes nothing. */
export function tell(
  logger: Logger | undefined,
  level: keyof Logger,
  ...line: Parameters<Logger["warn"]>
): void {
  if (logger !== undefined) notify(() => logger[level](...line));
}

/** The kind of what was thrown, where its text may hold a secret: its name, or its type. Never throws. */
export function kindOf(thrown: unknown): string {
  try {
    const { name } = Object(thrown) as { readonly name?: unknown };
    if (typeof name === "string" && /^\w{1,60}$/.test(name)) return name;
  } catch {
    // A revoked proxy, or a getter that throws, has no name.
  }
  return typeof thrown;
}
