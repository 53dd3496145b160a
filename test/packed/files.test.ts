import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { packageEntries } from "../../scripts/entries.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
};

/** Beside the files: the licences of what is bundled into them. */
const licenses = "licenses.txt";

/** The files that the manifest names, below `dist`. */
function namedFiles(): readonly string[] {
  const texts = JSON.stringify([manifest.exports, manifest.bin]).matchAll(
    /"(?:\.\/)?dist\/([^"]+)"/g,
  );
  return [...new Set([...texts].map(([, file = ""]) => file))].sort();
}

/** The built files that somebody may name; what they share has a hash in its name. */
function builtFiles(): readonly string[] {
  return readdirSync(join(root, "dist"))
    .filter((file) => file !== licenses && !/-[\w-]{8}\.(js|cjs|d\.ts|d\.cts)$/.test(file))
    .sort();
}

/** The packages that the files with this ending load or refer to, without those of Node. */
function packagesIn(ending: RegExp): readonly string[] {
  const found = readdirSync(join(root, "dist"))
    .filter((file) => ending.test(file))
    .flatMap((file) => [
      ...codeOf(file).matchAll(
        /(?:\bfrom |\bimport\(|\brequire\(|^import )["']((?:@[\w.-]+\/)?[\w-][\w.-]*)/gm,
      ),
    ])
    .map(([, name = ""]) => name)
    .filter((name) => name !== "node");
  return [...new Set(found)].sort();
}

/** The text of a built file without the lines of its comments. */
function codeOf(file: string): string {
  const lines = readFileSync(join(root, "dist", file), "utf8").split("\n");
  return lines.filter((line) => !/^\s*(\/\*|\*|\/\/)/.test(line)).join("\n");
}

describe("the built files", () => {
  it("are exactly those that the exports map and the bin name", () => {
    expect(builtFiles()).toEqual(namedFiles());
  });

  it("come from a subpath for each provider's folder", () => {
    const folders = readdirSync(join(root, "src/providers"));

    expect(Object.values(packageEntries())).toEqual(
      expect.arrayContaining(folders.map((folder) => `src/providers/${folder}/index.ts`)),
    );
  });

  it("are built from sources that exist", () => {
    const missing = Object.values(packageEntries()).filter((file) => !existsSync(join(root, file)));

    expect(missing).toEqual([]);
  });

  it("refer in their types to no other package", () => {
    // An entry for users of a peer may speak of its types.
    expect(packagesIn(/\.d\.c?ts$/)).toEqual(["@opentelemetry/api"]);
    expect(packagesIn(/^(?!opentelemetry).*\.d\.c?ts$/)).toEqual([]);
  });

  it("load as modules only what the package depends on, or asks for as a peer", () => {
    // The command line is a program that uses the package by its name.
    const peers = ["msw", "@opentelemetry/api", "@nats-io/jetstream"];
    const allowed = [...Object.keys(manifest.dependencies), ...peers, "ackloop"];

    expect(packagesIn(/\.js$/).filter((name) => !allowed.includes(name))).toEqual([]);
  });

  it("write no export where a CommonJS class has a field of the same name", () => {
    const files = readdirSync(join(root, "dist")).filter((file) => file.endsWith(".cjs"));

    const wrong = files.filter((file) => /this\.\w+ = exports\./.test(codeOf(file)));

    expect(files).not.toEqual([]);
    expect(wrong).toEqual([]);
  });

  it("bring the licence of every package that is bundled into them", () => {
    const built = readdirSync(join(root, "dist")).filter((file) => /\.c?js$/.test(file));
    const sources = built.flatMap((file) => [
      ...readFileSync(join(root, "dist", file), "utf8").matchAll(
        /^\/\/ node_modules\/((?:@[\w.-]+\/)?[\w.-]+)\//gm,
      ),
    ]);
    const names = new Set(sources.map(([, name = ""]) => name));
    const text = readFileSync(join(root, "dist", licenses), "utf8");

    expect([...names].sort()).toEqual(["commander", "is-network-error", "ky", "p-retry"]);
    for (const name of names) {
      const folder = join(root, "node_modules", name);
      const file = readdirSync(folder).find((each) => /^license/i.test(each)) ?? "";
      expect(text).toContain(readFileSync(join(folder, file), "utf8"));
    }
  });

  it("keep the syntax that every supported Node has, as CommonJS", () => {
    const files = readdirSync(join(root, "dist")).filter((file) => file.endsWith(".cjs"));

    expect(files.filter((file) => /_optionalChain|_nullishCoalesce/.test(codeOf(file)))).toEqual(
      [],
    );
  });

  it("require as CommonJS only packages that have a CommonJS form", () => {
    const allowed = ["zod", "msw", "@opentelemetry/api", "@nats-io/jetstream"];

    expect(packagesIn(/\.cjs$/).filter((name) => !allowed.includes(name))).toEqual([]);
  });
});
