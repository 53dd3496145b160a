/**
 * What the stores cost, for an event, with a hundred events in work at once: CPU of this process, and calls of
 * the store or statements of the server. PostgreSQL is there where `ACKLOOP_POSTGRES_URL` names a server; the
 * server's own CPU is not in it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { StoreSet } from "../src/core/stores.ts";
import { postgresStores, sqliteStores } from "../src/stores/index.ts";
import { type Plan, type Result, told, toResult } from "./result.ts";

const AT_ONCE = 100;
const PAGES = 20;

const key = { consumer: "bench", feed: "bench" };
const options = { inboxMaxEntries: 1_000_000, inboxRetentionMs: 3_600_000 };
const retentionMs = 3_600_000;
let last = 0;

interface Place {
  readonly stores: StoreSet;
  /** How many statements there were; `undefined` where nobody counts them. */
  readonly statements?: () => number;
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

interface Work {
  readonly name: string;
  /** How often the store is called for one event. */
  readonly calls: number;
  /** The most statements that a server gets for a page. */
  readonly statements?: number;
  run(set: StoreSet, ids: readonly string[]): Promise<unknown>;
}

/** What is done with a page of events. */
const works: readonly Work[] = [
  { name: "dedupe", calls: 2, statements: 4, run: dedupePage },
  { name: "dead letters", calls: 2, run: lettersPage },
  { name: "cursors, one save after another", calls: 1, run: cursorPage },
  { name: "inbox, claimed and finished by page", calls: 1 + 2 / AT_ONCE, run: inboxPage },
];

async function lettersPage({ deadLetters }: StoreSet, ids: readonly string[]): Promise<void> {
  const letter = { ...key, raw: { id: 1 }, reason: "failed", attempts: 5, failedAt: "" };
  await Promise.all(ids.map((identity) => deadLetters.put({ ...letter, identity })));
  await Promise.all(ids.map((identity) => deadLetters.remove({ ...key, identity })));
}

async function cursorPage({ cursors }: StoreSet, ids: readonly string[]): Promise<void> {
  let revision = (await cursors.load(key))?.revision ?? 0;
  for (const id of ids) {
    await cursors.save(key, id, revision);
    revision += 1;
  }
}

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
async function fill(stores: StoreSet, rows: number): Promise<void> {
  for (let made = 0; made < rows / 2; made += 500) {
    await Promise.all([dedupePage(stores, page(500)), inboxPage(stores, page(500))]);
  }
}

/** One round of a work: CPU and wall in us an event, and statements a page. */
async function costOf({ stores, statements = () => 0 }: Place, { run }: Work) {
  await run(stores, page(AT_ONCE));
  const before = statements();
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  for (let done = 0; done < PAGES; done += 1) await run(stores, page(AT_ONCE));
  const wallUs = ((performance.now() - startedAt) * 1000) / (PAGES * AT_ONCE);
  const { user, system } = process.cpuUsage(cpu);
  return {
    wallUs,
    cpuUs: (user + system) / (PAGES * AT_ONCE),
    statements: (statements() - before) / PAGES,
  };
}

async function* rowsOf(where: string, place: Place, plan: Plan): AsyncGenerator<Result> {
  for (const work of works) {
    const name = `${work.name} on ${where}`;
    if (!plan.wants(name)) continue;
    const costs: Awaited<ReturnType<typeof costOf>>[] = [];
    for (let at = 0; at < plan.rounds; at += 1) costs.push(await costOf(place, work));
    const walls = told(
      costs.map(({ wallUs }) => wallUs),
      "us on the wall",
    );
    const cpu = costs.map(({ cpuUs }) => cpuUs);
    yield toResult(name, "us", cpu, `${work.calls} calls an event, ${walls}`);
    if (!place.statements) continue;
    const counts = costs.map(({ statements }) => statements);
    const target = work.statements && { node20: work.statements, node24: work.statements };
    const unit = `statements for ${AT_ONCE} events`;
    yield toResult(`${name}, statements`, unit, counts, "", target || undefined);
  }
}

/** The rows of the durable options, on stores that hold so many finished marks before. */
export async function* durables(plan: Plan, filled: number): AsyncGenerator<Result> {
  const url = process.env["ACKLOOP_POSTGRES_URL"];
  const places = { SQLite: sqlite, ...(url && { PostgreSQL: () => server(url) }) };
  for (const [where, open] of Object.entries(places)) {
    if (!works.some(({ name }) => plan.wants(`${name} on ${where}`))) continue;
    const place = await open();
    try {
      await fill(place.stores, filled);
      yield* rowsOf(where, place, plan);
    } finally {
      await place.close();
    }
  }
  if (!url) process.stderr.write("PostgreSQL: skipped, ACKLOOP_POSTGRES_URL names no server\n");
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

async function server(connectionString: string): Promise<Place> {
  const { Pool } = await import("pg");
  const pool = new Pool({ connectionString });
  const prefix = `bench_${process.pid}_`;
  let asked = 0;
  const counted = {
    query: (text: string, params?: unknown[]) => {
      asked += 1;
      return pool.query(text, params);
    },
  };
  const stores = postgresStores(counted, { ...options, prefix });
  await stores.migrate();
  return {
    stores,
    statements: () => asked,
    close: async () => {
      const names = ["version", "cursors", "dead_letters", "dedupe", "leases", "inbox"];
      await pool.query(names.map((name) => `drop table if exists ${prefix}${name}`).join(";"));
      await pool.end();
    },
  };
}
