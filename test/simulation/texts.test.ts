import { readFile } from "node:fs/promises";
import { transform } from "esbuild";
import { expect, it } from "vitest";
import { guardSites } from "../core/guard-sites.ts";
import { type Patch, plant } from "./bundle.ts";
import { plantedBugs } from "./planted.ts";
import { plantedFaults } from "./planted-drawn.ts";

const root = new URL("../../", import.meta.url);

// `npm run planted` takes minutes to say that a line was moved.
const all = [
  ...plantedBugs,
  ...plantedFaults,
  ...guardSites.map(({ name, bypass }) => ({ name: `calls ${name}`, patches: [bypass] })),
];

it.for(all)("the source has a place for the bug that $name", async ({ patches }) => {
  for (const file of new Set(patches.map((patch) => patch.file))) {
    const source = await readFile(new URL(file, root), "utf8");
    const own = patches.filter((patch: Patch) => patch.file === file);

    const planted = own.reduce(plant, source);

    expect(planted).not.toBe(source);
    await transform(planted, { loader: "ts" });
  }
});
