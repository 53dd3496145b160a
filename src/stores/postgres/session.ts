import type { FilledOf } from "../../core/options.ts";
import { checkArgument } from "../check.ts";
import type { postgresRules } from "../options.ts";
import type { Asked, Row, SqlSession } from "../sql/session.ts";
import { type Ask, aDatabase, askerOf, type PostgresDatabase } from "./database.ts";
import { tableOf, toPostgres } from "./dialect.ts";
import { look, refuseOld } from "./look.ts";
import { migration } from "./migrations.ts";

type Options = FilledOf<typeof postgresRules>;

/** The one way that statements of the stores take to the database. */
export class PostgresSession implements SqlSession {
  readonly #database: PostgresDatabase;
  readonly #options: Options;
  #opening: Promise<string> | undefined;
  #schema: string | undefined;

  constructor(database: PostgresDatabase, options: Options) {
    this.#database = database;
    this.#options = options;
  }

  async run(...[operation, step, params]: Asked): Promise<readonly Row[]> {
    const ask = this.#asker(operation, this.#database);
    const schema = await this.#opened();
    // At the server, a wait for a lock ends well before the answer is given up here.
    const lockMs = Math.ceil(this.#options.timeoutMs / 2);
    return await ask(toPostgres(step, schema, this.#options.prefix, lockMs), params.map(String));
  }

  async runIn(transaction: unknown, ...[operation, step, params]: Asked): Promise<readonly Row[]> {
    checkArgument(operation, "transaction", transaction, aDatabase);
    const { prefix } = this.#options;
    const ask = this.#asker(operation, transaction as PostgresDatabase, 1);
    // Looked for in the transaction: a pool of one has no other connection. It is nobody else's answer.
    const schema = this.#schema ?? refuseOld(await look(operation, ask, this.#options));
    // Refused where no transaction is open; in one it takes only the lock that the step takes anyway.
    await ask(`lock table ${tableOf(schema, prefix, "dedupe")} in row exclusive mode`);
    return await ask(toPostgres(step, schema, prefix), params.map(String));
  }

  /** Brings the tables to this version. Whoever else does it at the same time is waited for. */
  async migrate(): Promise<void> {
    const ask = this.#asker("migrate", this.#database);
    const found = await look("migrate", ask, this.#options);
    if (found.isCurrent) return;
    await ask(migration(found.schema, this.#options.prefix));
    await look("migrate", ask, this.#options);
  }

  /** The schema, once the database and its tables are known to fit; one flight for all callers. */
  async #opened(): Promise<string> {
    if (this.#schema !== undefined) return this.#schema;
    const ask = this.#asker("open", this.#database);
    const forget = (): void => {
      this.#opening = undefined;
    };
    this.#opening ??= look("open", ask, this.#options).then(refuseOld).finally(forget);
    this.#schema = await this.#opening;
    return this.#schema;
  }

  #asker(operation: string, database: PostgresDatabase, most?: number): Ask {
    return askerOf(operation, database, this.#options.timeoutMs, most);
  }
}
