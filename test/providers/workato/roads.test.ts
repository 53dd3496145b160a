import { describe, it } from "vitest";
import { feedConformance } from "../../../src/testing/index.ts";
import { roads } from "../roads.ts";
import { workatoHarness } from "./harness.ts";

// Over the wire, in real time, by each road that hot calls may take.
describe.each(roads.filter((road) => road !== "given fetch"))("by %s", (road) => {
  feedConformance({ describe, it, print: console.info }, () => workatoHarness(road));
});
