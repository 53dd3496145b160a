import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, it } from "vitest";
import { fileStores } from "../../src/stores/index.ts";
import { storeConformance } from "../../src/testing/store-conformance.ts";

describe("fileStores", () => {
  storeConformance({ describe, it }, async () => {
    const folder = await mkdtemp(`${tmpdir()}/ackloop-stores-`);
    const options = { inboxMaxEntries: 20 };
    return {
      stores: fileStores(folder, options),
      others: fileStores(folder, options),
      ...options,
      close: () => rm(folder, { recursive: true }),
    };
  });
});
