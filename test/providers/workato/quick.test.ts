import { expect, it } from "vitest";
import { isWireConsume, wireConsume } from "../../../src/providers/workato/wire.ts";

const odd = [undefined, null, 0, "", "text", [], {}, { length: 0 }, [[]], true];
const lists = [...odd, [1, null], Array.from({ length: 100_000 }), Array.from({ length: 100_001 })];
const pages = lists.map((messages) => ({ messages }));

it("a page that a look is enough for is what its schema makes of it", () => {
  const bodies: readonly unknown[] = [...odd, ...pages];
  const seen = bodies.filter((body) => isWireConsume(body));

  expect(seen.length).toBeGreaterThan(0);
  for (const body of seen) expect(wireConsume.parse(body)).toStrictEqual(body);
});
