/**
 * Books orders in an application's own SQLite database, each exactly once: the booking and the mark that
 * says so are one transaction. A process that is killed anywhere has written both or neither.
 *
 * Wants a folder for the database (STATE_FOLDER). Run it twice: the second run is sent the same orders
 * again, as a provider does after a lost ack, and books none.
 */
import { drain } from "ackloop";
import { sqliteStores } from "ackloop/stores";
import { memoryFeed, testEvent } from "ackloop/testing";
// `better-sqlite3`, and `DatabaseSync` of `node:sqlite`, are used alike.
import Database from "libsql";

const database = new Database(`${process.env["STATE_FOLDER"] ?? "."}/orders.db`);
database.exec("create table if not exists orders (id text primary key, total integer not null)");
const insert = database.prepare("insert into orders values (?, ?)");
// They have a connection of their own to the same file, and use this one in `finish` alone.
const stores = sqliteStores(database);

// Stands for a provider's feed.
const feed = memoryFeed();
feed.publish(...[10, 20, 30].map((total, at) => testEvent(`order-${at}`, { data: { total } })));

let booked = 0;
await drain(
  feed,
  async ({ id, data }, context) => {
    const { total } = data as { readonly total: number };
    // Nobody else can write to the file from here to the end: await nothing but `finish`.
    database.exec("begin immediate");
    let isOurs = false;
    try {
      insert.run(id, total);
      isOurs = await context.finish(database);
    } finally {
      database.exec(isOurs ? "commit" : "rollback");
    }
    if (isOurs) booked += 1;
  },
  {
    // One connection has one transaction at a time.
    concurrency: 1,
    dedupe: { store: stores.dedupe },
    deadLetters: stores.deadLetters,
    consumer: "billing",
  },
);

const { count } = database.prepare("select count(*) as count from orders").get() as {
  readonly count: number;
};
console.log(`booked ${booked} orders, ${count} in all`);
await stores.close();
database.close();
