import type { Param, Row, SqlSession, Step } from "../sql/session.ts";
import { checkDatabase, type PostgresDatabase, runStatement } from "./database.ts";
import { tableOf, toPostgres } from "./dialect.ts";
import { type Found, look, refuseOld } from "./look.ts";
import { migration } from "./migrations.ts";

/** What a session is made of. */
export interface PostgresSessionOptions {
  readonly prefix: string;
  readonly timeoutMs: number;
  /** The schema; absent where it is the one that the database says. */
  readonly schema: string | undefined;
}

/** The one way that statements of the stores take to the database. */
export class PostgresSession implements SqlSession {
  readonly #database: PostgresDatabase;
  readonly #options: PostgresSessionOptions;
  #schema: Promise<string> | undefined;

  constructor(database: PostgresDatabase, options: PostgresSessionOptions) {
    this.#database = database;
    this.#options = options;
  }

  async run(operation: string, step: Step, params: readonly Param[]): Promise<readonly Row[]> {
    const schema = await this.#opened(this.#database);
    // At the server, a wait for a lock ends well before the answer is given up here.
    const lockMs = Math.ceil(this.#options.timeoutMs / 2);
    const text = toPostgres(step, schema, this.#options.prefix, lockMs);
    return await this.#ask(this.#database, operation, text, params.map(String));
  }

  async runIn(
    transaction: unknown,
    operation: string,
    step: Step,
    params: readonly Param[],
  ): Promise<readonly Row[]> {
    checkDatabase(operation, "transaction", transaction);
    const { prefix, timeoutMs } = this.#options;
    const schema = await this.#opened(transaction);
    const once = { operation, limitMs: timeoutMs, isRepeated: false };
    // Refused where no transaction is open; in one it takes only the lock that the step takes anyway.
    const lock = `lock table ${tableOf(schema, prefix, "dedupe")} in row exclusive mode`;
    await runStatement(transaction, once, lock);
    const text = toPostgres(step, schema, prefix);
    return await runStatement(transaction, once, text, params.map(String));
  }

  /** Brings the tables to this version. Whoever else does it at the same time is waited for. */
  async migrate(): Promise<void> {
    const found = await this.#look("migrate", this.#database);
    if (found.isCurrent) return;
    const text = migration(found.schema, this.#options.prefix);
    await this.#ask(this.#database, "migrate", text, []);
    await this.#look("migrate", this.#database);
  }

  /** The schema, once the database and its tables are known to fit; one flight for all callers. */
  async #opened(database: PostgresDatabase): Promise<string> {
    const opening = this.#schema ?? this.#look("open", database).then(refuseOld);
    this.#schema = opening;
    try {
      return await opening;
    } catch (error) {
      if (this.#schema === opening) this.#schema = undefined;
      throw error;
    }
  }

  async #look(operation: string, database: PostgresDatabase): Promise<Found> {
    const { schema, prefix } = this.#options;
    return await look(operation, schema, prefix, (text, params) =>
      this.#ask(database, operation, text, params),
    );
  }

  #ask(
    database: PostgresDatabase,
    operation: string,
    text: string,
    params: readonly (string | null)[],
  ): Promise<readonly Row[]> {
    const running = { operation, limitMs: this.#options.timeoutMs, isRepeated: true };
    return runStatement(database, running, text, params);
  }
}
