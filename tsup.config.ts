import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { defineConfig, type Options } from "tsup";
import { packageEntries } from "./scripts/entries.ts";
import { pagesInEsbuild } from "./scripts/page-files.mjs";

const entry = packageEntries();
/** What is ESM only, which Jest and older Node cannot `require`. */
const bundled = ["ky", "p-retry", "is-network-error"];
/** What the command line alone uses. */
const bundledInCli = ["commander"];
/** What is in the scripts of pages. */
const bundledInPages = ["preact"];
const common = {
  entry,
  target: "es2022",
  splitting: true,
  removeNodeProtocol: false,
  esbuildPlugins: [pagesInEsbuild],
} satisfies Options;

export default defineConfig([
  { ...common, format: "esm" },
  {
    // One file, which imports `ackloop/...` as any program does.
    ...common,
    format: "esm",
    entry: { cli: "src/cli/main.ts" },
    platform: "node",
    splitting: false,
    noExternal: bundledInCli,
    external: [/^ackloop(\/|$)/],
    // What is CommonJS asks for Node's modules by `require`.
    banner: {
      js: 'import * as module from "node:module"; const require = module.createRequire(import.meta.url);',
    },
  },
  // By rollup: what tsup has without it writes `?.` and `??` as calls of functions.
  { ...common, format: "cjs", noExternal: bundled, treeshake: true, onSuccess: writeLicenses },
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

/** The licences of what is bundled ask that their text comes along. */
async function writeLicenses(): Promise<void> {
  const texts = [...bundled, ...bundledInCli, ...bundledInPages].map(async (name) => {
    const files = await readdir(`node_modules/${name}`);
    const file = files.find((each) => /^license/i.test(each));
    return `${name}\n\n${await readFile(`node_modules/${name}/${file}`, "utf8")}`;
  });
  await mkdir("dist", { recursive: true });
  await writeFile("dist/licenses.txt", (await Promise.all(texts)).join("\n"));
}
