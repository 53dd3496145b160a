import { cursorLaws } from "./store-laws/cursors.ts";
import { deadLetterLaws } from "./store-laws/dead-letters.ts";
import { dedupeLaws } from "./store-laws/dedupe.ts";
import { inboxLaws } from "./store-laws/inbox.ts";
import type { StoreHarness, StoreKind, StoreLaw } from "./store-laws/law.ts";
import { leaseLaws } from "./store-laws/leases.ts";

export type { StoreHarness, StoreKind, StoreLaw } from "./store-laws/law.ts";

/** What the kit needs of a test runner; those of vitest, jest, mocha and `node:test` fit. */
export interface StoreRunner {
  /** Opens a group of tests. */
  readonly describe: (name: string, define: () => void) => unknown;
  /** Adds one test to the open group. */
  readonly it: (name: string, run: () => Promise<void>) => unknown;
}

/** The laws of all stores, by kind of store, for a runner of one's own. */
export const storeLaws: { readonly [Kind in StoreKind]: readonly StoreLaw<Kind>[] } = Object.freeze(
  {
    cursors: cursorLaws,
    deadLetters: deadLetterLaws,
    dedupe: dedupeLaws,
    leases: leaseLaws,
    inbox: inboxLaws,
  },
);

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
  runner: StoreRunner,
  makeHarness: () => StoreHarness | Promise<StoreHarness>,
): void;
/**
 * Defines a test for each law of the kinds of stores that are named, for whoever writes one of them.
 *
 * @throws {TypeError} where a kind is unknown, or none is named.
 *
 * @example
 * const makeHarness = () => ({ stores: { cursors: mine() }, others: { cursors: mine() } });
 * storeConformance({ describe, it }, makeHarness, ["cursors"]);
 */
export function storeConformance<Kind extends StoreKind>(
  runner: StoreRunner,
  makeHarness: () => StoreHarness<Kind> | Promise<StoreHarness<Kind>>,
  kinds: readonly Kind[],
): void;
export function storeConformance<Kind extends StoreKind>(
  { describe, it }: StoreRunner,
  makeHarness: () => StoreHarness<Kind> | Promise<StoreHarness<Kind>>,
  kinds: readonly Kind[] = Object.keys(storeLaws) as Kind[],
): void {
  if (kinds.length === 0 || kinds.some((kind) => !Object.hasOwn(storeLaws, kind))) {
    throw new TypeError(`storeConformance: the kinds are ${Object.keys(storeLaws).join(", ")}`);
  }
  for (const kind of kinds) {
    describe(kind, () => {
      const laws: readonly StoreLaw<Kind>[] = storeLaws[kind];
      for (const law of laws) it(`${law.id}: ${law.title}`, () => tryLaw(law, kind, makeHarness));
    });
  }
}

async function tryLaw<Kind extends StoreKind>(
  law: StoreLaw<Kind>,
  kind: Kind,
  makeHarness: () => StoreHarness<Kind> | Promise<StoreHarness<Kind>>,
): Promise<void> {
  const harness = await makeHarness();
  try {
    if (!harness.stores[kind] || !harness.others[kind]) {
      throw new TypeError(`storeConformance: the harness has no ${kind}; name the kinds it has`);
    }
    await law.run(harness);
  } finally {
    await harness.close?.();
  }
}
