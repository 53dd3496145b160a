import { type FilledOf, rule, whole } from "../core/options.ts";
import { ms, timerMs } from "./check.ts";

const dayMs = 24 * 3_600_000;

/** How long a forgotten mark is known, and an ended one its caller's at the least: longer than any call. */
export const markKeptMs = 3_600_000;
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

/** What {@link postgresStores} may be told. */
export interface PostgresStoreOptions extends SqlStoreOptions {
  /**
   * The schema of the tables, which exists already. No other is ever looked into, whatever the search
   * path says. @default the database's `current_schema()` at the first use
   */
  readonly schema?: string | undefined;
}

export const storeRules = {
  inboxMaxEntries: whole(1).or(10_000),
  inboxRetentionMs: ms(0).or(dayMs),
  startsRetentionMs: ms(0).or(7 * dayMs),
};

export type StoreLimits = FilledOf<typeof storeRules>;

export const sqlRules = {
  ...storeRules,
  prefix: rule<string>("up to 30 small letters, digits and `_`, with no digit first", (value) => {
    return typeof value === "string" && /^[a-z_][a-z0-9_]{0,29}$/.test(value);
  }).or("ackloop_"),
  timeoutMs: timerMs.or(30_000),
};

export const postgresRules = {
  ...sqlRules,
  schema: rule<string>("the name of a schema: 1 to 63 bytes, without NUL", (value) => {
    if (typeof value !== "string" || !/^[^\0]+$/u.test(value)) return false;
    return new TextEncoder().encode(value).length <= 63;
  }),
};

export type PostgresSettings = FilledOf<typeof postgresRules>;
