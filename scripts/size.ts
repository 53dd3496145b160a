/**
 * What bundles of the built package weigh: `npm run size`. Fails where one is above its limit, and where an
 * entry or a provider has none; says which targets are met. `--json` prints one object.
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { buildIfStale } from "./build.ts";
import { packageEntries } from "./entries.ts";
import { limits, targets } from "./size-limits.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const dependencies = ["ky", "p-retry", "is-network-error", "zod", "zod/*", "@nats-io/*"];

/** What one bundle weighs. */
export interface Size {
  readonly name: string;
  /** In kB of 1,000 bytes, minified and in gzip. */
  readonly kilobytes: number;
  readonly limit: number;
  /** What is to be reached; the limit where nothing else is asked. */
  readonly target: number;
}

/** The entry that a name of a program is exported by. */
function entryOf(name: string): string {
  if (name === "memoryStores") return "ackloop/stores";
  return name in packageEntries() ? `ackloop/${name}` : "ackloop";
}

/** The text of the program that a name of the table means. */
function programOf(name: string): string {
  const [what = "", form] = name.split(", ");
  const load = (names: string, entry: string): string =>
    form === undefined
      ? `import ${names} from "${entry}";`
      : `const ${names} = require("${entry}");`;
  if (what.startsWith("ackloop")) {
    return `${load(form === undefined ? "* as all" : "all", what)} console.log(all);`;
  }
  const names = what.split(" + ");
  const lines = names.map((one) => load(`{ ${one} }`, entryOf(one)));
  return `${lines.join("\n")} console.log(${names});`;
}

/** Bundles a program as esbuild does it for browsers, minified; the package is found from the folder. */
async function bundle(
  program: string,
  folder: string,
  external: readonly string[],
): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: folder, loader: "js" },
    external: [...external],
    bundle: true,
    minify: true,
    platform: "browser",
    format: "esm",
    // As a user sees it: the repository's own settings lead to the source.
    tsconfigRaw: {},
    write: false,
    logLevel: "silent",
  });
  const [file] = outputFiles;
  if (!file) throw new Error(`esbuild made nothing of ${program}`);
  return file.contents;
}

/** What a row of the table weighs, with its dependencies and without, bundled in a folder of a user's. */
export async function sizesOf(name: string, folder = root): Promise<readonly [Size, Size]> {
  const [all, own] = limits[name] ?? [0, 0];
  const program = programOf(name);
  const one = async (part: string, limit: number, target: number, external: readonly string[]) => {
    const kilobytes = toKilobytes(await bundle(program, folder, external));
    return { name: `${name}, ${part}`, kilobytes, limit, target };
  };
  const { withDependencies = all, without = own } = targets[name] ?? {};
  return [
    await one("with dependencies", all, withDependencies, []),
    await one("without", own, without, dependencies),
  ];
}

const toKilobytes = (bytes: Uint8Array): number => Math.round(gzipSync(bytes).length / 100) / 10;

/** What has no row although each of its kind has one. */
function missingRows(): readonly string[] {
  const entries = Object.entries(packageEntries());
  const providers = entries.filter(([, source]) => source.startsWith("src/providers/"));
  const rows = Object.keys(limits);
  return [
    ...entries.map(([name]) => (name === "index" ? "ackloop" : `ackloop/${name}`)),
    ...providers.map(([name]) => `${verbOf(rows, name)} + ${name}`),
  ].filter((name) => !rows.includes(name));
}

/** The verb that the table has a provider with. */
function verbOf(rows: readonly string[], provider: string): string {
  const row = rows.find((name) => name.endsWith(` + ${provider}`));
  return row?.split(" ")[0] ?? "drain";
}

/** What every row of the table weighs, of the package as it was built. */
export async function allSizes(): Promise<readonly Size[]> {
  const sizes: Size[] = [];
  for (const name of [...Object.keys(limits), ...missingRows()]) {
    sizes.push(...(await sizesOf(name)));
  }
  return sizes;
}

const toLine = ({ name, kilobytes, limit, target }: Size): string => {
  const told = target === limit ? "" : `${target} kB, ${kilobytes <= target ? "met" : "not met"}`;
  return `| ${name} | ${kilobytes} kB | ${limit} kB${kilobytes > limit ? ", exceeded" : ""} | ${told} |`;
};

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
  buildIfStale();
  const sizes = await allSizes();
  const head = ["| bundle | weighs | limit | target |", "| --- | --- | --- | --- |"];
  const text = values.json ? JSON.stringify({ sizes }) : [...head, ...sizes.map(toLine)].join("\n");
  process.stdout.write(`${text}\n`);
  const above = sizes.filter(({ kilobytes, limit }) => kilobytes > limit);
  if (above.length === 0) return;
  const names = above.map(({ name }) => name).join("; ");
  process.stderr.write(`Above the limit of scripts/size-limits.ts, or without one: ${names}.\n`);
  process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
