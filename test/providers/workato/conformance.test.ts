import { describe, expect, it } from "vitest";
import { feedConformance } from "../../../src/testing/index.ts";
import { ownClock } from "../../testing/own-clock.ts";
import { workatoHarness } from "./harness.ts";

// By a `fetch` that is given; over the wire, by each road: roads.test.ts.
ownClock();
const results = feedConformance({ describe, it, print: console.info }, () =>
  workatoHarness("given fetch"),
);

it("leaves out no law but those that cannot be tested here", () => {
  const untested = results.filter(({ verdict }) => verdict === "notTestable");
  expect(untested.map(({ id }) => id)).toEqual(["B10", "D10", "L6"]);
});
