import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A hundred packages that nothing but one row needs: no part of what everybody installs. */
const dependencies = { "@aws-sdk/client-sqs": "3.1175.0", "sqs-consumer": "14.2.8" };
const home = fileURLToPath(new URL("../.tmp/sqs-consumer", import.meta.url));

/** Installs sqs-consumer once for this checkout; gives why it cannot be used, where that is so. */
export function installSqsConsumer(isOffline: boolean): string | undefined {
  const manifest = `${home}/package.json`;
  const wanted = JSON.stringify({ name: "sqs", private: true, type: "module", dependencies });
  const isThere = existsSync(`${home}/done`) && readFileSync(manifest, "utf8") === wanted;
  if (isThere) return undefined;
  if (isOffline)
    return "sqs-consumer is not installed; a run of `npm run bench -- --quick` does it";
  mkdirSync(home, { recursive: true });
  writeFileSync(manifest, wanted);
  const install = ["install", "--silent", "--prefer-offline", "--no-audit", "--no-fund"];
  // npm gives its scripts settings that would reach the npm started here.
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  const { status, stderr } = spawnSync("npm", install, { cwd: home, env, encoding: "utf8" });
  if (status !== 0) return `sqs-consumer cannot be installed here: ${stderr.slice(0, 200)}`;
  writeFileSync(`${home}/done`, "");
  return undefined;
}
