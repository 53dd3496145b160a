import type { Inbox } from "../../core/stores.ts";
import { waitBy } from "../bell.ts";
import { keyOf } from "../json.ts";
import { numberAt, type SqlSession } from "./session.ts";

/** When the next entry is free: of each inbox by one look into the index. */
function toLook(which: "min" | "max"): string {
  return `select min(soonest - @now) as remaining from (
    select (
      select ${which}(hidden_until) from @inbox where name = given.name and done_until is null
    ) as soonest from @names
  ) as each_inbox`;
}

/** What waits at the inboxes of a table. */
export function sqlInboxWait(session: SqlSession): Pick<Required<Inbox>, "wait"> {
  // Where the first alone counts, nothing behind it is hidden: what is hidden for longest is the first.
  const looks = { any: toLook("min"), first: toLook("max") };
  return {
    wait(names, waitMs, options = {}) {
      const places = names.map((name) => keyOf(name));
      const look = async (): Promise<number | undefined> => {
        const step = options.first ? looks.first : looks.any;
        const [row = {}] = await session.run("wait", step, [JSON.stringify(places)]);
        return row["remaining"] === null ? undefined : numberAt("wait", row, "remaining");
      };
      return waitBy({ bell: session.bell, ear: session.ear, look, places, waitMs, options });
    },
  };
}
