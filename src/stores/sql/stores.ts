import type { FullStoreSet } from "../../core/stores.ts";
import { checkedStores } from "../checked.ts";
import type { StoreLimits } from "../options.ts";
import { sqlCursors } from "./cursors.ts";
import { sqlDeadLetters } from "./dead-letters.ts";
import { sqlDedupe } from "./dedupe.ts";
import { sqlInbox } from "./inbox.ts";
import { sqlLeases } from "./leases.ts";
import type { SqlSession, Step } from "./session.ts";

/** Makes the stores of a database. `add` is the one step that each database writes in its own way. */
export function sqlStores(session: SqlSession, limits: StoreLimits, add: Step): FullStoreSet {
  return checkedStores({
    cursors: sqlCursors(session),
    deadLetters: sqlDeadLetters(session),
    dedupe: sqlDedupe(session, limits.startsRetentionMs),
    leases: sqlLeases(session),
    inbox: sqlInbox(session, limits, add),
  }) as FullStoreSet;
}
