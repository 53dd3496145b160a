import type { DedupeStore, EventKey } from "../../core/stores.ts";
import {
  check,
  cut,
  equal,
  freshEventKey,
  letPass,
  letShortEnd,
  longMs,
  oddEventKeys,
  refused,
  type StoreLaw,
  shortMs,
} from "./law.ts";

/** The laws of a `DedupeStore`. */
export const dedupeLaws: readonly StoreLaw<"dedupe">[] = [
  {
    id: "dedupe.busy",
    title: "gives an event to the first, and tells the others for how long it is in work",
    async run({ stores, others }) {
      const key = freshEventKey();
      const first = await stores.dedupe.begin(key, longMs);
      check(first.status === "begun" && first.starts === 1, "the first begins it, as start 1");
      const second = await others.dedupe.begin(key, longMs);
      check(second.status === "busy", "the second finds it in work");
      const { endsInMs } = second;
      check(endsInMs > longMs / 2 && endsInMs <= longMs, "and when the mark ends");
    },
  },
  {
    id: "dedupe.again",
    title: "gives an event again to a begin that is repeated with its own mark, as the same start",
    async run(harness) {
      const { stores, others } = harness;
      const key = freshEventKey();
      const mark = crypto.randomUUID();
      for (const dedupe of [stores.dedupe, others.dedupe]) {
        const begun = { status: "begun", mark, starts: 1 } as const;
        equal(await dedupe.begin(key, shortMs, { mark }), begun, "a repeat is the same start");
      }
      await letShortEnd(harness);
      const late = await stores.dedupe.begin(key, longMs, { mark });
      check(late.status === "begun" && late.starts === 1, "also when the mark has ended");
      equal((await others.dedupe.begin(key, longMs)).status, "busy", "another finds it in work");
      check(await stores.dedupe.finish(key, mark, { retentionMs: longMs }), "it is finished");
      equal(await stores.dedupe.begin(key, longMs, { mark }), { status: "done" }, "done is done");
    },
  },
  {
    id: "dedupe.race",
    title: "gives an event to one of many that begin it at a time",
    async run({ stores, others }) {
      const key = freshEventKey();
      const callers = [stores, others, stores, others, stores, others];
      const found = await Promise.all(callers.map(({ dedupe }) => dedupe.begin(key, longMs)));
      const begun = found.filter(({ status }) => status === "begun");
      equal(begun.length, 1, "exactly one begins it");
    },
  },
  {
    id: "dedupe.done",
    title: "remembers a finished event for the retention, and no longer",
    async run(harness) {
      const { stores, others } = harness;
      const [kept, over] = [freshEventKey(), freshEventKey()];
      check(await finish(stores.dedupe, kept, longMs), "a finish is taken");
      equal(await others.dedupe.begin(kept, longMs), { status: "done" }, "it is done for all");
      check(await finish(stores.dedupe, over, shortMs), "a finish is taken");
      await letShortEnd(harness);
      const again = await others.dedupe.begin(over, longMs);
      check(again.status === "begun", "after the retention it is begun again");
      equal(again.starts, 1, "and its starts are counted anew");
      equal(await others.dedupe.begin(kept, longMs), { status: "done" }, "it stays done");
    },
  },
  {
    id: "dedupe.forget",
    title: "frees an event whose handler has ended, and takes its start back",
    async run({ stores, others }) {
      const key = freshEventKey();
      for (let time = 1; time <= 3; time += 1) {
        const begun = await stores.dedupe.begin(key, longMs);
        check(begun.status === "begun", "it is free at once");
        equal(begun.starts, 1, "only starts that never ended are counted");
        await others.dedupe.forget(key, begun.mark);
        await others.dedupe.forget(key, begun.mark);
        check(!(await stores.dedupe.finish(key, begun.mark, { retentionMs: longMs })), "not done");
      }
    },
  },
  {
    id: "dedupe.forgotten",
    title: "never sets a mark again that was forgotten, however late its begin comes",
    async run({ stores, others }) {
      const key = freshEventKey();
      const late = { status: "busy", endsInMs: 0 };
      const marks = ["a", "it's b", "c"].map((text) => `${text} ${crypto.randomUUID()}`);
      for (const mark of marks) {
        await stores.dedupe.forget(key, mark);
        equal(await others.dedupe.begin(key, longMs, { mark }), late, "forgotten before it came");
        await others.dedupe.begin(key, longMs, { mark: `${mark}, begun` });
        await stores.dedupe.forget(key, `${mark}, begun`);
      }
      for (const mark of marks.flatMap((text) => [text, `${text}, begun`])) {
        equal(await others.dedupe.begin(key, longMs, { mark }), late, "each of them stays so");
        check(!(await others.dedupe.renew(key, mark, longMs)), "it is not set");
      }
      const begun = await stores.dedupe.begin(key, longMs);
      check(begun.status === "begun", "it hinders no other mark");
      equal(begun.starts, 1, "and no start is counted");
      await stores.dedupe.forget(key, marks[0] ?? "");
      check(await others.dedupe.renew(key, begun.mark, longMs), "nor is another mark harmed");
    },
  },
  {
    id: "dedupe.hundred",
    title: "knows the last hundred marks of an event that were forgotten",
    async run({ stores, others }) {
      const key = freshEventKey();
      const marks = Array.from({ length: 100 }, (_, at) =>
        `${at} ${crypto.randomUUID()}`.padEnd(at % 7 === 0 ? 500 : 0, "m"),
      );
      for (const mark of marks) await stores.dedupe.forget(key, mark);
      for (const mark of marks) {
        const late = await others.dedupe.begin(key, longMs, { mark });
        equal(late, { status: "busy", endsInMs: 0 }, "none of them is set again");
      }
    },
  },
  {
    id: "dedupe.told",
    title: "never tells a longer time than the mark was asked for",
    async run({ stores, others }) {
      for (const markMs of [longMs, 1000.4]) {
        const key = freshEventKey();
        const mark = await markOf(stores.dedupe, key, longMs);
        check(await stores.dedupe.renew(key, mark, markMs), "a mark is renewed for less, too");
        const found = await others.dedupe.begin(key, longMs * 2);
        check(found.status === "busy" && found.endsInMs <= markMs, "the time that is told");
      }
    },
  },
  {
    id: "dedupe.killed",
    title: "frees an event when the mark of a killed handler ends, and counts its start",
    async run(harness) {
      const key = freshEventKey();
      for (const starts of [1, 2, 3]) {
        const begun = await harness.stores.dedupe.begin(key, shortMs);
        check(begun.status === "begun", "it is free when the mark has ended");
        equal(begun.starts, starts, "every start is counted");
        await letShortEnd(harness);
      }
    },
  },
  {
    id: "dedupe.taken",
    title: "refuses whoever comes back after another has begun the event",
    async run(harness) {
      const { stores, others } = harness;
      const key = freshEventKey();
      const old = await markOf(stores.dedupe, key, shortMs);
      await letShortEnd(harness);
      const mark = await markOf(others.dedupe, key, longMs);
      check(old !== mark, "every start has a mark of its own");
      check(!(await stores.dedupe.renew(key, old, longMs)), "the old mark is not renewed");
      const late = await stores.dedupe.begin(key, longMs, { mark: old });
      equal(late.status, "busy", "and begins it no more");
      const retentionMs = longMs;
      check(!(await stores.dedupe.finish(key, old, { retentionMs })), "the old one cannot finish");
      await stores.dedupe.forget(key, old);
      equal((await stores.dedupe.begin(key, longMs)).status, "busy", "the new mark still stands");
      check(await others.dedupe.finish(key, mark, { retentionMs }), "the new one finishes");
    },
  },
  {
    id: "dedupe.late",
    title: "takes what was done after the mark ended, as long as no other has begun it",
    async run(harness) {
      const { stores, others } = harness;
      const key = freshEventKey();
      const mark = await markOf(stores.dedupe, key, shortMs);
      await letShortEnd(harness);
      check(await stores.dedupe.finish(key, mark, { retentionMs: longMs }), "a late finish counts");
      equal(await others.dedupe.begin(key, longMs), { status: "done" }, "it is done");
      const second = freshEventKey();
      const ended = await markOf(stores.dedupe, second, shortMs);
      await letShortEnd(harness);
      check(await stores.dedupe.renew(second, ended, longMs), "a late renewal counts");
      equal((await others.dedupe.begin(second, longMs)).status, "busy", "it is in work again");
    },
  },
  {
    id: "dedupe.repeat",
    title: "takes a repeated finish for a success, and lets nothing undo it",
    async run({ stores, others }) {
      const key = freshEventKey();
      const mark = await markOf(stores.dedupe, key, longMs);
      for (const store of [stores, others]) {
        check(await store.dedupe.finish(key, mark, { retentionMs: longMs }), "it is finished");
      }
      check(!(await stores.dedupe.renew(key, mark, longMs)), "what is done is not renewed");
      await stores.dedupe.forget(key, mark);
      equal(await others.dedupe.begin(key, longMs), { status: "done" }, "nor forgotten");
    },
  },
  {
    id: "dedupe.renew",
    title: "lengthens a mark",
    async run(harness) {
      const { stores, others } = harness;
      const key = freshEventKey();
      const mark = await markOf(stores.dedupe, key, shortMs * 10);
      check(await stores.dedupe.renew(key, mark, longMs), "the mark is renewed");
      await letPass(harness, shortMs * 12);
      equal((await others.dedupe.begin(key, longMs)).status, "busy", "it is still in work");
    },
  },
  {
    id: "dedupe.keys",
    title: "keeps every event of every reader apart, whatever their names and ids are",
    async run({ stores, others }) {
      const keys = oddEventKeys();
      for (const one of keys) {
        equal((await stores.dedupe.begin(one, longMs)).status, "begun", "each is begun once");
      }
      for (const one of keys) {
        equal((await others.dedupe.begin(one, longMs)).status, "busy", "each is in work");
      }
    },
  },
  {
    id: "dedupe.arguments",
    title: "refuses wrong arguments",
    async run({ stores: { dedupe } }) {
      const key = freshEventKey();
      await refused(() => dedupe.begin({ ...key, identity: "" }, 1), "config", "a wrong key");
      await refused(() => dedupe.begin(key, 1, { mark: "" }), "config", "a wrong mark");
      for (const ms of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "1" as never]) {
        await refused(() => dedupe.begin(key, ms), "config", "a wrong time of a mark");
        await refused(() => dedupe.renew(key, "mark", ms), "config", "a wrong time of a renewal");
      }
      const bad = { retentionMs: -1 };
      await refused(() => dedupe.finish(key, "mark", bad), "config", "a wrong retention");
      const transaction = "none";
      const options = { retentionMs: 1, transaction };
      await refused(() => dedupe.finish(key, "mark", options), "config", "a wrong transaction");
      const first = await dedupe.begin(key, longMs);
      check(first.status === "begun" && first.starts === 1, "what was refused wrote nothing");
      check(!(await dedupe.renew(key, "no mark'\0", 1)), "a mark nobody gave is refused");
      const unknown = freshEventKey();
      const isOurs = await dedupe.finish(unknown, first.mark, { retentionMs: longMs });
      check(!isOurs, "what nobody has begun is not finished");
      equal((await dedupe.begin(unknown, longMs)).status, "begun", "and is begun as ever");
    },
  },
  {
    id: "dedupe.cut",
    title: "leaves with the reason of a signal that has fired before, and does nothing",
    async run(harness) {
      const { dedupe } = harness.stores;
      const key = freshEventKey();
      await cut((call) => dedupe.begin(key, longMs, call), "begin");
      const mark = await markOf(dedupe, key, shortMs * 10);
      await cut((call) => dedupe.renew(key, mark, longMs, call), "renew");
      await cut((call) => dedupe.finish(key, mark, { retentionMs: longMs, ...call }), "finish");
      await cut((call) => dedupe.forget(key, mark, call), "forget");
      equal((await dedupe.begin(key, longMs)).status, "busy", "neither finished nor forgotten");
      await letPass(harness, shortMs * 12);
      const begun = await dedupe.begin(key, longMs);
      check(begun.status === "begun" && begun.starts === 2, "neither renewed nor begun more");
    },
  },
];

async function markOf(dedupe: DedupeStore, key: EventKey, markMs: number): Promise<string> {
  const begun = await dedupe.begin(key, markMs);
  check(begun.status === "begun", "the event is begun");
  return begun.mark;
}

async function finish(dedupe: DedupeStore, key: EventKey, retentionMs: number): Promise<boolean> {
  return await dedupe.finish(key, await markOf(dedupe, key, longMs), { retentionMs });
}
