import { type AckloopErrorCode, isAckloopError } from "../../core/errors.ts";
import { toNetworkFailure } from "../../core/network.ts";
import { storeError } from "../error.ts";

/** How a statement has failed. */
export interface PostgresFailure {
  readonly error: unknown;
  /** How often in all it may be tried. @default 1 */
  readonly tries?: number | undefined;
  /** Whether it changed nothing, and may do so for the sake of one row among many. */
  readonly isOfOne?: boolean;
}

/** `tries`: how often in all the statement may be tried, where it certainly changed nothing. */
type Meaning = readonly [says: RegExp, code: AckloopErrorCode, text: string, tries?: number];

const cut = "the connection to the database failed";
const unreached = "the database cannot be reached";
const ended = "the given pool or client was ended, or its connection cut; make a new one";
const pooled = "set the driver to use no named prepared statements, which a pooler does not keep";

/**
 * What a SQLSTATE means to a store, or what a driver says in its own words; the first that fits counts.
 * What may pass is `transport` or `timeout`, and asked again; what a person must mend is neither.
 */
const meanings: readonly Meaning[] = [
  [/^57014/, "timeout", "the database cancelled the statement"],
  [/^57/, "transport", "the database is stopping or starting"],
  [/^(08|40003)/, "transport", cut],
  [/^53/, "transport", "the database is short of resources"],
  [/^58/, "transport", "the database failed"],
  [/^XX001/, "config", "the database is damaged; restore it from a backup"],
  [/^XX002/, "config", "an index of the database is damaged; rebuild it"],
  [/^XX/, "transport", "the database, or what stands before it, failed"],
  [/^55P03/, "transport", "another holds a lock for too long"],
  [/^40/, "transport", "the database undid the statement", 8],
  [/^25006/, "transport", "the database has become read-only"],
  [/^25P01/, "config", "no transaction is open on the client; `begin` one first"],
  [/^25P02/, "request", "the given transaction has failed before"],
  [/^25P/, "transport", "the database ended the connection"],
  [/^0A000/, "transport", "the tables were changed meanwhile", 2],
  [/^(26000|42P05)/, "config", pooled],
  [/^28/, "auth", "the database refused the credentials; check the user and the password"],
  [/^3D/, "config", "there is no such database; check the connection string, or create it"],
  [/^3F/, "config", "there is no such schema; check the option `schema`, or create it"],
  [/^(22021|22P05)/, "config", "the database's encoding must be UTF8"],
  [
    /^42501/,
    "config",
    "the database's user may not use the tables; grant it that, or call `migrate()` as it",
  ],
  [/^42P01/, "config", "the tables are missing; call `migrate()` first"],
  [/^42703/, "config", "the tables do not fit; call `migrate()` first"],
  [/^[0-9A-Z]{5}$/, "request", "the database refused the statement"],
  // Some drivers read the connection string only now, and Node's error holds the whole of it.
  [/^ERR_INVALID_URL/, "config", "the connection string of the database is no URL"],
  [/after calling end|was closed|is closed|CONNECTION_ENDED/, "config", ended],
  // A pool may give such a client once, and then a new one.
  [/is not queryable/, "config", ended, 2],
];

/**
 * Turns what a driver threw into a typed error, and says what it means for the statement.
 *
 * A driver's error may hold the statement, its values and the connection string: only its code is
 * copied. A bug (`TypeError`) goes through as it is.
 */
export function toPostgresFailure(operation: string, thrown: unknown): PostgresFailure {
  if (isAckloopError(thrown)) return { error: thrown };
  const { code = "", message } = Object(thrown) as Readonly<Record<string, unknown>>;
  const isState = typeof code === "string" && /^(\d\w|F0|HV|P0|XX)[0-9A-Z]{3}$/.test(code);
  const saying = isState ? code : `${code} ${message}`;
  const meaning = meanings.find(([says]) => says.test(saying));
  if (meaning) {
    const [, kind, text, tries] = meaning;
    const outcomeUnknown = /^(08|57P|40003)/.test(saying) || undefined;
    const full = isState ? `${text} (SQLSTATE ${code})` : text;
    const error = storeError(kind, operation, full, { outcomeUnknown });
    const isOfOne =
      isState && !outcomeUnknown && (kind === "request" || /^(40|55P03)/.test(saying));
    return { error, tries, isOfOne };
  }
  return { error: toNetworkError(operation, thrown) };
}

/** What the network did, in words; whatever else was thrown as it is. */
function toNetworkError(operation: string, thrown: unknown): unknown {
  const failure = toNetworkFailure(thrown);
  if (!failure) return thrown;
  const { networkCode = "", unsent } = failure;
  const what = unsent ? unreached : cut;
  const full = /^[A-Z][A-Z0-9_]+$/.test(networkCode) ? `${what} (${networkCode})` : what;
  return storeError("transport", operation, full, { outcomeUnknown: !unsent || undefined });
}
