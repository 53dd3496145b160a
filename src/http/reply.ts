import { AckloopError } from "../core/errors.ts";
import { isThenable, notify } from "../core/guard.ts";
import { expectationOf, pathOf } from "../core/issue.ts";
import type { StandardSchemaV1 } from "../core/standard-schema.ts";
import type { ReplyFacts, ReplyReader } from "./types.ts";

/** Where a value that is checked comes from, for the error. */
export interface CheckedValue {
  /** The provider's name. */
  readonly provider: string;
  /** The operation. */
  readonly operation: string;
  /** The status of the answer that held the value. */
  readonly status?: number | undefined;
  /** Where the value stands in the answer, such as `events[3]`; absent for the whole answer. */
  readonly at?: string | undefined;
}

/**
 * Makes the usual reader: the answer's JSON, parsed by a schema.
 *
 * An empty answer is given to the schema as `undefined`.
 *
 * @param schema Any Standard Schema that answers at once.
 * @throws {AckloopError} the reader: `schema`, which names the path and never the value.
 */
export function replyOf<Output>(schema: StandardSchemaV1<unknown, Output>): ReplyReader<Output> {
  return (body: unknown, facts: ReplyFacts) => {
    const { provider, operation, status } = facts;
    return parseAs(schema, body, { provider, operation, status });
  };
}

/** Makes a reader that gives the answer's text beside what another one reads in it. */
export function withText<Output extends object>(
  reader: ReplyReader<Output>,
): ReplyReader<Output & { readonly text: string }> {
  // What a reader gives is its own: a copy of it would cost as much as the reading.
  return (body, facts) => Object.assign(reader(body, facts), { text: facts.text });
}

/** Makes a reader of pages: the status 204, or `null`, is the page `nothing`. An empty 200 is none. */
export function pageReply<Output>(
  reader: ReplyReader<Output>,
  nothing: unknown,
): ReplyReader<Output> {
  return (body, facts) => reader(body === null || facts.status === 204 ? nothing : body, facts);
}

/**
 * The reader for calls that are answered with nothing: no body, `null`, or an object of links (`_links`)
 * at the most. What says anything else may say no.
 *
 * @throws {AckloopError} the reader: `schema`.
 */
export const noReply: ReplyReader<undefined> = (body, { provider, operation, status }) => {
  const isObject = typeof body === "object" && !Array.isArray(body);
  if (body === undefined || (isObject && Object.keys(body ?? {}).every(isLink))) return undefined;
  const what = "the answer says something, where nothing means that it is done";
  throw new AckloopError("schema", what, { provider, operation, status });
};

const isLink = (name: string): boolean => name.startsWith("_");

/** The reader for answers that are not JSON: gives the body as text, empty when there is none. */
export const textReply: ReplyReader<string> = Object.freeze(
  Object.assign((_body: unknown, { text }: ReplyFacts): string => text, { reads: "text" as const }),
);

/**
 * Parses a value that came from a provider, such as one item of a page.
 *
 * @param schema Any Standard Schema that answers at once.
 * @throws {AckloopError} `schema`, whose message and `path` say where it does not fit
 * (`events[3].id: expected string`) and never what stands there; `config` for a schema that answers
 * later, or neither with a value nor with issues.
 */
export function parseAs<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  value: unknown,
  from: CheckedValue,
): Output {
  const result = schema["~standard"].validate(value);
  const { provider, operation, status } = from;
  const broken = (what: string) => new AckloopError("config", what, { provider, operation });
  if (isThenable(result)) {
    notify(() => result);
    throw broken("the schema must answer at once, and gave a promise");
  }
  if (result?.issues === undefined) {
    if (typeof result === "object" && result !== null && "value" in result) return result.value;
    throw broken("the schema gave neither a value nor issues");
  }
  const [issue] = result.issues;
  const path = pathOf(from.at ?? "", issue?.path ?? []);
  throw new AckloopError("schema", `${path || "the answer"}: ${expectationOf(issue)}`, {
    provider,
    operation,
    status,
    path: path || undefined,
  });
}
