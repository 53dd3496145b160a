import { expect, it } from "vitest";
import { providerNames } from "../providers/names.ts";
import { bundle } from "./bundle.ts";
import { askOnce, runAll } from "./crew.ts";

const seed = 1;

it("breaks no promise in 300 runs of each provider", { timeout: 300_000 }, async () => {
  const file = await bundle("test");

  const { runs, failures, lost, ackedBeforeHandled, faults } = await runAll({
    bundle: file,
    providers: providerNames,
    runs: 300,
    seed,
    workers: 2,
  });

  expect({ runs, failures, lost, ackedBeforeHandled }).toEqual({
    runs: 300 * providerNames.length,
    failures: [],
    lost: 0,
    ackedBeforeHandled: 0,
  });
  const kinds = [
    "crash",
    "stop",
    "abort",
    "pause",
    "revoke",
    "status",
    "delay",
    "cut",
    "lostReply",
  ];
  const bodies = ["truncate", "stall", "garbage", "html", "oversize", "headers"];
  const others = ["duplicate", "skew", "store leases"];
  expect([...kinds, ...bodies, ...others].filter((kind) => !faults[kind])).toEqual([]);
});

it("tells the same story twice for one seed", async () => {
  const file = await bundle("test-again");
  for (const provider of providerNames) {
    for (const own of [11, 12, 13]) {
      const question = { kind: "replay", provider, seed: own } as const;

      const [once, again] = [await askOnce(file, question), await askOnce(file, question)];

      expect(again).toEqual(once);
    }
  }
});
