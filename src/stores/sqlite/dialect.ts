import type { Param, Row, Step } from "../sql/session.ts";
import type { Connection } from "./connection.ts";

const tokens = `(
  select cast(json_extract(value, '$.at') as integer) as at, json_extract(value, '$.held') as held
  from json_each($2)
) as given`;

/**
 * Makes a step on a connection, in whichever transaction is open there.
 *
 * The parameters are written as `?`, in the order in which they stand: not every driver knows `$1`.
 */
export function makeStep(
  connection: Connection,
  step: Step,
  params: readonly Param[],
): readonly Row[] {
  const values = [Date.now(), ...params];
  return [step].flat().flatMap((text) => {
    const order: number[] = [];
    const sql = text
      .replaceAll("@now", "$0")
      .replaceAll("@lock", "")
      .replaceAll("@tokens", tokens)
      .replace(/@key\(([^)]*)\)/g, "$1")
      .replace(/\$(\d)/g, (_, at: string) => {
        order.push(Number(at));
        return "?";
      });
    return connection.rows(sql, ...order.map((at) => values[at] ?? null));
  });
}

const given = `(
  select json_extract(value, '$.key') as key, json_extract(value, '$.entry') as entry
  from json_each($2)
)`;
const hasRoom = `coalesce((
  select unfinished from @inbox_sizes where name = @key($1)
), 0) < cast($3 as integer)`;

/** Where there is no room, nothing is added, and it fits only if all of it is there already. */
export const sqliteAdd: Step = [
  `select ${hasRoom} or not exists (
    select 1 from ${given} as given where not exists (
      select 1 from @inbox as known where known.key = given.key
      and (known.done_until is null or known.done_until > @now)
    )
  ) as fits`,
  `delete from @inbox where done_until <= @now and key in (select key from ${given})`,
  `insert into @inbox (name, key, entry)
    select @key($1), given.key, given.entry from ${given} as given where ${hasRoom}
    on conflict (key) do nothing`,
];
