import { type Row, textAt } from "../sql/session.ts";
import { rowsOf, type SqliteDatabase, type SqliteStatement, type SqliteValue } from "./driver.ts";

/** A statement that is kept ready, and which of its columns are texts. */
interface Prepared {
  readonly statement: SqliteStatement;
  readonly texts: readonly string[];
}

/** A database with its statements kept ready. */
export class Connection {
  readonly database: SqliteDatabase;
  /** What the names of all tables begin with. */
  readonly prefix: string;
  readonly #statements = new Map<string, Prepared>();
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(database: SqliteDatabase, prefix: string) {
    this.database = database;
    this.prefix = prefix;
  }

  /**
   * Runs one statement to its end and gives its rows. In it, `@name` stands for the table of that name,
   * and a text that is read is written `@text(name)`, a number `cast(name as float8) as name`.
   *
   * A damaged file can hold anything anywhere: a text that is not UTF-8, for which libsql ends the
   * process and others put signs of their own, or a number that a driver refuses. A text is read as
   * bytes, and is empty where they are none; a number is one always.
   *
   * Never with `get`: it leaves a statement open in some drivers, and adds fields in others.
   */
  rows(sql: string, ...params: readonly SqliteValue[]): readonly Row[] {
    const { statement, texts } = this.#prepared(sql);
    const rows = rowsOf(statement, ...params) as Record<string, unknown>[];
    for (const row of rows) {
      for (const name of texts) row[name] = this.#decoded(row[name]);
    }
    return rows;
  }

  #prepared(sql: string): Prepared {
    const known = this.#statements.get(sql);
    if (known) return known;
    const texts = Array.from(sql.matchAll(textColumn), ([, name]) => name ?? "");
    const full = withPrefix(sql.replaceAll(textColumn, "cast($1 as blob) as $1"), this.prefix);
    const prepared = { statement: this.database.prepare(full), texts };
    this.#statements.set(sql, prepared);
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

const textColumn = /@text\((\w+)\)/g;

/** The statement with the full names of its tables. */
export function withPrefix(sql: string, prefix: string): string {
  return sql.replaceAll(/@(?=[a-z])/g, prefix);
}

/** The file of a connection's main database; an empty text for one in memory. */
export function fileOf(database: SqliteDatabase): string {
  const rows = rowsOf(database.prepare("pragma database_list")) as Row[];
  const main = rows.find((row) => textAt(row, "name") === "main");
  return main ? textAt(main, "file") : "";
}
