import type { Delivery } from "../../core/feed.ts";
import { check, equal, objectsIn, spoil } from "./asserts.ts";
import { ackAll, idsOf } from "./bench.ts";
import { type FeedLaw, Skip } from "./law.ts";

/** Texts and values that break what treats them as anything but data. */
const oddValues: readonly unknown[] = [
  "",
  " \t\r\n ",
  'it\'s "quoted" \\ and </script>',
  "\u0000\u0001\u001f\u007f\u2028\ufeff",
  "cre\u0300me brûlée 日本語 🎉 \u202e",
  "__proto__",
  "%00%2e%2e/..;$1",
  "x".repeat(20_000),
  [null, 0, -0.5, 1e21, true, [], {}],
  { a: null, "b c": { "": [{ d: "e" }] } },
];

/** Whether some member `odd`, at any depth, has this value. */
function holdsOdd(data: unknown, value: string): boolean {
  if (typeof data !== "object" || data === null) return false;
  return Object.entries(data).some(
    ([name, member]) =>
      (name === "odd" && JSON.stringify(member) === value) || holdsOdd(member, value),
  );
}

/** Whether a payload is somewhere in a value, at any depth, other members beside its own or not. */
function holds(value: unknown, payload: unknown): boolean {
  if (JSON.stringify(value) === JSON.stringify(payload)) return true;
  if (typeof value !== "object" || value === null) return false;
  const isObject = typeof payload === "object" && payload !== null && !Array.isArray(payload);
  const members = Object.entries(isObject ? payload : {});
  const has = ([name, member]: [string, unknown]) => holds(Reflect.get(value, name), member);
  if (members.length > 0 && members.every(has)) return true;
  return Object.values(value).some((each) => holds(each, payload));
}

/** Everything of a delivery that JSON can tell. */
function factsOf({ event, raw, attempt, leaseMs, unreadable }: Delivery): string {
  return JSON.stringify([event, raw, attempt, leaseMs, unreadable?.code]);
}

function sharesObjects(one: Delivery, other: Delivery): boolean {
  const known = objectsIn([one.event, one.raw]);
  return [...objectsIn([other.event, other.raw])].some((each) => known.has(each));
}

