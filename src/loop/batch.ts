import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { TableOf } from "../core/options.ts";
import { checkOptions, milliseconds, whole } from "../core/options.ts";
import type { BatchHandler, BatchOptions, HandleBatch } from "./handler.ts";
import { batchParts } from "./handler.ts";

const batchTable = {
  size: whole(1, 10_000).required(),
  maxWaitMs: milliseconds(0, 60_000).or(100),
} satisfies TableOf<BatchOptions>;

/**
 * Handles many events with one call, such as one bulk write.
 *
 * The handler returns nothing, which settles all, or one outcome for each event in order
 * (`undefined` is done). Throwing fails an attempt of every event in the batch.
 *
 * @throws {AckloopError} `config` for a size or wait out of range.
 * @example
 * ```ts
 * import { batch, drain, retry } from "ackloop";
 *
 * await drain(feed, batch({ size: 100, maxWaitMs: 200 }, async (events) => {
 *   const saved = await saveAll(events.map(({ data }) => data.code));
 *   return events.map(({ data }) => (saved.has(data.code) ? undefined : retry()));
 * }));
 * ```
 */
export function batch<E extends FeedEvent>(
  options: BatchOptions,
  handler: HandleBatch<E>,
): BatchHandler<E> {
  const { size, maxWaitMs } = checkOptions("batch", options, batchTable);
  if (typeof handler !== "function") {
    throw new AckloopError("config", "batch: the handler must be a function");
  }
  const parts = Object.freeze({ size, maxWaitMs, handleBatch: handler });
  return Object.freeze({ [batchParts]: parts });
}
