import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { runIn } from "./consumer.ts";

const folder = inject("consumerFolder");
const hasSqlite = process.getBuiltinModule("node:sqlite") !== undefined;
const limits = "{ inboxMaxEntries: 20 }";

/** Tries all laws on `stores` and `others`, and then does something more. */
function keepingLaws(more: string): string {
  return `
    const laws = [];
    const runner = { describe: (_, define) => define(), it: (name, run) => laws.push([name, run]) };
    async function main() {
      storeConformance(runner, () => ({ stores, others, ...${limits} }));
      for (const [name, run] of laws) {
        await run().catch((error) => { throw new Error(name, { cause: error }); });
      }
      ${more}
    }
    main();
  `;
}

const inMemory = `
  const stores = memoryStores(${limits});
  const others = stores;
  ${keepingLaws("console.log(JSON.stringify({ laws: laws.length }));")}
`;

/** With an effect and its mark in one transaction. */
const onNodeSqlite = `
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const { mkdtempSync, rmSync } = process.getBuiltinModule("node:fs");
  const folder = mkdtempSync("laws-");
  const file = folder + "/ackloop.db";
  const [stores, others] = [sqliteStores(file, ${limits}), sqliteStores(file, ${limits})];
  ${keepingLaws(`
    await others.close();
    await stores.close();
    const database = new DatabaseSync(file);
    database.exec("create table effects (id text)");
    const { dedupe, close } = sqliteStores(database);
    const key = { consumer: "a", feed: "b", identity: "c" };
    const { mark } = await dedupe.begin(key, 60_000);
    database.exec("begin immediate");
    database.exec("insert into effects values ('c')");
    const isOurs = await dedupe.finish(key, mark, { retentionMs: 60_000, transaction: database });
    database.exec("commit");
    const { status } = await dedupe.begin(key, 60_000);
    await close();
    database.close();
    rmSync(folder, { recursive: true });
    console.log(JSON.stringify({ laws: laws.length, isOurs, status }));
  `)}
`;

/** Where Node has no SQLite, and no driver is installed. */
const withoutDriver = `
  try {
    sqliteStores("a.db");
  } catch ({ code, message }) {
    console.log(JSON.stringify({ code, message }));
  }
`;

const stores = "{ memoryStores, sqliteStores }";
const kit = "{ storeConformance }";

describe.each([
  ["stores.mjs", `import ${stores} from "ackloop/stores"; import ${kit} from "ackloop/testing";`],
  [
    "stores.cjs",
    `const ${stores} = require("ackloop/stores"); const ${kit} = require("ackloop/testing");`,
  ],
])(`the packed stores on Node ${process.version}, in %s`, (name, head) => {
  const run = (program: string): { readonly laws?: number } => {
    writeFileSync(join(folder, name), `${head}${program}`);
    return JSON.parse(runIn(folder, process.execPath, name));
  };

  it("keep all laws in memory", () => {
    expect(run(inMemory).laws).toBeGreaterThan(50);
  });

  it.runIf(hasSqlite)("keep all laws with Node's own SQLite", () => {
    const told = run(onNodeSqlite);

    expect(told).toEqual({ laws: expect.any(Number), isOurs: true, status: "done" });
    expect(told.laws).toBeGreaterThan(50);
  });

  it.skipIf(hasSqlite)("say which driver to install where Node has none", () => {
    expect(run(withoutDriver)).toMatchObject({
      code: "config",
      message: expect.stringMatching(/Node 22\.13 or newer, or install/),
    });
  });
});
