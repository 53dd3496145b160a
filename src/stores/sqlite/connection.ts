import type { Param, Row, Step } from "../sql/session.ts";
import { toSqlite, type Written } from "./dialect.ts";
import { rowsOf, type SqliteDatabase, type SqliteStatement } from "./driver.ts";

type Prepared = Written & { readonly statement: SqliteStatement };

/** A database with its statements kept ready. */
export class Connection {
  readonly database: SqliteDatabase;
  readonly #prefix: string;
  readonly #statements = new Map<string, Prepared>();
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(database: SqliteDatabase, prefix: string) {
    this.database = database;
    this.#prefix = prefix;
  }

  exec(statements: string): void {
    this.database.exec(toSqlite(statements, this.#prefix).sql);
  }

  /** Does work that is written as a whole, or not at all. */
  transact<Result>(begin: "begin" | "begin immediate", work: () => Result): Result {
    this.exec(begin);
    try {
      const result = work();
      this.exec("commit");
      return result;
    } catch (error) {
      try {
        this.exec("rollback");
      } catch {
        // SQLite has undone it already, as it does when the disk is full.
      }
      throw error;
    }
  }

  /**
   * Makes a step, in whichever transaction is open, and gives its rows.
   *
   * A damaged file can hold anything anywhere: a text that is not UTF-8, for which libsql ends the
   * process and others put signs of their own, or a number that a driver refuses. A text is read as
   * bytes, and is empty where they are none; a number is one always.
   *
   * Never with `get`: it leaves a statement open in some drivers, and adds fields in others.
   */
  rows(step: Step, params: readonly Param[] = []): readonly Row[] {
    const values = [Date.now(), ...params];
    return [step].flat().flatMap((text) => {
      const { statement, order, texts } = this.#prepared(text);
      const rows = rowsOf(statement, ...order.map((at) => values[at] ?? null));
      return rows.map((row) => {
        const read = texts.map((column) => [column, this.#decoded(row[column])]);
        return { ...row, ...Object.fromEntries(read) };
      });
    });
  }

  #prepared(text: string): Prepared {
    const known = this.#statements.get(text);
    if (known) return known;
    const written = toSqlite(text, this.#prefix);
    const prepared = { ...written, statement: this.database.prepare(written.sql) };
    this.#statements.set(text, prepared);
    return prepared;
  }

  #decoded(bytes: unknown): string | null {
    if (bytes === null) return null;
    try {
      return this.#utf8.decode(bytes as Uint8Array);
    } catch {
      return "";
    }
  }
}
