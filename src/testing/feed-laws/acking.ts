import type { Delivery, Feed, Receipt } from "../../core/feed.ts";
import { check, equal, rejection, sameSet } from "./asserts.ts";
import type { Bench } from "./bench.ts";
import { ackAll, idsOf, receiptsOf } from "./bench.ts";
import type { FeedLaw } from "./law.ts";

const isIndividual = ({ acks }: Feed): boolean => acks === "individual";
const isCumulative = ({ acks }: Feed): boolean => acks === "cumulative";

/** An id that breaks a URL that it is put into as it is. */
const oddId = "a/b?c=d&e#f%25 g+\"ü\"'..'";

/** Pulls, and acknowledges the first part of what came, up to a receipt; gives the ids of that part. */
async function ackFirstPart({ feed, pullSome }: Bench): Promise<readonly string[]> {
  const page = await pullSome(feed);
  const half = Math.ceil(page.length / 2);
  const end =
    page.findIndex(({ receipt }, index) => receipt !== undefined && index + 1 >= half) + 1;
  const part = page.slice(0, end);
  await ackAll(feed, part);
  return idsOf(part);
}

/** Whether a verdict says that nothing is left to do. */
function isSuccess(verdict: { readonly status: string } | undefined): boolean {
  return verdict?.status === "acked" || verdict?.status === "gone";
}

function receiptAt(deliveries: readonly Delivery[], index: number): Receipt {
  const receipt = deliveries.at(index)?.receipt;
  check(receipt !== undefined, "this delivery has a receipt");
  return receipt;
}

