import { isEvent } from "./entry.ts";
import { AckloopError, type AckloopErrorCode, isAckloopError } from "./errors.ts";
import type { FeedEvent } from "./event.ts";
import type { ReadableDelivery } from "./feed.ts";
import { aFunction, type TableOf, whole } from "./options.ts";

/** How a queue keeps the order of each key. */
export interface PartitionOptions {
  /**
   * Into how many parts the queue is divided, 1-256; each is with one worker at a time, one event after
   * another. Relay and workers must be told the same number. @default the queue keeps no order
   */
  readonly partitions?: number | undefined;
  /**
   * What must stay in order, such as `({ data }) => data.orderId`: events of one key are in one partition. Only
   * who sends needs it. @default the event's `subject`, and its `source` and id where it has none
   */
  readonly orderBy?: ((event: FeedEvent) => string | number) | undefined;
}

export const partitionTable = {
  partitions: whole(1, 256),
  orderBy: aFunction<(event: FeedEvent) => string | number>(),
} satisfies TableOf<PartitionOptions>;

const encoder = new TextEncoder();

/**
 * Which partition a key is in, from 0: FNV-1a over its UTF-8, stirred as murmur3 ends. It must never change,
 * since the events of one key would be in two partitions.
 */
export function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(key)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % partitions;
}

/**
 * Divides what is sent, each in its order.
 *
 * @throws {AckloopError} `config` where `orderBy` throws, or gives what is no key.
 */
export function divide<D extends ReadableDelivery>(
  deliveries: readonly D[],
  {
    partitions,
    orderBy,
  }: { readonly partitions: number; readonly orderBy: PartitionOptions["orderBy"] },
): ReadonlyMap<number, readonly D[]> {
  const parts = new Map<number, D[]>();
  for (const delivery of deliveries) {
    const at = partitionOf(keyOf(delivery.event, orderBy), partitions);
    const part = parts.get(at);
    if (part) part.push(delivery);
    else parts.set(at, [delivery]);
  }
  return parts;
}

/** Waits for all sends, and throws what one has failed with: a failure that may pass before one that does not. */
export async function allStored(sends: readonly Promise<unknown>[]): Promise<void> {
  const failures = (await Promise.allSettled(sends)).flatMap((each) =>
    each.status === "rejected" ? [each.reason as unknown] : [],
  );
  const mayPass = (failure: unknown) => !(isAckloopError(failure) && failure.code === "config");
  if (failures.length > 0) throw failures.find(mayPass) ?? failures[0];
}

function keyOf(event: FeedEvent, orderBy: PartitionOptions["orderBy"]): string {
  if (!isEvent(event)) {
    const text = "what has no `id`, `source` and `type`, each a text, is no event of a queue";
    throw new AckloopError("config", text, { operation: "send" });
  }
  if (orderBy === undefined) return event.subject ?? JSON.stringify([event.source, event.id]);
  let key: unknown;
  try {
    key = orderBy(event);
  } catch {
    // What it threw may quote the event.
    throw keyError("threw");
  }
  if (typeof key === "string" || typeof key === "number") return String(key);
  throw keyError("gave neither a text nor a number");
}

function keyError(what: string): AckloopError {
  return new AckloopError("config", `\`orderBy\` of the queue ${what}`, { operation: "send" });
}

/** What an inbox is called that is a partition of another. */
export function partitionName(name: string, at: number, partitions: number): string {
  return `${name} (${at + 1} of ${partitions})`;
}

/** The number of partitions that a name tells of; 0 for an inbox that is none. */
export function partitionsIn(name: string): number {
  return Number(/ \(\d+ of (\d+)\)$/.exec(name)?.[1] ?? 0);
}

/** The same where it is a partition of this inbox, and not of another that is called alike. */
export function partitionsOf(name: string, partition: string): number {
  const [, count = 0] = /^ \(\d+ of (\d+)\)$/.exec(partition.slice(name.length)) ?? [];
  return partition.startsWith(name) ? Number(count) : 0;
}

/** What is told where a queue has another number of partitions than it should have. */
export function partitionsError(
  code: AckloopErrorCode,
  operation: string,
  name: string,
  { found, told }: { readonly found: number; readonly told: number },
): AckloopError {
  const inWords = (count: number): string => (count === 0 ? "none" : `${count}`);
  const what = `${name} holds events of another number of partitions: ${inWords(found)}, not ${inWords(told)}`;
  const text = `${what}; give relay and workers the same, and change it only when the queue is empty`;
  return new AckloopError(code, text, { operation });
}
