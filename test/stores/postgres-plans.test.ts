import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PostgresDatabase, postgresStores } from "../../src/stores/index.ts";

const key = { consumer: "billing", feed: "orders" };
const event = { ...key, identity: "a" };
const letter = { ...event, raw: 1, reason: "failed", attempts: 1, failedAt: "" };
const limits = { inboxMaxEntries: 100_000, startsRetentionMs: 1000 };

function entryOf(id: string) {
  return { event: { specversion: "1.0", id, source: "s", type: "t", data: 1 } as const, raw: 1 };
}

/** A plan's nodes, with those beneath them. */
interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly Plans?: readonly Plan[];
}

function scansIn(plan: Plan): readonly string[] {
  const below = (plan.Plans ?? []).flatMap(scansIn);
  const name = plan["Relation Name"];
  return plan["Node Type"] === "Seq Scan" && name ? [name, ...below] : below;
}

/** The database, and what of its tables its statements went through from end to end. */
function watch(database: PGlite) {
  const scans: string[] = [];
  const seen = { statements: 0 };
  const watched: PostgresDatabase = {
    async query(text, params) {
      if (!/pg_class|ackloop_version/.test(text)) {
        seen.statements += 1;
        const { rows } = await database.query<{ "QUERY PLAN": readonly { Plan: Plan }[] }>(
          `explain (format json) ${text}`,
          params,
        );
        const found = scansIn(rows[0]?.["QUERY PLAN"][0]?.Plan as Plan);
        // The sizes are eight rows.
        const tables = found.filter((name) => !name.endsWith("_sizes"));
        scans.push(...tables.map((name) => `${name}: ${text}`));
      }
      return await database.query(text, params);
    },
  };
  return { watched, scans, seen };
}

describe("postgresStores with many rows", () => {
  const pglite = PGlite.create();
  beforeAll(async () => {
    const database = await pglite;
    const { cursors, deadLetters, dedupe, inbox, leases, migrate } = postgresStores(database);
    await migrate();
    // One row of each by the stores themselves, and then many of its kind.
    await cursors.save(key, "v", 0);
    await deadLetters.put(letter);
    await dedupe.begin(event, 60_000);
    await leases.acquire(key, "a", 60_000);
    await inbox.add("in", [entryOf("a")]);
    const many = "generate_series(1, 20000) as n";
    await database.exec(`
      insert into ackloop_cursors select n::text, value, revision from ackloop_cursors, ${many};
      insert into ackloop_dead_letters (scope, key, name, letter)
        select scope, n::text, name, letter from ackloop_dead_letters, ${many};
      insert into ackloop_dedupe (key, starts, marked_until, marked_ms, kept_until)
        select n::text, 1, marked_until, marked_ms, kept_until from ackloop_dedupe, ${many};
      insert into ackloop_leases
        select n::text, fence, holder, held_until, held_ms from ackloop_leases, ${many};
      insert into ackloop_inbox (name, key, entry, hidden_until, hidden_ms)
        select name, n::text, entry, case when n < 18000 then 4e12 else 0 end,
          case when n < 18000 then 3e12 else 0 end
        from ackloop_inbox, ${many};
      analyze;
    `);
  }, 180_000);
  afterAll(async () => await (await pglite).close());

  it("looks at no more rows than it needs", async () => {
    const { watched, scans, seen } = watch(await pglite);
    const { cursors, deadLetters, dedupe, inbox, leases } = postgresStores(watched, limits);

    await cursors.save(key, "w", 1);
    await cursors.save({ ...key, feed: "other" }, "w", 0);
    await deadLetters.list(key);
    await deadLetters.get(letter);
    await deadLetters.remove(letter);
    const begun = await dedupe.begin({ ...event, identity: "b" }, 1000);
    const mark = begun.status === "begun" ? begun.mark : "";
    await dedupe.begin({ ...event, identity: "b" }, 1000);
    await dedupe.renew({ ...event, identity: "b" }, mark, 1000);
    await dedupe.finish({ ...event, identity: "b" }, mark, { retentionMs: 1000 });
    await dedupe.forget({ ...event, identity: "b" }, mark);
    // In one breath, of events that are known and others; what was begun is looked at again.
    const many = ["a", "c", "d", "e"].map((identity) => ({ ...key, identity }));
    const atOnce = (work: (one: typeof event) => Promise<unknown>) => Promise.all(many.map(work));
    await atOnce((one) => dedupe.begin(one, 1000, { mark: "m" }));
    await atOnce((one) => dedupe.begin(one, 1000, { mark: "n" }));
    await atOnce((one) => dedupe.renew(one, "m", 1000));
    await atOnce((one) => dedupe.finish(one, "m", { retentionMs: 1000 }));
    await atOnce((one) => dedupe.forget(one, "o"));
    await leases.acquire(key, "b", 1000);
    await leases.renew(key, 1, 1000);
    await inbox.add("in", [entryOf("new")]);
    const claims = await inbox.claim("in", 100, 1000);
    const tokens = claims.map(({ token }) => token);
    await inbox.extend("in", tokens, 1000);
    await inbox.release("in", tokens.slice(0, 1), 1000);
    await inbox.finish("in", tokens.slice(1));
    const firsts = (await inbox.claimFirst(["in", "other (1 of 2)"], 10, 1000)).map(
      ({ token }) => token,
    );
    await inbox.finish("in", firsts);
    await inbox.partitions("in");
    await inbox.wait(["in"], 1);
    await inbox.wait(["in", "other (1 of 2)"], 1, { first: true });
    await deadLetters.skip({ ...event, identity: "s" });
    await deadLetters.skips(key);
    await deadLetters.unskip({ ...event, identity: "s" });

    expect(claims).toHaveLength(100);
    expect(seen.statements).toBeGreaterThan(25);
    expect(scans).toEqual([]);
  });

  it("lists without a look at what it does not show", async () => {
    const database = await pglite;
    await database.exec(`
      update ackloop_dead_letters set scope = '["c","' || place || '"]' where place > 1000;
      update ackloop_inbox set done_until = 9e15 where place > 100;
      analyze;
    `);
    const { watched, scans, seen } = watch(database);
    const { cursors, deadLetters, inbox, leases } = postgresStores(watched, limits);

    await cursors.list();
    await deadLetters.places();
    await leases.list();
    await inbox.list();
    await inbox.entries("in");

    expect(seen.statements).toBeGreaterThan(100);
    expect(scans).toEqual([]);
  });
});
