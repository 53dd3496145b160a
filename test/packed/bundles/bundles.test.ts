import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { packageEntries } from "../../../scripts/entries.ts";
import { sizesOf } from "../../../scripts/size.ts";
import { limits, targets } from "../../../scripts/size-limits.ts";
import { root } from "../consumer.ts";
import { type Bundle, bundlers } from "./bundlers.ts";
import { withGiven } from "./given.ts";
import { type Program, programOf, programs, textOf } from "./programs.ts";

const consumer = inject("consumerFolder");
const realm = fileURLToPath(new URL("./bare-realm.mjs", import.meta.url));
const forms = ["import", "require"] as const;

/** The programs and, for each entry of the exports map that none of them imports, one more. */
const all = [...programs, ...(await Promise.all(entriesBeside(programs).map(programOfEntry)))];

function entriesBeside(some: readonly Program[]): readonly string[] {
  const known = some.flatMap(({ imports }) => Object.keys(imports));
  // Without its peer there is nothing to bundle: `npm run matrix` bundles it with that.
  return Object.keys(packageEntries()).filter(
    (name) =>
      !["jetstream", "opentelemetry"].includes(name) &&
      !known.includes(name === "index" ? "ackloop" : `ackloop/${name}`),
  );
}

async function programOfEntry(name: string): Promise<Program> {
  const file = join(consumer, "node_modules/ackloop/dist", `${name}.js`);
  return programOf(`ackloop/${name}`, Object.keys(await import(pathToFileURL(file).href)));
}

/** A folder of programs beside the installed tarball. */
function folderOf(name: string): string {
  const folder = join(consumer, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

const plain = folderOf("bundles");
/** Where the optional peers are installed too. */
const withPeers = folderOf("bundles-with-peers");

function installPeers(): void {
  const modules = join(withPeers, "node_modules");
  if (existsSync(modules)) return;
  mkdirSync(modules);
  cpSync(join(consumer, "node_modules/ackloop"), join(modules, "ackloop"), { recursive: true });
  mkdirSync(join(modules, "@opentelemetry"));
  for (const peer of ["@opentelemetry/api", "libsql", "msw"]) {
    symlinkSync(join(root, "node_modules", peer), join(modules, peer));
  }
  // The last has a binary that is no part of its package.
  mkdirSync(join(modules, "better-sqlite3"));
  writeFileSync(join(modules, "better-sqlite3/index.js"), 'require("./build/binary.node");');
}

function written(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** The file of a program. */
function fileOf(folder: string, program: Program, form: "import" | "require"): string {
  const ending = form === "import" ? "mjs" : "cjs";
  const name = `${program.name.replace(/\W+/g, "-")}.${ending}`;
  return written(folder, name, textOf(program, form));
}

/** Runs bundles where they are made for, in one process; gives what each printed. The drivers are ours. */
async function run(bundles: readonly Bundle[]): Promise<ReadonlyMap<string, unknown>> {
  const stdout = await withGiven(async (given) => {
    const known = JSON.stringify({ ...given, file: `${bundles[0]?.file}.db` });
    const files = bundles.map(({ file }) => file);
    const isForNode = bundles.every(({ runsOn }) => runsOn === "node");
    const imports = files.map((file) => `await import(${JSON.stringify(file)});`);
    const script = `globalThis.given = ${known}; ${imports.join("")}`;
    const forNode = ["--input-type=module", "--eval", script];
    const bare = ["--experimental-vm-modules", realm, known, ...files];
    const args = ["--no-warnings", ...(isForNode ? forNode : bare)];
    return (await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 60_000 }))
      .stdout;
  });
  return new Map(
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  );
}

/** The packages whose files are in a bundle. */
function packagesOf({ inputs }: Bundle): readonly string[] {
  const names = inputs.flatMap(
    (path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  );
  return [...new Set(names)].sort();
}

/** Tells what there is of Node's. */
const asks: Program = {
  name: "what there is of Node's",
  imports: {},
  body: `return [${["process", "Buffer", "setImmediate"].map((name) => `typeof ${name}`)}];`,
  prints: undefined,
  packages: [],
};

describe.each(Object.entries(bundlers))("%s", (bundler, bundle) => {
  const rows = all
    .filter(({ needsNode }) => needsNode === undefined || bundler.includes("Node"))
    .flatMap((program) => forms.map((form) => ({ program, form, name: program.name })));
  const made = new Map<string, Bundle>();
  const printed = new Map<string, unknown>();

  const bundleOf = (file: string): Bundle => {
    const found = made.get(file);
    if (!found) throw new Error(`no bundle of ${file}`);
    return found;
  };

  beforeAll(async () => {
    const files = [...rows, { program: asks, form: "import" as const }].map(({ program, form }) =>
      fileOf(plain, program, form),
    );
    for (const [file, one] of await bundle(files)) made.set(file, one);
    for (const ending of ["mjs", "cjs"]) {
      // Each form has emulators of its own, whose events nobody has read.
      const some = files.filter((file) => file.endsWith(ending)).map(bundleOf);
      for (const [name, told] of await run(some)) printed.set(`${name} ${ending}`, told);
    }
  }, 120_000);

  it.each(rows)("builds and runs $name, by $form", ({ program, form }) => {
    const it = bundleOf(fileOf(plain, program, form));

    expect(it.imports).toEqual([]);
    expect(packagesOf(it)).toContain("ackloop");
    expect(program.packages).toEqual(expect.arrayContaining([...packagesOf(it)]));
    expect(printed.get(`${program.name} ${form === "import" ? "mjs" : "cjs"}`)).toEqual(
      program.prints,
    );
  });

  it("makes the same of each where the optional peers are installed", async () => {
    installPeers();
    const pairs = rows.map(({ program, form }) => [
      fileOf(plain, program, form),
      fileOf(withPeers, program, form),
    ]);
    const others = await bundle(pairs.map(([, file = ""]) => file));

    const told = pairs.map(([file = "", other = ""]) => [bundleOf(file), others.get(other)]);
    expect(told).not.toEqual([]);
    for (const [one, other] of told) {
      expect(other?.imports).toEqual([]);
      expect(other && packagesOf(other)).toEqual(one && packagesOf(one));
    }
  });

  it("would show a module of Node's", async () => {
    const text = `import { sep } from "node:path"; console.log(sep);`;
    const told = await bundle([written(plain, "node.mjs", text)]).then(
      (bundles) => String([...bundles.values()].flatMap(({ imports }) => imports)),
      (error: Error) => error.message,
    );

    expect(told).toContain("node:path");
  });

  it("would show what needs Node to run", () => {
    const { runsOn } = bundleOf(fileOf(plain, asks, "import"));

    const types = new Set(printed.get(`${asks.name} mjs`) as string[]);
    expect([...types].sort()).toEqual(runsOn === "web" ? ["undefined"] : ["function", "object"]);
  });
});

describe("what a bundle weighs", () => {
  // The table of all is asked by `npm run size`, of what was built.
  const rows = Object.keys(limits).filter((name) => name in targets || name.includes("CommonJS"));

  it.each([...rows, "memoryStores"])("is within the limit, from the tarball: %s", async (name) => {
    for (const { kilobytes, limit } of await sizesOf(name, plain)) {
      expect(kilobytes).toBeGreaterThan(limit / 2);
      expect(kilobytes).toBeLessThanOrEqual(limit);
    }
  });
});
