import type { EventCatalogue, FeedEvent } from "../../core/event.ts";
import type { Delivery, Feed, Receipt } from "../../core/feed.ts";
import { toReceipt } from "../../core/feed.ts";
import { identityOf } from "../../core/identity.ts";
import { sleep } from "../../core/sleep.ts";
import { drain } from "../../loop/consume.ts";
import { toText } from "../../loop/engine/storable.ts";
import { deadLetter } from "../../loop/outcome.ts";
import { check, equal, sameSet, seeded, spoil } from "./asserts.ts";
import type { Bench } from "./bench.ts";
import { placeOf } from "./bench.ts";
import type { FeedLaw } from "./law.ts";
import {
  acknowledgeable,
  aWhile,
  checkNothingEarly,
  finish,
  gate,
  Ledger,
  letterBox,
  quick,
  runThrough,
  start,
  watch,
  withoutBreaker,
} from "./watched.ts";
import { mapPage, withReceipt, wrapFeed } from "./wrapping.ts";

/** A promise that is no instance of this realm's, as those of a test runner or of a library are. */
function ofAnotherRealm(value: unknown): object {
  const promise = Promise.resolve(value);
  const foreign = {};
  Reflect.set(foreign, "then", promise.then.bind(promise));
  return foreign;
}

const isIndividual = ({ acks }: Feed): boolean => acks === "individual";
const isList = ({ acks, pulls }: Feed): boolean => acks === "individual" && pulls === "unacked";
const isCumulative = ({ acks }: Feed): boolean => acks === "cumulative";

/** One random interleaving: handlers take any time, fail at any time, and end in any order. */
async function interleave(bench: Bench, feed: Feed, seed: number): Promise<void> {
  const { publish, acked, many } = bench;
  const random = seeded(seed);
  const ledger = new Ledger();
  const before = (await acked()).length;
  const ids = await publish(Math.min(many, 60));
  for (const id of (await acked()).slice(0, before)) ledger.finished.add(id);
  let furthest = before;
  const checkNow = async (): Promise<void> => {
    await checkNothingEarly(bench, ledger);
    const now = (await acked()).length;
    check(now >= furthest, "acknowledgements never go back");
    furthest = now;
  };
  const handler = ledger.keep(async () => {
    await sleep(random() * 8);
    if (random() < 0.15) throw new Error("fails by chance");
    await checkNow();
  });
  const retry = { attempts: 50, minDelayMs: 1, maxDelayMs: 5 };
  const total = new Array<string>(before + ids.length).fill("");
  await runThrough(bench, feed, handler, total, { concurrency: 8, retry });
  sameSet([...ledger.finished].slice(before), ids, `seed ${seed}: all settled means the end`);
}

/** A feed whose receipts nobody can look into. */
function opaque({ feed, fail }: Bench): Feed {
  const known = new Map<unknown, Receipt>();
  /** By what each says: a feed may make the receipt of one place anew, which the loop must see without looking. */
  const hiddenAs = new Map<string, Receipt>();
  const refuse = (): never => {
    throw fail("broken: a receipt is never looked into");
  };
  const hide = (receipt: Receipt): Receipt => {
    const text = toText(receipt);
    const before = hiddenAs.get(text);
    if (before !== undefined) return before;
    const handlers = { get: refuse, has: refuse, ownKeys: refuse, getPrototypeOf: refuse };
    const proxy = new Proxy({}, handlers);
    known.set(proxy, receipt);
    // What says nothing as text is another each time.
    if (!/^undefined$|\{\}/.test(text)) hiddenAs.set(text, toReceipt(proxy));
    return toReceipt(proxy);
  };
  const show = (receipt: Receipt): Receipt => known.get(receipt) ?? receipt;
  const hidden = ({ receipt }: Delivery) => (receipt === undefined ? receipt : hide(receipt));
  return wrapFeed(feed, {
    async pull({ after, ack, ...options } = {}) {
      const inner = { ...options, after: after && show(after), ack: ack && show(ack) };
      const pulled = await feed.pull(inner);
      return mapPage(pulled, (delivery) => withReceipt(delivery, hidden(delivery)), hide);
    },
    ack: (receipts, options) => feed.ack(receipts.map(show), options),
    nack: async (receipts, options) => await feed.nack?.(receipts.map(show), options),
    extend: async (receipts, leaseMs, options) =>
      await feed.extend?.(receipts.map(show), leaseMs, options),
  });
}

