import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The modules that Node loads for `import` of a built file. */
function loadedByImport(file: string): readonly string[] {
  const hooks =
    "export function load(url, context, next) { process._rawDebug('loaded ' + url); return next(url, context); }";
  const start = `import { register } from "node:module"; register(${JSON.stringify(toDataUrl(hooks))});`;
  const script = `console.error = () => {}; await import("./dist/${file}.js");`;
  return run(["--import", toDataUrl(start), "--input-type=module", "--eval", script])
    .split("\n")
    .filter((line) => line.startsWith("loaded "))
    .map((line) => line.slice("loaded ".length));
}

/** The files that Node loads for `require` of a built file, with the sources bundled into them. */
function loadedByRequire(file: string): readonly string[] {
  const script = `require("./dist/${file}.cjs"); process._rawDebug(Object.keys(require.cache).join("\\n"));`;
  const files = run(["--input-type=commonjs", "--eval", script]).trim().split("\n");
  return files.flatMap((path) => [path, ...bundledInto(path)]);
}

function bundledInto(path: string): readonly string[] {
  return [...readFileSync(path, "utf8").matchAll(/^\/\/ (\S*node_modules\/\S+)$/gm)].map(
    ([, source = ""]) => source,
  );
}

function toDataUrl(script: string): string {
  return `data:text/javascript,${encodeURIComponent(script)}`;
}

/** Runs Node in this folder; gives what it wrote to standard error. */
function run(args: readonly string[]): string {
  const quiet = ["--no-warnings", ...args];
  const command = `exec "$0" "$@" 2>&1 >/dev/null`;
  return execFileSync("sh", ["-c", command, process.execPath, ...quiet], {
    cwd: root,
    encoding: "utf8",
  });
}

const heavy = (modules: readonly string[]) =>
  ["ky", "zod", "p-retry"].filter((name) =>
    modules.some((module) => module.includes(`node_modules/${name}/`)),
  );

describe.each([
  ["import", loadedByImport],
  ["require", loadedByRequire],
])("what `%s` loads", (_name, loadedBy) => {
  it("is neither ky nor zod for the root", () => {
    const loaded = loadedBy("index");

    expect(loaded.some((module) => /dist\/index\.c?js$/.test(module))).toBe(true);
    expect(heavy(loaded).filter((name) => name !== "p-retry")).toEqual([]);
  });

  it.each([
    ["opentelemetry", "@opentelemetry"],
    ["jetstream", "@nats-io"],
  ])("is the peer of `%s` for that entry alone", (entry, scope) => {
    const isLoaded = (file: string) =>
      loadedBy(file).some((module) => module.includes(`node_modules/${scope}/`));

    expect(["index", "tiki", entry].map(isLoaded)).toEqual([false, false, true]);
  });

  it("is both for a provider", () => {
    expect(heavy(loadedBy("tiki"))).toEqual(expect.arrayContaining(["ky", "zod"]));
  });
});
