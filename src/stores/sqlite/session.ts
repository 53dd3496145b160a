import type { FilledOf } from "../../core/options.ts";
import { sleep } from "../../core/sleep.ts";
import { Bell } from "../bell.ts";
import { storeError } from "../error.ts";
import type { sqlRules } from "../options.ts";
import type { Asked, Row, SqlSession } from "../sql/session.ts";
import { Connection } from "./connection.ts";
import { closeQuietly, fileOf, isInTransaction, isSqlite, type SqliteDatabase } from "./driver.ts";
import { migrate } from "./migrations.ts";
import type { Opener } from "./opener.ts";
import { isBroken, isBusy, sqliteError } from "./sqlite-error.ts";

type Options = Opener & Pick<FilledOf<typeof sqlRules>, "prefix" | "timeoutMs">;

/** A step that was asked for and not made yet. */
interface Job {
  readonly asked: Asked;
  /** When it waits no longer for a lock, by the monotonic clock. */
  readonly endsAt: number;
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
}

const jobsAtOnce = 500;
const longestWaitMs = 50;

/**
 * The one way that steps take to the file.
 *
 * What is asked for in one turn of the event loop shares one transaction, and so one wait for the disk.
 * The thread is never held for a lock of another process.
 */
export class SqliteSession implements SqlSession {
  readonly bell = new Bell();
  readonly #options: Options;
  #jobs: Job[] = [];
  // Taken now, so that a test which replaces the timers later does not stop the stores.
  readonly #soon = setImmediate;
  #connection: Connection | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  run(...asked: Asked): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw storeError("config", asked[0], "the stores are closed");
      const endsAt = performance.now() + this.#options.timeoutMs;
      this.#jobs.push({ asked, endsAt, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Makes the step at once: nothing of another's is between. */
  async runIn(transaction: unknown, ...[operation, step, params]: Asked): Promise<readonly Row[]> {
    try {
      const misfit = this.#misfitOf(transaction);
      if (misfit) throw storeError("config", operation, misfit);
      return new Connection(transaction as SqliteDatabase, this.#options.prefix).rows(step, params);
    } catch (error) {
      throw sqliteError(operation, error);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    try {
      // A driver may keep the connection until its statements are collected.
      this.#connection?.exec("pragma wal_checkpoint(truncate)");
    } catch {
      // Another is in the middle of something: the last one to close does it.
    }
    this.#drop();
  }

  /** What is wrong with a caller's transaction. Asks at once, also where one is open. */
  #misfitOf(database: unknown): string | undefined {
    const { isShared, open } = this.#options;
    if (this.#isClosed) return "the stores are closed";
    if (!isSqlite(database)) return "`transaction` must be a SQLite database";
    if (!isInTransaction(database))
      return "no transaction is open on the database; `begin` one first";
    const own = isShared ? open() : this.#opened().database;
    if (database === own || (!isShared && fileOf(database) === fileOf(own))) return undefined;
    return "`transaction` must be on the file of the stores";
  }

  async #run(): Promise<void> {
    while (this.#jobs.length > 0) {
      await new Promise((resolve) => this.#soon(resolve));
      await this.#settle(this.#jobs.splice(0, jobsAtOnce));
    }
    this.#running = undefined;
  }

  /**
   * Makes the steps of a group together; where that fails, each for itself. While another has the
   * database locked, each step waits as long as it may, also those that were asked for since.
   */
  async #settle(all: readonly Job[]): Promise<void> {
    let group = all;
    for (let waitMs = 1; group.length > 0; waitMs *= 2) {
      try {
        const answers = this.#transact(group);
        for (const [at, job] of group.entries()) job.resolve(answers[at] ?? []);
        return;
      } catch (error) {
        if (isBroken(error)) this.#drop();
        if (!isBusy(error)) return await this.#refuse(group, error);
        group = waitingOf(group, error);
        this.#jobs = waitingOf(this.#jobs, error);
      }
      await sleep(Math.min(waitMs, longestWaitMs) * (0.5 + Math.random()));
    }
  }

  /** Tells a step what it failed for; of several it is not known which one is to blame. */
  async #refuse(group: readonly Job[], error: unknown): Promise<void> {
    for (const job of group) {
      if (group.length > 1) await this.#settle([job]);
      else job.reject(sqliteError(job.asked[0], error));
    }
  }

  #transact(group: readonly Job[]): readonly (readonly Row[])[] {
    const connection = this.#opened();
    const statements = group.flatMap(({ asked: [, step] }) => step);
    const isReading = statements.every((statement) => statement.startsWith("select "));
    return connection.transact(isReading ? "begin" : "begin immediate", () =>
      group.map(({ asked: [, step, params] }) => connection.rows(step, params)),
    );
  }

  #opened(): Connection {
    const { open, prefix, isShared } = this.#options;
    const connection = this.#connection ?? new Connection(open(), prefix);
    if (isShared && isInTransaction(connection.database)) {
      // As good as a lock: whoever uses the same connection is in the middle of something.
      throw Object.assign(new Error("a transaction is open"), { code: "SQLITE_BUSY" });
    }
    if (this.#connection) return connection;
    this.#connection = connection;
    try {
      if (!isShared) {
        connection.exec("pragma busy_timeout = 0");
        connection.rows("pragma journal_mode = wal");
        connection.exec("pragma synchronous = full");
      }
      migrate(connection);
    } catch (error) {
      this.#drop();
      throw error;
    }
    return connection;
  }

  #drop(): void {
    if (this.#connection && !this.#options.isShared) closeQuietly(this.#connection.database);
    this.#connection = undefined;
  }
}

/** Rejects the steps that have waited as long as they may, and gives the others. */
function waitingOf(jobs: readonly Job[], error: unknown): Job[] {
  const now = performance.now();
  for (const job of jobs) if (job.endsAt <= now) job.reject(sqliteError(job.asked[0], error));
  return jobs.filter(({ endsAt }) => endsAt > now);
}
