import { AckloopError, isAckloopError } from "../../core/errors.ts";
import { sleep } from "../../core/sleep.ts";
import { configError } from "../check.ts";
import { isRepeatable, postgresError } from "./postgres-error.ts";

/**
 * A PostgreSQL database as far as the stores need it: `pg`'s `Pool` and `Client` fit, PGlite fits, and
 * so does any driver that can be put in this shape.
 */
export interface PostgresDatabase {
  /** Runs one statement with the parameters `$1`, `$2`, ... and gives its rows as objects. */
  query(text: string, params?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

/** One row of an answer. The stores cast every column to text, which all drivers read alike. */
export type Row = Readonly<Record<string, unknown>>;

/** What a session is made of. */
export interface SessionOptions {
  readonly prefix: string;
  readonly timeoutMs: number;
  /** Runs once before the first statement; after a failure again before the next. */
  readonly prepare: (session: Session) => Promise<void>;
}

/** The one way that statements of the stores take to the database. */
export class Session {
  /** What the names of all tables begin with. */
  readonly prefix: string;
  readonly #database: PostgresDatabase;
  readonly #options: SessionOptions;
  #prepared: Promise<void> | undefined;

  constructor(database: PostgresDatabase, options: SessionOptions) {
    this.prefix = options.prefix;
    this.#database = database;
    this.#options = options;
  }

  /** Runs one statement once the tables are known to fit. */
  async run(operation: string, text: string, params: readonly string[]): Promise<readonly Row[]> {
    await this.prepared();
    return await this.runUnprepared(operation, text, params);
  }

  /** Runs one statement in a caller's transaction; nothing is repeated there. */
  async runIn(
    transaction: PostgresDatabase,
    operation: string,
    text: string,
    params: readonly string[],
  ): Promise<readonly Row[]> {
    await this.prepared();
    return await this.#runOnce(transaction, operation, text, params);
  }

  /** Runs one statement, and again where the database itself undid it for the sake of another. */
  async runUnprepared(
    operation: string,
    text: string,
    params: readonly string[],
  ): Promise<readonly Row[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#runOnce(this.#database, operation, text, params);
      } catch (error) {
        if (tries === 5 || !isRepeatable(error)) throw error;
        await sleep(Math.random() * 20 * tries);
      }
    }
  }

  /** Resolves once the tables are known to fit; one flight for all callers. */
  async prepared(): Promise<void> {
    this.#prepared ??= this.#options.prepare(this);
    const prepared = this.#prepared;
    try {
      await prepared;
    } catch (error) {
      if (this.#prepared === prepared) this.#prepared = undefined;
      throw error;
    }
  }

  async #runOnce(
    database: PostgresDatabase,
    operation: string,
    text: string,
    params: readonly string[],
  ): Promise<readonly Row[]> {
    const { timeoutMs } = this.#options;
    const ended = new AbortController();
    const timeout = sleep(timeoutMs, ended.signal).then(() => {
      throw timeoutError(operation, timeoutMs);
    });
    try {
      const ask = async (): Promise<unknown> => await database.query(text, [...params]);
      const answer = await Promise.race([ask(), timeout]);
      return rowsOf(operation, answer);
    } catch (error) {
      throw isAckloopError(error) ? error : postgresError(operation, error);
    } finally {
      ended.abort();
    }
  }
}

/** Refuses what is no database. */
export function checkDatabase(operation: string, name: string, value: unknown): void {
  if (!isDatabase(value)) {
    throw configError(
      operation,
      `\`${name}\` must have \`query(text, params)\`, as pg's Pool and PGlite do`,
    );
  }
}

/** Tells whether a value has the shape of a database. */
export function isDatabase(value: unknown): value is PostgresDatabase {
  return (
    typeof value === "object" &&
    value !== null &&
    "query" in value &&
    typeof value.query === "function"
  );
}

/** A column of a row, as text. */
export function textAt(row: Row, column: string): string {
  return String(row[column]);
}

/** A column of a row, as a number. */
export function numberAt(row: Row, column: string): number {
  return Number(row[column]);
}

/** What a person sees of a text in a table: what PostgreSQL cannot hold in a text is replaced. */
export function labelOf(text: string): string {
  return text.replace(/[\p{Surrogate}\0]/gu, "\u{fffd}").slice(0, 500);
}

function rowsOf(operation: string, answer: unknown): readonly Row[] {
  if (typeof answer === "object" && answer !== null && "rows" in answer) {
    if (Array.isArray(answer.rows)) return answer.rows;
  }
  throw configError(operation, "`query` must resolve to `{ rows }`");
}

function timeoutError(operation: string, timeoutMs: number): AckloopError {
  return new AckloopError("timeout", `the database gave no answer in ${timeoutMs} ms`, {
    provider: "stores",
    operation,
    retryable: true,
    outcomeUnknown: true,
  });
}
