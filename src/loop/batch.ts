import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { BatchHandler, BatchOptions } from "./handler.ts";

/**
 * Handles many events with one call, such as one bulk write.
 *
 * The handler returns nothing, which settles all, or one outcome for each event in order
 * (`undefined` is done). Throwing fails an attempt of every event in the batch.
 *
 * @throws {AckloopError} `config` for a size or wait out of range.
 */
export function batch<E extends FeedEvent>(
  options: BatchOptions,
  handler: BatchHandler<E>["handleBatch"],
): BatchHandler<E> {
  const { size, maxWaitMs = 100 } = options;
  if (!(Number.isInteger(size) && size >= 1 && size <= 10_000)) {
    throw new AckloopError("config", "batch: option `size` must be a whole number from 1 to 10000");
  }
  if (!(typeof maxWaitMs === "number" && maxWaitMs >= 0 && maxWaitMs <= 60_000)) {
    throw new AckloopError(
      "config",
      "batch: option `maxWaitMs` must be a number of milliseconds from 0 to 60000",
    );
  }
  if (typeof handler !== "function") {
    throw new AckloopError("config", "batch: the handler must be a function");
  }
  return Object.freeze({ size, maxWaitMs, handleBatch: handler });
}
