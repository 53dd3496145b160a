import type { LeaseStore, ListQuery, StoreKey } from "../../core/stores.ts";
import {
  check,
  cut,
  equal,
  freshKey,
  isPlaceOf,
  letPass,
  letShortEnd,
  longMs,
  oddKeys,
  oddTexts,
  refused,
  type StoreLaw,
  shortMs,
  walkAll,
  wrongLists,
} from "./law.ts";

/** The laws of a `LeaseStore`. */
export const leaseLaws: readonly StoreLaw<"leases">[] = [
  {
    id: "lease.one",
    title: "has one holder, and tells the others for how long",
    async run({ stores, others }) {
      const key = freshKey();
      const fence = await fenceOf(stores.leases, key, "a", longMs);
      const taken = await others.leases.acquire(key, "b", longMs);
      check(taken.status === "taken", "a second holder is refused");
      const { endsInMs, holder = "a" } = taken;
      equal(holder, "a", "is told by whom, where the store tells it");
      check(endsInMs > longMs / 2 && endsInMs <= longMs, "and is told when the lease ends");
      check(!(await others.leases.renew(key, fence + 1, longMs)), "a stranger cannot renew");
      await others.leases.release(key, fence + 1);
      equal(
        (await others.leases.acquire(key, "b", 1)).status,
        "taken",
        "a stranger cannot release",
      );
      check(await others.leases.renew(key, fence, longMs), "whoever has the fence renews");
    },
  },
  {
    id: "lease.again",
    title: "is granted anew to its holder, whose older grant is then over",
    async run({ stores, others }) {
      const key = freshKey();
      const old = await fenceOf(stores.leases, key, "a", longMs);
      const fence = await fenceOf(stores.leases, key, "a", longMs);
      check(fence > old, "the new grant has a greater fence");
      check(!(await others.leases.renew(key, old, 1)), "a late renewal by the old one is refused");
      await others.leases.release(key, old);
      const taken = await others.leases.acquire(key, "b", 1);
      check(taken.status === "taken", "a late release by the old one frees nothing");
      check(taken.endsInMs > longMs / 2, "and neither shortens the new grant");
      check(await stores.leases.renew(key, fence, longMs), "the new grant is renewed");
    },
  },
  {
    id: "lease.race",
    title: "goes to one of many that acquire it at a time",
    async run({ stores, others }) {
      const key = freshKey();
      const callers = [stores, others, stores, others, stores, others];
      const grants = await Promise.all(
        callers.map(({ leases }, at) => leases.acquire(key, `holder ${at}`, longMs)),
      );
      equal(grants.filter(({ status }) => status === "held").length, 1, "exactly one holds it");
    },
  },
  {
    id: "lease.fence",
    title: "ends by itself, and the next holder's fence is greater",
    async run(harness) {
      const { stores, others } = harness;
      const key = freshKey();
      const first = await fenceOf(stores.leases, key, "a", shortMs);
      await letShortEnd(harness);
      const second = await fenceOf(others.leases, key, "b", longMs);
      check(second > first, "the fence grows with the holder");
      check(!(await stores.leases.renew(key, first, longMs)), "the old holder cannot renew");
      await stores.leases.release(key, first);
      equal((await stores.leases.acquire(key, "a", 1)).status, "taken", "nor free another's lease");
      check(await others.leases.renew(key, second, longMs), "the new holder is unharmed");
    },
  },
  {
    id: "lease.ended",
    title: "is not renewed once it has ended, and is acquired anew with a greater fence",
    async run(harness) {
      const { leases } = harness.stores;
      const key = freshKey();
      const first = await fenceOf(leases, key, "a", shortMs);
      await letShortEnd(harness);
      check(!(await leases.renew(key, first, longMs)), "what has ended is not renewed");
      check((await fenceOf(leases, key, "a", longMs)) > first, "a new grant has a greater fence");
    },
  },
  {
    id: "lease.release",
    title: "is free at once when it is released, and its fence still grows",
    async run({ stores, others }) {
      const key = freshKey();
      const first = await fenceOf(stores.leases, key, "a", longMs);
      await stores.leases.release(key, first);
      await stores.leases.release(key, first);
      check(!(await stores.leases.renew(key, first, longMs)), "what was released is not renewed");
      check((await fenceOf(others.leases, key, "b", longMs)) > first, "the next fence is greater");
    },
  },
  {
    id: "lease.renew",
    title: "is lengthened by a renewal",
    async run(harness) {
      const { stores, others } = harness;
      const key = freshKey();
      const fence = await fenceOf(stores.leases, key, "a", shortMs * 10);
      check(await stores.leases.renew(key, fence, longMs), "the holder renews");
      await letPass(harness, shortMs * 12);
      equal((await others.leases.acquire(key, "b", 1)).status, "taken", "it is still held");
    },
  },
  {
    id: "lease.told",
    title: "never tells a longer time than the lease was asked for",
    async run({ stores, others }) {
      for (const leaseMs of [longMs, 1000.4]) {
        const key = freshKey();
        const fence = await fenceOf(stores.leases, key, "a", longMs);
        check(await stores.leases.renew(key, fence, leaseMs), "it is renewed for less, too");
        const taken = await others.leases.acquire(key, "b", longMs * 2);
        check(taken.status === "taken" && taken.endsInMs <= leaseMs, "the time that is told");
      }
    },
  },
  {
    id: "lease.keys",
    title: "keeps every consumer, feed and holder apart, whatever their names are",
    async run({ stores, others }) {
      for (const [at, key] of oddKeys().entries()) {
        await fenceOf(stores.leases, key, oddTexts[at % oddTexts.length] ?? "", longMs);
      }
      for (const [at, text] of oddTexts.entries()) {
        const key = freshKey();
        await fenceOf(stores.leases, key, text, longMs);
        for (const other of oddTexts.slice(at + 1, at + 3)) {
          const grant = await others.leases.acquire(key, other, longMs);
          equal(grant.status, "taken", "holders with other names are others");
        }
      }
    },
  },
  {
    id: "lease.arguments",
    title: "refuses wrong arguments",
    async run({ stores: { leases } }) {
      const key = freshKey();
      const wrong = { ...key, consumer: "" };
      await refused(() => leases.acquire(wrong, "a", 1), "config", "a wrong key");
      for (const holder of ["", "a\0", 1 as never]) {
        await refused(() => leases.acquire(key, holder, 1), "config", "a wrong holder");
      }
      for (const fence of [0, 1.5, Number.NaN, "1" as never]) {
        await refused(() => leases.renew(key, fence, 1), "config", "a wrong fence");
        await refused(() => leases.release(key, fence), "config", "a wrong fence");
      }
      for (const ms of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
        await refused(() => leases.acquire(key, "a", ms), "config", "a wrong time");
        await refused(() => leases.renew(key, 1, ms), "config", "a wrong time");
      }
      equal((await leases.acquire(key, "b", 1)).status, "held", "what was refused wrote nothing");
    },
  },
  {
    id: "lease.cut",
    title: "leaves with the reason of a signal that has fired before, and does nothing",
    async run(harness) {
      const { leases } = harness.stores;
      const key = freshKey();
      await cut((call) => leases.acquire(key, "a", longMs, call), "acquire");
      const fence = await fenceOf(leases, key, "b", shortMs * 10);
      await cut((call) => leases.renew(key, fence, longMs, call), "renew");
      await cut((call) => leases.release(key, fence, call), "release");
      equal((await leases.acquire(key, "a", 1)).status, "taken", "what was cut released nothing");
      await letPass(harness, shortMs * 12);
      equal((await leases.acquire(key, "a", 1)).status, "held", "nor renewed it");
    },
  },
  {
    id: "lease.list",
    title: "lists every lease once, with its holder, its fence and how long it holds",
    methods: ["list"],
    async run(harness) {
      const { stores, others } = harness;
      const [held, released, ended] = [freshKey(), freshKey(), freshKey()];
      const list = async (query: ListQuery) => (await others.leases.list?.(query)) ?? { items: [] };
      await stores.leases.release(held, await fenceOf(stores.leases, held, "before", longMs));
      const fence = await fenceOf(stores.leases, held, oddHolder, longMs);
      const fences = [
        await fenceOf(stores.leases, released, "b", longMs),
        await fenceOf(stores.leases, ended, "c", shortMs),
      ];
      await stores.leases.release(released, fences[0] ?? 0);
      await letShortEnd(harness);
      const all = await walkAll(list, 2);
      const [one, two, three, ...more] = [held, released, ended].flatMap((key) =>
        all.filter((lease) => isPlaceOf(lease, key)),
      );
      check(one !== undefined && more.length === 0, "each is there once");
      const { endsInMs, ...facts } = one;
      equal(facts, { ...held, holder: oddHolder, fence }, "the newest grant is shown");
      check(endsInMs > longMs / 2 && endsInMs <= longMs, "with what is left of it");
      const over = { endsInMs: 0 };
      equal(
        two,
        { ...released, holder: "b", fence: fences[0], ...over },
        "a released one has ended",
      );
      equal(three, { ...ended, holder: "c", fence: fences[1], ...over }, "as one that ran out has");
      await stores.leases.release(held, fence);
    },
  },
  {
    id: "lease.list-arguments",
    title: "refuses wrong arguments of a listing, and one whose signal has fired",
    methods: ["list"],
    async run({ stores: { leases } }) {
      await wrongLists(async (query) => leases.list?.(query));
    },
  },
];

/** A holder that a database's text cannot be trusted with. */
const oddHolder = 'it\'s "a" 日本語\ud800';

async function fenceOf(
  leases: LeaseStore,
  key: StoreKey,
  holder: string,
  leaseMs: number,
): Promise<number> {
  const grant = await leases.acquire(key, holder, leaseMs);
  check(grant.status === "held", "a free lease is granted");
  check(Number.isSafeInteger(grant.fence) && grant.fence >= 1, "a fence is a whole number from 1");
  return grant.fence;
}
