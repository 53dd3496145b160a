export type { StoreSet } from "../core/stores.ts";
export { fileStores } from "./file.ts";
export { memoryStores } from "./memory.ts";
export type { StoreOptions } from "./options.ts";
