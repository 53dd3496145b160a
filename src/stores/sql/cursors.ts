import type { CursorStore, StoredCursor, StoreKey } from "../../core/stores.ts";
import { keyOfPlace, parsed } from "../json.ts";
import { pageOfRows, placeOfKey, shownLast } from "../listing.ts";
import { damagedError, numberAt, type Row, type SqlSession } from "./session.ts";

const statements = {
  load: "select @text(value), cast(revision as float8) as revision from @cursors where key = @key($1)",
  list: `select @text(key), @text(value), cast(revision as float8) as revision from @cursors
    where key > cast($1 as text) order by key limit cast($2 as bigint)`,
  first: `
    insert into @cursors (key, value, revision) values (@key($1), $2, 1)
    on conflict (key) do nothing returning 1 as saved`,
  next: `
    update @cursors set value = $2, revision = revision + 1
    where key = @key($1) and revision = cast($3 as bigint) returning 1 as saved`,
};

/** The cursor store in a table: a save is one conditional statement. */
export function sqlCursors(session: SqlSession): Required<CursorStore> {
  async function load(place: StoreKey): Promise<StoredCursor | undefined> {
    const [row] = await session.run("load", statements.load, [keyOfPlace(place)]);
    if (!row) return undefined;
    const value = parsed(row["value"]);
    if (typeof value !== "string") throw damagedError("load", "value");
    return { value, revision: numberAt("load", row, "revision") };
  }

  return {
    load,
    async save(place, value, revision) {
      const params = [keyOfPlace(place), JSON.stringify(value)];
      const rows =
        revision === 0
          ? await session.run("save", statements.first, params)
          : await session.run("save", statements.next, [...params, revision]);
      if (rows.length > 0) return { status: "saved", revision: revision + 1 };
      const current = await load(place);
      // One's own save, made before, whose answer was lost.
      if (current?.revision === revision + 1 && current.value === value) {
        return { status: "saved", revision: current.revision };
      }
      return { status: "conflict", current };
    },
    async list({ limit = 100, after } = {}) {
      const params = [shownLast("list", after), limit + 1];
      const found = await session.run("list", statements.list, params);
      const keyOfRow = (row: Row): string => String(row["key"]);
      return pageOfRows(found, limit, keyOfRow, (row) => {
        const place = placeOfKey(row["key"]);
        const value = parsed(row["value"]);
        const revision = numberAt("list", row, "revision");
        const isWhole = typeof value === "string";
        const cursor = isWhole
          ? { value, revision }
          : { value: "", revision, isDamaged: true as const };
        return place && { ...place, ...cursor };
      });
    },
  };
}
