import { mkdir, writeFile } from "node:fs/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { findDriver } from "../../src/stores/sqlite/driver.ts";
import { driversHere, useFiles } from "./sqlite-drivers.ts";

const before = process.cwd();
const programs = process.argv[1];

const { freshFolder } = useFiles();

afterEach(() => {
  process.chdir(before);
  process.argv[1] = programs ?? "";
});

function withoutOwn(): void {
  const real = process.getBuiltinModule;
  vi.spyOn(process, "getBuiltinModule").mockImplementation(((id: string) =>
    id === "node:sqlite" ? undefined : real(id)) as typeof real);
}

/** A folder with a package of that name, and a program. */
async function folderWith(name: string, text: string): Promise<string> {
  const folder = await freshFolder();
  await mkdir(`${folder}/node_modules/${name}`, { recursive: true });
  await writeFile(`${folder}/node_modules/${name}/index.js`, text);
  return folder;
}

describe("findDriver", () => {
  it("finds one here, and Node's own first", () => {
    expect(findDriver()).toBeTypeOf("function");
    const isOwn = findDriver().name === "DatabaseSync";
    expect(isOwn).toBe(driversHere.some(({ name }) => name === "node:sqlite"));
  });

  it("finds a package of the program, wherever it was started", async () => {
    withoutOwn();
    const text = "module.exports = class Fake {}";
    process.argv[1] = `${await folderWith("better-sqlite3", text)}/main.js`;
    process.chdir(await freshFolder());

    expect(findDriver().name).toBe("Fake");
  });

  it("passes over a package that does not work, and names the three ways where there is none", async () => {
    withoutOwn();
    const folder = await folderWith("better-sqlite3", "throw new Error('built for another Node')");
    process.argv[1] = `${folder}/main.js`;
    process.chdir(folder);

    expect(findDriver).toThrow(/Node 22\.13 or newer.*better-sqlite3.*libsql/);
  });
});
