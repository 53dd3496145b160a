/**
 * Where what must outlive a run is kept: places, dead letters, marks of handled events, leases, and the inbox
 * of a webhook.
 *
 * `memoryStores`, `sqliteStores` and `postgresStores` each give the whole set. `inbox` stores the events of a
 * webhook before it answers, and `inboxFeed` is the feed that they are handled from;
 * `inboxQueue` is a queue for a `relay` and its workers.
 *
 * @module ackloop/stores
 */
export type { PartitionOptions } from "../core/partition.ts";
export type { FullStoreSet, StoreSet } from "../core/stores.ts";
export { checkedStores } from "./checked.ts";
export { type InboxEnds, type InboxOptions, inbox } from "./inbox.ts";
export { type InboxFeedOptions, inboxFeed } from "./inbox-feed.ts";
export {
  type InboxQueue,
  type InboxQueueFeedOptions,
  type InboxQueueOptions,
  inboxQueue,
} from "./inbox-queue.ts";
export { memoryStores } from "./memory.ts";
export type { PostgresStoreOptions, SqlStoreOptions, StoreOptions } from "./options.ts";
export type { PostgresDatabase } from "./postgres/database.ts";
export { type PostgresStores, postgresStores } from "./postgres.ts";
export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./sqlite/driver.ts";
export { type SqliteStores, sqliteStores } from "./sqlite.ts";
