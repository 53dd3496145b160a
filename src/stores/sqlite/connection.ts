import { type Row, textAt } from "../sql/session.ts";
import type { SqliteDatabase, SqliteStatement, SqliteValue } from "./driver.ts";

/** A database with its statements kept ready. */
export class Connection {
  readonly database: SqliteDatabase;
  /** What the names of all tables begin with. */
  readonly prefix: string;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(database: SqliteDatabase, prefix: string) {
    this.database = database;
    this.prefix = prefix;
  }

  /**
   * Runs one statement to its end and gives its rows. In it, `@name` stands for the table of that name.
   *
   * Always with `all`: `get` leaves a statement open in some drivers, and adds fields in others.
   */
  rows(sql: string, ...params: readonly SqliteValue[]): readonly Row[] {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.database.prepare(withPrefix(sql, this.prefix));
      this.#statements.set(sql, statement);
    }
    return statement.all(...params) as Row[];
  }
}

/** The statement with the full names of its tables. */
export function withPrefix(sql: string, prefix: string): string {
  return sql.replaceAll(/@(?=[a-z])/g, prefix);
}

/** The file of a connection's main database; an empty text for one in memory. */
export function fileOf(database: SqliteDatabase): string {
  const rows = database.prepare("pragma database_list").all() as Row[];
  const main = rows.find((row) => textAt(row, "name") === "main");
  return main ? textAt(main, "file") : "";
}
