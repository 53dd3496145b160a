import { describe, it } from "vitest";
import { memoryStores } from "../../src/stores/index.ts";
import { storeConformance } from "../../src/testing/store-conformance.ts";

describe("memoryStores", () => {
  storeConformance({ describe, it }, () => {
    const stores = memoryStores({ inboxMaxEntries: 20 });
    return { stores, others: stores, inboxMaxEntries: 20 };
  });
});
