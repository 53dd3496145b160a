import { Bell, type Ear } from "../bell.ts";
import { checkArgument } from "../check.ts";
import type { PostgresSettings } from "../options.ts";
import { type Asked, numberAt, type Row, type SqlSession } from "../sql/session.ts";
import {
  type Answer,
  aDatabase,
  answerTo,
  askerOf,
  type PostgresDatabase,
  rowsIn,
} from "./database.ts";
import { channelOf, isForMany, tableOf, toMany, toPostgres } from "./dialect.ts";
import { earOf } from "./ear.ts";
import { Gathering, type Making } from "./gathering.ts";
import { look, refuseOld } from "./look.ts";
import { migration } from "./migrations.ts";

/** The one way that statements of the stores take to the database. */
export class PostgresSession implements SqlSession {
  readonly bell = new Bell();
  readonly ear: Ear | undefined;
  readonly #database: PostgresDatabase;
  readonly #options: PostgresSettings;
  readonly #gathering = new Gathering({
    one: (asked) => this.#one(asked),
    many: (all) => this.#many(all),
  });
  #opening: Promise<string> | undefined;
  #schema: string | undefined;

  constructor(database: PostgresDatabase, options: PostgresSettings) {
    this.#database = database;
    this.#options = options;
    const channel = channelOf(options.prefix);
    this.ear = earOf({
      database,
      channel,
      send: (notice) =>
        askerOf("wait", database, options)("select pg_notify($1, $2)", [channel, notice]),
      onNotice: (place) => this.#hear(place),
    });
  }

  /** A name that is long is told by its digest. */
  #hear(place: string): void {
    if (/^[0-9a-f]{64}$/.test(place)) this.bell.ringAll();
    else this.bell.ring(place);
  }

  async run(...asked: Asked): Promise<readonly Row[]> {
    if (isForMany(asked[1])) return await this.#gathering.run(...asked);
    return await this.#one(asked);
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

  async #one(asked: Asked): Promise<readonly Row[]> {
    return rowsIn(await this.#answerTo(asked));
  }

  async #answerTo([operation, step, params]: Asked): Promise<Answer> {
    const schema = await this.#opened();
    const text = toPostgres(step, schema, this.#options.prefix, this.#lockMs);
    return await answerTo([operation, this.#database, this.#options], text, params.map(String));
  }

  /** At the server, a wait for a lock ends well before the answer is given up here. */
  get #lockMs(): number {
    return Math.ceil(this.#options.timeoutMs / 2);
  }

  async #many(all: readonly Asked[]): ReturnType<Making["many"]> {
    const [[operation, step]] = all as readonly [Asked];
    const items = all.map(([, , [event, mark, ms, kept]], at) => ({ at, event, mark, ms, kept }));
    const many = toMany(step, this.#lockMs);
    const answer = await this.#answerTo([operation, many, [JSON.stringify(items)]]);
    // Nothing was done, for the sake of one item: the others do without it.
    if ("error" in answer && answer.isOfOne) return new Map();
    return toEach(operation, rowsIn(answer));
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

/** What a step gave for each of many, by its place, but for what was passed by: its row, or none. */
function toEach(operation: string, rows: readonly Row[]): ReadonlyMap<number, readonly Row[]> {
  const made = rows.filter((row) => numberAt(operation, row, "passed") === 0);
  return new Map(
    made.map((row) => [numberAt(operation, row, "at"), row["key"] === null ? [] : [row]]),
  );
}
