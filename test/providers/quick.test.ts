import { describe, expect, it } from "vitest";
import { isWirePage, wirePage } from "../../src/providers/tiki/wire.ts";
import { isWireConsume, wireConsume } from "../../src/providers/workato/wire.ts";

const odd = [undefined, null, 0, "", "text", [], {}, { length: 0 }, [[]], true];
const lists = [...odd, [1, null], Array.from({ length: 100_000 }), Array.from({ length: 100_001 })];

describe("a page that a look is enough for", () => {
  it.each([
    [
      "tiki",
      isWirePage,
      wirePage,
      lists.flatMap((events) => odd.map((ack_id) => ({ events, ack_id }))),
    ],
    ["workato", isWireConsume, wireConsume, lists.map((messages) => ({ messages }))],
  ] as const)("is what the schema of %s makes of it", (_provider, isPage, schema, pages) => {
    const bodies: readonly unknown[] = [...odd, ...pages];
    const seen = bodies.filter((body) => isPage(body));

    expect(seen.length).toBeGreaterThan(0);
    for (const body of seen) expect(schema.parse(body)).toStrictEqual(body);
  });
});
