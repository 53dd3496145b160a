import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^ackloop$/, replacement: source("index.ts") },
      { find: /^ackloop\/(stores|emulator|testing)$/, replacement: source("$1/index.ts") },
      { find: /^ackloop\/(\w+)$/, replacement: source("providers/$1/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    restoreMocks: true,
    unstubGlobals: true,
    typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], tsconfig: "tsconfig.json" },
    coverage: {
      include: ["src/**/*.ts"],
      exclude: ["src/cli/main.ts"],
      reporter: ["text-summary", "json-summary"],
      thresholds: { lines: 95 },
    },
  },
});
