import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** A folder in which the packed tarball is installed, and nothing else. */
    readonly consumerFolder: string;
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
  return () => rmSync(folder, { recursive: true, force: true });
}
