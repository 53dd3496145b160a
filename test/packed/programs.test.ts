import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, inject, it } from "vitest";
import { root, runIn } from "./consumer.ts";

const from = join(root, "test/packed/programs");
const folder = join(inject("consumerFolder"), "programs");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
for (const file of readdirSync(from)) copyFileSync(join(from, file), join(folder, file));

/** In a folder of its own: two packages with one `tsc` cannot stand beside each other. */
const floor = join(folder, "floor");
mkdirSync(floor, { recursive: true });
writeFileSync(join(floor, "package.json"), '{ "private": true }');
runIn(floor, "npm", "install", "--silent", "--prefer-offline", "--no-audit", "typescript@5.6.3");

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
  ["the oldest TypeScript that is supported", floor],
  ["the TypeScript of today", root],
])("by %s", (_, home) => {
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

    runIn(folder, process.execPath, join(home, "node_modules/typescript/bin/tsc"), "-p", ".");
  });
});
