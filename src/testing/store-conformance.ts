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
  /**
   * Adds one test to the open group. Where `run` is given a context with `skip(note)`, as vitest's and that
   * of `node:test` are, a law about methods that the store leaves out is skipped with a note.
   */
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
 * import { describe, it } from "vitest";
 *
 * storeConformance({ describe, it }, () => {
 *   const stores = myStores({ inboxMaxEntries: 20 });
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
 * import { describe, it } from "vitest";
 *
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
      for (const law of laws) {
        // Not a parameter of its own: to some runners that would be a callback.
        const run = (...[context]: readonly unknown[]): Promise<void> =>
          tryLaw(law, kind, makeHarness, context);
        it(`${law.id}: ${law.title}${whereItHas(law.methods)}`, run);
      }
    });
  }
}

async function tryLaw<Kind extends StoreKind>(
  law: StoreLaw<Kind>,
  kind: Kind,
  makeHarness: () => StoreHarness<Kind> | Promise<StoreHarness<Kind>>,
  context: unknown,
): Promise<void> {
  const harness = await makeHarness();
  try {
    if (!harness.stores[kind] || !harness.others[kind]) {
      throw new TypeError(`storeConformance: the harness has no ${kind}; name the kinds it has`);
    }
    const lacking = lackingIn(law, harness.stores[kind]) ?? lackingIn(law, harness.others[kind]);
    if (lacking === undefined) await law.run(harness);
    else skip(context, `the store has no \`${lacking}\`, which is optional`);
  } finally {
    await harness.close?.();
  }
}

function whereItHas(methods: readonly string[] = []): string {
  if (methods.length === 0) return "";
  return ` (where the store has ${methods.map((method) => `\`${method}\``).join(", ")})`;
}

/** The first of the optional methods of a law that a store has not. */
function lackingIn(
  { methods = [] }: { readonly methods?: readonly string[] | undefined },
  store: object,
) {
  return methods.find((method) => typeof Reflect.get(store, method) !== "function");
}

/** Tells a runner that can be told; of others the name of the test says it. */
function skip(context: unknown, note: string): void {
  const { skip } = Object(context) as { readonly skip?: unknown };
  if (typeof skip === "function") skip.call(context, note);
}
