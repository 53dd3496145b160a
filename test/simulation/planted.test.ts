import { beforeAll, describe, expect, it } from "vitest";
import { bundle } from "./bundle.ts";
import { plantedBugs } from "./planted.ts";
import { plantedFaults } from "./planted-drawn.ts";
import { search } from "./planted-search.ts";

/** Each bug must be found within so many runs; most are within a hundred. */
const mostRuns = 1000;

const all = [
  ...plantedBugs.map((bug) => ({ ...bug, when: undefined })),
  ...plantedFaults.map((fault) => ({ when: undefined, ...fault, providers: ["drawn"] as const })),
];

describe("the simulation", () => {
  let clean: URL;
  beforeAll(async () => {
    clean = await bundle("planted-clean");
  });

  it.for(all.map((bug, index) => ({ ...bug, index })))(
    "finds a loop that $name",
    { timeout: 300_000 },
    async ({ name, index, ...bug }) => {
      const found = await search(`${index}`, { ...bug, mostRuns }, clean);

      expect(found, name).toMatchObject({ isFound: true });
    },
  );
});
