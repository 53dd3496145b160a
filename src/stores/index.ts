export { fileStores } from "./file/index.ts";
export { type LocalStores, memoryStores } from "./memory.ts";
