import { defineConfig, type Options } from "tsup";
import { packageEntries } from "./scripts/entries.ts";

const entry = packageEntries();
const common = {
  target: "es2022",
  // TypeScript 6 reports the options that tsup sets for declarations as deprecated.
  dts: { entry, compilerOptions: { ignoreDeprecations: "6.0" } },
  splitting: true,
  treeshake: true,
} satisfies Options;

export default defineConfig([
  { ...common, format: "esm", entry: { ...entry, cli: "src/cli/main.ts" } },
  // These are ESM only, which Jest and older Node cannot `require`.
  { ...common, format: "cjs", entry, noExternal: ["ky", "p-retry", "is-network-error"] },
]);
