import { checkArgument } from "../check.ts";
import type { PostgresSettings } from "../options.ts";
import type { Asked, Row, SqlSession } from "../sql/session.ts";
import { aDatabase, askerOf, type PostgresDatabase } from "./database.ts";
import { tableOf, toPostgres } from "./dialect.ts";
import { look, refuseOld } from "./look.ts";
import { migration } from "./migrations.ts";

/** The one way that statements of the stores take to the database. */
export class PostgresSession implements SqlSession {
  readonly #database: PostgresDatabase;
  readonly #options: PostgresSettings;
  #opening: Promise<string> | undefined;
  #schema: string | undefined;

  constructor(database: PostgresDatabase, options: PostgresSettings) {
    this.#database = database;
    this.#options = options;
  }

  async run(...[operation, step, params]: Asked): Promise<readonly Row[]> {
    const ask = askerOf(operation, this.#database, this.#options);
    const schema = await this.#opened();
    // At the server, a wait for a lock ends well before the answer is given up here.
    const lockMs = Math.ceil(this.#options.timeoutMs / 2);
    return await ask(toPostgres(step, schema, this.#options.prefix, lockMs), params.map(String));
  }

  async runIn(transaction: unknown, ...[operation, step, params]: Asked): Promise<readonly Row[]> {
    checkArgument(operation, "transaction", transaction, aDatabase);
    const { prefix } = this.#options;
    const ask = askerOf(operation, transaction as PostgresDatabase, this.#options, 1);
    // Looked for in the transaction: a pool of one has no other connection. It is nobody else's answer.
    const schema = this.#schema ?? refuseOld(await look(operation, ask, this.#options));
    // Refused where no transaction is open; in one it takes only the lock that the step takes anyway.
    await ask(`lock table ${tableOf(schema, prefix, "dedupe")} in row exclusive mode`);
    return await ask(toPostgres(step, schema, prefix), params.map(String));
  }

  /** Brings the tables to this version. Whoever else does it at the same time is waited for. */
  async migrate(): Promise<void> {
    const ask = askerOf("migrate", this.#database, this.#options);
    const found = await look("migrate", ask, this.#options);
    if (found.isCurrent) return;
    await ask(migration(found.schema, this.#options.prefix));
    await look("migrate", ask, this.#options);
  }

  /** The schema, once the database and its tables are known to fit; one flight for all callers. */
  async #opened(): Promise<string> {
    if (this.#schema !== undefined) return this.#schema;
    const ask = askerOf("open", this.#database, this.#options);
    const forget = (): void => {
      this.#opening = undefined;
    };
    this.#opening ??= look("open", ask, this.#options).then(refuseOld).finally(forget);
    this.#schema = await this.#opening;
    return this.#schema;
  }
}
