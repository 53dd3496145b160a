import { defineConfig, type Options } from "tsup";
import { packageEntries } from "./scripts/entries.ts";

const entry = packageEntries();
const common = {
  entry,
  target: "es2022",
  splitting: true,
  removeNodeProtocol: false,
} satisfies Options;

export default defineConfig([
  { ...common, format: "esm", entry: { ...entry, cli: "src/cli/main.ts" } },
  // These three are ESM only, which Jest and older Node cannot `require`.
  { ...common, format: "cjs", noExternal: ["ky", "p-retry", "is-network-error"] },
  {
    ...common,
    format: ["esm", "cjs"],
    // TypeScript 6 reports options that tsup sets for declarations as deprecated.
    dts: {
      only: true,
      compilerOptions: { ignoreDeprecations: "6.0" },
      // For `Symbol.asyncDispose`, whatever a user's `lib` holds; TypeScript has it since 5.2.
      banner: '/// <reference lib="esnext.disposable" />',
    },
  },
]);
