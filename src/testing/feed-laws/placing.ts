import { isAckloopError } from "../../core/errors.ts";
import type { Feed, Receipt } from "../../core/feed.ts";
import { check, equal, typedError } from "./asserts.ts";
import type { Bench } from "./bench.ts";
import { ackAll, deliveriesOf, idsOf, receiptsOf } from "./bench.ts";
import type { FeedHarness } from "./harness.ts";
import type { FeedLaw } from "./law.ts";

const isCumulative = ({ acks }: Feed): boolean => acks === "cumulative";
const isLog = ({ acks, pulls }: Feed): boolean => acks === "cumulative" && pulls === "onward";
const keepsPlace = (feed: Feed, { keepsPlace: kept }: FeedHarness): boolean =>
  isCumulative(feed) && kept === true;

/** The last receipt of a new run's first page. */
async function pullPlace({ pullSome }: Bench, feed: Feed, limit?: number): Promise<Receipt> {
  const receipt = receiptsOf(await pullSome(feed, { limit })).at(-1);
  check(receipt !== undefined, "a page has a receipt");
  return receipt;
}

/** Fails unless an ack is refused, by its verdict or as a whole, since the place is another run's. */
async function isRefused(feed: Feed, receipt: Receipt): Promise<void> {
  const codes = ["conflict", "leaseLost"];
  const error = await feed.ack([receipt]).then(
    ([verdict]) => (verdict?.status === "failed" ? verdict.error : undefined),
    (thrown: unknown) => thrown,
  );
  const fits = isAckloopError(error) && codes.includes(error.code);
  check(fits, "the older run's ack is refused with a `conflict`");
}

/** Whose a place is, and what becomes of it: of cumulative feeds. */
export const placingLaws: readonly FeedLaw[] = [
  {
    id: "E13",
    title: "a late ack of a run that another has followed moves nothing back",
    declared: isCumulative,
    async run(bench) {
      const { feed, publish, acked, reopen, many, pullSome } = bench;
      const ids = await publish(many);
      const older = await pullPlace(bench, feed, 1);
      const newer = await reopen();
      for (const limit of [1, 1]) await ackAll(newer, await pullSome(newer, { limit }));
      const settled = await acked();
      check(settled.length > 0, "the second run is further");
      await feed.ack([older]).catch(() => {});
      equal(await acked(), settled, "nothing has moved");
      const [next] = await pullSome(await reopen());
      equal(next?.event?.id, ids[settled.length], "a third run starts where the second one ended");
    },
  },
  {
    id: "E14",
    title: "a run that begins takes the place over: the one before saves nothing any more",
    declared: keepsPlace,
    async run(bench) {
      const { feed, publish, acked, reopen, many, pullSome, settles } = bench;
      await publish(many);
      const older = await pullPlace(bench, feed);
      const newer = await reopen();
      const page = await pullSome(newer);
      await isRefused(feed, older);
      equal(await acked(), [], "it has saved nothing");
      await ackAll(newer, page);
      await settles(idsOf(page), "the newer run's ack is taken");
    },
  },
  {
    id: "E15",
    title: "a save that meets another run's never overwrites it",
    declared: keepsPlace,
    async run(bench) {
      const { feed, publish, acked, reopen, many, pullSome } = bench;
      await publish(many);
      const older = await pullPlace(bench, feed);
      const newer = await reopen();
      await ackAll(newer, await pullSome(newer, { limit: 1 }));
      const settled = await acked();
      for (const _ of [1, 2]) await isRefused(feed, older);
      equal(await acked(), settled, "what the newer run saved is there");
    },
  },
  {
    id: "E17",
    title: "a place that the provider has forgotten is an error, not a silent start from elsewhere",
    declared: isLog,
    needs: ["expirePlace"],
    async run(bench) {
      const { feed, harness, publish, acked, reopen, many, pullSome } = bench;
      await publish(many);
      await ackAll(feed, await pullSome(feed));
      const settled = await acked();
      await harness.expirePlace?.();
      const pulling = reopen().then(async (next) => deliveriesOf(await next.pull()));
      await typedError(pulling, "a pull from a place that is gone", ["cursorExpired"]);
      equal(await acked(), settled, "the place is as it was");
    },
  },
];
