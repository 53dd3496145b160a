import type { FeedEvent } from "../../src/core/event.ts";
import { type PartitionOptions, partitionOf } from "../../src/core/partition.ts";

/** Puts each event that is new into the next partition, so that none stands behind another. */
export function apart(partitions: number): Required<PartitionOptions> {
  const keys = new Map<number, string>();
  for (let at = 0; keys.size < partitions; at += 1) {
    const key = `key ${at}`;
    if (!keys.has(partitionOf(key, partitions))) keys.set(partitionOf(key, partitions), key);
  }
  const seen = new Map<string, string>();
  const orderBy = ({ id }: FeedEvent): string => {
    const key = seen.get(id) ?? keys.get(seen.size % partitions) ?? "";
    seen.set(id, key);
    return key;
  };
  return { partitions, orderBy };
}