/** What the loop acknowledges, and when: conformance.md parts D, E and Z, through the loop. */
export const loopAckingLaws: readonly FeedLaw[] = [
  {
    id: "L1",
    title: "the loop acknowledges nothing before its handler has finished with it",
    async run(bench) {
      const { feed, publish, many } = bench;
      const ids = await publish(many);
      const ledger = new Ledger();
      const handler = ledger.keep(async () => {
        await sleep(2);
        await checkNothingEarly(bench, ledger);
      });
      const options = { concurrency: 5, retry: { attempts: 1 } };
      const { summary } = await runThrough(bench, feed, handler, ids, options);
      sameSet(ledger.finished, ids, "every event is handled");
      equal([summary.handled, summary.acked], [many, many], "and counted");
    },
  },
  {
    id: "L7",
    title: "an attempt sees the event as it came, whatever the one before did to it",
    async run(bench) {
      const ids = await bench.publish(1);
      const seen: string[] = [];
      const handler = (event: FeedEvent): void => {
        seen.push(JSON.stringify(event));
        spoil(event);
        if (seen.length < 3) throw new Error("fails twice");
      };
      await runThrough(bench, bench.feed, handler, ids);
      equal(seen, [seen[0], seen[0], seen[0]], "the event of each attempt");
    },
  },
  {
    id: "D7",
    title: "an ack that fails is tried again, without running the handler again",
    needs: ["failAck"],
    async run(bench) {
      const { feed, harness, publish, few } = bench;
      const ids = await publish(few);
      const ledger = new Ledger();
      harness.failAck?.({ kind: "status", status: 503, count: 2 });
      const { reports } = await runThrough(
        bench,
        feed,
        ledger.keep(() => {}),
        ids,
      );
      equal([...ledger.started].sort(), [...ids].sort(), "every handler ran once");
      const told = reports.some(({ kind }) => kind === "ackFailed");
      check(told || feed.acksOnPull === true, "the failure is reported");
    },
  },
  {
    id: "D8",
    title: "an event in work that comes again is not handled a second time",
    async run(bench) {
      const { feed, publish, few } = bench;
      const ids = await publish(few);
      const ledger = new Ledger();
      const handler = ledger.keep(() => sleep(80));
      await runThrough(bench, feed, handler, ids, { concurrency: few });
      equal(ledger.twice, [], "none twice at once");
      equal([...ledger.started].sort(), [...ids].sort(), "and none twice at all");
    },
  },
  {
    id: "D9",
    title: "ten events at the head that never succeed do not starve those behind them",
    declared: isIndividual,
    async run(bench) {
      const { feed, publish, settles, few } = bench;
      const stuck = await publish(10);
      const ids = await publish(2 * few);
      const ledger = new Ledger();
      const handler = ledger.keep(({ id }) => {
        if (stuck.includes(id)) throw new Error("never succeeds");
      });
      const retry = { attempts: 1_000, minDelayMs: 30_000, maxDelayMs: 30_000 };
      const options = { concurrency: 2, retry, ...withoutBreaker };
      const started = start(bench, feed, handler, options);
      try {
        await started.until(
          () => ids.every((id) => ledger.finished.has(id)),
          "the rest is handled",
        );
        await settles(ids, "the rest is acknowledged, and it alone");
      } finally {
        await finish(started);
      }
    },
  },
  {
    id: "D11",
    title: "items at the head that can never be acknowledged hide nothing behind them",
    declared: isList,
    needs: ["publishUnackable"],
    async run(bench) {
      const { feed, harness, publish, settles, few } = bench;
      await harness.publishUnackable?.(12);
      const ids = await publish(few);
      const ledger = new Ledger();
      const options = {
        ...quick,
        maxInFlight: 6,
        unprocessable: "drop",
        signal: bench.over,
      } as const;
      const { stopped } = await drain(
        feed,
        ledger.keep(() => {}),
        options,
      );
      equal(
        [stopped, [...ledger.finished].sort()],
        ["empty", [...ids].sort()],
        "a drain reads them",
      );
      await settles(ids, "and they are acknowledged");
    },
  },
  {
    id: "D12",
    title: "what a schema refuses later reaches no handler, whoever made its promise",
    async run(bench) {
      const { feed, publish, reopen, readOpen, few, until } = bench;
      const ids = await publish(few);
      const types = (await readOpen(feed, few)).map(({ event }) => event?.type ?? "");
      let refused = 0;
      const validate = (): object => {
        refused += 1;
        return ofAnotherRealm({ issues: [{ message: "it does not fit" }] });
      };
      const schema = { "~standard": { version: 1, vendor: "law", validate } };
      const events = Object.fromEntries(types.map((type) => [type, schema])) as EventCatalogue;
      const ledger = new Ledger();
      const started = start(
        bench,
        wrapFeed(await reopen(), {}, events),
        ledger.keep(() => {}),
        { unprocessable: "drop" },
      );
      try {
        await until(() => refused >= ids.length || ledger.started.length > 0, "all are validated");
        await aWhile();
        equal(ledger.started, [], "no handler is started");
      } finally {
        await finish(started);
      }
    },
  },
  {
    id: "E3",
    title:
      "while one event is open, nothing from it on is acknowledged, nor its page without receipts",
    declared: isCumulative,
    async run(bench) {
      const { publish, settles, few } = bench;
      const ids = await publish(few);
      const ledger = new Ledger();
      const hold = gate();
      const { feed, pulls } = watch(bench.feed);
      const handler = ledger.keep(({ id }) => (id === ids[2] ? hold.opened : undefined));
      const started = start(bench, feed, handler, { concurrency: few });
      try {
        await started.until(() => ledger.finished.size === few - 1, "all others are handled");
        const pulled = pulls.find(({ page }) => page.deliveries.length > 0)?.page.deliveries ?? [];
        const due = acknowledgeable(pulled, 2);
        await settles(due, "what stands before the open one is acknowledged");
        await aWhile();
        await settles(due, "and nothing more");
        hold.open();
        await settles(ids, "when it is done, everything is");
      } finally {
        hold.open();
        await finish(started);
      }
    },
  },
  {
    id: "E6",
    title: "in random interleavings no open event is passed, no ack goes back, and all end settled",
    async run(bench) {
      for (const seed of [1, 2, 3]) await interleave(bench, bench.feed, seed);
    },
  },
  {
    id: "E7",
    title:
      "a dead letter counts only after the store has it; a store that fails holds the ack back",
    async run(bench) {
      const { feed, publish, acked, few } = bench;
      const ids = await publish(few);
      const [poison] = ids;
      const ledger = new Ledger();
      const hold = gate();
      let puts = 0;
      const { store, letters } = letterBox(async () => {
        puts += 1;
        if (puts <= 3) throw new Error("the store is away");
        await hold.opened;
      });
      const handler = ledger.keep(({ id }) => (id === poison ? deadLetter("poison") : undefined));
      const options = {
        concurrency: 2,
        deadLetters: store,
        consumer: bench.feed.consumer ?? "kit",
      };
      const started = start(bench, feed, handler, options);
      try {
        await started.until(() => puts === 4 && ledger.finished.size === few, "the store is asked");
        await aWhile();
        const early = await acked();
        check(!early.includes(poison ?? ""), "the poison is not acknowledged");
        if (isCumulative(feed)) equal(early, [], "nor what is behind it");
        hold.open();
        await bench.settles(ids, "when the store has it, everything is acknowledged");
        const [letter] = letters;
        equal([letters.length, letter?.event?.id], [1, poison], "one letter holds the event");
        const identity = letter?.event && identityOf(letter.event);
        equal(letter?.identity, identity, "by its identity");
        equal(ledger.startsOf(poison ?? ""), 1, "its handler was started once");
      } finally {
        hold.open();
        await finish(started);
      }
    },
  },
  {
    id: "E9",
    title: "the loop never looks into a receipt",
    async run(bench) {
      const ids = await bench.publish(bench.many);
      const ledger = new Ledger();
      await runThrough(
        bench,
        opaque(bench),
        ledger.keep(() => {}),
        ids,
        { concurrency: 3 },
      );
      sameSet(ledger.finished, ids, "every event is handled");
    },
  },
  {
    id: "E11c",
    title: "after a pull whose ack may have happened, that receipt is never sent again",
    declared: ({ acksOnPull }) => acksOnPull === true,
    needs: ["failPull"],
    async run(bench) {
      const { harness, publish, many } = bench;
      const ids = await publish(many);
      let lost: Receipt | undefined;
      const { feed, pulls, acks } = watch(bench.feed, ({ ack }) => {
        if (ack === undefined || lost !== undefined) return;
        lost = ack;
        harness.failPull?.({ kind: "lostReply", count: 1 });
      });
      const ledger = new Ledger();
      await runThrough(
        bench,
        feed,
        ledger.keep(() => {}),
        ids,
      );
      check(lost !== undefined, "an ack rides on a pull");
      const place = pulls.findIndex(({ options }) => options.ack === lost);
      equal(pulls[place + 1]?.options.ack === undefined, true, "the next pull carries no ack");
      const again = [
        ...pulls.slice(place + 1).flatMap(({ options }) => (options.ack ? [options.ack] : [])),
        ...acks.flatMap(({ receipts }) => receipts),
      ].filter((receipt) => receipt === lost);
      equal(again.length, 0, "how often the receipt is sent again");
      equal([...ledger.started].sort(), [...ids].sort(), "no handler ran twice");
    },
  },
  {
    id: "E12",
    title: "acks ride on pulls while events flow",
    declared: ({ acksOnPull }) => acksOnPull === true,
    async run(bench) {
      const ids = await bench.publish(bench.many);
      const { feed, pulls } = watch(bench.feed);
      await runThrough(bench, feed, () => {}, ids);
      const carried = pulls.filter(({ options }) => options.ack !== undefined);
      check(carried.length >= 2, "every full page is acknowledged by the next pull");
      const pages = pulls.flatMap(({ page }) => placeOf(page) ?? []);
      const known = carried.every(({ options }) => options.ack && pages.includes(options.ack));
      check(known, "with the receipt of a page that was pulled");
    },
  },
];
