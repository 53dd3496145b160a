import { sleep } from "../../core/sleep.ts";
import { storeError } from "../error.ts";
import type { Param, Row, SqlSession, Step } from "../sql/session.ts";
import { Connection, fileOf } from "./connection.ts";
import { makeStep } from "./dialect.ts";
import { closeQuietly, isInTransaction, isSqlite, type SqliteDatabase } from "./driver.ts";
import { migrate } from "./migrations.ts";
import { isBroken, isBusy, sqliteError } from "./sqlite-error.ts";

/** Where a session's connection comes from. */
export interface SessionOptions {
  readonly prefix: string;
  /** How long a lock of another is waited for, in ms. */
  readonly timeoutMs: number;
  /** Opens the connection, or gives one that others use too. */
  readonly open: () => SqliteDatabase;
  /** Whether others use the connection too, so that our steps wait while they have a transaction. */
  readonly isShared: boolean;
}

/** A step that was asked for and not made yet. */
interface Job {
  readonly operation: string;
  /** When it waits no longer for a lock, by the monotonic clock. */
  readonly endsAt: number;
  readonly step: Step;
  readonly params: readonly Param[];
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What a group came to that was not written. */
interface Failure {
  readonly error: unknown;
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
  readonly #options: SessionOptions;
  #jobs: Job[] = [];
  // Taken now, so that a test which replaces the timers later does not stop the stores.
  readonly #soon = setImmediate;
  #connection: Connection | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  run(operation: string, step: Step, params: readonly Param[]): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw storeError("config", operation, "the stores are closed");
      const endsAt = performance.now() + this.#options.timeoutMs;
      this.#jobs.push({ operation, endsAt, step, params, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Makes the step at once: nothing of another's is between. */
  async runIn(
    transaction: unknown,
    operation: string,
    step: Step,
    params: readonly Param[],
  ): Promise<readonly Row[]> {
    if (!isSqlite(transaction)) {
      throw storeError("config", operation, "`transaction` must be a SQLite database");
    }
    try {
      if (!isInTransaction(transaction)) {
        throw storeError(
          "config",
          operation,
          "no transaction is open on the database; `begin` one first",
        );
      }
      if (!this.#isOn(transaction)) {
        throw storeError("config", operation, "`transaction` must be on the file of the stores");
      }
      return makeStep(new Connection(transaction, this.#options.prefix), step, params);
    } catch (error) {
      throw sqliteError(operation, error);
    }
  }

  /** Closes the connection after what was asked for. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    try {
      // A driver may keep the connection until its statements are collected.
      this.#connection?.database.exec("pragma wal_checkpoint(truncate)");
    } catch {
      // Another is in the middle of something: the last one to close does it.
    }
    this.#drop();
  }

  /** Tells whether a database is on the file of the stores. Asks at once, also in a transaction. */
  #isOn(database: SqliteDatabase): boolean {
    if (this.#options.isShared) return database === this.#options.open();
    return fileOf(database) === fileOf(this.#opened().database);
  }

  async #run(): Promise<void> {
    while (this.#jobs.length > 0) {
      await new Promise<void>((resolve) => {
        this.#soon(() => resolve());
      });
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
    let failure = this.#attempt(group);
    for (let waitMs = 1; failure && isBusy(failure.error); waitMs *= 2) {
      group = waitingOf(group, failure.error);
      this.#jobs = waitingOf(this.#jobs, failure.error);
      if (group.length === 0) return;
      await sleep(Math.min(waitMs, longestWaitMs) * (0.5 + Math.random()));
      failure = this.#attempt(group);
    }
    if (failure && group.length > 1) for (const job of group) await this.#settle([job]);
    else if (failure) group[0]?.reject(sqliteError(group[0].operation, failure.error));
  }

  #attempt(group: readonly Job[]): Failure | undefined {
    try {
      const answers = this.#transact(group);
      for (const [at, job] of group.entries()) job.resolve(answers[at] ?? []);
      return undefined;
    } catch (error) {
      if (isBroken(error)) this.#drop();
      return { error };
    }
  }

  #transact(group: readonly Job[]): readonly (readonly Row[])[] {
    const connection = this.#opened();
    const { database } = connection;
    database.exec(group.every(isReading) ? "begin" : "begin immediate");
    try {
      const answers = group.map(({ step, params }) => makeStep(connection, step, params));
      database.exec("commit");
      return answers;
    } catch (error) {
      rollBack(database);
      throw error;
    }
  }

  #opened(): Connection {
    const { open, prefix, isShared } = this.#options;
    if (this.#connection) {
      if (isShared && isInTransaction(this.#connection.database)) throw inUse();
      return this.#connection;
    }
    const database = open();
    try {
      if (isShared && isInTransaction(database)) throw inUse();
      const connection = new Connection(database, prefix);
      if (!isShared) {
        database.exec("pragma busy_timeout = 0");
        connection.rows("pragma journal_mode = wal");
        database.exec("pragma synchronous = full");
      }
      migrate(connection);
      this.#connection = connection;
      return connection;
    } catch (error) {
      if (!isShared) closeQuietly(database);
      throw error;
    }
  }

  #drop(): void {
    if (this.#connection && !this.#options.isShared) closeQuietly(this.#connection.database);
    this.#connection = undefined;
  }
}

/** Rejects the steps that have waited as long as they may, and gives the others. */
function waitingOf(jobs: readonly Job[], error: unknown): Job[] {
  const now = performance.now();
  for (const job of jobs) if (job.endsAt <= now) job.reject(sqliteError(job.operation, error));
  return jobs.filter(({ endsAt }) => endsAt > now);
}

/** The lock of somebody who uses the same connection. */
function inUse(): Error {
  return Object.assign(new Error("a transaction is open"), { code: "SQLITE_BUSY" });
}

function isReading({ step }: Job): boolean {
  return typeof step === "string" && step.startsWith("select ");
}

function rollBack(database: SqliteDatabase): void {
  try {
    database.exec("rollback");
  } catch {
    // SQLite has undone it already, as it does when the disk is full.
  }
}
