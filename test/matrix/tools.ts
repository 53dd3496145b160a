import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * What the rows run on, pinned, by the name it is installed under. Too large to be installed by everybody who
 * works on this: 900 MB.
 */
const tools = {
  bun: "1.4.5",
  deno: "2.9.6",
  "edge-runtime": "4.0.1",
  jest: "30.5.2",
  miniflare: "4.20260730.0",
  "node-20": "npm:node@20.20.2",
  "node-22": "npm:node@22.23.3",
  "node-24": "npm:node@24.21.0",
  "node-26": "npm:node@26.10.0",
  "typescript-5.4": "npm:typescript@5.4.5",
  "typescript-5.5": "npm:typescript@5.5.4",
  "typescript-5.6": "npm:typescript@5.6.3",
  "typescript-5.7": "npm:typescript@5.7.3",
  "typescript-5.8": "npm:typescript@5.8.3",
  "typescript-5.9": "npm:typescript@5.9.3",
  "typescript-6.0": "npm:typescript@6.0.3",
  "typescript-7.0": "npm:typescript@7.0.2",
  // The last that TypeScript 5.4 and 5.5 can read.
  "types-node-old": "npm:@types/node@22.7.4",
};

/** The name of a tool. */
export type Tool = keyof typeof tools;

const home = join(root, ".tmp/matrix");

/** What a program that is started here may see of this process's environment. */
export const environment = { PATH: process.env.PATH, HOME: process.env.HOME, CI: "1" };

/** A file of a tool. */
export const toolFile = (tool: Tool, path: string): string =>
  join(home, tool, "node_modules", tool, path);

/**
 * Installs a tool once for this checkout, each in a folder of its own, so that one that cannot be had takes no
 * other along; gives why it is not there, where that is so.
 */
export function installTool(tool: Tool): string | undefined {
  const folder = join(home, tool);
  const manifest = join(folder, "package.json");
  const wanted = JSON.stringify({ private: true, dependencies: { [tool]: tools[tool] } });
  const isThere = existsSync(join(folder, "done")) && readFileSync(manifest, "utf8") === wanted;
  if (isThere) return undefined;
  mkdirSync(folder, { recursive: true });
  writeFileSync(manifest, wanted);
  const failure = install(folder);
  if (failure === undefined) writeFileSync(join(folder, "done"), "");
  return failure;
}

function install(folder: string, ...packages: readonly string[]): string | undefined {
  const args = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, stderr } = spawnSync("npm", [...args, ...packages], {
    cwd: folder,
    env: environment,
    encoding: "utf8",
  });
  return status === 0 ? undefined : `npm cannot install it: ${stderr.trim().slice(0, 200)}`;
}

/** Packs the built package and installs it in an empty folder, with what its types speak of. */
export function installPackage(): string {
  const folder = mkdtempSync(join(tmpdir(), "ackloop-matrix-"));
  const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder];
  execFileSync("npm", pack, { cwd: root });
  const [tarball = ""] = readdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "name": "user", "private": true }');
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const peers = ["@opentelemetry/api", "@nats-io/jetstream", "@nats-io/transport-node"].map(
    (peer) => `${peer}@${devDependencies[peer]}`,
  );
  const failure = install(folder, `./${tarball}`, ...peers);
  if (failure !== undefined) throw new Error(failure);
  return folder;
}

/** A folder below a user's, in which the types of Node are installed too. */
export function withNodeTypes(consumer: string, name: string, types: string): string {
  const folder = join(consumer, name);
  mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
  symlinkSync(types, join(folder, "node_modules/@types/node"));
  return folder;
}
