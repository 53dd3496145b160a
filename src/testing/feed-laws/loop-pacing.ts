import type { Feed } from "../../core/feed.ts";
import { identityOf } from "../../core/identity.ts";
import type { Report } from "../../core/report.ts";
import { sleep } from "../../core/sleep.ts";
import { check, equal, rejection, seeded, typedError } from "./asserts.ts";
import type { FeedLaw } from "./law.ts";
import { aWhile, finish, gate, Ledger, quick, runThrough, start, watch } from "./watched.ts";

const idle = { minDelayMs: 20, maxDelayMs: 160 };

/** The waits that reports of one kind tell of. */
function delaysOf(reports: readonly Report[], kind: "idle" | "pollFailed"): readonly number[] {
  return reports.flatMap((report) => (report.kind === kind ? [report.delayMs] : []));
}

/** Whether a report tells of a pull that brought something new. */
function isFresh(report: Report): boolean {
  return report.kind === "pulled" && report.fresh > 0;
}

/** The waits after pulls that brought nothing; what such a pull took is waited already. */
function waitsOf(reports: readonly Report[]): readonly Wait[] {
  const waits: Wait[] = [];
  let spentMs = 0;
  for (const report of reports) {
    if (report.kind === "pulled") spentMs = report.elapsedMs;
    if (report.kind === "idle") waits.push({ delayMs: report.delayMs, spentMs });
  }
  return waits;
}

/** A wait before a poll, and how much of it had passed when it began. */
interface Wait {
  readonly delayMs: number;
  readonly spentMs: number;
}

/** Fails unless the waits grow from the shortest to the longest, and each is jittered. */
function checkBackoff(waits: readonly Wait[]): void {
  for (const [index, { delayMs, spentMs }] of waits.entries()) {
    const full = Math.min(idle.maxDelayMs, idle.minDelayMs * 2 ** index);
    const fits = delayMs + spentMs >= full / 2 && delayMs <= full;
    check(fits, `wait ${index + 1} is between half and whole`);
  }
  const lengths = new Set(waits.map(({ delayMs, spentMs }) => delayMs + spentMs));
  check(lengths.size === waits.length, "no two waits are alike");
}

/** A cumulative list: the page at work is all that a second pull could bring. */
const waitsForPage = ({ acks, pulls }: Feed): boolean =>
  acks === "cumulative" && pulls === "unacked";

/** How the loop paces itself, and what bounds it: conformance.md parts C, E8, I6 and L. */
export const loopPacingLaws: readonly FeedLaw[] = [
  {
    id: "C5",
    title: "an empty feed is polled by a growing, jittered wait that snaps back on the first event",
    async run(bench) {
      const { feed, pulls } = watch(bench.feed);
      const ledger = new Ledger();
      const started = start(
        bench,
        feed,
        ledger.keep(() => {}),
        { idle, waitMs: 0 },
      );
      try {
        await started.until(
          () => delaysOf(started.reports, "idle").length >= 5,
          "it goes on polling",
        );
        const waits = waitsOf(started.reports);
        checkBackoff(waits);
        check(pulls.length <= waits.length + 1, "no poll without its wait");
        await bench.publish(1);
        await started.until(() => ledger.finished.size === 1, "the event is handled");
        const since = () => started.reports.slice(started.reports.findIndex(isFresh));
        await started.until(() => delaysOf(since(), "idle").length > 0, "it goes on polling");
        const [next = 0] = delaysOf(since(), "idle");
        check(next <= idle.minDelayMs, "the wait is the shortest again");
      } finally {
        await finish(started);
      }
    },
  },
  {
    id: "C6",
    title: "a provider that fails is polled by the same wait, and the loop goes on when it is back",
    needs: ["failPull", "heal"],
    async run(bench) {
      const { harness } = bench;
      const { feed, pulls } = watch(bench.feed);
      const ledger = new Ledger();
      harness.failPull?.({ kind: "status", status: 503 });
      const started = start(
        bench,
        feed,
        ledger.keep(() => {}),
        { idle, waitMs: 0 },
      );
      try {
        const failures = () => delaysOf(started.reports, "pollFailed");
        await started.until(() => failures().length >= 5, "it goes on polling");
        checkBackoff(failures().map((delayMs) => ({ delayMs, spentMs: 0 })));
        check(pulls.length <= failures().length + 1, "no poll without its wait");
        harness.heal?.();
        const ids = await bench.publish(1);
        await bench.settles(ids, "it goes on when the provider is back");
      } finally {
        await finish(started);
      }
    },
  },
  {
    id: "E8",
    title: "the window of open events is bounded: at the limit pulling stops and a report says why",
    async run(bench) {
      const { publish, harness } = bench;
      const ids = await publish(24);
      const maxInFlight = 8;
      const ledger = new Ledger();
      const hold = gate();
      let first: string | undefined;
      const handler = ledger.keep((event) => {
        if (event.id === ids[0]) first = identityOf(event);
        return hold.opened;
      });
      const started = start(bench, bench.feed, handler, { concurrency: 100, maxInFlight });
      try {
        await started.until(() => ledger.started.length > 0, "handlers start");
        await aWhile();
        const open = ledger.started.length;
        const page = waitsForPage(bench.feed) ? (harness.pageSize ?? 100) : 0;
        check(open <= Math.max(maxInFlight, page), `at most ${maxInFlight} are open, or one page`);
        const told = started.reports.find((report) => report.kind === "windowFull");
        if (open >= maxInFlight && page === 0) {
          equal(told?.kind === "windowFull" && told.heldBy, first, "who holds the window");
        }
        hold.open();
        await bench.settles(ids, "when it moves again, all are handled");
      } finally {
        hold.open();
        await finish(started);
      }
    },
  },
  {
    id: "I6",
    title: "refused credentials end the run with the cause; it does not spin",
    needs: ["failPull"],
    async run(bench) {
      bench.harness.failPull?.({ kind: "status", status: 403 });
      const { feed, pulls } = watch(bench.feed);
      const started = start(bench, feed, () => {});
      const ended = Promise.race([started.run, sleep(bench.patienceMs)]);
      const error = await typedError(ended, "a run whose credentials are refused", ["auth"]);
      check(error.summary !== undefined, "the error carries the summary");
      check(pulls.length <= 2, "it does not spin");
      await rejection(finish(started), "stopping it afterwards gives the same error");
    },
  },
  {
    id: "L5",
    title: "never two events of one key at once, each key in order, and other keys go on",
    async run(bench) {
      const { publish } = bench;
      const ids = await publish(21);
      const random = seeded(7);
      const keyOf = (id: string): number => ids.indexOf(id) % 3;
      const atWork = new Set<number>();
      const order: string[] = [];
      let together = 0;
      const problems: string[] = [];
      const ledger = new Ledger();
      const handler = ledger.keep(async ({ id }) => {
        const key = keyOf(id);
        if (atWork.has(key)) problems.push(id);
        atWork.add(key);
        together = Math.max(together, atWork.size);
        order.push(id);
        await sleep(2 + random() * 6);
        atWork.delete(key);
      });
      await runThrough(bench, bench.feed, handler, ids, {
        ...quick,
        concurrency: 6,
        orderBy: ({ id }) => keyOf(id),
      });
      equal(problems, [], "no two of one key at once");
      for (const key of [0, 1, 2]) {
        const ofKey = (list: readonly string[]) => list.filter((id) => keyOf(id) === key);
        equal(ofKey(order), ofKey(ids), `key ${key} in order`);
      }
      check(together > 1, "different keys are handled together");
    },
  },
];
