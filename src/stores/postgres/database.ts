import { ask } from "../../core/guard.ts";
import { rule } from "../../core/options.ts";
import { sleep } from "../../core/sleep.ts";
import { storeError } from "../error.ts";
import type { PostgresSettings } from "../options.ts";
import type { Row } from "../sql/session.ts";
import { toPostgresFailure } from "./postgres-error.ts";

/**
 * A PostgreSQL database as far as the stores need it: `pg`'s `Pool` and `Client` fit, PGlite fits, and
 * so does any driver that can be put in this shape.
 */
export interface PostgresDatabase {
  /** Runs one statement with the parameters `$1`, `$2`, ... and gives its rows as objects. */
  query(text: string, params?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

export const aDatabase = rule<PostgresDatabase>(
  "an object with `query(text, params)`, as pg's Pool and PGlite are",
  (value) => typeof Object(value).query === "function",
);

/** Runs one statement. Its parameters are texts, which all drivers write alike. */
export type Ask = (text: string, params?: readonly (string | null)[]) => Promise<readonly Row[]>;

/**
 * Makes the way that the statements of an operation take.
 *
 * @param most How often a statement may be tried that the database undid for the sake of another.
 */
export function askerOf(
  operation: string,
  database: PostgresDatabase,
  { timeoutMs }: PostgresSettings,
  most = Number.POSITIVE_INFINITY,
): Ask {
  return async (text, params = []) => {
    for (let tried = 1; ; tried += 1) {
      const asking = { what: operation, whom: "stores", limitMs: timeoutMs };
      const answer = await ask<unknown>(asking, () => database.query(text, [...params]));
      if (answer.kind === "answered") return rowsOf(operation, answer.value);
      const thrown = answer.kind === "failed" ? (answer.thrown ?? answer.error) : undefined;
      const [error, tries] = toPostgresFailure(operation, thrown);
      if (tried >= Math.min(tries, most)) throw error;
      await sleep(Math.random() * 20 * tried);
    }
  };
}

function rowsOf(operation: string, answer: unknown): readonly Row[] {
  const { rows } = Object(answer) as { readonly rows?: unknown };
  if (Array.isArray(rows)) return rows;
  throw storeError("config", operation, "`query` must resolve to `{ rows }`");
}
