import { checkArgument } from "../check.ts";
import type { PostgresSettings } from "../options.ts";
import { type Asked, numberAt, type Row, type SqlSession } from "../sql/session.ts";
import { aDatabase, answerTo, askerOf, type PostgresDatabase } from "./database.ts";
import { isForMany, tableOf, toMany, toPostgres } from "./dialect.ts";
import { Gathering, type Job, type Make } from "./gathering.ts";
import { look, refuseOld } from "./look.ts";
import { migration } from "./migrations.ts";

/** The one way that statements of the stores take to the database. */
export class PostgresSession implements SqlSession {
  readonly #database: PostgresDatabase;
  readonly #options: PostgresSettings;
  readonly #gathering = new Gathering((jobs) => this.#makeForMany(jobs));
  #opening: Promise<string> | undefined;
  #schema: string | undefined;

  constructor(database: PostgresDatabase, options: PostgresSettings) {
    this.#database = database;
    this.#options = options;
  }

  async run(...asked: Asked): Promise<readonly Row[]> {
    const [operation, step, params] = asked;
    if (isForMany(step)) return await this.#gathering.run(...asked);
    const ask = askerOf(operation, this.#database, this.#options);
    const schema = await this.#opened();
    return await ask(
      toPostgres(step, schema, this.#options.prefix, this.#lockMs),
      params.map(String),
    );
  }

  /** At the server, a wait for a lock ends well before the answer is given up here. */
  get #lockMs(): number {
    return Math.ceil(this.#options.timeoutMs / 2);
  }

  async #makeForMany(jobs: readonly Job[]): ReturnType<Make> {
    const [operation, step] = (jobs[0] as Job).asked;
    const schema = await this.#opened();
    const many = toMany(step, jobs.length > 1, this.#lockMs);
    const text = toPostgres(many, schema, this.#options.prefix);
    const items = toItems(jobs.map(({ asked }) => asked[2]));
    const answer = await answerTo([operation, this.#database, this.#options], text, [items]);
    return "rows" in answer ? { each: toEach(operation, answer.rows, jobs.length) } : answer;
  }

  async runIn(transaction: unknown, ...[operation, step, params]: Asked): Promise<readonly Row[]> {
    checkArgument(operation, "transaction", transaction, aDatabase);
    const { prefix } = this.#options;
    const ask = askerOf(operation, transaction as PostgresDatabase, this.#options, 1);
    // Looked for in the transaction: a pool of one has no other connection. It is nobody else's answer.
    const schema = this.#schema ?? refuseOld(await look(operation, ask, this.#options));
    // Refused where no transaction is open; in one it takes only the lock that the step takes anyway.
    await ask(`lock table ${tableOf(schema, prefix, "dedupe")} in row exclusive mode`);
    const rows = await ask(toPostgres(toMany(step, false), schema, prefix), [toItems([params])]);
    return toEach(operation, rows, 1)[0] ?? [];
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

/** The items of a step for many, as its parameter. */
function toItems(items: readonly Asked[2][]): string {
  return JSON.stringify(
    items.map(([event, mark, ms, kept], at) => ({ at, event, mark, ms, kept })),
  );
}

/** What a step gave for each of many: its row, none, or `undefined` where it was passed by. */
function toEach(
  operation: string,
  rows: readonly Row[],
  count: number,
): readonly (readonly Row[] | undefined)[] {
  const each: (readonly Row[] | undefined)[] = Array.from({ length: count }, () => []);
  for (const row of rows) {
    const made = row["key"] === null ? [] : [row];
    each[numberAt(operation, row, "at")] =
      numberAt(operation, row, "passed") === 1 ? undefined : made;
  }
  return each;
}
