import * as z from "zod/mini";

/** The longest list that is read of one answer. */
export const mostItems = 100_000;

/** The schema of a page's items, which are checked one by one elsewhere; `null` means that there are none. */
export const anyItems = z.pipe(
  z.nullable(z.array(z.unknown()).check(z.maxLength(mostItems))),
  z.transform((items): readonly unknown[] => items ?? []),
);

/**
 * The schema of a list in an answer: at most 100,000 items, whose number is checked before any of
 * them is looked at.
 *
 * A limit in bytes alone is not enough: 32 MiB hold sixteen million items that are wrong, and saying so
 * of each would take gigabytes. No provider documents pages of more than 100.
 */
export function listOf<Item extends z.core.$ZodType>(item: Item) {
  return z.pipe(z.array(z.unknown()).check(z.maxLength(mostItems)), z.array(item));
}
