import type { StoreSet } from "../core/stores.ts";
import { storesOn } from "./local/index.ts";
import { memoryBacking } from "./local/memory-backing.ts";
import { limitsOf, type StoreOptions } from "./options.ts";

/**
 * Makes stores that live in this process, for tests and for what may be forgotten.
 *
 * **Promises**: every call is one step, whatever else runs in the process. Nothing outlives the
 * process, and other processes see nothing of it. Payloads are kept as JSON, as the durable stores
 * do. Time is the process's monotonic clock, which nobody can set.
 *
 * @throws {AckloopError} `config` for a wrong option.
 */
export function memoryStores(options: StoreOptions = {}): StoreSet {
  return storesOn(memoryBacking(), limitsOf("memoryStores", options));
}
