import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** Asked of each folder, so that none hides behind the others. */
const lines = { lines: 95 };
const folders = readdirSync("src", { recursive: true, withFileTypes: true })
  .filter((each) => each.isDirectory())
  .map(({ parentPath, name }) => `${parentPath}/${name}/*.ts`);

const planted = ["test/**/planted*.test.ts", "test/core/guard-sites.test.ts"];

export default defineConfig({
  resolve: {
    alias: [
      { find: /^ackloop$/, replacement: source("index.ts") },
      {
        find: /^ackloop\/(feeds|http|stores|emulator|testing)$/,
        replacement: source("$1/index.ts"),
      },
      { find: /^ackloop\/([\w-]+)$/, replacement: source("providers/$1/index.ts") },
    ],
  },
  test: {
    restoreMocks: true,
    unstubGlobals: true,
    // Two slow cores run the tests of everybody; a hang still ends.
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Tests of real processes measure time, on a machine that others may share.
    retry: process.env.CI ? 2 : 0,
    reporters: process.env.CI ? ["default", "json"] : ["default"],
    outputFile: { json: ".tmp/results/source.json" },
    coverage: {
      include: ["src/**/*.ts"],
      exclude: ["src/cli/main.ts"],
      reporter: ["text-summary", "json-summary"],
      thresholds: { lines: 95, ...Object.fromEntries(folders.map((path) => [path, lines])) },
    },
    projects: [
      {
        extends: true,
        test: {
          name: "source",
          include: ["test/**/*.test.ts"],
          exclude: ["test/packed/**", ...planted],
          // Errors outside the type tests belong to `npm run types`.
          typecheck: {
            enabled: true,
            include: ["test/**/*.test-d.ts"],
            tsconfig: "tsconfig.json",
            ignoreSourceErrors: true,
          },
        },
      },
      // What `npm run planted` runs: sources that have bugs, one after another.
      { extends: true, test: { name: "planted", include: planted, fileParallelism: false } },
      // What `npm run pack` runs on the files that were built.
      {
        test: {
          name: "packed",
          include: ["test/packed/**/*.test.ts"],
          globalSetup: "test/packed/consumer.ts",
          testTimeout: 120_000,
        },
      },
    ],
  },
});
