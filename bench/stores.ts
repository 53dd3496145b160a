/**
 * What the stores cost: `npm run bench:stores`. For each store that is here (PostgreSQL where
 * `ACKLOOP_POSTGRES_URL` names a server) it prints, for an event, the calls, the CPU of this process and
 * the time on the wall, in us, with a hundred events in work at once. `-- --rows 1000000` first makes so
 * many finished marks and ids, which should cost nothing, `--only sqlite` leaves out the others. The
 * server's own CPU is not in it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import type { StoreSet } from "../src/core/stores.ts";
import { memoryStores, postgresStores, sqliteStores } from "../src/stores/index.ts";

const AT_ONCE = 100;
const { values } = parseArgs({
  options: {
    events: { type: "string", default: "2000" },
    rows: { type: "string", default: "0" },
    only: { type: "string", default: "memory,sqlite,pglite,postgres" },
  },
});
const PAGES = Number(values.events) / AT_ONCE;
const ROWS = Number(values.rows);

const key = { consumer: "bench", feed: "bench" };
const options = { inboxMaxEntries: 1_000_000, inboxRetentionMs: 3_600_000 };
const retentionMs = 3_600_000;
let last = 0;

interface Place {
  readonly stores: StoreSet;
  close(): Promise<void>;
}

/** One page of events that no page had before. */
const page = (size: number): readonly string[] =>
  Array.from({ length: size }, () => {
    last += 1;
    return `/bench/queue event-${last}`;
  });

const entryOf = (id: string) => {
  const event = { specversion: "1.0", id, source: "/bench", type: "ORDER", data: { id } } as const;
  return { event, raw: event.data };
};

/** What is done with a page of events, and the calls of it for one event. */
const jobs: Readonly<
  Record<string, readonly [number, (set: StoreSet, ids: readonly string[]) => Promise<unknown>]>
> = {
  "dedupe: begin, finish": [2, dedupePage],
  "dead letters: put, remove": [
    2,
    async ({ deadLetters }, ids) => {
      const letter = { ...key, raw: { id: 1 }, reason: "failed", attempts: 5, failedAt: "" };
      await Promise.all(ids.map((identity) => deadLetters.put({ ...letter, identity })));
      await Promise.all(ids.map((identity) => deadLetters.remove({ ...key, identity })));
    },
  ],
  "cursors: one save after another": [
    1,
    async ({ cursors }, ids) => {
      let revision = (await cursors.load(key))?.revision ?? 0;
      for (const id of ids) {
        await cursors.save(key, id, revision);
        revision += 1;
      }
    },
  ],
  "inbox: add each, claim and finish pages": [1 + 2 / AT_ONCE, inboxPage],
};

async function dedupePage({ dedupe }: StoreSet, ids: readonly string[]): Promise<void> {
  const begin = (identity: string) => dedupe.begin({ ...key, identity }, 60_000, { mark: "mark" });
  await Promise.all(ids.map(begin));
  const finish = (identity: string) => dedupe.finish({ ...key, identity }, "mark", { retentionMs });
  await Promise.all(ids.map(finish));
}

async function inboxPage({ inbox }: StoreSet, ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map((id) => inbox.add("bench", [entryOf(id)])));
  const claims = await inbox.claim("bench", ids.length, 60_000);
  if (claims.length !== ids.length) throw new Error("an entry is missing");
  await inbox.finish(
    "bench",
    claims.map(({ token }) => token),
  );
}

/** Makes finished marks and ids, half of the rows each. */
async function fill(stores: StoreSet): Promise<void> {
  for (let made = 0; made < ROWS / 2; made += 500) {
    await Promise.all([dedupePage(stores, page(500)), inboxPage(stores, page(500))]);
  }
}

async function measure(name: string, { stores, close }: Place): Promise<void> {
  await fill(stores);
  process.stdout.write(`${name}${ROWS > 0 ? `, with ${ROWS} rows` : ""}\n`);
  for (const [job, [calls, work]] of Object.entries(jobs)) {
    await work(stores, page(AT_ONCE));
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    for (let done = 0; done < PAGES; done += 1) await work(stores, page(AT_ONCE));
    const wall = ((performance.now() - startedAt) * 1000) / (PAGES * AT_ONCE);
    const { user, system } = process.cpuUsage(cpu);
    const used = (user + system) / (PAGES * AT_ONCE);
    const told = `${calls} calls, ${used.toFixed(1)} us CPU, ${wall.toFixed(1)} us`;
    process.stdout.write(`  ${job}: ${told}\n`);
  }
  await close();
}

async function sqlite(): Promise<Place> {
  const folder = await mkdtemp(`${tmpdir()}/ackloop-bench-`);
  const stores = sqliteStores(`${folder}/ackloop.db`, options);
  return {
    stores,
    close: async () => {
      await stores.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function pglite(): Promise<Place> {
  const { PGlite } = await import("@electric-sql/pglite");
  const database = await PGlite.create();
  const stores = postgresStores(database, options);
  await stores.migrate();
  return { stores, close: () => database.close() };
}

async function server(connectionString: string): Promise<Place> {
  const { Pool } = await import("pg");
  const pool = new Pool({ connectionString });
  const prefix = `bench_${process.pid}_`;
  const stores = postgresStores(pool, { ...options, prefix });
  await stores.migrate();
  return {
    stores,
    close: async () => {
      const names = ["version", "cursors", "dead_letters", "dedupe", "leases", "inbox"];
      await pool.query(names.map((name) => `drop table if exists ${prefix}${name}`).join(";"));
      await pool.end();
    },
  };
}

process.stdout.write(`node ${process.version}: for an event, ${AT_ONCE} at once\n`);
const only = values.only.split(",");
if (only.includes("memory"))
  await measure("memory", { stores: memoryStores(options), close: async () => {} });
if (only.includes("sqlite")) await measure("SQLite", await sqlite());
if (only.includes("pglite")) await measure("PGlite, in memory", await pglite());
const url = process.env["ACKLOOP_POSTGRES_URL"];
if (url && only.includes("postgres")) await measure("PostgreSQL", await server(url));
