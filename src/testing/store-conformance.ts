import { cursorLaws } from "./store-laws/cursors.ts";
import { deadLetterLaws } from "./store-laws/dead-letters.ts";
import { dedupeLaws } from "./store-laws/dedupe.ts";
import { inboxLaws } from "./store-laws/inbox.ts";
import type { StoreHarness, StoreLaw } from "./store-laws/law.ts";
import { leaseLaws } from "./store-laws/leases.ts";

export type { StoreHarness, StoreLaw } from "./store-laws/law.ts";

/** What the kit needs of a test runner; those of vitest, jest, mocha and `node:test` fit. */
export interface StoreRunner {
  /** Opens a group of tests. */
  readonly describe: (name: string, define: () => void) => unknown;
  /** Adds one test to the open group. */
  readonly it: (name: string, run: () => Promise<void>) => unknown;
}

/** The laws of all stores, by kind of store, for a runner of one's own. */
export const storeLaws: Readonly<Record<string, readonly StoreLaw[]>> = Object.freeze({
  cursors: cursorLaws,
  deadLetters: deadLetterLaws,
  dedupe: dedupeLaws,
  leases: leaseLaws,
  inbox: inboxLaws,
});

/**
 * Defines a test for each law that every set of stores must keep.
 *
 * `makeHarness` is called for each law anew; the laws use keys that are never the same, so it may give
 * stores on one database each time.
 *
 * @example
 * storeConformance({ describe, it }, () => {
 *   const stores = memoryStores({ inboxMaxEntries: 20 });
 *   return { stores, others: stores, inboxMaxEntries: 20 };
 * });
 */
export function storeConformance(
  { describe, it }: StoreRunner,
  makeHarness: () => StoreHarness | Promise<StoreHarness>,
): void {
  for (const [kind, laws] of Object.entries(storeLaws)) {
    describe(kind, () => {
      for (const law of laws) {
        it(`${law.id}: ${law.title}`, async () => {
          const harness = await makeHarness();
          try {
            await law.run(harness);
          } finally {
            await harness.close?.();
          }
        });
      }
    });
  }
}
