import { copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { PGlite } from "@electric-sql/pglite";
import { describe, expect, it } from "vitest";
import { postgresStores, sqliteStores } from "../../src/stores/index.ts";
import { expectFilled } from "./frozen.ts";

const folder = new URL("../fixtures/stores/", import.meta.url);
const files = await readdir(folder);

describe("the state of every version since the first", () => {
  it("is there", () => {
    expect(files).toEqual(expect.arrayContaining(["v1.db", "v1.sql"]));
  });

  it.each(files.filter((name) => name.endsWith(".db")))("is read from %s", async (name) => {
    const copies = await mkdtemp(`${tmpdir()}/ackloop-frozen-`);
    await copyFile(new URL(name, folder), `${copies}/${name}`);
    const stores = sqliteStores(`${copies}/${name}`);

    await expectFilled(stores);

    await stores.close();
    await rm(copies, { recursive: true });
  });

  it.each(files.filter((name) => name.endsWith(".sql")))(
    "is read from %s, a dump that was restored",
    async (name) => {
      const database = await PGlite.create();
      await database.exec(await readFile(new URL(name, folder), "utf8"));
      const stores = postgresStores(database, { schema: "frozen" });
      await stores.migrate();

      await expectFilled(stores);

      await database.close();
    },
    60_000,
  );
});
