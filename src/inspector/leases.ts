import { AckloopError } from "../core/errors.ts";
import type { LeasePlace, LeaseStore, StoreKey } from "../core/stores.ts";
import { walk } from "./walk.ts";

/**
 * Finds the newest grant of a lease.
 *
 * @throws {AckloopError} `notFound` where there is none.
 */
export async function findLease(
  { list }: Pick<LeaseStore, "list">,
  { consumer, feed }: StoreKey,
): Promise<LeasePlace> {
  if (list) {
    for await (const lease of walk((query) => list(query))) {
      if (lease.consumer === consumer && lease.feed === feed) return lease;
    }
  }
  throw new AckloopError("notFound", `there is no lease of ${consumer} and ${feed}`);
}
