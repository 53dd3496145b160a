import { describe, expect, it } from "vitest";
import { faults } from "./faults/faults.ts";
import { readGuide, steady, toBlock } from "./faults/guide.ts";
import { see } from "./faults/scene.ts";

describe("a fault that is made on purpose", async () => {
  const guide = await readGuide();

  it.each(faults)(
    "is said as docs/troubleshooting.md shows it: $name",
    async (fault) => {
      if (fault.missing) return;
      const seen = await see(fault);

      expect(seen.wrong).toEqual([]);
      expect(steady(guide.get(fault.name) ?? "")).toBe(steady(toBlock(seen)));
    },
    60_000,
  );

  it("is one of those of the guide", () => {
    expect([...guide.keys()]).toEqual(faults.map(({ name }) => name));
  });
});
