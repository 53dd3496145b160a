import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postgresStores } from "../../src/stores/index.ts";
import { storeConformance } from "../../src/testing/store-conformance.ts";
import { ownClock } from "../testing/own-clock.ts";

// PGlite runs in this thread, by its clock.
ownClock();

const limits = { inboxMaxEntries: 20 };

describe("postgresStores on PGlite", () => {
  const database = PGlite.create();
  // It takes seconds to start on a busy machine.
  beforeAll(async () => await (await database).waitReady, 180_000);
  afterAll(async () => await (await database).close());

  storeConformance({ describe, it }, async () => {
    const stores = postgresStores(await database, limits);
    await stores.migrate();
    return { stores, others: postgresStores(await database, limits), ...limits };
  });

  it("keeps an ended mark for its caller, though its starts are counted no more", async () => {
    const options = { prefix: "ended_", startsRetentionMs: 0 };
    const { dedupe, migrate } = postgresStores(await database, options);
    await migrate();
    const event = { consumer: "billing", feed: "orders", identity: "a" };
    await dedupe.begin(event, 1, { mark: "mark" });
    await new Promise((resolve) => setTimeout(resolve, 20));
    // Sweeps, as any other process does at its first begin.
    const others = postgresStores(await database, options);
    await others.dedupe.begin({ ...event, identity: "b" }, 1000);

    expect(await dedupe.finish(event, "mark", { retentionMs: 1000 })).toBe(true);
  });

  it("keeps a hundred forgotten marks of an event and no more, however long they are", async () => {
    const { dedupe, migrate } = postgresStores(await database, { prefix: "marks_" });
    await migrate();
    const event = { consumer: "billing", feed: "orders", identity: "a" };
    const marks = Array.from({ length: 130 }, (_, at) => `${at} `.padEnd(at % 3 ? 10 : 500, "é"));
    for (const mark of marks) await dedupe.forget(event, mark);

    const { rows } = await (await database).query("select forgotten from marks_dedupe");

    const kept = String(Object(rows[0]).forgotten).trim().split("\n");
    expect(kept.map((mark) => JSON.parse(mark))).toEqual(marks.slice(-100).reverse());
  });
});
