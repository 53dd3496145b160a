import type { Inbox, InboxItem, InboxPlace } from "../../core/stores.ts";
import { itemOf } from "../entry.ts";
import { keyOf } from "../json.ts";
import { placeOf } from "../letter.ts";
import { namesOf, pageOfRows, shownLast } from "../listing.ts";
import { leftAt, numberAt, type Row, type SqlSession } from "./session.ts";

/** What is shown of an entry. */
const shown = `place, @text(entry), cast(attempts as float8) as attempts,
  cast(case when token is null then 0 else 1 end as float8) as held,
  hidden_until - @now as remaining, cast(hidden_ms as float8) as ms`;

const isOpen = "name = @key($1) and done_until is null";

/**
 * What is not finished is found by an index. Places are added to, so that no plan takes their order from
 * the table instead, and walks over all that is finished.
 */
const toStatements = () => ({
  list: `select @text(name) from @inbox_sizes where name > cast($1 as text)
    group by name having sum(unfinished) > 0 order by name limit cast($2 as bigint)`,
  stats: `select cast(count(*) as float8) as total, min(place + 0) as first, cast(coalesce(sum(
      case when hidden_until > @now then 1 else 0 end
    ), 0) as float8) as held
    from @inbox where name = cast($1 as text) and done_until is null`,
  entry: `select ${shown} from @inbox where place = cast($1 as bigint)`,
  entries: `select ${shown} from @inbox where place in (
      select place from @inbox where ${isOpen} and place + 0 > cast($2 as bigint)
      order by place + 0 limit cast($3 as bigint)
    ) order by place`,
});

/** What an inbox in a table tells of itself; it claims nothing. */
export function sqlInboxLists(session: SqlSession): Pick<Required<Inbox>, "list" | "entries"> {
  const statements = toStatements();

  /** `undefined` where the key tells no name, `null` where all of it is finished meanwhile. */
  async function placeOfName(key: string): Promise<InboxPlace | null | undefined> {
    const [name] = namesOf(key, 1) ?? [];
    if (name === undefined) return undefined;
    const [row] = await session.run("list", statements.stats, [key]);
    if (!row || row["first"] === null) return null;
    const [entry] = await session.run("list", statements.entry, [numberAt("list", row, "first")]);
    if (!entry) return null;
    const held = numberAt("list", row, "held");
    const waiting = numberAt("list", row, "total") - held;
    return { name, waiting, held, oldest: itemOfRow("list", entry) };
  }

  return {
    async list({ limit = 100, after } = {}) {
      const params = [shownLast("list", after), limit + 1];
      const keys = (await session.run("list", statements.list, params)).map(
        ({ name }) => `${name}`,
      );
      const known = new Map<string, InboxPlace | null | undefined>();
      for (const key of keys.slice(0, limit)) known.set(key, await placeOfName(key));
      return pageOfRows(
        keys,
        limit,
        (key) => key,
        (key) => known.get(key),
      );
    },
    async entries(name, { limit = 100, after } = {}) {
      const params = [keyOf(name), placeOf("entries", after), limit + 1];
      const found = await session.run("entries", statements.entries, params);
      const keyOfRow = (row: Row): string => String(row["place"]);
      return pageOfRows(found, limit, keyOfRow, (row) => itemOfRow("entries", row));
    },
  };
}

function itemOfRow(operation: string, row: Row): InboxItem {
  const attempts = numberAt(operation, row, "attempts");
  const place = numberAt(operation, row, "place");
  const isHeld = numberAt(operation, row, "held") > 0;
  return itemOf(row["entry"], place, { attempts, hiddenMs: leftAt(operation, row), isHeld });
}
