import { describe, it, vi } from "vitest";
import { memoryStores } from "../../src/stores/index.ts";
import { storeConformance } from "../../src/testing/store-conformance.ts";

describe("memoryStores", () => {
  storeConformance({ describe, it }, () => {
    vi.useFakeTimers();
    const stores = memoryStores({ inboxMaxEntries: 20 });
    return {
      stores,
      others: stores,
      inboxMaxEntries: 20,
      async advance(ms) {
        await vi.advanceTimersByTimeAsync(ms);
      },
      async close() {
        vi.useRealTimers();
      },
    };
  });
});
