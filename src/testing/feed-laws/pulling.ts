import type { Delivery, Feed } from "../../core/feed.ts";
import { sleep } from "../../core/sleep.ts";
import { check, equal, sameSet } from "./asserts.ts";
import { ackAll, idsOf, receiptsOf } from "./bench.ts";
import type { FeedLaw } from "./law.ts";

/** A feed that hides what it gave from every other pull: two pulls share its events. */
function hides({ acks, pulls }: Feed): boolean {
  return acks === "individual" && pulls === "onward";
}

/** Fails when a page is longer than wished for, other than to reach its next receipt. */
function checkWish(page: readonly Delivery[], limit: number): void {
  check(page.length > 0, `a pull with limit ${limit} brings something`);
  const over = page.slice(limit - 1, -1);
  check(receiptsOf(over).length === 0, `limit ${limit} is exceeded only to reach a receipt`);
}

/** What a pull brings, and what it leaves alone: conformance.md parts B and C. */
export const pullingLaws: readonly FeedLaw[] = [
  {
    id: "B1",
    title: "what is published arrives in order, over several pages, and nothing else does",
    async run({ feed, publish, many, readAll }) {
      const ids = await publish(many);
      const deliveries = await readAll(feed, many);
      equal(idsOf(deliveries), ids, "all of them, none invented");
      equal(idsOf(await feed.pull()), [], "then the feed is empty");
    },
  },
  {
    id: "B2",
    title: "a limit is respected from 1 on, and clamped where the provider allows less",
    async run({ feed, publish, reopen, many, pullSome }) {
      await publish(many);
      for (const [index, limit] of [1, 2, 1_000_000].entries()) {
        const reader = index === 0 ? feed : await reopen();
        checkWish(await pullSome(reader, { limit }), limit);
      }
    },
  },
  {
    id: "B2b",
    title: "a cumulative page ends with a receipt, whatever the limit",
    declared: ({ acks }) => acks === "cumulative",
    async run({ feed, publish, many, pullSome }) {
      await publish(many);
      for (const limit of [1, 2, undefined]) {
        const page = await pullSome(feed, { limit });
        check(page.at(-1)?.receipt !== undefined, `with limit ${limit} the last one has a receipt`);
      }
    },
  },
  {
    id: "B3",
    title: "an empty feed gives an empty list at once, and is no error",
    async run({ feed, patienceMs }) {
      const began = performance.now();
      const pages = [await feed.pull(), await feed.pull({ limit: 1 })];
      equal(pages.map(idsOf), [[], []], "an empty list");
      check(performance.now() - began < patienceMs, "at once");
    },
  },
  {
    id: "B6",
    title: "a pull without a place starts at the acknowledged one, whatever was pulled before",
    declared: (feed) => !hides(feed),
    async run({ feed, publish, few, readOpen }) {
      const ids = await publish(few);
      const first = await readOpen(feed, few);
      const after = feed.pulls === "onward" ? receiptsOf(first).at(-1) : undefined;
      await feed.pull({ after });
      equal(idsOf(await feed.pull({ limit: few })), ids, "two runs on one feed share nothing");
    },
  },
  {
    id: "B6b",
    title: "a second pull does not bring what another pull of the same feed holds",
    declared: hides,
    async run({ feed, publish, few, readOpen }) {
      await publish(few);
      await readOpen(feed, few);
      equal(idsOf(await feed.pull()), [], "what is held is hidden");
    },
  },
  {
    id: "B7",
    title: "pulling acknowledges nothing",
    async run({ feed, publish, acked, reopen, few, readOpen }) {
      const ids = await publish(few);
      await readOpen(feed, few);
      equal(await acked(), [], "nothing is acknowledged");
      equal(idsOf(await readOpen(await reopen(), few)), ids, "a restarted process gets all again");
    },
  },
  {
    id: "B8",
    title: "a list shrinks by acks and nothing behind them is skipped",
    declared: ({ acks }) => acks === "individual",
    async run({ feed, publish, many, few, pullSome, readAll }) {
      const ids = await publish(many);
      const page = await pullSome(feed, { limit: few });
      await ackAll(feed, page);
      const rest = await readAll(feed, many - page.length);
      sameSet([...idsOf(page), ...idsOf(rest)], ids, "each comes once");
      check(rest.length === many - page.length, "and none that was acknowledged");
    },
  },
  {
    id: "B9",
    title: "an onward pull reads on behind a receipt while earlier work is open",
    declared: ({ pulls }) => pulls === "onward",
    async run({ feed, publish, many, acked, readOpen }) {
      const ids = await publish(many);
      equal(idsOf(await readOpen(feed, many)), ids, "all in order, none twice");
      equal(await acked(), [], "and nothing is acknowledged by that");
    },
  },
];

/** A wait of whole seconds: one API counts in them. */
const waitMs = 1_000;

/** How a pull waits: conformance.md part C. */
export const waitingLaws: readonly FeedLaw[] = [
  {
    id: "C1",
    title: "a pull of an empty feed comes back after its wait, not at once",
    declared: ({ waits }) => waits === true,
    async run({ feed, patienceMs }) {
      const began = performance.now();
      equal(idsOf(await feed.pull({ waitMs })), [], "nothing came");
      const elapsedMs = performance.now() - began;
      check(elapsedMs >= waitMs * 0.9, `it waited ${waitMs} ms`);
      check(elapsedMs < waitMs + patienceMs, "and not much longer");
    },
  },
  {
    id: "C2",
    title: "an event that arrives in the middle of the wait ends it",
    declared: ({ waits }) => waits === true,
    async run({ feed, publish, patienceMs }) {
      const began = performance.now();
      const pulling = feed.pull({ waitMs: 30_000 });
      await sleep(30);
      const ids = await publish(1);
      equal(idsOf(await pulling), ids, "the event is what it brings");
      check(performance.now() - began < patienceMs, "soon after it was published");
    },
  },
  {
    id: "C3",
    title: "a wait above the provider's limit is clamped, not refused",
    declared: ({ waits }) => waits === true,
    async run({ feed, publish }) {
      const pulling = feed.pull({ waitMs: 24 * 3_600_000 });
      const ids = await publish(1);
      equal(idsOf(await pulling), ids, "it waits, and brings what comes");
    },
  },
  {
    id: "Z6",
    title: "a feed that declares no wait returns at once, whatever it is asked",
    declared: ({ waits }) => waits !== true,
    async run({ feed, patienceMs }) {
      const began = performance.now();
      equal(idsOf(await feed.pull({ waitMs: 30_000 })), [], "an empty list");
      check(performance.now() - began < patienceMs, "at once");
    },
  },
];
