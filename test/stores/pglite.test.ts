import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";

const key = { consumer: "billing", feed: "orders" };

async function load(): Promise<typeof import("../../src/stores/index.ts")> {
  vi.resetModules();
  return await import("../../src/stores/index.ts");
}

describe("pgliteStores", { timeout: 180_000 }, () => {
  afterEach(() => {
    vi.doUnmock("@electric-sql/pglite");
  });

  it("keeps what was written in its folder, and makes its tables by itself", async () => {
    const { pgliteStores } = await load();
    const folder = await mkdtemp(`${tmpdir()}/ackloop-pglite-`);
    const first = pgliteStores(`${folder}/db`);
    expect(await first.cursors.save(key, "one", 0)).toEqual({ status: "saved", revision: 1 });
    await first.migrate();
    await first.close();
    await first.close();

    const second = pgliteStores(`${folder}/db`);

    expect(await second.cursors.load(key)).toEqual({ value: "one", revision: 1 });
    const { rows } = await second.database.query("select feed from ackloop_cursors");
    expect(rows).toEqual([{ feed: "orders" }]);
    await second.close();
    await expect(second.cursors.load(key)).rejects.toMatchObject({ code: "config" });
    await expect(first.cursors.load(key)).rejects.toMatchObject({
      message: expect.stringContaining("the stores are closed"),
    });
    await rm(folder, { recursive: true });
  });

  it("says what to install when the package is missing, at the first use", async () => {
    vi.doMock("@electric-sql/pglite", () => {
      throw new Error("Cannot find package");
    });
    const { pgliteStores } = await load();
    const stores = pgliteStores();

    await expect(stores.migrate()).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("`@electric-sql/pglite` is missing; install it"),
    });
    await expect(stores.cursors.load(key)).rejects.toMatchObject({ code: "config" });
    await expect(stores.close()).resolves.toBeUndefined();
  });

  it("refuses a folder that cannot be one, without its path", async () => {
    const { pgliteStores } = await load();
    const folder = await mkdtemp(`${tmpdir()}/ackloop-pglite-`);
    await writeFile(`${folder}/hunter2`, "");
    const stores = pgliteStores(`${folder}/hunter2`);

    const error: unknown = await stores.migrate().catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: "config" });
    expect(String(error)).not.toContain("hunter2");
    for (const wrong of ["", "a\0", 1 as never]) {
      expect(() => pgliteStores(wrong)).toThrow(expect.objectContaining({ code: "config" }));
    }
    expect(() => pgliteStores(undefined, { prefix: "A" })).toThrow(/prefix/);
    await rm(folder, { recursive: true });
  });

  it("is loaded by nobody who does not use it", async () => {
    let loads = 0;
    vi.doMock("@electric-sql/pglite", () => {
      loads += 1;
      throw new Error("Cannot find package");
    });
    vi.doMock("pg", () => {
      loads += 1;
      throw new Error("Cannot find package");
    });
    const { memoryStores, pgliteStores } = await load();

    memoryStores();
    pgliteStores();

    expect(loads).toBe(0);
    vi.doUnmock("pg");
  });
});
