import type { Step } from "../sql/session.ts";

/** What the words of a {@link Step} mean to SQLite. */
const words: Readonly<Record<string, string>> = {
  now: "$0",
  lock: "",
  tokens: `(
    select cast(json_extract(value, '$.at') as integer) as at, json_extract(value, '$.held') as held
    from json_each($2)
  ) as given`,
  given: "(select $1 as event, $2 as mark, cast($3 as real) as ms, cast($4 as real) as kept)",
  names: "(select value as name from json_each($1)) as given",
  // Nobody else can be told.
  notice: "null",
  name: "text",
  counted: "integer primary key autoincrement",
  long: "integer",
  real: "real",
};

export interface Written {
  readonly sql: string;
  /** Which parameter stands at each `?`, 0 for the time: not every driver knows `$1`. */
  readonly order: readonly number[];
  /** The columns that are read as texts, and come as bytes. */
  readonly texts: readonly string[];
}

/** Writes one statement of a step, or some that have no parameters. */
export function toSqlite(text: string, prefix: string): Written {
  const order: number[] = [];
  const texts: string[] = [];
  const sql = text
    .replace(/@key\(([^)]*)\)/g, "$1")
    .replace(/@among\(([\w.]+)\)/g, "$1 = $$1")
    .replace(/@bare\((\w+)\)/g, `${prefix}$1`)
    .replace(/@text\((\w+)\)/g, (_, column: string) => {
      texts.push(column);
      return `cast(${column} as blob) as ${column}`;
    })
    .replace(/@([a-z_]+)/g, (_, word: string) => words[word] ?? prefix + word)
    .replace(/\$(\d)/g, (_, at: string) => {
      order.push(Number(at));
      return "?";
    });
  return { sql, order, texts };
}

/** Where there is no room, nothing is added, and it fits only if all of it is there already. */
export function sqliteAdd(): Step {
  const given = `(
    select json_extract(value, '$.key') as key, json_extract(value, '$.entry') as entry
    from json_each($2)
  )`;
  const hasRoom = `coalesce((
    select unfinished from @inbox_sizes where name = @key($1)
  ), 0) < cast($3 as integer)`;
  return [
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
}
