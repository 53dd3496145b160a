import { ask } from "../../core/guard.ts";
import { rule } from "../../core/options.ts";
import { sleep } from "../../core/sleep.ts";
import { storeError } from "../error.ts";
import type { PostgresSettings } from "../options.ts";
import type { Row } from "../sql/session.ts";
import { type PostgresFailure, toPostgresFailure } from "./postgres-error.ts";

/**
 * A PostgreSQL database as far as the stores need it: `pg`'s `Pool` and `Client` fit, PGlite fits, and
 * so does any driver that can be put in this shape.
 */
export interface PostgresDatabase {
  /** Runs one statement with the parameters `$1`, `$2`, ... and gives its rows as objects. */
  query(text: string, params?: unknown[]): Promise<{ readonly rows: unknown[] }>;
  /**
   * Calls back with the payload of each notice on a channel, until the function that it resolves to is called.
   * PGlite has it, and of pg's Pool the stores take a client; without it waiting pulls look by themselves.
   */
  listen?(channel: string, onNotice: (payload: string) => void): Promise<() => Promise<void>>;
}

export const aDatabase = rule<PostgresDatabase>(
  "an object with `query(text, params)`, as pg's Pool and PGlite are",
  (value) => typeof Object(value).query === "function",
);

/** Runs one statement. Its parameters are texts, which all drivers write alike. */
export type Ask = (text: string, params?: readonly (string | null)[]) => Promise<readonly Row[]>;

/** The rows of a statement, or how it has failed. */
export type Answer = PostgresFailure | { readonly rows: readonly Row[] };

type Parts = readonly [
  operation: string,
  database: PostgresDatabase,
  settings: PostgresSettings,
  /** How often a statement may be tried that the database undid for the sake of another. */
  most?: number,
];

/** Makes the way that the statements of an operation take. */
export function askerOf(...parts: Parts): Ask {
  return async (...asked) => rowsIn(await answerTo(parts, ...asked));
}

/** The rows of an answer; throws what the statement has failed with. */
export function rowsIn(answer: Answer): readonly Row[] {
  if ("rows" in answer) return answer.rows;
  throw answer.error;
}

/** Takes this way with one statement, for whoever must know how it has failed. */
export async function answerTo(
  [operation, database, { timeoutMs }, most = Number.POSITIVE_INFINITY]: Parts,
  text: string,
  params: readonly (string | null)[] = [],
): Promise<Answer> {
  for (let tried = 1; ; tried += 1) {
    const asking = { what: operation, whom: "stores", limitMs: timeoutMs };
    const answer = await ask<unknown>(asking, () => database.query(text, [...params]));
    if (answer.kind === "answered") return { rows: rowsOf(operation, answer.value) };
    const thrown = answer.kind === "failed" ? (answer.thrown ?? answer.error) : undefined;
    const failure = toPostgresFailure(operation, thrown);
    if (tried >= Math.min(failure.tries ?? 1, most)) return failure;
    await sleep(Math.random() * 20 * tried);
  }
}

function rowsOf(operation: string, answer: unknown): readonly Row[] {
  const { rows } = Object(answer) as { readonly rows?: unknown };
  if (Array.isArray(rows)) return rows;
  throw storeError("config", operation, "`query` must resolve to `{ rows }`");
}