/** What every ack says: conformance.md part D. */
export const ackingLaws: readonly FeedLaw[] = [
  {
    id: "D1",
    title: "what is acknowledged does not come again",
    async run(bench) {
      const { publish, reopen, many, readAll, settles } = bench;
      const ids = await publish(many);
      const part = await ackFirstPart(bench);
      await settles(ids.slice(0, part.length), "the provider has settled it");
      const again = await readAll(await reopen(), many - part.length);
      equal(
        idsOf(again).filter((id) => part.includes(id)),
        [],
        "a restarted process has none of it",
      );
    },
  },
  {
    id: "D2",
    title: "what is not acknowledged comes again",
    async run(bench) {
      const { publish, reopen, many, readAll } = bench;
      const ids = await publish(many);
      const part = await ackFirstPart(bench);
      const again = await readAll(await reopen(), many - part.length);
      sameSet(idsOf(again), ids.slice(part.length), "a restarted process gets all of the rest");
    },
  },
  {
    id: "D3",
    title: "acknowledging twice is success, and changes nothing",
    async run({ feed, publish, acked, few, readOpen, settles }) {
      const ids = await publish(few);
      const receipts = receiptsOf(await readOpen(feed, few)).slice(-1);
      const first = await feed.ack(receipts);
      const due = isIndividual(feed) ? ids.slice(-1) : ids;
      await settles(due, "the first one took effect");
      const second = await feed.ack(receipts);
      equal([first.length, second.length], [1, 1], "one verdict for each receipt");
      check(isSuccess(first[0]) && isSuccess(second[0]), "both are success");
      equal(await acked(), due, "the second one has no effect");
    },
  },
  {
    id: "D4",
    title: "a receipt that was never given harms nothing else",
    needs: ["unknownReceipt"],
    async run({ feed, harness, publish, acked, readOpen, settles }) {
      const ids = await publish(1);
      const unknown = harness.unknownReceipt?.() as Receipt;
      const [delivery] = await readOpen(feed, 1);
      if (isCumulative(feed)) {
        await feed.ack([unknown]).catch(() => {});
        equal(await acked(), [], "nothing is acknowledged by it");
        return;
      }
      const report = await feed.ack([unknown, receiptAt(delivery ? [delivery] : [], 0)]);
      equal(report.length, 2, "one verdict for each receipt");
      check(report[0]?.status !== "acked", "the unknown one is not said to be acknowledged");
      check(isSuccess(report[1]), "the known one is");
      await settles(ids, "and the provider agrees");
    },
  },
  {
    id: "D5",
    title: "one receipt that fails leaves the others unharmed, and is the only one to say so",
    declared: isIndividual,
    needs: ["failAck"],
    async run({ feed, harness, publish, few, readOpen, settles }) {
      const ids = await publish(few);
      const receipts = receiptsOf(await readOpen(feed, few));
      harness.failAck?.({ kind: "status", status: 500, count: 1 });
      const report = await feed.ack(receipts);
      const failed = report.filter(({ status }) => status === "failed");
      equal([report.length, failed.length], [few, 1], "one verdict each, one of them failed");
      const good = ids.filter((_, index) => report[index]?.status !== "failed");
      await settles(good, "the provider agrees with each verdict");
      const [again] = await feed.ack(receipts.filter((_, index) => !isSuccess(report[index])));
      check(isSuccess(again), "the failed one can be acknowledged again");
      await settles(ids, "then all are settled");
    },
  },
  {
    id: "D5b",
    title: "an ack of nothing is nothing",
    declared: isIndividual,
    async run({ feed, publish, acked }) {
      await publish(1);
      equal(await feed.ack([]), [], "no receipts, no verdicts");
      equal(await acked(), [], "and nothing is acknowledged");
    },
  },
  {
    id: "D5c",
    title: "an ack whose answer is lost can be sent again",
    needs: ["failAck"],
    async run({ feed, harness, publish, acked, few, readOpen }) {
      const ids = await publish(few);
      const receipts = receiptsOf(await readOpen(feed, few)).slice(-1);
      harness.failAck?.({ kind: "lostReply", count: 1 });
      const report = await feed.ack(receipts).catch(() => undefined);
      check(!isSuccess(report?.[0]), "a lost answer is no success");
      const [again] = await feed.ack(receipts);
      check(isSuccess(again), "the second try is success");
      check((await acked()).includes(ids.at(-1) ?? ""), "and it is acknowledged");
    },
  },
  {
    id: "D6",
    title: "an ack of one event leaves those before and behind it open",
    declared: isIndividual,
    async run({ feed, publish, reopen, readOpen, settles }) {
      const ids = await publish(3);
      const deliveries = await readOpen(feed, 3);
      await feed.ack([receiptAt(deliveries, 1)]);
      await settles(ids.slice(1, 2), "one is acknowledged");
      const again = await readOpen(await reopen(), 2);
      sameSet(idsOf(again), [ids[0] ?? "", ids[2] ?? ""], "the others come again");
    },
  },
  {
    id: "D10",
    title: "an id of any characters is pulled and acknowledged as it is",
    needs: ["publishId"],
    async run({ feed, harness, publish, readAll, settles }) {
      await harness.publishId?.(oddId);
      const deliveries = await readAll(feed, 1);
      equal(idsOf(deliveries), [oddId], "the id arrives unchanged");
      check((await harness.acked()).includes(oddId), "its ack reaches the provider");
      const next = await publish(1);
      equal(idsOf(await readAll(feed, 1)), next, "it does not come again");
      await settles(next, "and others are not touched");
    },
  },
  {
    id: "N1",
    title: "an event that is given back comes again at once, and is not acknowledged",
    declared: ({ nack }) => nack !== undefined,
    async run({ feed, publish, acked, pullSome, readOpen }) {
      const ids = await publish(2);
      const deliveries = await readOpen(feed, 2);
      await feed.nack?.([receiptAt(deliveries, 0)]);
      equal(idsOf(await pullSome(feed)), ids.slice(0, 1), "it comes again, and it alone");
      equal(await acked(), [], "nothing is acknowledged");
    },
  },
];

/** Reads two pages by hand, one receipt each, and acknowledges both. */
async function ackTwice({ feed, pullSome }: Bench): Promise<readonly [Receipt, Receipt]> {
  const first = receiptAt(await pullSome(feed, { limit: 1 }), -1);
  await feed.ack([first]);
  const second = receiptAt(await pullSome(feed, { limit: 1 }), -1);
  await feed.ack([second]);
  return [first, second];
}

