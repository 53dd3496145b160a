import type { Delivery, Feed, Page, Receipt } from "ackloop";
import { sleep } from "../core/sleep.ts";
import type { Output } from "./output.ts";
import type { Shown } from "./shown.ts";

/** How a feed is followed. */
export interface Following {
  readonly shown: Shown;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Whether what was shown is acknowledged. */
  readonly isAcked: boolean;
  /** Whether it ends when nothing new is there. */
  readonly isOnce: boolean;
  /** How long it waits then, else, in ms. */
  readonly intervalMs: number;
}

/** Shows what a feed brings until the limit is reached, the signal fires, or nothing new is there. */
export async function follow(feed: Feed, following: Following): Promise<void> {
  const { shown, signal, isOnce, intervalMs } = following;
  const waitMs = feed.waits && !isOnce ? 25_000 : undefined;
  const tellOnce = createTeller(feed, following);
  let after: Receipt | undefined;
  while (!signal.aborted && !shown.isFull) {
    const page = await pull(feed, following, waitMs, after);
    const isNew = showAll(page, shown);
    after = await goOn(feed, following, page, after);
    if (isNew) continue;
    tellOnce(page);
    if (isOnce) return;
    if (waitMs === undefined) await sleep(intervalMs, signal);
  }
}

/** Acknowledges the page where that is asked for; gives where to read on behind, which lists have not. */
async function goOn(
  feed: Feed,
  { shown, output, isAcked }: Following,
  page: Page,
  after: Receipt | undefined,
): Promise<Receipt | undefined> {
  if (isAcked) {
    // What nobody could see is not acknowledged.
    await output.flush();
    await acknowledge(feed, page, shown);
  }
  return isAcked || feed.pulls === "unacked" ? undefined : (lastOf(page) ?? after);
}

/** Tells once that the oldest page came again, and hides what stands behind it. */
function createTeller(feed: Feed, { output, isAcked }: Following): (page: Page) => void {
  let isTold = isAcked || feed.pulls !== "unacked" || feed.acks !== "cumulative";
  return ({ deliveries }) => {
    if (isTold || deliveries.length === 0) return;
    isTold = true;
    const what =
      deliveries.length === 1 ? "the same event" : `the same ${deliveries.length} events`;
    output.note(
      `${what} came again, as until an ack; what stands behind is seen with --ack or --own-queue`,
    );
  };
}

async function pull(
  feed: Feed,
  { shown, signal }: Following,
  waitMs: number | undefined,
  after: Receipt | undefined,
): Promise<Page> {
  // A list gives all that is open from its start: what was shown, and room for more.
  const limit = feed.pulls === "unacked" ? shown.count + 100 : undefined;
  const pulled = await feed.pull({ limit, waitMs, after, signal });
  return "deliveries" in pulled ? pulled : { deliveries: pulled };
}

/** Shows what is new; says whether anything was. */
function showAll({ deliveries }: Page, shown: Shown): boolean {
  return deliveries.filter((delivery) => shown.add(delivery)).length > 0;
}

/** Acknowledges what was shown: of a page with one receipt nothing, unless all of it was. */
async function acknowledge(feed: Feed, page: Page, shown: Shown): Promise<void> {
  const known = page.deliveries.filter((delivery) => shown.has(delivery));
  const isWhole = known.length === page.deliveries.length;
  const receipts =
    feed.acks === "individual"
      ? known.map(({ receipt }) => receipt)
      : [isWhole ? lastOf(page) : known.findLast(({ receipt }) => receipt)?.receipt];
  const all = receipts.filter((receipt) => receipt !== undefined);
  if (all.length > 0) await feed.ack(all);
}

function lastOf({ receipt, deliveries }: Page): Receipt | undefined {
  return receipt ?? deliveries.findLast((delivery: Delivery) => delivery.receipt)?.receipt;
}
