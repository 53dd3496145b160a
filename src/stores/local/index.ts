import type { StoreSet } from "../../core/stores.ts";
import { checkedStores } from "../checked.ts";
import type { StoreLimits } from "../options.ts";
import type { Backing } from "./backing.ts";
import { cursorsOn } from "./cursors.ts";
import { deadLettersOn } from "./dead-letters.ts";
import { dedupeOn } from "./dedupe.ts";
import { inboxOn } from "./inbox-store.ts";
import { leasesOn } from "./leases.ts";

/** The whole set of stores over one backing. */
export function storesOn(backing: Backing, limits: StoreLimits): StoreSet {
  return checkedStores({
    cursors: cursorsOn(backing),
    deadLetters: deadLettersOn(backing),
    dedupe: dedupeOn(backing, limits.startsRetentionMs),
    leases: leasesOn(backing),
    inbox: inboxOn(backing, limits),
  });
}
