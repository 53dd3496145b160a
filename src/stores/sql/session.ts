import type { Bell, Ear } from "../bell.ts";
import { storeError } from "../error.ts";

export type Row = Readonly<Record<string, unknown>>;

/** A value that a statement takes. What is no text is cast where it is used. */
export type Param = string | number;

/**
 * One statement, or several that hold or fail together, in the SQL that both databases understand.
 *
 * `$1`, `$2` ... are the parameters, and `@` begins what each says in its own way: `@now` is the store's
 * clock in ms since 1970, `@key(text)` a key as its column holds it, `@tokens` the list of tokens in `$2`,
 * `@text(column)` a column that is read as a text, `@lock` keeps rows from others and passes by those that
 * others have, `@names` a table of the names in `$1`, a list as JSON, each as a key's column holds it,
 * `@notice` tells those of other processes who wait at the inbox of the row, once its transaction is there,
 * `@bare(name)` is a name without its schema, and any other word a type or the table of that name.
 *
 * A step that reads `@given` may be made for many items at once, each with a key of its own: `@given` is a table
 * of them, with `$1` as `event`, as a key's column holds it, `$2` as `mark`, and `$3` and `$4` as `ms` and `kept`.
 * `@among(column)` says that the column is one of their keys, for a planner that would look at all rows. Such a
 * step gives at most one row for an item, with its `key`.
 *
 * Of several, only one gives rows. All see the rows as they were before. A column that is read has a name
 * of one word: some drivers write `two_words` in their own way.
 *
 * Texts that are put together stand in functions: no bundler drops what is made when a module is loaded, and
 * whoever has `memoryStores` alone would carry them.
 */
export type Step = string | readonly string[];

/** A step that is asked for, and what for. */
export type Asked = readonly [operation: string, step: Step, params: readonly Param[]];

/** The one way that steps take to a database. */
export interface SqlSession {
  /** Makes a step, in a transaction of its own, and gives its rows. */
  run(...asked: Asked): Promise<readonly Row[]>;
  /** Makes a step in a caller's transaction; rejects where none is open. */
  runIn(transaction: unknown, ...asked: Asked): Promise<readonly Row[]>;
  /** Wakes those of this process who wait at an inbox, whose name is as `keyOf` writes it. */
  readonly bell: Bell;
  /** Hears of `@notice` in the steps of other processes; absent where none can be heard. */
  readonly ear?: Ear | undefined;
}

/**
 * A column of a row, as a number.
 *
 * @throws {AckloopError} `schema` when somebody has written something else there.
 */
export function numberAt(operation: string, row: Row, column: string): number {
  const value = row[column] === null ? Number.NaN : Number(row[column]);
  if (Number.isFinite(value)) return value;
  throw damagedError(operation, column);
}

export function damagedError(operation: string, column: string): Error {
  const text = `a row is damaged; restore it from a backup, or delete it (\`${column}\`)`;
  return storeError("schema", operation, text);
}

/** The time that is as many ms away as a parameter says. */
export function after(param: string): string {
  return `@now + cast(${param} as float8)`;
}

/** How much is left of a time that was set to be `ms` away: never more than that, nor less than 0. */
export function leftAt(operation: string, row: Row | undefined): number {
  if (!row) return 0;
  const [left, ms] = [numberAt(operation, row, "remaining"), numberAt(operation, row, "ms")];
  return Math.max(0, Math.min(ms, left));
}
