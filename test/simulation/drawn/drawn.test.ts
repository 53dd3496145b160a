import { expect, it } from "vitest";
import { bundle } from "../bundle.ts";
import { askOnce, runAll } from "../crew.ts";

it("breaks no promise in 300 runs of feeds that are drawn", { timeout: 120_000 }, async () => {
  const file = await bundle("drawn");
  const task = { bundle: file, providers: ["drawn"], runs: 300, seed: 1, workers: 2 } as const;

  const { runs, failures } = await runAll(task);

  expect({ runs, failures }).toEqual({ runs: 300, failures: [] });
});

it("tells the same story of a drawn feed twice", { timeout: 60_000 }, async () => {
  const file = await bundle("drawn-again");
  for (const seed of [11, 12, 13]) {
    const question = { kind: "replay", provider: "drawn", seed } as const;

    const [once, again] = [await askOnce(file, question), await askOnce(file, question)];

    expect(again).toEqual(once);
  }
});
