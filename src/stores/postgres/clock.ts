import { SweepClock, sweptAtOnce } from "../sweep.ts";
import { numberAt, type Session } from "./database.ts";

/** The database's clock, at the receipt of the statement: the only clock of the PostgreSQL stores. */
export const now = "statement_timestamp()";

/** The database's clock and as many ms as a parameter says. */
export function after(param: string): string {
  return `${now} + ${param}::float8 * interval '1 millisecond'`;
}

/**
 * How much is left of a time that was set to be `ms` away, in ms, as text: 0 when it is over, and never
 * more than `ms`, although the clock may have been set back.
 */
export function leftMs(until: string, ms: string): string {
  return `greatest(0, least(${ms}, extract(epoch from ${until} - ${now}) * 1000))::text`;
}

/** Lets a time begin anew whose clock was set back since it was set, so that it ends. */
export function beginAnew(table: string, until: string, ms: string): string {
  const length = `${ms} * interval '1 millisecond'`;
  return `update ${table} set ${until} = ${now} + ${length}
    where key = $1 and ${until} > ${now} + ${length}`;
}

/**
 * Takes rows off that are of no more use: at most once a minute, at most a thousand at once.
 *
 * Rows that another statement has locked are left for the next time, so a sweep waits for nobody.
 */
export class Sweeper {
  readonly #session: Session;
  readonly #text: string;
  readonly #clock = new SweepClock();

  constructor(session: Session, table: string, id: string, endsAt: string) {
    this.#session = session;
    this.#text = `
      with old as materialized (
        select ${id} from ${table} where ${endsAt} <= ${now}
        limit ${sweptAtOnce} for update skip locked
      ), swept as (
        delete from ${table} using old where ${table}.${id} = old.${id} returning 1
      )
      select count(*)::text as swept from swept`;
  }

  /** Sweeps, if it is time to. */
  async sweep(operation: string): Promise<void> {
    if (!this.#clock.isDue()) return;
    const [row] = await this.#session.run(operation, this.#text, []);
    if (row) this.#clock.swept(numberAt(row, "swept"));
  }
}
