import { checkMs, checkOptions, checkText, checkWhole, configError } from "./check.ts";

const dayMs = 24 * 3_600_000;

/** How long a forgotten mark is known, so that a late begin does not set it: longer than any call. */
export const forgottenMs = 3_600_000;
/** How many forgotten marks of one event are known. */
export const forgottenAtMost = 100;

/** What every factory of stores may be told. */
export interface StoreOptions {
  /** How many unfinished entries an inbox holds before it refuses more, from 1. @default 10 000 */
  readonly inboxMaxEntries?: number | undefined;
  /** How long an inbox remembers the id of a finished entry, in ms. @default one day */
  readonly inboxRetentionMs?: number | undefined;
  /**
   * How long the starts of an event are remembered that was begun and never finished, in ms from its
   * last start. @default seven days
   */
  readonly startsRetentionMs?: number | undefined;
}

/** The options with their defaults. */
export interface StoreLimits {
  readonly inboxMaxEntries: number;
  readonly inboxRetentionMs: number;
  readonly startsRetentionMs: number;
}

const defaults: StoreLimits = Object.freeze({
  inboxMaxEntries: 10_000,
  inboxRetentionMs: dayMs,
  startsRetentionMs: 7 * dayMs,
});

/** Checks the options and fills in what is missing; `others` are further names that are allowed. */
export function limitsOf(
  operation: string,
  options: StoreOptions,
  ...others: readonly string[]
): StoreLimits {
  checkOptions(operation, options, [...Object.keys(defaults), ...others]);
  const limits = {
    inboxMaxEntries: options.inboxMaxEntries ?? defaults.inboxMaxEntries,
    inboxRetentionMs: options.inboxRetentionMs ?? defaults.inboxRetentionMs,
    startsRetentionMs: options.startsRetentionMs ?? defaults.startsRetentionMs,
  };
  checkWhole(operation, "inboxMaxEntries", limits.inboxMaxEntries, 1);
  checkMs(operation, "inboxRetentionMs", limits.inboxRetentionMs, 0);
  checkMs(operation, "startsRetentionMs", limits.startsRetentionMs, 0);
  return limits;
}

/** What the factories of stores in a database may be told. */
export interface SqlStoreOptions extends StoreOptions {
  /**
   * What the names of the tables begin with: small letters, digits and `_`, up to 30, no digit first.
   * @default "ackloop_"
   */
  readonly prefix?: string | undefined;
  /**
   * How long one statement may take (PostgreSQL), or a lock of another process may be waited for
   * (SQLite), in ms, from 1. @default 30 000
   */
  readonly timeoutMs?: number | undefined;
}

/** Checks the options of stores in a database and fills in what is missing. */
export function sqlOptionsOf(
  operation: string,
  options: SqlStoreOptions,
): { readonly limits: StoreLimits; readonly prefix: string; readonly timeoutMs: number } {
  const limits = limitsOf(operation, options, "prefix", "timeoutMs");
  const { prefix = "ackloop_", timeoutMs = 30_000 } = options;
  checkText(operation, "prefix", prefix);
  if (!/^[a-z_][a-z0-9_]{0,29}$/.test(prefix)) {
    throw configError(
      operation,
      "`prefix` must have up to 30 small letters, digits and `_`, and not begin with a digit",
    );
  }
  checkMs(operation, "timeoutMs", timeoutMs);
  return { limits, prefix, timeoutMs };
}
