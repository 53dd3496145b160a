import { isAckloopError } from "./errors.ts";
import { describeThrown } from "./guard.ts";
import { causesOf } from "./network.ts";

/** What a log line tells of an error, as plain data, of which no logger loses a part. */
export interface ErrorFacts {
  readonly message: string;
  readonly cause?: ErrorFacts;
  /** Where they are known: `name`, `code`, `stack`; of an error of ours `status` and others too. */
  readonly [name: string]: unknown;
}

/** The other members of somebody else's error may hold a request, and with it a credential. */
const theirs = ["name", "code", "stack"];
const ours = [...theirs, "status", "operation", "path", "requestId", "retryAfterMs"];

/** Gives what a log line tells of whatever was thrown, and of what has caused it. It never throws. */
export function toErrorFacts(thrown: unknown): ErrorFacts {
  try {
    const chain = causesOf(thrown).map(factsOf);
    return chain.reduceRight((cause, facts) => ({ ...facts, cause }));
  } catch {
    // Nothing was thrown, or what cannot be looked at.
    return { message: describeThrown(thrown) };
  }
}

function factsOf(error: unknown): ErrorFacts {
  const known = Object(error) as Readonly<Record<string, unknown>>;
  const names = (isAckloopError(error) ? ours : theirs).filter((name) => isFact(known[name]));
  const facts = Object.fromEntries(names.map((name) => [name, known[name]]));
  return { message: messageOf(error), ...facts };
}

function isFact(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number";
}

/** What an error says, for people: one of ours names its provider itself. It never throws. */
export function messageOf(error: unknown): string {
  return isAckloopError(error) ? error.message : describeThrown(error);
}
