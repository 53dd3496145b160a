// What the types let pass or refuse; checked by `npx tsc -p .`, no test runs it.
import type { FeedEvent } from "../../src/core/event.ts";
import type { AckReport, Delivery, Feed, PullOptions, Receipt } from "../../src/core/feed.ts";
import { batch } from "../../src/loop/batch.ts";
import { consume, drain } from "../../src/loop/consume.ts";

declare const feed: Feed;
declare const save: (event: FeedEvent) => Promise<void>;

// Lets pass what acks before it is handled: see returned.test.ts.
void drain(
  feed,
  batch({ size: 10 }, (events) => events.map((event) => save(event))),
);
void drain(feed, (event) => [save(event)]);
void drain(feed, async function* (event) {
  yield await save(event);
});
void drain(feed, () => () => save);
void drain(feed, (event) => ({ result: save(event) }));

// Refuses: a feed of one's own as a class.
export class OwnFeed implements Feed {
  readonly name = "own";
  readonly acks = "individual";
  readonly pulls = "onward";
  async pull(_options?: PullOptions): Promise<readonly Delivery[]> {
    return [];
  }
  async ack(_receipts: readonly Receipt[]): Promise<AckReport> {
    return [];
  }
}
declare const unknownly: () => Promise<unknown>;
void consume(feed, () => unknownly());
// A query builder, such as knex's: it can be awaited and is no Promise.
declare const builder: () => PromiseLike<{ readonly rows: number }>;
void consume(feed, () => builder());
void consume(feed, async () => (Math.random() > 0.5 ? { rows: 1 } : undefined));
void consume(feed, async () => (Math.random() > 0.5 ? 1 : undefined));
