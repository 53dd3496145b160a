import {
  aFunction,
  checkOptions,
  flag,
  isObject,
  list,
  oneOf,
  Rule,
  type TableOf,
  text,
} from "../core/options.ts";
import { callOptions, unchecked } from "./arguments.ts";
import { hasOwnMembers, tokenRule, wrong } from "./options.ts";
import type { HttpCall, ReplyReader } from "./types.ts";

/** An object whose own members count. */
function members<Given>(): Rule<Given> {
  return new Rule({
    must: "an object, such as { limit: 100 }",
    test: (value) => isObject(value) && hasOwnMembers(value),
  });
}

type Defined<Name extends keyof HttpCall<unknown>> = NonNullable<HttpCall<unknown>[Name]>;

const callTable = {
  ...callOptions,
  operation: text(1, 500).required(),
  method: oneOf("GET", "POST", "PUT", "PATCH", "DELETE").required(),
  baseUrl: unchecked<string>(),
  path: list(
    new Rule<string | number>({
      must: "a text or a number",
      test: (value) => typeof value === "string" || typeof value === "number",
    }),
  ).required(),
  query: members<Defined<"query">>(),
  json: unchecked<unknown>(),
  form: members<Defined<"form">>(),
  headers: unchecked<Defined<"headers">>(),
  repeat: oneOf("safe", "unsent", "never"),
  hot: new Rule<true>({ must: flag.must, test: flag.test }),
  timeoutMs: unchecked<number>(),
  secrets: list(text(0, Number.MAX_SAFE_INTEGER)),
  token: tokenRule,
  reply: aFunction<ReplyReader<unknown>>().required(),
} satisfies TableOf<HttpCall<unknown>>;

/**
 * Checks a call that somebody else than our own providers describes, whose types may not have been.
 * Addresses, headers and times are checked with every call.
 *
 * @throws {AckloopError} `config`, which names what is wrong, and never a value.
 */
export function checkCall<Call extends HttpCall<unknown>>(provider: string, call: Call): Call {
  const { operation, method, json, form } = checkOptions(`${provider} call`, call, callTable);
  if (json !== undefined && form !== undefined) {
    throw wrong(provider, "give `json` or `form`, not both: a request has one body", operation);
  }
  if (method === "GET" && (json !== undefined || form !== undefined)) {
    throw wrong(provider, "a GET has no body: use `query`, or another method", operation);
  }
  return call;
}
