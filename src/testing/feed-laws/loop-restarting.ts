import { sleep } from "../../core/sleep.ts";
import { drain } from "../../loop/consume.ts";
import { check, equal, sameSet, seeded } from "./asserts.ts";
import type { FeedLaw } from "./law.ts";
import { aWhile, finish, fired, Ledger, quick, runThrough, start } from "./watched.ts";

/** What survives restarts and outages: conformance.md part G. */
export const loopRestartingLaws: readonly FeedLaw[] = [
  {
    id: "G1",
    title: "what was not done before a restart comes again, and what was acknowledged does not",
    async run(bench) {
      const { publish, acked, reopen, few } = bench;
      const ids = await publish(few);
      const failing = ids.filter((_, index) => index === 2 || index === few - 1);
      const first = new Ledger();
      const handler = first.keep(async ({ id }, { signal }) => {
        if (!failing.includes(id)) return;
        await fired(signal);
        throw signal.reason;
      });
      const started = start(bench, bench.feed, handler, { concurrency: few, reserveMs: 500 });
      await started.until(
        () => first.finished.size === few - failing.length && first.started.length === few,
        "the others are handled",
      );
      await aWhile();
      await finish(started, 700);
      const before = await acked();
      const second = new Ledger();
      await runThrough(
        bench,
        await reopen(),
        second.keep(() => {}),
        ids,
      );
      const missing = failing.filter((id) => !second.finished.has(id));
      equal(missing, [], "what failed is handled after the restart");
      const repeated = before.filter((id) => second.finished.has(id));
      equal(repeated, [], "what was acknowledged before is not");
    },
  },
  {
    id: "G3",
    title: "through many stops and starts under load every event is handled",
    async run(bench) {
      const { publish, acked, reopen, many } = bench;
      const ids = await publish(Math.min(many, 60));
      const random = seeded(11);
      const all = new Set<string>();
      let feed = bench.feed;
      for (let round = 0; round < 5; round += 1) {
        const ledger = new Ledger();
        const handler = ledger.keep(() => sleep(random() * 4));
        const started = start(bench, feed, handler, { concurrency: 3, reserveMs: 200 });
        const enough = async () =>
          ledger.finished.size >= 3 || (await acked()).length === ids.length;
        await started.until(enough, "each run gets on");
        await finish(started, 400);
        for (const id of ledger.finished) all.add(id);
        feed = await reopen();
      }
      const last = new Ledger();
      await runThrough(
        bench,
        feed,
        last.keep(() => {}),
        ids,
        { concurrency: 3 },
      );
      sameSet([...all, ...last.finished], ids, "every event was handled at least once");
    },
  },
  {
    id: "G4",
    title: "a provider that is gone for a while in the middle of a run loses nothing",
    needs: ["failPull"],
    async run(bench) {
      const { harness, publish, many } = bench;
      const ids = await publish(many);
      const ledger = new Ledger();
      const handler = ledger.keep(() => {
        if (ledger.started.length !== 3) return;
        harness.failPull?.({ kind: "cut", count: 4 });
        harness.failAck?.({ kind: "cut", count: 4 });
      });
      await runThrough(bench, bench.feed, handler, ids, { concurrency: 2 });
      sameSet(ledger.finished, ids, "every event is handled");
      equal(ledger.twice, [], "and none twice at once");
    },
  },
  {
    id: "L6",
    title:
      "a run does not end at a page that holds nothing of the feed's, and acknowledges over it",
    declared: ({ acks }) => acks === "cumulative",
    needs: ["publishElsewhere"],
    async run(bench) {
      const { feed, harness, publish, many } = bench;
      const first = await publish(1);
      await harness.publishElsewhere?.(many);
      const ids = [...first, ...(await publish(1))];
      const ledger = new Ledger();
      const handler = ledger.keep(() => {});
      const { stopped } = await drain(feed, handler, { ...quick, signal: bench.over });
      equal([stopped, ledger.started], ["empty", ids], "a drain ends behind it");
      await bench.settles(ids, "and everything is acknowledged");
    },
  },
  {
    id: "G5",
    title: "handlers that fail by chance are run again until each event is done",
    async run(bench) {
      const { publish, many } = bench;
      const ids = await publish(Math.min(many, 60));
      const random = seeded(10);
      let failures = 0;
      const ledger = new Ledger();
      const handler = ledger.keep(async () => {
        await sleep(1);
        if (random() >= 0.1) return;
        failures += 1;
        throw new Error("fails by chance");
      });
      const retry = { attempts: 50, minDelayMs: 1, maxDelayMs: 5 };
      const { summary } = await runThrough(bench, bench.feed, handler, ids, { retry });
      sameSet(ledger.finished, ids, "each event is done in the end");
      equal([summary.handled, summary.retried], [ids.length, failures], "and counted");
      check(ledger.started.length === ids.length + failures, "no handler ran without need");
    },
  },
];
