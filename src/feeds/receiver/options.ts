import type { Logger } from "../../core/logger.ts";
import type { FilledOf, TableOf } from "../../core/options.ts";
import {
  flag,
  group,
  list,
  oneOf,
  optionError,
  orFalse,
  Rule,
  text,
  whole,
  withMethods,
} from "../../core/options.ts";
import { type SignatureOptions, signatureTable } from "./signature.ts";

/** What every receiver may be told, whoever calls it. */
export interface ReceiverBasics {
  /**
   * What the events come from, such as an account or an endpoint: stable and unique among your receivers.
   * Part of every event's `source`, of the receiver's name, and so of every key in a store. @default "default"
   */
  readonly name?: string | undefined;
  /**
   * Wants a Standard Webhooks signature, of whichever of its two schemes. A request without a right one is
   * answered 401.
   */
  readonly signature?: SignatureOptions | undefined;
  /**
   * The secret that stands in the address which the sender calls; a list while it is changed. 16 characters
   * or more of `A-Z a-z 0-9 . _ ~ -`. A request without it is answered 401.
   */
  readonly secret?: string | readonly string[] | undefined;
  /** Where the secret stands: in the query, or as the last segment of the path. @default "query" */
  readonly secretIn?: "query" | "path" | undefined;
  /** The name of the query parameter. @default "secret" */
  readonly secretParameter?: string | undefined;
  /** Lets everybody in: only behind something else that checks who calls. @default false */
  readonly open?: boolean | undefined;
  /** The longest body, unpacked, in bytes, 1 to 2^30; a longer one is answered 413. @default 1_048_576 */
  readonly maxBodyBytes?: number | undefined;
  /**
   * The methods by which a delivery may come, one with a body among them; by another it is answered 405,
   * and the logger told. @default ["POST", "PUT"]
   */
  readonly methods?: readonly string[] | undefined;
  /**
   * The methods that are a liveness check on every path, answered 200 without a handler, a secret or a
   * signature. @default ["GET", "HEAD"]
   */
  readonly livenessMethods?: readonly string[] | undefined;
  /**
   * The path of liveness checks, such as `/alive`: with any method one, but for what carries the secret or a
   * signature (with `open`: a body), which is a delivery on every path.
   */
  readonly livenessPath?: string | undefined;
  /**
   * Where refused requests (400, 401, 405, 413, 415, 503) are told, each reason at once, and then at growing
   * intervals, from a minute to an hour; `false` is silent. `webhook` and `inbox` tell their own logger in its
   * place, where they have one. @default warnings and errors go to the `console`
   */
  readonly logger?: Logger | false | undefined;
  /** The answer to handled, 200-299. @default 200 */
  readonly acceptStatus?: number | undefined;
  /** The answer to "send again", 400-599. @default 503 */
  readonly deferStatus?: number | undefined;
}

/** A name as one part of a path: what a URL parser would read as a step is none. */
export const place: Rule<string, string | undefined> = new Rule({
  must: "a text of 1 to 1000 characters, well-formed, and neither . nor ..",
  test: (value) =>
    text(1, 1_000).test(value) === true && !/^\.\.?$|\p{Surrogate}/u.test(String(value)),
  convert: (value) => encodeURIComponent(String(value)),
});

const oneSecret: Rule<string> = new Rule({
  must: "16 characters or more of A-Z a-z 0-9 . _ ~ - (or a list of such texts)",
  test: (value) => typeof value === "string" && /^[\w.~-]{16,}$/.test(value),
});

const secrets = new Rule<string | readonly string[], readonly string[]>({
  must: oneSecret.must,
  test: (value) => {
    const given: readonly unknown[] = Array.isArray(value) ? value : [value];
    return given.length > 0 && given.every((each) => oneSecret.test(each) === true);
  },
  convert: (value) => Object.freeze([value].flat()),
  byDefault: Object.freeze([]),
});

/** A path as a request's address has it, so that it can be met: an umlaut is encoded. */
export const path: Rule<string> = new Rule({
  must: "a path that begins with /, without a query or fragment",
  test: (value) => typeof value === "string" && /^\/[^?#]*$/.test(value),
  convert: (value) => new URL(`https://localhost${value}`).pathname,
});

const method: Rule<string> = new Rule({
  must: "a method, such as GET",
  test: (value) => typeof value === "string" && /^[a-z]+$/i.test(value),
  convert: (value) => String(value).toUpperCase(),
});

const methods = new Rule<readonly string[], readonly string[] | undefined>({
  ...list(method),
  must: "a list of methods that holds one with a body, such as POST",
  test: (value) =>
    Array.isArray(value) && !value.every((each) => /^(get|head)$/i.test(String(each))),
});

/** The rules of {@link ReceiverBasics}. */
export const receiverTable = {
  name: place.or("default"),
  signature: group(signatureTable, "an object with `secrets`"),
  secret: secrets,
  secretIn: oneOf("query", "path").or("query"),
  secretParameter: text(1, 1_000).or("secret"),
  open: flag.or(false),
  maxBodyBytes: whole(1, 2 ** 30).or(1_048_576),
  methods: methods.or(["POST", "PUT"]),
  livenessMethods: list(method).or(["GET", "HEAD"]),
  livenessPath: path,
  logger: orFalse(withMethods<Logger>("debug", "info", "warn", "error")),
  acceptStatus: whole(200, 299).or(200),
  deferStatus: whole(400, 599).or(503),
} satisfies TableOf<ReceiverBasics>;

/** Options with every default in place; `secret` is a list, empty where there is none. */
export type ReceiverSettings = FilledOf<typeof receiverTable>;

/**
 * Refuses a receiver that would let everybody in without having been told to.
 *
 * @param facts.option Which option is missing first of all.
 * @throws {AckloopError} `config`
 */
export function checkWhoCalls(
  { secret, signature, open }: ReceiverSettings,
  facts: { readonly verb: string; readonly option: string; readonly need: string },
): void {
  if (secret.length > 0 || signature || open) return;
  const rule = `is needed ${facts.need}. Set \`open: true\` only behind something else that checks who calls`;
  throw optionError(facts.verb, facts.option, rule);
}
