import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, inject, it } from "vitest";
import { onServer, postgresHint, postgresUrl } from "../stores/servers.ts";
import { driver } from "../stores/sqlite-drivers.ts";
import { root } from "./consumer.ts";

const cli = join(inject("consumerFolder"), "node_modules/ackloop/dist/cli.js");
const key = { consumer: "billing", feed: "orders" };
const event = {
  specversion: "1.0",
  id: "1042",
  source: "/orders",
  type: "placed",
  data: {},
} as const;
const facts = {
  raw: 1,
  reason: "failed 5 times",
  attempts: 5,
  failedAt: "2026-11-02T10:00:00.000Z",
};
const letter = { ...key, identity: "/orders 1042", event, ...facts };

const folder = mkdtempSync(join(tmpdir(), "ackloop-built-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the built command line where the drivers are installed, as a process of its own. */
async function ran(line: string, environment: Readonly<Record<string, string>> = {}) {
  const argv = ["--disable-warning=ExperimentalWarning", cli, ...line.split(" ")];
  const env = { PATH: process.env["PATH"] ?? "", ...environment };
  const child = spawn(process.execPath, argv, {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = { out: "", err: "" };
  child.stdout.on("data", (piece) => {
    written.out += piece;
  });
  child.stderr.on("data", (piece) => {
    written.err += piece;
  });
  const [code] = await once(child, "close");
  return { code, ...written };
}

describe("the built command line", () => {
  it("works on a SQLite file", async () => {
    const file = join(folder, "state.db");
    const stores = driver.stores(file);
    await stores.deadLetters.put(letter);
    await stores.close();
    const where = `--state ${file} --consumer billing --feed orders`;

    expect(await ran(`dead-letters list --state ${file} --json`)).toEqual({
      code: 0,
      out: `${JSON.stringify({ ...key, letters: 1, oldestAt: letter.failedAt, skips: 0 })}\n`,
      err: "",
    });
    expect(await ran(`skip ${where} 1042`)).toMatchObject({ code: 0, err: "" });
    expect(await ran(`dead-letters redrive ${where} --exec cat`)).toMatchObject({
      code: 0,
      out: "1 done, 0 failed again and stay\n",
      err: `${JSON.stringify(event)}\n`,
    });
    expect((await ran(`skips ${where}`)).out).toContain("1042  /orders");
  });

  it.skipIf(postgresUrl === undefined)(`works on a server${postgresHint}`, async () => {
    const { stores, prefix, close } = await onServer();
    await stores.leases.acquire(key, "host-1", 600_000);
    await stores.deadLetters.put(letter);
    const environment = { ACKLOOP_DATABASE_URL: postgresUrl ?? "" };

    const listed = await ran(`leases list --json --prefix ${prefix}`, environment);
    const unsure = await ran(
      `dead-letters discard --all --consumer billing --feed orders --prefix ${prefix}`,
      environment,
    );
    const letters = await stores.deadLetters.list(key);
    await close();
    const missing = await ran(`cursors list --prefix ${prefix}`, environment);

    expect(listed).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(listed.out)).toMatchObject({ ...key, holder: "host-1", fence: 1 });
    expect(unsure).toMatchObject({ code: 2, out: "" });
    expect(letters.letters).toHaveLength(1);
    expect(missing).toMatchObject({ code: 1, out: "" });
    expect(missing.err).toMatch(/^ackloop: .*the tables are missing or old.*\n$/);
  });

  it("tells a wrong line in one sentence, and shows a stack only where it is asked for", async () => {
    const none = await ran("leases list --state /nowhere/state.db");
    const shown = await ran("leases list --state /nowhere/state.db --debug");

    expect(none).toMatchObject({ code: 1, out: "" });
    expect(none.err.split("\n")).toHaveLength(2);
    expect(shown.err).toContain("    at ");
  });
});
