export type { StoreSet } from "../core/stores.ts";
export { type InboxEnds, type InboxOptions, inbox } from "./inbox.ts";
export { type InboxFeedOptions, inboxFeed } from "./inbox-feed.ts";
export { memoryStores } from "./memory.ts";
export type { PostgresStoreOptions, SqlStoreOptions, StoreOptions } from "./options.ts";
export type { PostgresDatabase } from "./postgres/database.ts";
export { type PostgresStores, postgresStores } from "./postgres.ts";
export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./sqlite/driver.ts";
export { type SqliteStores, sqliteStores } from "./sqlite.ts";
