import type { Delivery, Feed } from "../../core/feed.ts";
import { sleep } from "../../core/sleep.ts";
import { check, equal, sameSet } from "./asserts.ts";
import type { Bench } from "./bench.ts";
import { deliveriesOf, idsOf, receiptsOf } from "./bench.ts";
import { type FeedLaw, Skip } from "./law.ts";

/** How long a pull may wait for what is there, in ms. */
const waitMs = 300;

/** The longest lease that is waited for, in ms. */
const longestLeaseMs = 1_000;

const isQueue = ({ acks, pulls }: Feed): boolean => acks === "individual" && pulls === "onward";

/** Publishes and pulls, and gives the lease of what came; a feed without leases is none for these laws. */
async function lend({ feed, publish, readOpen }: Bench, count: number) {
  const ids = await publish(count);
  const deliveries = await readOpen(feed, count);
  const leaseMs = deliveries[0]?.leaseMs ?? 0;
  if (leaseMs <= 0) throw new Skip("notDeclared", "nothing that is pulled has a lease");
  return { ids, deliveries, leaseMs };
}

/** Waits until a lease has ended, unless that takes too long. */
async function outlast(leaseMs: number): Promise<void> {
  const why = `a lease of ${leaseMs} ms is more than the ${longestLeaseMs} ms that are waited for`;
  if (leaseMs > longestLeaseMs) throw new Skip("notTestable", why);
  await sleep(leaseMs * 1.2 + 20);
}

function attemptOf(deliveries: readonly Delivery[], id: string | undefined): number | undefined {
  return deliveries.find(({ event }) => event?.id === id)?.attempt;
}

/** What a lease is: of queues, whose events are hidden for a while. */
export const leasingLaws: readonly FeedLaw[] = [
  {
    id: "Q1",
    title:
      "a leased event that is not acknowledged comes again when its lease ends, and is counted",
    declared: isQueue,
    async run(bench) {
      const { feed, harness, few, until } = bench;
      const { ids, deliveries, leaseMs } = await lend(bench, few);
      equal(idsOf(await feed.pull()), [], "nothing comes while the lease lasts");
      if (harness.endLeases) await harness.endLeases();
      else await outlast(leaseMs);
      // A run that has been reading says where it is; what comes again is not behind that place.
      const after = receiptsOf(deliveries).at(-1);
      const again: Delivery[] = [];
      await until(async () => {
        again.push(...deliveriesOf(await feed.pull({ after })));
        return again.length >= few;
      }, "all of them come again");
      sameSet(idsOf(again), ids, "they and no others");
      for (const id of ids) {
        const before = attemptOf(deliveries, id);
        if (before === undefined) continue;
        equal(attemptOf(again, id), before + 1, "which delivery it is");
      }
    },
  },
  {
    id: "Q2",
    title: "a lease that was lengthened hides its event for longer, and it alone",
    declared: (feed) => isQueue(feed) && feed.extend !== undefined,
    async run(bench) {
      const { feed, pullSome, settles } = bench;
      const { ids, deliveries, leaseMs } = await lend(bench, 2);
      const kept = receiptsOf(deliveries).slice(0, 1);
      await feed.extend?.(kept, 60_000);
      await outlast(leaseMs);
      equal(idsOf(await pullSome(feed)), ids.slice(1), "the other one comes again");
      await feed.ack(kept);
      await settles(ids.slice(0, 1), "the first one can still be acknowledged");
    },
  },
  {
    id: "N2",
    title: "an event that is given back for later comes again then, and not before",
    // Who can lengthen a lease decides itself when an event comes; others can only ask for it.
    declared: (feed) => isQueue(feed) && feed.nack !== undefined && feed.extend !== undefined,
    async run(bench) {
      const { feed, pullSome } = bench;
      const { ids, deliveries } = await lend(bench, 1);
      const began = performance.now();
      await feed.nack?.(receiptsOf(deliveries), { afterMs: 300 });
      equal(idsOf(await pullSome(feed)), ids, "it comes again");
      check(performance.now() - began >= 280, "after its time");
    },
  },
  {
    id: "N3",
    title: "what a pull that was cut was about to bring is another's once the feed has released it",
    declared: (feed) => isQueue(feed) && feed.release !== undefined,
    async run({ feed, publish, reopen }) {
      const another = await reopen();
      // However far the pull has come.
      for (const delayMs of [0, 1, 2, 5, 20]) {
        const ids = await publish(1);
        const controller = new AbortController();
        const pulling = feed
          .pull({ waitMs, signal: controller.signal })
          .then(deliveriesOf, () => []);
        await sleep(delayMs);
        controller.abort(new Error("the run is over"));
        const brought = await pulling;
        await feed.release?.();
        const reader = brought.length > 0 ? feed : another;
        const deliveries =
          brought.length > 0 ? brought : deliveriesOf(await another.pull({ waitMs }));
        equal(idsOf(deliveries), ids, `cut after ${delayMs} ms, it comes to another at once`);
        await reader.ack(receiptsOf(deliveries));
      }
      await feed.release?.();
    },
  },
];
