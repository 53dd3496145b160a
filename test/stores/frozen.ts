import { expect } from "vitest";
import type { StoreSet } from "../../src/core/stores.ts";

const key = { consumer: "billing", feed: "tiki/queues/5a84289f" };
const eventOf = (id: string) =>
  ({ specversion: "1.0", id, source: "/orders", type: "t", data: `\0é🎉 ${id}` }) as const;
const done = { ...key, identity: "/orders done" };
const killed = { ...key, identity: "z".repeat(3000) };
const letters = ["a\0", "b\ud800", "c".repeat(3000)].map((identity) => ({
  ...key,
  identity,
  event: eventOf("letter"),
  raw: { n: 2 ** 53 },
  reason: "the handler failed",
  code: "transport",
  attempts: 3,
  failedAt: "2026-11-02T10:00:00.000Z",
}));
const fiftyYearsMs = 50 * 365 * 24 * 3_600_000;
const marks = { done: "mark done", killed: "mark killed", forgotten: "mark forgotten" };

/** Puts some of everything into fresh stores. */
export async function fillStores({ cursors, deadLetters, dedupe, inbox, leases }: StoreSet) {
  await cursors.save(key, "one", 0);
  await cursors.save(key, '{"version":1,"id":"é\0"}', 1);
  for (const letter of letters) await deadLetters.put(letter);
  await dedupe.begin(done, 1000, { mark: marks.done });
  await dedupe.finish(done, marks.done, { retentionMs: fiftyYearsMs });
  await dedupe.begin(killed, fiftyYearsMs, { mark: marks.killed });
  await dedupe.forget(killed, marks.forgotten);
  await leases.acquire(key, "nobody", 1);
  await leases.acquire(key, "holder", fiftyYearsMs);
  await inbox.add("in", ["first", "second", "third"].map(entryOf));
  await inbox.add("in", [{ raw: "<x>", unreadable: { message: "no JSON" } }]);
  await inbox.claim("in", 1, fiftyYearsMs);
}

/** Expects to find it all again, and that all of it can still be used. */
export async function expectFilled({ cursors, deadLetters, dedupe, inbox, leases }: StoreSet) {
  expect(await cursors.load(key)).toEqual({ value: '{"version":1,"id":"é\0"}', revision: 2 });
  expect(await cursors.save(key, "three", 2)).toEqual({ status: "saved", revision: 3 });
  expect((await deadLetters.list(key)).letters).toEqual(letters);
  for (const letter of letters) await deadLetters.remove(letter);
  expect((await deadLetters.list(key)).letters).toEqual([]);
  expect(await dedupe.begin(done, 1000)).toEqual({ status: "done" });
  expect(await dedupe.begin(killed, 1000)).toMatchObject({ status: "busy" });
  const late = { status: "busy", endsInMs: 0 };
  expect(await dedupe.begin(killed, 1000, { mark: marks.forgotten })).toEqual(late);
  expect(await dedupe.finish(killed, marks.killed, { retentionMs: 1000 })).toBe(true);
  expect(await leases.acquire(key, "other", 1000)).toMatchObject({ status: "taken" });
  expect(await leases.renew(key, 2, 1000)).toBe(true);
  await inbox.add("in", ["first", "second", "third"].map(entryOf));
  const claims = await inbox.claim("in", 10, 1000);
  expect(claims.map(({ event, unreadable }) => event?.data ?? unreadable?.message)).toEqual([
    eventOf("second").data,
    eventOf("third").data,
    "no JSON",
  ]);
  const finished = await inbox.finish(
    "in",
    claims.map(({ token }) => token),
  );
  expect(finished).toEqual([true, true, true]);
}

function entryOf(id: string) {
  return { event: eventOf(id), raw: id };
}
