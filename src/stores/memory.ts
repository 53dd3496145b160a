import { checkOptions } from "../core/options.ts";
import type { FullStoreSet } from "../core/stores.ts";
import { checkedStores } from "./checked.ts";
import { memoryCursors } from "./memory/cursors.ts";
import { memoryDeadLetters } from "./memory/dead-letters.ts";
import { memoryDedupe } from "./memory/dedupe.ts";
import { memoryInbox } from "./memory/inbox.ts";
import { memoryLeases } from "./memory/leases.ts";
import { type StoreOptions, storeRules } from "./options.ts";

/**
 * Makes stores that live and end with this process, for tests and for what may be forgotten.
 *
 * **Promises**: every call is one step. Payloads are kept as JSON, as the durable stores do. Time is the
 * process's monotonic clock, which nobody can set.
 *
 * @throws {AckloopError} `config` for a wrong option.
 */
export function memoryStores(options: StoreOptions = {}): FullStoreSet {
  const limits = checkOptions("memoryStores", options, storeRules);
  return checkedStores({
    cursors: memoryCursors(),
    deadLetters: memoryDeadLetters(),
    dedupe: memoryDedupe(limits.startsRetentionMs),
    leases: memoryLeases(),
    inbox: memoryInbox(limits),
  }) as FullStoreSet;
}
