import type { LeaseStore, StoreKey } from "../../core/stores.ts";
import {
  check,
  cut,
  equal,
  freshKey,
  letPass,
  letShortEnd,
  longMs,
  oddTexts,
  refused,
  type StoreLaw,
  shortMs,
} from "./law.ts";

/** The laws of a `LeaseStore`. */
export const leaseLaws: readonly StoreLaw[] = [
  {
    id: "lease.one",
    title: "has one holder, and tells the others for how long",
    async run({ stores, others }) {
      const key = freshKey();
      const fence = await fenceOf(stores.leases, key, "a", longMs);
      const taken = await others.leases.acquire(key, "b", longMs);
      check(taken.status === "taken", "a second holder is refused");
      const { endsInMs } = taken;
      check(endsInMs > longMs / 2 && endsInMs <= longMs, "and is told when the lease ends");
      check(!(await others.leases.renew(key, "b", longMs)), "a stranger cannot renew");
      await others.leases.release(key, "b");
      equal(
        (await others.leases.acquire(key, "b", 1)).status,
        "taken",
        "a stranger cannot release",
      );
      const again = await stores.leases.acquire(key, "a", longMs);
      equal(again, { status: "held", fence }, "the holder renews by acquiring, with its fence");
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
      check(!(await stores.leases.renew(key, "a", longMs)), "the old holder cannot renew");
      await stores.leases.release(key, "a");
      equal((await stores.leases.acquire(key, "a", 1)).status, "taken", "nor free another's lease");
      check(await others.leases.renew(key, "b", longMs), "the new holder is unharmed");
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
      check(!(await leases.renew(key, "a", longMs)), "what has ended is not renewed");
      check((await fenceOf(leases, key, "a", longMs)) > first, "a new grant has a greater fence");
    },
  },
  {
    id: "lease.release",
    title: "is free at once when it is released, and its fence still grows",
    async run({ stores, others }) {
      const key = freshKey();
      const first = await fenceOf(stores.leases, key, "a", longMs);
      await stores.leases.release(key, "a");
      await stores.leases.release(key, "a");
      check(!(await stores.leases.renew(key, "a", longMs)), "what was released is not renewed");
      check((await fenceOf(others.leases, key, "b", longMs)) > first, "the next fence is greater");
    },
  },
  {
    id: "lease.renew",
    title: "is lengthened by a renewal",
    async run(harness) {
      const { stores, others } = harness;
      const key = freshKey();
      await fenceOf(stores.leases, key, "a", shortMs * 10);
      check(await stores.leases.renew(key, "a", longMs), "the holder renews");
      await letPass(harness, shortMs * 12);
      equal((await others.leases.acquire(key, "b", 1)).status, "taken", "it is still held");
    },
  },
  {
    id: "lease.keys",
    title: "keeps every consumer, feed and holder apart, whatever their names are",
    async run({ stores, others }) {
      const { consumer } = freshKey();
      for (const [at, text] of oddTexts.entries()) {
        const key = { consumer, feed: text };
        equal(await fenceOf(stores.leases, key, text, longMs), 1, `lease ${at} is free`);
        for (const other of oddTexts.slice(at + 1, at + 3)) {
          const grant = await others.leases.acquire(key, other, longMs);
          equal(grant.status, "taken", "holders with other names are others");
        }
      }
    },
  },
  {
    id: "lease.arguments",
    title: "refuses wrong arguments, and leaves with the signal's reason",
    async run({ stores: { leases } }) {
      const key = freshKey();
      const wrong = { ...key, consumer: "" };
      await refused(() => leases.acquire(wrong, "a", 1), "config", "a wrong key");
      for (const holder of ["", "a\0", 1 as never]) {
        await refused(() => leases.acquire(key, holder, 1), "config", "a wrong holder");
        await refused(() => leases.release(key, holder), "config", "a wrong holder");
      }
      for (const ms of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
        await refused(() => leases.acquire(key, "a", ms), "config", "a wrong time");
        await refused(() => leases.renew(key, "a", ms), "config", "a wrong time");
      }
      await cut((call) => leases.acquire(key, "a", longMs, call), "acquire");
      await cut((call) => leases.renew(key, "a", longMs, call), "renew");
      await cut((call) => leases.release(key, "a", call), "release");
      equal((await leases.acquire(key, "b", 1)).status, "held", "what was refused wrote nothing");
    },
  },
];

async function fenceOf(
  leases: LeaseStore,
  key: StoreKey,
  holder: string,
  leaseMs: number,
): Promise<number> {
  const grant = await leases.acquire(key, holder, leaseMs);
  check(grant.status === "held", "a free lease is granted");
  return grant.fence;
}
