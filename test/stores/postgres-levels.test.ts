import { Pool } from "pg";
import { afterAll, describe, it } from "vitest";
import { postgresStores } from "../../src/stores/index.ts";
import { storeConformance } from "../../src/testing/store-conformance.ts";
import { onServer, postgresHint, postgresUrl } from "./servers.ts";

const limits = { inboxMaxEntries: 20 };

describe.skipIf(!postgresUrl).each(["read committed", "serializable"])(
  `postgresStores on a PostgreSQL server, %s${postgresHint}`,
  (level) => {
    const options = `-c default_transaction_isolation=${level.replace(" ", "\\ ")}`;
    const pools = [0, 1].map(() => new Pool({ connectionString: postgresUrl, max: 8, options }));
    const server = postgresUrl ? onServer(limits) : undefined;
    afterAll(async () => {
      for (const pool of pools) await pool.end();
      await (await server)?.close();
    });

    storeConformance({ describe, it }, async () => {
      if (!server) throw new Error("no server");
      const { prefix } = await server;
      const [stores, others] = pools.map((pool) => postgresStores(pool, { ...limits, prefix }));
      if (!stores || !others) throw new Error("no pools");
      return { stores, others, ...limits };
    });
  },
);
