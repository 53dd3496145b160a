import type { Listing, ListQuery } from "../core/stores.ts";

/** How many are asked for at once. */
const PAGE = 100;

/**
 * Gives all that a store lists, page by page.
 *
 * @param onUnnamed Gets how many a page leaves out, since their names cannot be read.
 */
export async function* walk<Item>(
  list: (query: ListQuery) => Promise<Listing<Item>>,
  onUnnamed: (count: number) => void = () => {},
): AsyncGenerator<Item, undefined> {
  let after: string | undefined;
  do {
    const { items, next, unnamed } = await list({ limit: PAGE, after });
    if (unnamed !== undefined) onUnnamed(unnamed);
    yield* items;
    after = next;
  } while (after !== undefined);
}

/** All of it as a list, up to so many. */
export async function some<Item>(
  items: AsyncIterable<Item>,
  most = Number.POSITIVE_INFINITY,
): Promise<readonly Item[]> {
  const found: Item[] = [];
  if (most <= 0) return found;
  for await (const item of items) {
    found.push(item);
    if (found.length >= most) break;
  }
  return found;
}
