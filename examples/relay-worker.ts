/**
 * Handles what `relay.ts` passes on. Start any number of them: each event is with one at a time.
 *
 * Wants the folder of the queue (STATE_FOLDER).
 */
import { consume, drop } from "ackloop";
import { inboxQueue, sqliteStores } from "ackloop/stores";
import { type TikiEvent, tikiEvents } from "ackloop/tiki";

const { inbox, deadLetters } = sqliteStores(
  `${process.env["STATE_FOLDER"] ?? "./state"}/ackloop.db`,
);
const orders = inboxQueue(inbox, "orders").feed<TikiEvent>({
  consumer: "billing",
  events: tikiEvents,
});

const run = consume(
  orders,
  {
    ORDER_CREATED_SUCCESSFULLY: ({ data }) => console.log(`booked ${data.order_code}`),
    other: ({ type }) => drop(`${type} is no business of ours`),
  },
  { concurrency: 10, deadLetters },
);

process.once("SIGTERM", () => void run.stop({ withinMs: 25_000 }));
const { handled } = await run;
console.log(`handled ${handled} events`);
