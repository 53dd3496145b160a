/**
 * Books orders in PostgreSQL, each exactly once: the booking and the mark that says so are one
 * transaction. A process that is killed anywhere has written both or neither.
 *
 * Runs on PGlite, PostgreSQL inside this process, in a folder (STATE_FOLDER), so that it needs no server.
 * With one, `database` is pg's `Pool`, and the handler takes a client of it:
 *
 *   const client = await pool.connect();
 *   try {
 *     await client.query("begin");
 *     await client.query("insert into orders values ($1, $2)", [id, total]);
 *     isOurs = await context.finish(client);
 *   } finally {
 *     await client.query(isOurs ? "commit" : "rollback");
 *     client.release();
 *   }
 *
 * Run it twice: the second run is sent the same orders again, as a provider does after a lost ack, and
 * books none.
 */
import { PGlite } from "@electric-sql/pglite";
import { drain } from "ackloop";
import { postgresStores } from "ackloop/stores";
import { memoryFeed, testEvent } from "ackloop/testing";

const database = await PGlite.create(`${process.env["STATE_FOLDER"] ?? "."}/orders`);
await database.exec("create table if not exists orders (id text primary key, total int not null)");
const stores = postgresStores(database);
await stores.migrate();

// Stands for a provider's feed.
const feed = memoryFeed();
feed.publish(...[10, 20, 30].map((total, at) => testEvent(`order-${at}`, { data: { total } })));

let booked = 0;
await drain(
  feed,
  async ({ id, data }, context) => {
    const { total } = data as { readonly total: number };
    // PGlite lets all other queries wait until the transaction ends; one that throws is rolled back.
    await database.transaction(async (transaction) => {
      await transaction.query("insert into orders values ($1, $2)", [id, total]);
      const isOurs = await context.finish(transaction);
      if (isOurs) booked += 1;
      else await transaction.rollback();
    });
  },
  {
    dedupe: { store: stores.dedupe },
    deadLetters: stores.deadLetters,
    consumer: "billing",
  },
);

const { rows } = await database.query<{ count: number }>("select count(*)::int from orders");
console.log(`booked ${booked} orders, ${rows[0]?.count} in all`);
await database.close();
