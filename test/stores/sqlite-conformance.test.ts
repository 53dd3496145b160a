import { describe, it } from "vitest";
import { sqliteStores } from "../../src/stores/index.ts";
import { storeConformance } from "../../src/testing/store-conformance.ts";
import { ownClock } from "../testing/own-clock.ts";
import { driversHere, useFiles } from "./sqlite-drivers.ts";

// SQLite runs in this thread, by its clock.
ownClock();

const limits = { inboxMaxEntries: 20 };
const { freshFile, closing } = useFiles();

describe.each(driversHere)("sqliteStores by the path of a file, with $name", ({ stores }) => {
  storeConformance({ describe, it }, async () => {
    const file = await freshFile();
    const open = () => closing(stores(file, limits));
    return { stores: open(), others: open(), ...limits };
  });
});

describe.each(driversHere)("sqliteStores on an application's database, with $name", (driver) => {
  storeConformance({ describe, it }, async () => {
    const database = closing(driver.open(await freshFile()));
    const open = () => closing(sqliteStores(database, limits));
    return { stores: open(), others: open(), ...limits };
  });
});
