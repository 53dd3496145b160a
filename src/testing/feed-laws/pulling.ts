import { isAckloopError } from "../../core/errors.ts";
import type { Delivery, Feed } from "../../core/feed.ts";
import { toPage } from "../../core/feed.ts";
import { sleep } from "../../core/sleep.ts";
import { isFatal } from "../../loop/engine/settling.ts";
import { check, equal, sameSet } from "./asserts.ts";
import { ackAll, idsOf, receiptsOf } from "./bench.ts";
import { type FeedLaw, Skip } from "./law.ts";

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

const abilities = ["waits", "acksOnPull", "nack", "extend", "release"] as const;

/** The kinds of feed that there are, with what each may have. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  "individual unacked": [],
  "individual onward": ["waits", "nack", "extend", "release"],
  "cumulative unacked": ["acksOnPull"],
  "cumulative onward": ["waits"],
};

/** What a pull brings, and what it leaves alone: conformance.md parts B and C. */
export const pullingLaws: readonly FeedLaw[] = [
  {
    id: "K1",
    title: "the feed is of one of the four kinds that there are, and has no ability of another",
    async run({ feed, publish, reopen, pullSome }) {
      const kind = `${feed.acks} ${feed.pulls}`;
      const allowed = kinds[kind];
      check(allowed !== undefined, `acks and pulls are ${Object.keys(kinds).join(", or ")}`);
      const extra = abilities.filter((name) => feed[name] && !allowed.includes(name));
      equal(extra, [], `what a feed that is ${kind} does not have`);
      check(typeof feed.name === "string" && feed.name !== "", "it has a name");
      await publish(1);
      const leased = (await pullSome(feed)).filter(({ leaseMs = 0 }) => leaseMs > 0);
      check(leased.length === 0 || hides(feed), "only a queue gives leases");
      equal((await reopen()).name, feed.name, "a restarted process has the same name");
    },
  },
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
    id: "B4",
    title: "`more` is false only at the end, and true only where a pull brings more",
    async run({ feed, publish, many, until }) {
      await publish(many);
      const seen = new Set<string>();
      let told = false;
      let promised = false;
      await until(async () => {
        const page = toPage(await feed.pull());
        for (const id of idsOf(page)) seen.add(id);
        const came = page.deliveries.length > 0 || page.receipt !== undefined;
        check(came || !promised, "what `more: true` has promised comes");
        check(page.more !== false || seen.size >= many, "`more: false` although there is more");
        promised = page.more === true;
        told ||= page.more !== undefined;
        await ackAll(feed, page);
        return seen.size >= many && !promised;
      }, "all can be pulled and acknowledged");
      if (!told) throw new Skip("notDeclared", "no page tells whether there is more");
    },
  },
  {
    id: "B10",
    title: "a page that holds nothing of the feed's is not the end: what is behind it comes",
    declared: ({ acks }) => acks === "cumulative",
    needs: ["publishElsewhere"],
    async run({ feed, harness, publish, many, reopen, readAll, readOpen }) {
      const first = await publish(1);
      await harness.publishElsewhere?.(many);
      const ids = [...first, ...(await publish(1))];
      if (feed.pulls === "onward") equal(idsOf(await readOpen(feed, 2)), ids, "read onward");
      equal(idsOf(await readAll(await reopen(), 2)), ids, "and acknowledged by hand");
    },
  },
  {
    id: "B11",
    title: "events that are too large for one page come in smaller ones, and those behind them",
    needs: ["publishLarge"],
    async run({ feed, harness, publish, readAll }) {
      const first = await publish(1);
      const large = (await harness.publishLarge?.(3)) ?? [];
      const ids = [...first, ...large, ...(await publish(1))];
      equal(idsOf(await readAll(feed, ids.length)), ids, "each is read, in order");
    },
  },
  {
    id: "B12",
    title: "an event that is too large for any page is brought all the same, or ends the run",
    needs: ["publishTooLarge"],
    async run({ feed, harness, publish, until }) {
      await publish(1);
      const large = (await harness.publishTooLarge?.()) ?? "";
      const [last = ""] = await publish(1);
      const seen: string[] = [];
      let isOver = false;
      await until(async () => {
        const page = await feed.pull().catch((error: unknown) => {
          isOver = isAckloopError(error) && isFatal(error);
          return [];
        });
        seen.push(...idsOf(page));
        await ackAll(feed, page);
        return isOver || seen.includes(last);
      }, "it is brought, or an error says that no repeating mends it");
      const isBrought = seen.includes(large) || seen.includes("unreadable");
      check(isOver || isBrought, "it is not passed over in silence");
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