/** What an event is: conformance.md part A. */
export const envelopeLaws: readonly FeedLaw[] = [
  {
    id: "A1",
    title: "every event has an id, a source and a type, and keeps them when it comes again",
    async run({ feed, publish, reopen, few, readOpen }) {
      const ids = await publish(few);
      const first = await readOpen(feed, few);
      const again = await readOpen(await reopen(), few);
      const odd = first.find(({ unreadable }) => unreadable !== undefined);
      check(odd === undefined, `none is unreadable: ${odd?.unreadable?.message}`);
      equal(idsOf(first), ids, "the ids are the published ones, in order");
      const facts = (deliveries: readonly Delivery[]) =>
        deliveries.map(({ event }) => [event?.specversion, event?.id, event?.source, event?.type]);
      for (const fact of facts(first).flat()) {
        check(typeof fact === "string" && fact !== "", "specversion, id, source, type are texts");
      }
      equal(facts(again), facts(first), "an event that comes again is the same");
    },
  },
  {
    id: "A2",
    title: "raw holds what the provider sent, unknown fields included",
    needs: ["publishOdd"],
    async run({ feed, harness, pullSome }) {
      await harness.publishOdd?.("a field that no schema knows");
      const [delivery] = await pullSome(feed);
      const raw = JSON.stringify(delivery?.raw) ?? "";
      check(raw.includes("a field that no schema knows"), "raw holds the unknown field");
    },
  },
  {
    id: "A3",
    title: "odd text and odd values arrive as they were sent",
    needs: ["publishOdd"],
    async run({ feed, harness, readAll }) {
      for (const value of oddValues) await harness.publishOdd?.(value);
      const deliveries = await readAll(feed, oddValues.length);
      const wanted = oddValues.map((value) => JSON.stringify(value));
      const lost = wanted.filter(
        (value) => !deliveries.some(({ event }) => holdsOdd(event?.data, value)),
      );
      equal(lost, [], "every odd value is in the data of an event");
    },
  },
  {
    id: "A4",
    title: "an event's time is an instant in UTC, or absent",
    async run({ feed, publish, few, readOpen }) {
      await publish(few);
      for (const { event } of await readOpen(feed, few)) {
        const { time } = event ?? {};
        if (time === undefined) continue;
        const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
        check(form.test(time) && !Number.isNaN(Date.parse(time)), "time is RFC 3339 in UTC");
      }
    },
  },
  {
    id: "A5",
    title: "an event of an unknown type is delivered like any other",
    declared: ({ events }) => events !== undefined,
    needs: ["publishUnknownType"],
    async run({ feed, harness, publish, readAll }) {
      const [before] = await publish(1);
      const unknown = await harness.publishUnknownType?.();
      const [after] = await publish(1);
      const deliveries = await readAll(feed, 3);
      equal(idsOf(deliveries), [before, unknown, after], "all three arrive, and are readable");
      const type = deliveries[1]?.event?.type ?? "";
      check(!Object.hasOwn(feed.events ?? {}, type), "its type is the provider's own word");
    },
  },
  {
    id: "A8",
    title:
      "each event has data and a raw object of its own, and its data again when it comes again",
    async run({ feed, publish, reopen, few, readOpen, readAll }) {
      const dataOf = ({ event }: Delivery) => JSON.stringify(event?.data);
      await publish(few);
      const first = await readOpen(feed, few);
      const next = await reopen();
      equal((await readOpen(next, few)).map(dataOf), first.map(dataOf), "the same data again");
      await publish(3);
      const all = await readAll(await reopen(), few + 3);
      for (const part of [dataOf, ({ raw }: Delivery) => JSON.stringify(raw)]) {
        const texts = all.map(part);
        check(!texts.includes(undefined as never), "every event has data, and raw");
        const different = new Set(texts).size;
        equal(different, few + 3, "how many payloads are different, as the published ones are");
      }
    },
  },
  {
    id: "A8b",
    title: "an event's data holds what was published with its id",
    needs: ["payloadOf"],
    async run({ feed, harness, publish, many, readAll }) {
      await publish(many);
      for (const { event } of await readAll(feed, many)) {
        const payload = harness.payloadOf?.(event?.id ?? "");
        check(holds(event?.data, payload), `the data of ${event?.id} holds its payload`);
      }
    },
  },
  {
    id: "A9",
    title: "again() brings the delivery as it came, whatever was done to it, and shares nothing",
    async run({ feed, publish, few, readOpen, settles }) {
      const ids = await publish(few);
      const deliveries = await readOpen(feed, few);
      const facts = deliveries.map(factsOf);
      if (!deliveries[0]?.again) throw new Skip("notDeclared", "no delivery can be read again");
      for (const { event, raw } of deliveries) spoil([event, raw]);
      const anew = deliveries.map((delivery) => delivery.again?.() ?? delivery);
      equal(anew.map(factsOf), facts, "the same delivery, untouched");
      for (const [index, delivery] of deliveries.entries()) {
        const [once, twice] = [anew[index], delivery.again?.()];
        if (!once || !twice) continue;
        check(!sharesObjects(delivery, once), "it shares no object with what was delivered");
        check(!sharesObjects(once, twice), "nor with what is read another time");
      }
      await ackAll(feed, anew);
      await settles(ids, "its receipt is as good");
    },
  },
  {
    id: "A6",
    title: "an item that cannot be read is one unreadable delivery among the good ones",
    needs: ["publishUnreadable"],
    async run({ feed, harness, publish, readOpen }) {
      const before = await publish(1);
      await harness.publishUnreadable?.();
      const after = await publish(1);
      const deliveries = await readOpen(feed, 3);
      equal(
        idsOf(deliveries),
        [...before, "unreadable", ...after],
        "the good ones arrive around it",
      );
      const { unreadable, raw } = deliveries[1] ?? {};
      check(unreadable?.code === "schema", "it says why with a `schema` error");
      check(raw !== undefined, "what came is in raw");
    },
  },
  {
    id: "A6b",
    title: "an unreadable item can be settled, and does not come again",
    needs: ["publishUnreadable"],
    async run({ feed, harness, publish, reopen, pullSome, readAll, readOpen }) {
      await harness.publishUnreadable?.();
      await publish(1);
      const deliveries = await readOpen(feed, 2);
      const settles = feed.acks === "cumulative" || deliveries.every(({ receipt }) => receipt);
      if (!settles) throw new Skip("notTestable", "the unreadable item has no receipt");
      await readAll(await reopen(), 2);
      const [next] = await publish(1);
      equal(idsOf(await pullSome(await reopen())), [next], "only what is new comes");
    },
  },
];
