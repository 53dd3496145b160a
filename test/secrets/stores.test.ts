import { Pool } from "pg";
import { describe, it } from "vitest";
import type { StoreSet } from "../../src/core/stores.ts";
import { drain } from "../../src/index.ts";
import { postgresStores } from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/index.ts";
import { plainMark, Witness } from "./support.ts";

const address = `postgres://me:${plainMark}@127.0.0.1:1/db`;
const key = { consumer: "c", feed: "memory", identity: "memory e" };
const event = testEvent("e");
const letter = { ...key, event, raw: event, reason: "r", attempts: 1, failedAt: "" };

const codes = ["ECONNREFUSED", "ECONNRESET", "28P01", "3D000", "42P01", "42501", "57P01", "40001"];

/** Errors as drivers throw them, with all that such an error may carry. */
const errors: readonly unknown[] = [
  ...codes.map((code) =>
    Object.assign(new Error(`connect to ${address}`), {
      code,
      detail: address,
      query: `select '${plainMark}'`,
      parameters: [plainMark],
      client: { connectionParameters: { password: plainMark } },
    }),
  ),
  new Error(address),
  Object.assign(new TypeError(`Invalid URL: ${address}`), {
    code: "ERR_INVALID_URL",
    input: address,
  }),
  address,
  { message: address, code: address },
];

async function useAll(witness: Witness, stores: StoreSet): Promise<void> {
  const { cursors, deadLetters, dedupe, leases, inbox } = stores;
  const calls: readonly (() => Promise<unknown>)[] = [
    () => cursors.load(key),
    () => cursors.save(key, "v", 0),
    () => deadLetters.put(letter),
    () => deadLetters.list(key),
    () => dedupe.begin(key, 1_000),
    () => dedupe.finish(key, "m", { retentionMs: 1 }),
    () => leases.acquire(key, "h", 1_000),
    () => inbox.add("i", [{ event, raw: 1 }]),
    () => inbox.claim("i", 1, 1_000),
  ];
  await Promise.all(calls.map((call) => witness.watch(call)));
}

describe("PostgreSQL stores whose database is away", () => {
  it("tell nothing of the connection, whatever the driver throws", async () => {
    const witness = new Witness();

    for (const error of errors) {
      const query = async (): Promise<{ rows: unknown[] }> => {
        throw error;
      };
      const stores = postgresStores({ query });
      await useAll(witness, stores);
      await witness.watch(() => stores.migrate());
    }

    witness.expectNothingOf(plainMark);
  });

  it("tell nothing of the connection with the driver itself", async () => {
    const witness = new Witness();
    const pools = [address, `postgres://me:${plainMark}@[bad/db`].map(
      (connectionString) => new Pool({ connectionString, connectionTimeoutMillis: 500 }),
    );

    for (const pool of pools) await useAll(witness, postgresStores(pool));

    witness.expectNothingOf(plainMark);
    await Promise.all(pools.map((pool) => pool.end()));
  });

  it("let a run tell nothing of the connection", async () => {
    const witness = new Witness();

    await Promise.all(
      errors.map(async (error) => {
        const query = async (): Promise<{ rows: unknown[] }> => {
          throw error;
        };
        const { deadLetters, dedupe, leases } = postgresStores({ query });
        const feed = memoryFeed();
        feed.publish(testEvent("e"));
        const told = { logger: witness.logger, onReport: witness.see };
        const until = { deadline: Date.now() + 300, reserveMs: 20 };
        const fail = () => {
          throw new Error("failed");
        };
        const options = { consumer: "c", ...told, ...until, retry: { attempts: 1 } };
        await Promise.all([
          witness.watch(() => drain(feed, fail, { ...options, deadLetters })),
          witness.watch(() => drain(feed, fail, { ...options, dedupe: { store: dedupe } })),
          witness.watch(() => drain(feed, fail, { ...options, lease: { store: leases } })),
        ]);
      }),
    );

    witness.expectNothingOf(plainMark);
  });
});
