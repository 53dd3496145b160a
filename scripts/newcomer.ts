/**
 * Does what the README says, as somebody who has the package and this page alone: `npm run newcomer`. It takes
 * commands, files and what they print out of the README itself, in an empty folder where the packed tarball is
 * installed, and tells how long each step took. A page that leads astray ends it.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readme, walkReadme } from "../test/packed/newcomer/readme.ts";
import { buildIfStale } from "./build.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

buildIfStale();
const folder = mkdtempSync(join(tmpdir(), "ackloop-tarball-"));
try {
  const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder];
  const name = execFileSync("npm", pack, { cwd: root, encoding: "utf8" }).trim();
  const walked = await walkReadme(readFileSync(readme, "utf8"), join(folder, name), (step) => {
    const seconds = (step.elapsedMs / 1_000).toFixed(1).padStart(5);
    console.log(`${seconds} s  README.md:${step.line}  ${step.what}`);
  });
  const all = walked.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
  console.log(`\n${walked.length} steps of the README in ${(all / 1_000).toFixed(1)} s`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
