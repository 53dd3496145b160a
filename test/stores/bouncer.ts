import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { Client } from "pg";
import { sleep } from "../../src/core/sleep.ts";
import { postgresUrl } from "./servers.ts";

/** Fewer than the clients, so that they take turns on one connection. */
export const bouncerConnections = 2;

export const bouncerProgram = postgresUrl ? findProgram() : undefined;
/** What a skipped test says. */
export const bouncerHint = bouncerProgram
  ? ""
  : " (skipped: it needs ACKLOOP_POSTGRES_URL, and `pgbouncer` installed)";

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
export async function startBouncer(): Promise<{ readonly url: string; close(): Promise<void> }> {
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
    default_pool_size = ${bouncerConnections}`.replaceAll(/^ +/gm, ""),
  );
  const asNobody = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child: ChildProcess = spawn(bouncerProgram ?? "", [...asNobody, `${folder}/settings`], {
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
