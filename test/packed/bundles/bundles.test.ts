import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, it } from "vitest";
import { root, runIn } from "../consumer.ts";
import { type Bundle, bundlers, minifiedBytes } from "./bundlers.ts";
import { type Program, programs, textOf } from "./programs.ts";

const folder = join(inject("consumerFolder"), "bundles");
mkdirSync(folder);

/** Writes a program into a folder beside the installed tarball. */
function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** Runs a bundle where it is made for; gives what it printed. The peers are the repository's. */
function run({ file, runsOn }: Bundle): string {
  const realm = fileURLToPath(new URL("./bare-realm.mjs", import.meta.url));
  const bare = ["--no-warnings", "--experimental-vm-modules", realm];
  const node = ["--no-warnings", file, `${file}.db`];
  return runIn(root, process.execPath, ...(runsOn === "node" ? node : [...bare, file]));
}

/** The packages whose files are in a bundle. */
function packagesOf({ inputs }: Bundle): readonly string[] {
  const names = inputs.flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  );
  return [...new Set(names)];
}

function fileNameOf({ name }: Program, form: string): string {
  return `${name.replaceAll(" ", "-")}.${form === "import" ? "mjs" : "cjs"}`;
}

describe.each(Object.entries(bundlers))("%s", (bundler, bundle) => {
  const forms = ["import", "require"] as const;
  const rows = programs
    .filter(({ needsNode = false }) => !needsNode || bundler.includes("Node"))
    .flatMap((program) => forms.map((form) => ({ program, form, name: program.name })));

  it.each(rows)("builds and runs $name, by $form", async ({ program, form }) => {
    const made = await bundle(written(fileNameOf(program, form), textOf(program, form)));

    expect(made.imports).toEqual([]);
    expect(packagesOf(made)).toContain("ackloop");
    expect(program.packages).toEqual(expect.arrayContaining([...packagesOf(made)]));
    expect(JSON.parse(run(made))).toEqual(program.prints);
  });

  it("would show a module of Node's", async () => {
    const text = `import { sep } from "node:path"; console.log(sep);`;
    const made = bundle(written("needs-node.mjs", text)).then(
      ({ imports }) => String(imports),
      (error: Error) => error.message,
    );

    expect(await made).toContain("node:path");
  });

  it("would show what needs Node to run", async () => {
    const names = ["process", "Buffer", "setImmediate"];
    const found = names.map((name) => `typeof ${name}`);
    const made = await bundle(written("asks.mjs", `console.log(String([${found}]));`));

    const types = run(made).trim().split(",");
    expect(types.includes("undefined")).toBe(made.runsOn === "web");
    expect(new Set(types).size).toBe(made.runsOn === "web" ? 1 : 2);
  });
});

describe("memoryStores alone", () => {
  it("take at most 16 kB of a browser's bundle, minified", async () => {
    const [program] = programs;
    const file = written("size.mjs", program ? textOf(program, "import") : "");

    expect(await minifiedBytes(file)).toBeLessThan(16_000);
  });
});
