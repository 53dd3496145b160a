import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../consumer.ts";

/** Too large to be installed by everybody who works on this: 500 MB. These run on every supported Node. */
const builders = {
  miniflare: "4.20260426.0",
  next: "16.4.6",
  react: "19.3.1",
  "react-dom": "19.3.1",
  wrangler: "4.86.0",
};

/** They ask nobody, and say nothing to anybody. */
export const quiet = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  NEXT_TELEMETRY_DISABLED: "1",
  WRANGLER_SEND_METRICS: "false",
  CI: "1",
};

const home = join(root, ".tmp/frameworks");

/** Installs the frameworks once for this checkout; gives why they cannot be used, where that is so. */
export function installFrameworks(): string | undefined {
  return installOnce(home, builders);
}

/** Installs pinned packages into a folder of the checkout, once; gives why it cannot, where that is so. */
export function installOnce(
  home: string,
  dependencies: Readonly<Record<string, string>>,
): string | undefined {
  const manifest = join(home, "package.json");
  const wanted = JSON.stringify({ name: "frameworks", private: true, dependencies });
  const isThere = existsSync(join(home, "done")) && readFileSync(manifest, "utf8") === wanted;
  if (isThere) return undefined;
  mkdirSync(home, { recursive: true });
  writeFileSync(manifest, wanted);
  const install = ["install", "--silent", "--prefer-offline", "--no-audit", "--no-fund"];
  const { status, stderr } = spawnSync("npm", install, { cwd: home, env: quiet, encoding: "utf8" });
  if (status !== 0) return `the frameworks cannot be installed here: ${stderr.slice(0, 200)}`;
  writeFileSync(join(home, "done"), "");
  return undefined;
}

/** A project beside the frameworks, with the packed tarball and what it depends on. */
export function createProject(name: string, consumer: string): string {
  const folder = mkdtempSync(join(home, `${name}-`));
  cpSync(join(consumer, "node_modules"), join(folder, "node_modules"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "name": "user", "private": true }');
  return folder;
}

/** The file of a framework's package. */
export const fileIn = (path: string): string => join(home, "node_modules", path);
