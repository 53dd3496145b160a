import { describe, expect, it } from "vitest";
import { batch } from "../../src/loop/batch.ts";
import { batchParts } from "../../src/loop/handler.ts";

const handle = () => {};

describe("batch", () => {
  it("waits 100 ms for more unless told otherwise", () => {
    const parts = { size: 10, maxWaitMs: 100, handleBatch: handle };
    expect(batch({ size: 10 }, handle)[batchParts]).toEqual(parts);
    expect(batch({ size: 1, maxWaitMs: 0 }, handle)[batchParts].maxWaitMs).toBe(0);
  });

  it.each([
    [{ size: 0 }, "`size` must be a whole number from 1 to 10000"],
    [{ size: 2.5 }, "`size` must be a whole number from 1 to 10000"],
    [{ size: 10_001 }, "`size` must be a whole number from 1 to 10000"],
    [{ size: 2, maxWaitMs: -1 }, "`maxWaitMs` must be a number of milliseconds from 0 to 60000"],
    [{ size: 2, maxWaitMs: 60_001 }, "`maxWaitMs` must be a number of milliseconds"],
    [{ size: 2, maxWaitMs: "5" as never }, "`maxWaitMs` must be a number of milliseconds"],
    [{ size: 2, maxWait: 5 } as never, "`maxWait` is unknown; did you mean `maxWaitMs`?"],
    [{} as never, "`size` is required: a whole number from 1 to 10000"],
    [undefined as never, "`size` is required"],
    [{ size: 2, maxWaitMs: Number.NaN }, "`maxWaitMs` must be a number of milliseconds"],
  ])("refuses %j", (options, message) => {
    expect(() => batch(options, handle)).toThrow(message);
  });

  it("refuses what is no function", () => {
    const nothing = undefined as unknown as typeof handle;

    expect(() => batch({ size: 2 }, nothing)).toThrow("batch: the handler must be a function");
  });
});
