import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { hasState, openState } from "../../src/cli/state.ts";

const none = { state: undefined, database: undefined, schema: undefined, prefix: undefined };

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), "ackloop-state-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe("the state", () => {
  it("is a file, made only where that was asked for", async () => {
    const file = join(folderOf(), "state.db");
    const context = { values: { ...none, state: file }, environment: {} };

    await expect(openState(context)).rejects.toThrow(`there is no file ${file}`);
    const { stores, close } = await openState(context, true);
    await stores.cursors.save({ consumer: "c", feed: "f" }, "place", 0);
    await close();
    const again = await openState(context);
    onTestFinished(() => again.close());

    expect(await again.stores.cursors.load({ consumer: "c", feed: "f" })).toMatchObject({
      value: "place",
    });
  });

  it("is not a file of something else, which is left as it is", async () => {
    const file = join(folderOf(), "notes.txt");
    writeFileSync(file, "these are my notes, and no database");

    const opened = openState({ values: { ...none, state: file }, environment: {} }, true);

    await expect(opened).rejects.toThrow(`${file} is no SQLite file, and was left as it is`);
    expect(readFileSync(file, "utf8")).toBe("these are my notes, and no database");
  });

  it("is not a folder", async () => {
    const folder = folderOf();
    const opened = openState({ values: { ...none, state: folder }, environment: {} });

    await expect(opened).rejects.toThrow(`${folder} cannot be read (EISDIR)`);
  });

  it("is named once", async () => {
    const two = { ...none, state: "a", database: "postgres://a/b" };

    await expect(openState({ values: none, environment: {} })).rejects.toThrow(
      "say where the state is: --state <file>, --database, or ACKLOOP_DATABASE_URL",
    );
    await expect(openState({ values: two, environment: {} })).rejects.toThrow("not both");
    expect(hasState({ values: none, environment: {} })).toBe(false);
    expect(hasState({ values: none, environment: { ACKLOOP_DATABASE_URL: "a" } })).toBe(true);
  });

  it.each(["postgres://me:s3cret@db/x", "postgres://db/x?password=s3cret"])(
    "is refused with a password on the command line, and the password not repeated: %s",
    async (database) => {
      const opened = openState({ values: { ...none, database }, environment: {} });

      await expect(opened).rejects.toThrow(
        "--database holds a password, which others can read there: set ACKLOOP_DATABASE_URL in its place",
      );
    },
  );

  it("does not repeat an address that is none", async () => {
    const environment = { ACKLOOP_DATABASE_URL: "me:s3cret" };

    await expect(openState({ values: none, environment })).rejects.toThrow(
      "the address of the database must be like postgres://user@host:5432/name",
    );
  });

  it("says the place of a database without its password", async () => {
    const environment = { ACKLOOP_DATABASE_URL: "postgres://me:s3cret@127.0.0.1:1/orders?a=b" };

    const { place, stores, close } = await openState({ values: none, environment });
    onTestFinished(close);

    expect(place).toBe("postgres://127.0.0.1:1/orders");
    await expect(stores.cursors.load({ consumer: "c", feed: "f" })).rejects.toMatchObject({
      code: "transport",
    });
  });
});