/** What "everything up to here" says: conformance.md part E. */
export const cumulativeLaws: readonly FeedLaw[] = [
  {
    id: "E1",
    title: "after an ack, a restarted process starts right behind it",
    declared: isCumulative,
    async run(bench) {
      const { publish, reopen, many, pullSome } = bench;
      const ids = await publish(many);
      const part = await ackFirstPart(bench);
      const [next] = await pullSome(await reopen());
      equal(next?.event?.id, ids[part.length], "the first event behind the receipt comes first");
    },
  },
  {
    id: "E2",
    title: "without an ack, a restarted process starts where the last one did",
    declared: isCumulative,
    async run({ feed, publish, reopen, few, readOpen }) {
      const ids = await publish(few);
      const page = await readOpen(feed, few);
      if (feed.pulls === "onward") await feed.pull({ after: receiptAt(page, -1) });
      equal(idsOf(await readOpen(await reopen(), few)), ids, "all of them come again");
    },
  },
  {
    id: "E5",
    title: "an ack of an older place is success, and never moves back",
    declared: isCumulative,
    async run(bench) {
      const { feed, publish, acked, reopen, many, pullSome } = bench;
      const ids = await publish(many);
      const [older] = await ackTwice(bench);
      const settled = await acked();
      const [verdict] = await feed.ack([older]);
      check(isSuccess(verdict), "the older receipt is gone, which is success");
      equal(await acked(), settled, "nothing has moved");
      const [next] = await pullSome(await reopen());
      equal(next?.event?.id, ids[settled.length], "a restarted process starts at the newer place");
    },
  },
  {
    id: "E10",
    title: "the last page has a receipt that an explicit ack can send",
    declared: isCumulative,
    async run({ feed, publish, reopen, few, readOpen, settles }) {
      const ids = await publish(few);
      const page = await readOpen(feed, few);
      await feed.ack([receiptAt(page, -1)]);
      await settles(ids, "everything is acknowledged");
      equal(idsOf(await (await reopen()).pull()), [], "and nothing comes again");
    },
  },
  {
    id: "E10b",
    title: "an ack that rides on a pull is acknowledged, and the pull brings what follows",
    declared: ({ acksOnPull }) => acksOnPull === true,
    async run({ feed, publish, many, pullSome, settles }) {
      const ids = await publish(many);
      const page = await pullSome(feed);
      const next = await feed.pull({ ack: receiptAt(page, -1) });
      await settles(idsOf(page), "the first page is acknowledged");
      equal(idsOf(next)[0], ids[page.length], "the second page begins behind it");
    },
  },
  {
    id: "E11",
    title: "a pull that carried an ack and lost its answer can be followed by one without",
    declared: ({ acksOnPull }) => acksOnPull === true,
    needs: ["failPull"],
    async run({ feed, harness, publish, many, pullSome, readAll }) {
      const ids = await publish(many);
      const page = await pullSome(feed);
      harness.failPull?.({ kind: "lostReply", count: 1 });
      await rejection(feed.pull({ ack: receiptAt(page, -1) }), "a lost answer rejects");
      const rest = await readAll(feed, many - page.length);
      equal(idsOf(rest), ids.slice(page.length), "the page that was lost comes again");
    },
  },
  {
    id: "Z1",
    title: "a feed that declares no ack on pull acknowledges none",
    declared: ({ acksOnPull }) => acksOnPull !== true,
    async run({ feed, publish, acked, few, readOpen }) {
      await publish(few);
      const page = await readOpen(feed, few);
      await feed.pull({ ack: receiptAt(page, -1) }).catch(() => {});
      equal(await acked(), [], "nothing is acknowledged");
    },
  },
  {
    id: "Z2",
    title: "a cumulative feed refuses to acknowledge two receipts at once",
    declared: isCumulative,
    async run(bench) {
      const { feed, publish, acked, many } = bench;
      await publish(many);
      const [first, second] = await ackTwice(bench);
      const settled = await acked();
      await rejection(feed.ack([first, second]), "two receipts are refused");
      await rejection(feed.ack([]), "and so is none");
      equal(await acked(), settled, "nothing has moved");
    },
  },
];
