import { expect, it } from "vitest";
import { Lately } from "../../../src/loop/engine/lately.ts";

const pageOf = (count: number, toId: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => ({ source: "/shop", id: toId(at) }));

it.each([
  ["3 ids", 3, (at: number) => `e${at}`],
  ["40 ids that end in odd letters", 40, (at: number) => `e${at * 7919}`],
  ["40 ids of one domain", 40, (at: number) => `e${at}@shop.example`],
  ["40 ids of one host", 40, (at: number) => `${at.toString(16).padStart(8, "0")}-0242ac120002`],
  ["12000 ids", 12_000, (at: number) => `e${at}`],
  ["ids of which no sample is taken", 33, () => "!"],
] as const)("knows a page of %s that comes again, in whatever order", (_, count, toId) => {
  const lately = new Lately();
  const page = pageOf(count, toId);

  expect(lately.isRepeat(page)).toBe(false);
  expect(lately.isRepeat(page.toReversed())).toBe(true);
  expect(lately.isRepeat(pageOf(count, (at) => `new ${toId(at)}`))).toBe(false);
  expect(lately.isRepeat([])).toBe(false);
});

it("forgets what came long ago", () => {
  const lately = new Lately();
  const page = pageOf(10, (at) => `e${at}`);
  lately.isRepeat(page);

  for (let round = 0; round < 100; round += 1)
    lately.isRepeat(pageOf(20, (at) => `${round}/${at}`));

  expect(lately.isRepeat(page)).toBe(false);
});
