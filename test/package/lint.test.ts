import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

const sound = `import * as z from "zod/mini";
import { sleep } from "../core/sleep.ts";

export async function wait(signal: AbortSignal): Promise<void> {
  await sleep(z.parse(z.number(), 1), signal);
}
`;

/** What is planted, its text, and the rule that must refuse it. */
const planted: readonly (readonly [name: string, text: string, rule: string])[] = [
  ["the global EventSource as a type", "export type A = EventSource;", "noRestrictedGlobals"],
  ["the global Event", 'export const event = new Event("a");', "noRestrictedGlobals"],
  ["AbortSignal.any", "export const both = AbortSignal.any([]);", "noJsRestrictedProperties"],
  ["AbortSignal.timeout", "export const a = AbortSignal.timeout(1);", "noJsRestrictedProperties"],
  ["the largest zod", 'import { z } from "zod";\nexport const a = z;', "noRestrictedImports"],
  ["the large zod", 'import * as z from "zod";\nexport const a = z;', "noRestrictedImports"],
  ["another zod", 'import * as z from "zod/v4";\nexport const a = z;', "noRestrictedImports"],
  ["z of zod/mini", 'import { z } from "zod/mini";\nexport const a = z;', "noRestrictedImports"],
  ["an import of .js", 'export { sleep } from "../core/sleep.js";', "noRestrictedImports"],
  ["an import without an ending", 'export { sleep } from "../core/sleep";', "useImportExtensions"],
  [
    "a promise that nobody waits for",
    "async function a(): Promise<void> {}\nexport function b(): void {\n  a();\n}",
    "noFloatingPromises",
  ],
  ["a default export", "const a = 1;\nexport default a;", "noDefaultExport"],
  ["any", "export function a(value: any): void {\n  value();\n}", "noExplicitAny"],
  ["the console", 'console.log("a");', "noConsole"],
  [
    "a pull outside the guard",
    "export async function a(feed: { pull(): Promise<void> }): Promise<void> {\n  await feed.pull();\n}",
    "plugin",
  ],
  [
    "a store that is asked with then",
    "export function a(store: { put(): Promise<void> }): Promise<void> {\n  return store.put().then(() => {});\n}",
    "plugin",
  ],
  [
    "an optional call outside the guard",
    "export async function a(feed: { nack?(): Promise<void> }): Promise<void> {\n  await feed.nack?.();\n}",
    "plugin",
  ],
  [
    "the class of what may be another realm's",
    "export const isBad = (thrown: unknown): boolean => thrown instanceof Error;",
    "plugin",
  ],
  ["a handler outside the guard", "export const a = (handler: () => void) => handler();", "plugin"],
];

interface LintReport {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly location: { readonly path: string };
  }[];
}

/** Runs the repository's lint over files of `src/loop`; gives the broken rules by file. */
async function rulesBroken(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const config = JSON.parse(await readFile(join(root, "biome.json"), "utf8")) as object;
  await writeFile(join(folder, "biome.json"), JSON.stringify({ ...config, $schema: "", vcs: {} }));
  await mkdir(join(folder, "src/core"), { recursive: true });
  await mkdir(join(folder, "src/loop"), { recursive: true });
  await mkdir(join(folder, "scripts"));
  for (const plugin of ["scripts/guard.grit", "scripts/realm.grit"]) {
    await copyFile(join(root, plugin), join(folder, plugin));
  }
  await writeFile(join(folder, "src/core/sleep.ts"), "export async function sleep() {}\n");
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, "src/loop", name), `${text}\n`);
  }
  const report = JSON.parse(await lint(folder)) as LintReport;
  const broken: Record<string, string[]> = {};
  for (const { category, location } of report.diagnostics) {
    const name = location.path.split("/").at(-1) ?? "";
    broken[name] = [...(broken[name] ?? []), category.split("/").at(-1) ?? ""];
  }
  return broken;
}

function lint(folder: string): Promise<string> {
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const args = [biome, "lint", "--reporter=json", "--max-diagnostics=200", "src"];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder }, (_error, output) => resolve(output));
  });
}

describe("the lint", () => {
  let folder = "";
  let broken: Readonly<Record<string, readonly string[]>> = {};
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ackloop-lint-"));
    const files = planted.map(([, text], index) => [`planted-${index}.ts`, text]);
    broken = await rulesBroken(folder, { "sound.ts": sound, ...Object.fromEntries(files) });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("lets the style of this repository through", () => {
    expect(broken["sound.ts"]).toBeUndefined();
  });

  it.each(planted.map((one, index) => [...one, index] as const))("refuses %s", (...one) => {
    const [, , rule, index] = one;

    expect(broken[`planted-${index}.ts`]).toContain(rule);
  });
});
