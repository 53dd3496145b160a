import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** A folder in which the packed tarball is installed, and nothing else. */
    readonly consumerFolder: string;
    /** A folder in which there are also the packages that the guides import, and a folder for each guide. */
    readonly pagesFolder: string;
  }
}

/** The folder of the repository. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs a program in a folder; what it wrote is in the error when it fails. */
export function runIn(folder: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    // npm gives its scripts settings that would reach the npm started here.
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

/** Packs the built files and installs the tarball in an empty folder, once for all test files. */
export function setup({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "ackloop-packed-"));
  const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder];
  execFileSync("npm", pack, { cwd: root });
  const [tarball = ""] = readdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "user", private: true }));
  const install = ["install", "--silent", "--prefer-offline", "--no-audit", "--no-fund"];
  runIn(folder, "npm", ...install, `./${tarball}`);
  provide("consumerFolder", folder);
  provide("pagesFolder", preparePages(folder));
  return () => rmSync(folder, { recursive: true, force: true });
}

/** What the guides import beside the package; of the repository, as it is installed here. */
const imported = [
  "@electric-sql/pglite",
  "@hono/node-server",
  "@nats-io/jetstream",
  "@nats-io/transport-node",
  "@opentelemetry/api",
  "@opentelemetry/context-async-hooks",
  "@opentelemetry/sdk-metrics",
  "@opentelemetry/sdk-trace-base",
  "express",
  "hono",
  "libsql",
  "msw",
  "pg",
  "prom-client",
  "undici",
];

/** The package once more, beside what the guides import; other tests are of a folder without that. */
function preparePages(folder: string): string {
  const pages = join(folder, "pages");
  const modules = join(pages, "node_modules");
  const own = join(modules, "ackloop");
  cpSync(join(folder, "node_modules/ackloop"), own, { recursive: true });
  for (const name of imported) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  mkdirSync(join(modules, ".bin"));
  symlinkSync(join(own, "dist/cli.js"), join(modules, ".bin/ackloop"));
  cpSync(join(own, "examples"), join(pages, "examples"), { recursive: true });
  return pages;
}
