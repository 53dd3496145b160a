import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, inject, it } from "vitest";
import { root, runIn } from "./consumer.ts";

const from = join(root, "test/packed/programs");
const folder = join(inject("consumerFolder"), "programs");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
for (const file of readdirSync(from)) copyFileSync(join(from, file), join(folder, file));

// Nothing of Node's types, and no library beyond the DOM: what the declarations need they bring.
const base = {
  target: "es2022",
  lib: ["es2022", "dom"],
  types: [],
  strict: true,
  skipLibCheck: false,
  declaration: true,
  emitDeclarationOnly: true,
  outDir: "out",
  rootDir: ".",
};

describe.each([
  ["the oldest TypeScript that is supported", "typescript-floor"],
  ["the TypeScript of today", "typescript"],
])("by %s", (_, compiler) => {
  it.each([
    ["nodenext", { module: "nodenext", moduleResolution: "nodenext" }],
    ["bundler", { module: "esnext", moduleResolution: "bundler" }],
    [
      "nodenext with exact optional properties",
      { module: "nodenext", moduleResolution: "nodenext", exactOptionalPropertyTypes: true },
    ],
  ])("programs compile, and what is wrong in them does not: %s", (_name, options) => {
    const compilerOptions = { ...base, ...options };
    const project = { compilerOptions, include: ["*.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));

    runIn(folder, process.execPath, join(root, "node_modules", compiler, "bin/tsc"), "-p", ".");
  });
});
