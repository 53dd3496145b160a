import { existsSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { expect, vi } from "vitest";
import { packed, ranBy, walkPage } from "./page.ts";

const { drain } = await packed("ackloop");
const { discueReceiver } = await packed("ackloop/discue");
const { memoryStores, postgresStores } = await packed("ackloop/stores");
const { memoryFeed, testEvent } = await packed("ackloop/testing");

/** What a test of an effect and its mark looks at: an order that comes twice is booked once. */
async function bookTwice(handler: unknown, dedupe: object): Promise<readonly unknown[]> {
  const feed = memoryFeed();
  const order = testEvent("order-1", { data: { id: "1", total: 12 } });
  feed.publish(order);
  const options = { dedupe: { store: dedupe }, consumer: "billing" } as never;
  const first = await drain(feed, handler as () => undefined, options);
  feed.publish(order);
  const second = await drain(feed, handler as () => undefined, options);
  return [first.handled, second.duplicates];
}

/** Deno KV, as far as the page uses it. */
function denoKv() {
  const entries = new Map<string, { readonly value: unknown; readonly versionstamp: number }>();
  let version = 0;
  const read = (key: readonly string[]) => {
    const found = entries.get(JSON.stringify(key));
    return { key, value: found?.value ?? null, versionstamp: found?.versionstamp ?? null };
  };
  type Entry = ReturnType<typeof read>;
  const atomic = (
    checked: readonly Entry[],
    sets: readonly (readonly [Entry["key"], unknown])[],
  ) => ({
    check: (entry: Entry) => atomic([...checked, entry], sets),
    set: (key: Entry["key"], value: unknown) => atomic(checked, [...sets, [key, value]]),
    async commit() {
      const isSame = checked.every(
        ({ key, versionstamp }) => read(key).versionstamp === versionstamp,
      );
      if (!isSame) return { ok: false };
      version += 1;
      for (const [key, value] of sets) {
        entries.set(JSON.stringify(key), { value, versionstamp: version });
      }
      return { ok: true };
    },
  });
  return { get: async (key: readonly string[]) => read(key), atomic: () => atomic([], []) };
}

await walkPage("docs/stores.md", {
  Stores: [
    async ({ run }) => {
      const { stores } = await run();
      expect(existsSync("state")).toBe(false);

      await stores.deadLetters.list({ consumer: "billing", feed: "orders" });

      expect(existsSync("state/ackloop.db")).toBe(true);
    },
    async ({ run }) => {
      const database = await PGlite.create();
      const Pool = class {
        on = vi.fn();
        query = (text: string, params?: unknown[]) => database.query(text, params);
      };
      const connectionString = process.env["ACKLOOP_POSTGRES_URL"];
      const isReal = connectionString !== undefined;

      const { stores } = await run({ connectionString, Pool }, (text) =>
        isReal ? text : text.replace('import { Pool } from "pg";\n', ""),
      );

      expect(await stores.cursors.load({ consumer: "billing", feed: "orders" })).toBeUndefined();
    },
  ],
  "The effect and the mark in one transaction": [
    async ({ run }) => {
      // Node has none before 22.13; libsql is used alike.
      const { database, stores, book } = await run({}, (text) =>
        text.replace(
          'import { DatabaseSync } from "node:sqlite"',
          'import DatabaseSync from "libsql"',
        ),
      );
      expect(await bookTwice(book, stores.dedupe)).toEqual([1, 1]);
      expect(database.prepare("select id, total from orders").all()).toEqual([
        { id: "1", total: 12 },
      ]);
    },
    async ({ run }) => {
      const database = await PGlite.create();
      await database.exec("create table orders (id text primary key, total int not null)");
      const stores = postgresStores(database);
      await stores.migrate();
      const client = Object.assign(database, { release: vi.fn() });
      const { book } = await run({ pool: { connect: async () => client } });

      expect(await bookTwice(book, stores.dedupe)).toEqual([1, 1]);
      expect((await database.query("select * from orders")).rows).toEqual([{ id: "1", total: 12 }]);
      expect(client.release).toHaveBeenCalled();
    },
  ],
  "Webhooks: store, answer, handle later": async ({ run }) => {
    const secret = "a-secret-of-the-test";
    const handlers = vi.fn();
    const stores = memoryStores();
    const given = { stores, receiver: discueReceiver({ secret }), handlers };
    const { POST, run: started } = await run(given);
    const sent = { method: "POST", body: '{"message":{"id":"m-1","name":"","data":"7"}}' };

    const { status } = await POST(new Request(`https://shop.test/?secret=${secret}`, sent));
    await vi.waitUntil(() => handlers.mock.calls.length === 1, 20_000);
    await started.stop();

    expect(status).toBe(200);
  },
  "A store of your own": { given: { kv: denoKv() } },
  "Tests on a real server": ranBy("test/stores/postgres-server.test.ts"),
});
