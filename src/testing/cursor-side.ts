import { AckloopError } from "../core/errors.ts";
import type { CursorStore, StoreKey } from "../core/stores.ts";
import { decodePlace } from "../feeds/cursor/place.ts";
import type { FeedFault, FeedHarness } from "./feed-laws/harness.ts";

/** A part of a {@link FeedHarness}: what the cursor store of a feed can tell and spoil. */
export type CursorSide = Required<
  Pick<FeedHarness, "acked" | "failAck" | "heal" | "keepsPlace">
> & {
  /** The store to give to the feed. */
  readonly cursor: CursorStore;
};

/**
 * Makes the cursor side of a harness, for a feed that `cursorFeed` made: an ack is a save of its place.
 *
 * @param cursor The store, made anew for each law, such as `memoryStores().cursors`. Several feeds on it are
 * one reader's.
 * @param idsUpTo Gives the ids of all events up to a position, that one included, in order.
 */
export function cursorSide(
  cursor: CursorStore,
  idsUpTo: (position: string) => readonly string[],
): CursorSide {
  const faults: FeedFault[] = [];
  let key: StoreKey | undefined;
  return {
    cursor: {
      load(...given) {
        key = given[0];
        return cursor.load(...given);
      },
      async save(...given) {
        // The place as it was, which a run saves before its first pull, is no ack.
        const isAck = (decodePlace(given[1])?.sequence ?? 0) > 0;
        const fault = isAck ? faults[0] : undefined;
        if (fault === undefined) return await cursor.save(...given);
        if (fault.count !== undefined) faults.shift();
        if (fault.kind === "lostReply") await cursor.save(...given);
        throw new AckloopError("transport", "the store is away", { retryable: true });
      },
    },
    keepsPlace: true,
    async acked() {
      const stored = key && (await cursor.load(key));
      const position = stored && decodePlace(stored.value)?.place.after?.position;
      return position === undefined ? [] : idsUpTo(position);
    },
    failAck: (fault) => {
      faults.push(...new Array<FeedFault>(fault.count ?? 1).fill(fault));
    },
    heal: () => {
      faults.length = 0;
    },
  };
}
