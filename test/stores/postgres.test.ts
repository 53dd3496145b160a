import { PGlite } from "@electric-sql/pglite";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, it } from "vitest";
import { postgresStores } from "../../src/stores/index.ts";
import { storeConformance } from "../../src/testing/store-conformance.ts";
import { onServer, postgresHint, postgresUrl } from "./servers.ts";

const limits = { inboxMaxEntries: 20 };

describe("postgresStores on PGlite", { timeout: 60_000 }, () => {
  const database = PGlite.create();
  // It takes seconds to start on a busy machine.
  beforeAll(async () => await (await database).waitReady, 180_000);
  afterAll(async () => await (await database).close());

  storeConformance({ describe, it }, async () => {
    const stores = postgresStores(await database, limits);
    await stores.migrate();
    return { stores, others: postgresStores(await database, limits), ...limits };
  });
});

describe.skipIf(!postgresUrl)(`postgresStores on a PostgreSQL server${postgresHint}`, () => {
  const server = postgresUrl ? onServer(limits) : undefined;
  const other = new Pool({ connectionString: postgresUrl });
  afterAll(async () => {
    await other.end();
    await (await server)?.close();
  });

  storeConformance({ describe, it }, async () => {
    if (!server) throw new Error("no server");
    const { stores, prefix } = await server;
    return { stores, others: postgresStores(other, { ...limits, prefix }), ...limits };
  });
});
