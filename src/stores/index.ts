export type { StoreSet } from "../core/stores.ts";
export { fileStores } from "./file.ts";
export { type InboxEnds, type InboxOptions, inbox } from "./inbox.ts";
export { type InboxFeedOptions, inboxFeed } from "./inbox-feed.ts";
export { memoryStores } from "./memory.ts";
export type { StoreOptions } from "./options.ts";
export { type PgliteStores, pgliteStores } from "./pglite.ts";
export type { SqlDatabase } from "./sql/database.ts";
export { type SqlStoreOptions, type SqlStores, sqlStores } from "./sql.ts";
