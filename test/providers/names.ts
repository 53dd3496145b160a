import { readdirSync } from "node:fs";

/** Every provider by the name of its folder. A bundle in a folder of `.tmp` finds the folders too. */
export const providerNames: readonly string[] = readdirSync(
  new URL("../../src/providers/", import.meta.url),
);
