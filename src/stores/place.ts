import { configError } from "./check.ts";

/** Reads the `after` of a query for dead letters: the place of the last letter seen, 0 for none. */
export function placeOf(after: string | undefined): number {
  if (after === undefined) return 0;
  if (!/^\d{1,15}$/.test(after)) {
    throw configError("list", "`after` must be the `next` of an earlier page");
  }
  return Number(after);
}
