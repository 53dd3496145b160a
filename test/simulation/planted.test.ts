import { expect, it } from "vitest";
import { bundle } from "./bundle.ts";
import { runAll } from "./crew.ts";
import { plantedBugs } from "./planted.ts";

/** Each bug must be found within so many runs. */
const MOST_RUNS = 1000;

it.for(plantedBugs)("finds a loop that $name", { timeout: 120_000 }, async (bug) => {
  const { name, patches, providers, breaks } = bug;
  const file = await bundle(`planted-${plantedBugs.indexOf(bug)}`, patches);
  const runs = Math.floor(MOST_RUNS / providers.length);

  const tally = await runAll({
    bundle: file,
    providers,
    runs,
    seed: 1,
    workers: 2,
    untilFailure: true,
  });

  const kinds = new Set(
    tally.failures.flatMap(({ violations }) => violations.map(({ kind }) => kind)),
  );
  expect(
    [...kinds].filter((kind) => breaks.includes(kind)),
    name,
  ).not.toEqual([]);
});
