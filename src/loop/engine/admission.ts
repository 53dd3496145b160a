import type { AckloopError } from "../../core/errors.ts";
import type { FeedEvent } from "../../core/event.ts";
import { ask, describeThrown, isThenable, type MaybePromise } from "../../core/guard.ts";
import { toPlainEvent } from "../../core/plain.ts";
import type { SchemaResult, StandardSchemaV1 } from "../../core/standard-schema.ts";
import { toGiven } from "./copy.ts";
import type { Entry } from "./entry.ts";
import type { Routes } from "./route.ts";
import { describeIssues } from "./route.ts";
import type { Skips } from "./skips.ts";

/** How long a schema may take to answer, in ms. */
const SCHEMA_LIMIT_MS = 30_000;

/** Why a handler must not see an event; `cut` where the run stops before that is known. */
export type Refusal =
  | {
      readonly reason: string;
      readonly cause?: AckloopError | undefined;
      /** By which identity a person has said that it is to be skipped. */
      readonly skip?: string | undefined;
    }
  | "cut";

/** What admission works with. */
export interface AdmissionParts {
  readonly routes: Pick<Routes, "find">;
  /** What is to be skipped. @default nothing */
  readonly skips?: Pick<Skips, "find"> | undefined;
  /** Fires when no handler is started any more. */
  readonly stopping?: AbortSignal | undefined;
  readonly quit: AbortSignal;
}

/** Decides whether a handler may see an event: not to be skipped, readable, known, valid. It starts none, and settles nothing. */
export class Admission {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** Fills in the event and its handler, or says why not; later where a schema answers later. */
  admit(entry: Entry): MaybePromise<Refusal | undefined> {
    const skip = this.#parts.skips?.find(entry);
    if (skip === undefined) return this.#admit(entry);
    return isThenable(skip) ? skip.then((known) => known ?? this.#admit(entry)) : skip;
  }

  #admit(entry: Entry): MaybePromise<Refusal | undefined> {
    const given = toGiven(entry);
    const { event } = given;
    if (event === undefined) {
      const { unreadable } = given;
      return { reason: describeThrown(unreadable?.message), cause: unreadable };
    }
    const route = this.#parts.routes.find(event.type);
    if (typeof route === "string") return { reason: route };
    if (entry.keyFailure) return { reason: entry.keyFailure };
    entry.given = given;
    entry.handler = route.handler;
    entry.event = event;
    return route.schema && this.#validate(entry, event, route.schema);
  }

  /** Asks a schema. A fault of its own is a fault of the event, whose policy is made for it. */
  #validate(
    entry: Entry,
    event: FeedEvent,
    schema: StandardSchemaV1,
  ): MaybePromise<Refusal | undefined> {
    const { type } = event;
    const read = (result: SchemaResult<unknown>): Refusal | undefined => {
      try {
        return readResult(entry, type, result);
      } catch (thrown) {
        return threw(thrown);
      }
    };
    const threw = (thrown: unknown): Refusal => ({
      reason: `the schema of ${type} threw: ${describeThrown(thrown)}`,
    });
    let result: ReturnType<StandardSchemaV1["~standard"]["validate"]>;
    try {
      result = schema["~standard"].validate(event.data);
      if (!isThenable(result)) return read(result);
    } catch (thrown) {
      return threw(thrown);
    }
    const later = result;
    const { stopping, quit } = this.#parts;
    const asking = { what: "schema", limitMs: SCHEMA_LIMIT_MS, signal: stopping ?? quit };
    return ask(asking, () => later).then((answer) => {
      if (answer.kind === "cut") return "cut";
      if (answer.kind === "failed") return threw(answer.thrown ?? answer.error);
      return read(answer.value);
    });
  }
}

/** Takes over what a schema made of the data, or says what is wrong with it. */
function readResult(
  entry: Entry,
  type: string,
  result: SchemaResult<unknown>,
): Refusal | undefined {
  const { issues } = result ?? {};
  if (issues) return { reason: describeIssues(type, issues) };
  if (typeof result !== "object" || result === null || !("value" in result)) {
    return { reason: `the schema of ${type} gave neither a value nor issues` };
  }
  const event = entry.event as FeedEvent;
  if (result.value !== event.data) entry.event = { ...toPlainEvent(event), data: result.value };
  return undefined;
}
