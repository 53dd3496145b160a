import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, inject, it } from "vitest";
import { root, runIn } from "./consumer.ts";

const from = join(root, "test/packed/programs");
const folder = join(inject("consumerFolder"), "programs");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
for (const file of readdirSync(from)) copyFileSync(join(from, file), join(folder, file));

/** In a folder of its own: packages with one `tsc` cannot stand beside each other. */
function installed(version: string): string {
  const home = join(folder, version);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "package.json"), '{ "private": true }');
  runIn(
    home,
    "npm",
    "install",
    "--silent",
    "--prefer-offline",
    "--no-audit",
    `typescript@${version}`,
  );
  return home;
}

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
  ["the oldest TypeScript that is supported", installed("5.6.3")],
  ["the TypeScript that this package is built with", root],
  ["the TypeScript that is native", installed("7.0.2")],
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

  it("feeds fit where null is not checked either, as in JavaScript with `@ts-check`", () => {
    const compilerOptions = {
      ...base,
      strict: false,
      module: "nodenext",
      moduleResolution: "nodenext",
    };
    const project = { compilerOptions, include: ["feeds.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));

    runIn(folder, process.execPath, join(home, "node_modules/typescript/bin/tsc"), "-p", ".");
  });
});
