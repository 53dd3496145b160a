import { ask } from "../../core/guard.ts";
import { storeError } from "../error.ts";
import type { Row } from "../sql/session.ts";
import { postgresError } from "./postgres-error.ts";

/**
 * A PostgreSQL database as far as the stores need it: `pg`'s `Pool` and `Client` fit, PGlite fits, and
 * so does any driver that can be put in this shape.
 */
export interface PostgresDatabase {
  /** Runs one statement with the parameters `$1`, `$2`, ... and gives its rows as objects. */
  query(text: string, params?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

/** Runs one statement once. Its parameters are texts, which all drivers write alike. */
export async function runOnce(
  database: PostgresDatabase,
  operation: string,
  limitMs: number,
  text: string,
  params: readonly (string | null)[] = [],
): Promise<readonly Row[]> {
  const asking = { what: operation, whom: "stores", limitMs };
  const answer = await ask<unknown>(asking, () => database.query(text, [...params]));
  if (answer.kind === "answered") return rowsOf(operation, answer.value);
  const error = answer.kind === "failed" ? (answer.thrown ?? answer.error) : undefined;
  throw postgresError(operation, error);
}

/** Refuses what is no database. */
export function checkDatabase(
  operation: string,
  name: string,
  value: unknown,
): asserts value is PostgresDatabase {
  if (typeof value === "object" && value !== null && "query" in value) {
    if (typeof value.query === "function") return;
  }
  throw storeError(
    "config",
    operation,
    `\`${name}\` must have \`query(text, params)\`, as pg's Pool and PGlite do`,
  );
}

function rowsOf(operation: string, answer: unknown): readonly Row[] {
  if (typeof answer === "object" && answer !== null && "rows" in answer) {
    if (Array.isArray(answer.rows)) return answer.rows;
  }
  throw storeError("config", operation, "`query` must resolve to `{ rows }`");
}
