import { isAckloopError } from "../../core/errors.ts";
import { sleep } from "../../core/sleep.ts";
import { drain } from "../../loop/consume.ts";
import { done } from "../../loop/outcome.ts";
import { check, equal, typedError } from "./asserts.ts";
import type { Bench } from "./bench.ts";
import type { FeedLaw } from "./law.ts";
import { finish, fired, gate, Ledger, letterBox, quick, start, watch } from "./watched.ts";

/** Starts a run on one event, and waits until its handler waits for its signal. */
async function startUntilSignal(bench: Bench, ledger: Ledger, count: number, options = {}) {
  const ids = await bench.publish(count);
  const handler = ledger.keep(async ({ id }, { signal }) => {
    await fired(signal);
    return id === ids[0] ? done() : undefined;
  });
  const started = start(bench, bench.feed, handler, { concurrency: count, ...options });
  await started.until(() => ledger.started.length === count, "the handlers start");
  return { ids, started };
}

/** How a run ends: conformance.md part H. */
export const loopStoppingLaws: readonly FeedLaw[] = [
  {
    id: "H3",
    title: "after a stop no handler starts",
    async run(bench) {
      await bench.publish(bench.few);
      const ledger = new Ledger();
      const hold = gate();
      const started = start(
        bench,
        bench.feed,
        ledger.keep(() => hold.opened),
      );
      await started.until(() => ledger.started.length === 1, "the first handler starts");
      const ending = finish(started);
      await sleep(20);
      hold.open();
      const summary = await ending;
      equal([ledger.started.length, summary.handled], [1, 1], "one was started, and ended");
    },
  },
  {
    id: "H4",
    title: "at a stop, handlers at work may end, and their acks go out though pulling is cut",
    async run(bench) {
      const ids = await bench.publish(1);
      const ledger = new Ledger();
      const hold = gate();
      const { feed, acks } = watch(bench.feed);
      const started = start(
        bench,
        feed,
        ledger.keep(() => hold.opened),
      );
      await started.until(() => ledger.started.length === 1, "the handler starts");
      const ending = finish(started);
      await sleep(20);
      hold.open();
      const summary = await ending;
      await bench.settles(ids, "its event is acknowledged");
      equal([summary.stopped, summary.handled, summary.acked], ["signal", 1, 1], "and counted");
      equal(
        acks.map(({ wasCut }) => wasCut),
        [false],
        "by one ack, whose signal is alive",
      );
    },
  },
  {
    id: "H5",
    title: "a stop ends in its time: the handlers' signal fires, and what is open is told",
    async run(bench) {
      const { few } = bench;
      await bench.publish(few);
      const signals: AbortSignal[] = [];
      const hold = gate();
      const started = start(
        bench,
        bench.feed,
        async (_, { signal }) => {
          signals.push(signal);
          await hold.opened;
        },
        { concurrency: few, reserveMs: 100 },
      );
      await started.until(() => signals.length === few, "the handlers start");
      const began = performance.now();
      const summary = await finish(started, 300);
      const elapsedMs = performance.now() - began;
      check(elapsedMs < 300 + bench.patienceMs / 2, "it ends close to its time");
      check(
        signals.every(({ aborted }) => aborted),
        "every handler's signal has fired",
      );
      equal(summary.unsettled, few, "the summary tells what is unsettled");
      equal(await bench.acked(), [], "and nothing is acknowledged");
      hold.open();
    },
  },
  {
    id: "H6",
    title: "a stop is no failed attempt: nothing is counted, nothing is dead-lettered",
    async run(bench) {
      const ids = await bench.publish(1);
      const { store, letters } = letterBox();
      const ledger = new Ledger();
      const handler = ledger.keep(async (_, { signal }) => {
        await fired(signal);
        throw signal.reason;
      });
      const retry = { attempts: 1 };
      const options = {
        retry,
        deadLetters: store,
        consumer: bench.feed.consumer ?? "kit",
        reserveMs: 200,
      };
      const started = start(bench, bench.feed, handler, options);
      await started.until(() => ledger.started.length === 1, "the handler starts");
      const { retried, deadLettered, unsettled } = await finish(started, 400);
      equal([retried, deadLettered, unsettled], [0, 0, 1], "it is left as it was");
      equal([letters.length, await bench.acked()], [0, []], "in the stores too");
      const [again] = await bench.pullSome(await bench.reopen());
      equal(again?.event?.id, ids[0], "and it comes again");
    },
  },
  {
    id: "H7",
    title: "after its signal a handler's bare return says nothing, and done() says done",
    async run(bench) {
      const ledger = new Ledger();
      const { ids, started } = await startUntilSignal(bench, ledger, 2, { reserveMs: 1_000 });
      const summary = await finish(started, 1_200);
      equal([summary.handled, summary.unsettled], [1, 1], "one is done, one unsettled");
      check(!(await bench.acked()).includes(ids[1] ?? ""), "the bare return is not acknowledged");
    },
  },
  {
    id: "H8",
    title: "a stop from inside a handler does not hang, and every stop gives the same result",
    async run(bench) {
      const ids = await bench.publish(bench.few);
      const ledger = new Ledger();
      const ends: PromiseLike<unknown>[] = [];
      const started = start(
        bench,
        bench.feed,
        ledger.keep(({ id }) => {
          if (id === ids.at(-1)) ends.push(started.run.stop(), started.run.stop());
        }),
      );
      await started.until(() => ends.length > 0, "the last handler runs");
      const summary = await started.run;
      const all = await Promise.all([...ends, started.run.stop()]);
      check(
        all.every((each) => each === summary),
        "the same summary for everybody",
      );
      await bench.settles(ids, "what was handled is acknowledged at the end");
    },
  },
  {
    id: "H9",
    title: "a stop cuts a pull that waits",
    declared: ({ waits }) => waits === true,
    async run(bench) {
      const { feed, pulls } = watch(bench.feed);
      const started = start(bench, feed, () => {}, { waitMs: 50_000 });
      await started.until(() => pulls.length > 0, "it pulls");
      const began = performance.now();
      await finish(started);
      check(performance.now() - began < bench.patienceMs, "it ends soon");
      check(pulls.at(-1)?.options.signal?.aborted === true, "the pull's signal has fired");
    },
  },
  {
    id: "H10a",
    title: "drain ends when the feed is empty, with everything acknowledged",
    async run(bench) {
      const { few } = bench;
      const ids = await bench.publish(few);
      const summary = await drain(bench.feed, () => {}, { ...quick, signal: bench.over });
      const { stopped, pulled, handled, acked, unsettled, noProgress } = summary;
      equal([stopped, pulled, handled], ["empty", few, few], "all are handled");
      equal([acked, unsettled, noProgress], [few, 0, false], "and acknowledged");
      await bench.settles(ids, "the provider agrees");
    },
  },
  {
    id: "H10b",
    title: "drain ends at its limit, or at the next receipt",
    async run(bench) {
      const { many, harness } = bench;
      const ids = await bench.publish(many);
      const summary = await drain(bench.feed, () => {}, { ...quick, signal: bench.over, limit: 1 });
      const { stopped, handled, acked } = summary;
      equal([stopped, handled], ["limit", acked], "what is handled is acknowledged");
      check(handled >= 1 && handled <= (harness.pageSize ?? 100), "and is one page at most");
      await bench.settles(ids.slice(0, handled), "the provider agrees");
    },
  },
  {
    id: "H10c",
    title: "drain ends when its signal fires",
    async run(bench) {
      await bench.publish(bench.few);
      const controller = new AbortController();
      const handler = (): void => controller.abort();
      const summary = await drain(bench.feed, handler, { ...quick, signal: controller.signal });
      equal([summary.stopped, summary.handled], ["signal", 1], "after the handler at work");
    },
  },
  {
    id: "H10d",
    title: "drain ends at its deadline, with time kept for the acks",
    async run(bench) {
      await bench.publish(bench.few);
      const began = Date.now();
      let firedAt = 0;
      const summary = await drain(
        bench.feed,
        async (_, { signal }) => {
          await fired(signal);
          firedAt = Date.now();
        },
        { ...quick, signal: bench.over, deadline: began + 1_000, reserveMs: 600 },
      );
      equal([summary.stopped, summary.handled], ["deadline", 0], "nothing is handled");
      check(firedAt - began >= 300, "handlers have their time");
      const expected = bench.feed.acks === "cumulative";
      equal(summary.noProgress, expected, "a cumulative feed tells that it did not move");
      equal(await bench.acked(), [], "nothing is acknowledged");
    },
  },
  {
    id: "H10e",
    title: "drain halts when an event cannot be settled, and acknowledges nothing of it",
    async run(bench) {
      await bench.publish(1);
      const handler = (): never => {
        throw new Error("it cannot be done");
      };
      const options = { ...quick, signal: bench.over, retry: { attempts: 1 } };
      const draining = drain(bench.feed, handler, options);
      const error = await typedError(draining, "a drain without a way out", ["halted"]);
      check(isAckloopError(error) && error.summary?.unsettled === 1, "it carries the summary");
      equal(await bench.acked(), [], "nothing is acknowledged");
    },
  },
  {
    id: "H11",
    title: "the end of an `await using` block stops the run",
    async run(bench) {
      const ids = await bench.publish(bench.few);
      const ledger = new Ledger();
      const started = start(
        bench,
        bench.feed,
        ledger.keep(() => {}),
      );
      await started.until(() => ledger.finished.size === bench.few, "all are handled");
      await started.run[Symbol.asyncDispose]();
      equal(started.run.health().state, "ended", "the run has ended");
      await bench.settles(ids, "and everything is acknowledged");
    },
  },
];
