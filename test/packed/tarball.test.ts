import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { packageEntries } from "../../scripts/entries.ts";
import { root, runIn } from "./consumer.ts";

const subpaths = Object.keys(packageEntries()).map((name) =>
  name === "index" ? "ackloop" : `ackloop/${name}`,
);
/** A program that imports every subpath. */
const importOfAll = [
  ...subpaths.map((subpath, index) => `import * as a${index} from "${subpath}";`),
  `export const all: object[] = [${subpaths.map((_, index) => `a${index}`).join(", ")}];\n`,
].join("\n");
const folder = inject("consumerFolder");

/** The same, where the peers are installed too that entries are made for. */
const withPeer = join(folder, "with-peer");
cpSync(join(folder, "node_modules"), join(withPeer, "node_modules"), { recursive: true });
mkdirSync(join(withPeer, "node_modules/@opentelemetry"));
symlinkSync(
  join(root, "node_modules/@opentelemetry/api"),
  join(withPeer, "node_modules/@opentelemetry/api"),
);
symlinkSync(join(root, "node_modules/@nats-io"), join(withPeer, "node_modules/@nats-io"));
const needPeer = ["ackloop/jetstream", "ackloop/opentelemetry"];

/** Writes a file into a consumer's folder and runs it with Node. */
function runScript(name: string, text: string, home = folder): string {
  writeFileSync(join(home, name), text);
  return runIn(home, process.execPath, name);
}

/** Type-checks files as a project of its own, declarations of the package included. */
function typeCheck(name: string, options: object, files: readonly string[]): void {
  const compilerOptions = {
    target: "es2022",
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    ...options,
  };
  writeFileSync(join(withPeer, name), JSON.stringify({ compilerOptions, files }));
  runIn(withPeer, process.execPath, join(root, "node_modules/typescript/bin/tsc"), "-p", name);
}

describe("the tarball in an empty folder", () => {
  it("brings its three dependencies and theirs, and nothing else", () => {
    const installed = readdirSync(join(folder, "node_modules")).filter((name) => name[0] !== ".");

    expect(installed.sort()).toEqual(["ackloop", "is-network-error", "ky", "p-retry", "zod"]);
  });

  it.each(subpaths)("gives the same names of %s to import and to require", (subpath) => {
    const names = "JSON.stringify(Object.keys(it).filter((n) => n !== 'default').sort())";
    const home = needPeer.includes(subpath) ? withPeer : folder;
    const byImport = `import * as it from "${subpath}"; console.log(${names});`;
    const imported = runScript("a.mjs", byImport, home);
    const byRequire = `const it = require("${subpath}"); console.log(${names});`;
    const required = runScript("a.cjs", byRequire, home);

    expect(imported).toEqual(required);
    expect(JSON.parse(imported)).not.toEqual([]);
  });

  it.each([
    [
      "import",
      "a.mjs",
      'import { drain } from "ackloop"; import { memoryFeed, testEvent } from "ackloop/testing";',
    ],
    [
      "require",
      "a.cjs",
      'const { drain } = require("ackloop"); const { memoryFeed, testEvent } = require("ackloop/testing");',
    ],
  ])("handles the events of a feed, by %s", (_name, file, imports) => {
    const script = `${imports}
const feed = memoryFeed();
feed.publish(testEvent("1", { type: "greeted", data: "hello" }));
drain(feed, (event) => console.log(event.type, event.data)).then((summary) => console.log(summary.handled));
`;

    expect(runScript(file, script)).toBe("greeted hello\n1\n");
  });

  it("runs its command line", () => {
    const help = runIn(folder, join(folder, "node_modules/.bin/ackloop"), "--help");

    expect(help).toContain("emulate");
  });

  it("type-checks by moduleResolution bundler, without the types of Node", () => {
    writeFileSync(join(withPeer, "bundled.ts"), importOfAll);

    typeCheck(
      "bundler.json",
      {
        module: "esnext",
        moduleResolution: "bundler",
        lib: ["es2022", "dom", "dom.iterable", "dom.asynciterable"],
        types: [],
      },
      ["bundled.ts"],
    );
  });

  it("type-checks by moduleResolution node16, as a module and as CommonJS", () => {
    symlinkSync(join(root, "node_modules/@types"), join(withPeer, "node_modules/@types"));
    const files = ["module.mts", "common.cts"];
    for (const file of files) writeFileSync(join(withPeer, file), importOfAll);

    typeCheck("node16.json", { module: "node16", lib: ["es2022"], types: ["node"] }, files);
  });
});
