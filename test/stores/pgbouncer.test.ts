import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { Client, Pool } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { sleep } from "../../src/core/sleep.ts";
import { postgresStores } from "../../src/stores/index.ts";
import { storeConformance } from "../../src/testing/store-conformance.ts";
import { onServer, postgresUrl } from "./servers.ts";

const key = { consumer: "billing", feed: "orders" };
const event = { ...key, identity: "a" };
const limits = { inboxMaxEntries: 20 };
/** Fewer than the clients, so that they take turns on one connection. */
const connections = 2;

const program = postgresUrl ? findProgram() : undefined;
const hint = program ? "" : " (skipped: it needs ACKLOOP_POSTGRES_URL, and `pgbouncer` installed)";

function findProgram(): string | undefined {
  for (const path of ["pgbouncer", "/usr/sbin/pgbouncer"]) {
    try {
      execFileSync(path, ["--version"], { stdio: "ignore" });
      return path;
    } catch {
      // Not there.
    }
  }
  return undefined;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Starts a PgBouncer before the tests' server. */
async function startBouncer(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { hostname, port, username, password, pathname } = new URL(postgresUrl ?? "");
  const folder = await mkdtemp(`${tmpdir()}/ackloop-pgbouncer-`);
  // Root hands it over to a user without rights, who must read it.
  await chmod(folder, 0o755);
  const listening = await freePort();
  await writeFile(`${folder}/users`, `"${username}" "${decodeURIComponent(password)}"\n`);
  await writeFile(
    `${folder}/settings`,
    `[databases]
    * = host=${hostname} port=${port}
    [pgbouncer]
    listen_addr = 127.0.0.1
    listen_port = ${listening}
    unix_socket_dir =
    auth_type = scram-sha-256
    auth_file = ${folder}/users
    pool_mode = transaction
    default_pool_size = ${connections}`.replaceAll(/^ +/gm, ""),
  );
  const asNobody = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child: ChildProcess = spawn(program ?? "", [...asNobody, `${folder}/settings`], {
    stdio: "ignore",
  });
  const url = `postgres://${username}:${password}@127.0.0.1:${listening}${pathname}`;
  await untilAnswered(url);
  return {
    url,
    async close() {
      child.kill();
      await once(child, "exit");
      await rm(folder, { recursive: true });
    },
  };
}

async function untilAnswered(url: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const client = new Client(url);
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(50);
    }
  }
}

describe.skipIf(!program)(`postgresStores behind PgBouncer in transaction mode${hint}`, () => {
  const bouncer = program ? startBouncer() : undefined;
  const server = program ? onServer(limits) : undefined;
  const pools: Pool[] = [];
  afterAll(async () => {
    for (const pool of pools) await pool.end();
    await (await bouncer)?.close();
    await (await server)?.close();
  });

  async function freshPool(): Promise<Pool> {
    const pool = new Pool({ connectionString: (await bouncer)?.url, max: 8 });
    pools.push(pool);
    return pool;
  }

  async function freshStores() {
    const { prefix } = (await server) ?? { prefix: "" };
    return postgresStores(await freshPool(), { ...limits, prefix });
  }

  const pair = program ? Promise.all([freshStores(), freshStores()]) : undefined;
  storeConformance({ describe, it }, async () => {
    const [stores, others] = (await pair) ?? [];
    if (!stores || !others) throw new Error("no PgBouncer");
    return { stores, others, ...limits };
  });

  it("takes turns on a few connections, and leaves nothing behind in them", async () => {
    const stores = await freshStores();
    const pool = await freshPool();
    await Promise.all(
      Array.from({ length: 50 }, (_, at) => stores.cursors.save({ ...key, feed: `${at}` }, "x", 0)),
    );

    const asked = Array.from({ length: 8 }, () =>
      pool.query("select pg_backend_pid() as pid, current_setting('lock_timeout') as lock_timeout"),
    );
    const rows = (await Promise.all(asked)).flatMap((answer) => answer.rows);

    expect(new Set(rows.map(({ pid }) => pid)).size).toBeLessThanOrEqual(connections);
    expect(new Set(rows.map(({ lock_timeout }) => lock_timeout))).toEqual(new Set(["0"]));
  });

  it("makes the tables, from several processes at a time", async () => {
    const { prefix } = (await server) ?? { prefix: "" };
    const pool = await freshPool();
    // Not a digit that the first one may end in.
    const stores = postgresStores(pool, { prefix: `${prefix.slice(0, 20)}x_` });
    await Promise.all([stores.migrate(), stores.migrate(), stores.migrate()]);

    expect(await stores.cursors.save(key, "x", 0)).toMatchObject({ status: "saved" });

    const { rows } = await pool.query(
      `select string_agg('drop table ' || oid::regclass, ';') as text from pg_class
       where relkind = 'r' and relname like $1`,
      [`${prefix.slice(0, 20)}x\\_%`],
    );
    await pool.query(rows[0].text);
    for (const change of ["insert", "update", "delete"]) {
      await pool.query(`drop function ${prefix.slice(0, 20)}x_inbox_count_${change}`);
    }
  });

  it("finishes in the transaction of a client, and refuses where none is open", async () => {
    const stores = await freshStores();
    const client = await (await freshPool()).connect();
    const begun = await stores.dedupe.begin(event, 60_000);
    const mark = begun.status === "begun" ? begun.mark : "";
    const finish = () =>
      stores.dedupe.finish(event, mark, { retentionMs: 60_000, transaction: client });

    await expect(finish()).rejects.toMatchObject({ code: "config" });
    await client.query("begin");
    expect(await finish()).toBe(true);
    await client.query("rollback");
    expect(await stores.dedupe.renew(event, mark, 60_000)).toBe(true);
    await client.query("begin");
    expect(await finish()).toBe(true);
    await client.query("commit");
    expect(await stores.dedupe.begin(event, 60_000)).toEqual({ status: "done" });
    client.release();
  });

  it("says in words that a driver must not prepare statements by name", async () => {
    const pool = await freshPool();
    const { prefix } = (await server) ?? { prefix: "" };
    const naming = {
      query: (text: string, values: unknown[] = []) =>
        pool.query({ text, values, name: String(text.length) }),
    };
    const stores = postgresStores(naming, { prefix });

    const calls = Array.from({ length: 40 }, (_, at) =>
      stores.cursors.load({ ...key, feed: `named ${at}` }),
    );
    const failed = (await Promise.allSettled(calls)).filter(({ status }) => status === "rejected");

    expect(failed).not.toEqual([]);
    for (const { reason } of failed as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ code: "config", message: expect.stringMatching(/no named/) });
    }
  });
});
