import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { pagesInVite } from "./scripts/page-files.mjs";

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** Asked of each folder, so that none hides behind the others. */
const lines = { lines: 95 };
/** What only the command line does in a process of its own, as its tests of the package start it, is not counted. */
const asked = (folder: string) => (/^src\/cli\b/.test(folder) ? { lines: 80 } : lines);
/** What only `processes` tries, on a real server. */
const unasked = ["jetstream"];
/** What a browser runs is counted by nobody. */
const inBrowser = /[\\/]page(\/parts)?$/;
const folders = readdirSync("src", { recursive: true, withFileTypes: true })
  .filter((each) => each.isDirectory() && !unasked.includes(each.name))
  .filter(
    ({ parentPath, name }) =>
      !inBrowser.test(`${parentPath}/${name}`) || (name === "page" && parentPath === "src"),
  )
  .map(({ parentPath, name }) => [`${parentPath}/${name}/*.ts`, asked(`${parentPath}/${name}`)]);

/** Take over what a process has but once: modules, the global fetch, signals. */
const apart = [
  "test/**/example.test.ts",
  "test/examples/{mounted,one-screen,scheduled,signed-webhook,transactions}.test.ts",
  "test/http/retry.test.ts",
  "test/loop/engine/{lease,returned}.test.ts",
  "test/providers/discue/end-to-end.test.ts",
  "test/testing/{broken-loops,emulator-handlers}.test.ts",
];

/** Start real processes, servers, tools or long searches. */
const processes = [
  "test/processes/**/*.test.ts",
  "test/cli/main.test.ts",
  "test/examples/own-stores.test.ts",
  "test/http/authority.test.ts",
  "test/jetstream/*.test.ts",
  "test/package/{documents,floors,lint}.test.ts",
  "test/providers/*/roads.test.ts",
  "test/simulation/drawn/drawn.test.ts",
  "test/stores/{frozen,order-servers,pgbouncer,postgres-levels,postgres-listen,postgres-plans,postgres-server}.test.ts",
  "test/stores/{processes,sqlite-disk,sqlite-locks}.test.ts",
  "test/testing/real-clock.test.ts",
];

/** Plant bugs into the source, one after another. */
const planted = ["test/**/planted*.test.ts", "test/core/guard-sites.test.ts"];

/** Use the files that were built. */
const packed = ["test/packed/**/*.test.ts"];

/** Read the site that `npm run docs` has built. */
const site = ["test/site/**/*.test.ts"];

/** Try pages in a browser, from their source. */
const pages = ["test/pages/**/*.test.ts"];

export default defineConfig({
  plugins: [pagesInVite],
  resolve: {
    alias: [
      { find: /^ackloop$/, replacement: source("index.ts") },
      {
        find: /^ackloop\/(feeds|http|stores|jetstream|opentelemetry|inspector|emulator|testing)$/,
        replacement: source("$1/index.ts"),
      },
      { find: /^ackloop\/([\w-]+)$/, replacement: source("providers/$1/index.ts") },
    ],
  },
  test: {
    setupFiles: ["test/quiet-console.ts"],
    restoreMocks: true,
    unstubGlobals: true,
    // One for each of two cores.
    maxWorkers: 2,
    // Two slow cores run the tests of everybody; a hang still ends. What is left running after that time
    // would be found by the next file of `source`.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    reporters: process.env.CI ? ["default", "json"] : ["default"],
    outputFile: { json: ".tmp/results/source.json" },
    coverage: {
      include: ["src/**/*.ts"],
      exclude: [
        "src/cli/main.ts",
        "src/*/page/built.ts",
        ...unasked.map((folder) => `src/${folder}/**`),
      ],
      reporter: ["text-summary", "json-summary"],
      thresholds: { lines: 95, ...Object.fromEntries(folders) },
    },
    // `npm test` runs the first three, `npm run prove` and `npm run site` the others; each file belongs to one.
    projects: [
      {
        extends: true,
        test: {
          name: "source",
          include: ["test/**/*.test.ts"],
          exclude: [...apart, ...processes, ...planted, ...packed, ...site, ...pages],
          // A module is loaded once for all files: half of the time of most of them.
          isolate: false,
        },
      },
      { extends: true, test: { name: "apart", include: apart, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: "types",
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ["test/**/*.test-d.ts"],
            tsconfig: "test/tsconfig.json",
            // Errors outside the type tests belong to `npm run types`.
            ignoreSourceErrors: true,
          },
        },
      },
      // They measure time, and have the machine to themselves.
      { extends: true, test: { name: "processes", include: processes, fileParallelism: false } },
      { extends: true, test: { name: "planted", include: planted, fileParallelism: false } },
      { test: { name: "site", include: site, testTimeout: 300_000 } },
      { extends: true, test: { name: "pages", include: pages } },
      {
        test: {
          name: "packed",
          include: packed,
          globalSetup: "test/packed/consumer.ts",
          testTimeout: 120_000,
        },
      },
    ],
  },
});
