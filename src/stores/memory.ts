import type { CursorStore, DeadLetterStore } from "../core/stores.ts";
import { cursorsOn } from "./cursors.ts";
import { deadLettersOn } from "./dead-letters.ts";
import { memoryBacking } from "./memory-backing.ts";

/** The stores that {@link memoryStores} and {@link fileStores} give. */
export interface LocalStores {
  readonly cursors: CursorStore;
  readonly deadLetters: DeadLetterStore;
}

/**
 * Makes stores that live in this process, for tests and for what may be forgotten.
 *
 * **Promises**: every call is one step, whatever else runs in the process; nothing outlives it, and
 * other processes see nothing of it. Values are kept as JSON, as the durable stores do. Time is the
 * process's monotonic clock.
 */
export function memoryStores(): LocalStores {
  const backing = memoryBacking();
  return { cursors: cursorsOn(backing), deadLetters: deadLettersOn(backing) };
}
