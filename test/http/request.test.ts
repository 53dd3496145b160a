import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import { toUrl } from "../../src/http/request.ts";

const base = "https://api.example.com/v1";
const urlOf = (path: readonly (string | number)[], query?: Record<string, string | undefined>) =>
  toUrl("acme", base, { operation: "pull", path, query });

describe("toUrl", () => {
  it.each([
    [[], base],
    [["queues", 7, "a/b"], `${base}/queues/7/a%2Fb`],
    [["%2e%2e"], `${base}/%252e%252e`],
    [["a?b#c d\\e"], `${base}/a%3Fb%23c%20d%5Ce`],
    [["..."], `${base}/...`],
  ])("builds %j", (path, url) => {
    expect(urlOf(path)).toBe(url);
  });

  it("puts the query behind the path, encoded, without absent values", () => {
    expect(urlOf(["q"], { "a b": "1&2", c: undefined, d: "é" })).toBe(
      `${base}/q?a%20b=1%262&d=%C3%A9`,
    );
  });

  it.each([["."], [".."], [""], [Number.NaN], [Number.POSITIVE_INFINITY], ["\ud800"]])(
    "refuses the segment %j",
    (segment) => {
      expect(() => urlOf(["queues", segment])).toThrow(
        expect.objectContaining({ code: "config", provider: "acme", operation: "pull" }),
      );
    },
  );

  it("refuses text in the query that is not well-formed", () => {
    expect(() => urlOf([], { a: "\udfff" })).toThrow(expect.objectContaining({ code: "config" }));
  });

  it("never lets a segment become a path: a URL parser finds it again as one segment", async () => {
    await fc.assert(
      fc.property(fc.string({ unit: "binary" }), (segment) => {
        let url: string;
        try {
          url = urlOf(["queues", segment, "events"]);
        } catch (error) {
          expect(error).toBeInstanceOf(AckloopError);
          return;
        }

        const parts = new URL(url).pathname.split("/");

        expect(parts.slice(0, 3)).toEqual(["", "v1", "queues"]);
        expect(parts.slice(3).map(decodeURIComponent)).toEqual([segment, "events"]);
      }),
    );
  });
});
