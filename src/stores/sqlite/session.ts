import { isAckloopError } from "../../core/errors.ts";
import { sleep } from "../../core/sleep.ts";
import { configError } from "../check.ts";
import { Connection, fileOf } from "./connection.ts";
import { closeQuietly, isInTransaction, type SqliteDatabase } from "./driver.ts";
import { migrate } from "./schema.ts";
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
  readonly writes: boolean;
  readonly work: (connection: Connection) => unknown;
  readonly resolve: (value: unknown) => void;
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
export class SqliteSession {
  /** What the names of all tables begin with. */
  readonly prefix: string;
  readonly #options: SessionOptions;
  #jobs: Job[] = [];
  // Taken now, so that a test which replaces the timers later does not stop the stores.
  readonly #soon = setImmediate;
  #connection: Connection | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: SessionOptions) {
    this.prefix = options.prefix;
    this.#options = options;
  }

  /** Makes a step that only reads. */
  read<Result>(operation: string, work: (connection: Connection) => Result): Promise<Result> {
    return this.#ask(operation, false, work);
  }

  /**
   * Makes a step: all of it or nothing.
   *
   * `work` may be called again. Where it throws an error of ours, it has written nothing before.
   */
  write<Result>(operation: string, work: (connection: Connection) => Result): Promise<Result> {
    return this.#ask(operation, true, work);
  }

  /** Tells whether a database is on the file of the stores. Asks at once, also in a transaction. */
  isOn(database: SqliteDatabase): boolean {
    if (this.#options.isShared) return database === this.#options.open();
    return fileOf(database) === fileOf(this.#opened().database);
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

  #ask<Result>(
    operation: string,
    writes: boolean,
    work: (connection: Connection) => Result,
  ): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.#isClosed) throw configError(operation, "the stores are closed");
      const endsAt = performance.now() + this.#options.timeoutMs;
      const job = { operation, endsAt, writes, work, resolve: resolve as Job["resolve"], reject };
      this.#jobs.push(job);
      this.#running ??= this.#run();
    });
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
      for (const answer of answers) answer();
      return undefined;
    } catch (error) {
      if (isBroken(error)) this.#drop();
      return { error };
    }
  }

  #transact(group: readonly Job[]): readonly (() => void)[] {
    const connection = this.#opened();
    const { database } = connection;
    database.exec(group.some(({ writes }) => writes) ? "begin immediate" : "begin");
    try {
      const answers = group.map((job) => answerOf(job, connection));
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

/** Does the work of a job, and gives what is to be said of it once it is written. */
function answerOf(job: Job, connection: Connection): () => void {
  try {
    const value = job.work(connection);
    return () => job.resolve(value);
  } catch (error) {
    if (!isAckloopError(error)) throw error;
    return () => job.reject(error);
  }
}

function rollBack(database: SqliteDatabase): void {
  try {
    database.exec("rollback");
  } catch {
    // SQLite has undone it already, as it does when the disk is full.
  }
}
