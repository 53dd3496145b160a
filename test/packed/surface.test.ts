import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { surfaceFolder, surfaces } from "../../scripts/surface.ts";

describe("what the entries declare", () => {
  const found = surfaces();

  it("has a file for each entry", () => {
    expect(readdirSync(surfaceFolder).sort()).toEqual([...found.keys()].sort());
  });

  it.each([...found])(
    "is as it was reviewed: %s (`npm run surface` writes it anew)",
    (file, text) => {
      expect(text).toBe(readFileSync(join(surfaceFolder, file), "utf8"));
    },
  );
});
