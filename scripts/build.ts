import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Builds the package where a source is newer than what was built. */
export function buildIfStale(): void {
  const built = `${root}dist/index.d.cts`;
  const files = readdirSync(`${root}src`, { recursive: true, withFileTypes: true });
  const changedAt = files
    .filter((file) => file.isFile())
    .map((file) => statSync(`${file.parentPath}/${file.name}`).mtimeMs);
  if (existsSync(built) && statSync(built).mtimeMs > Math.max(...changedAt)) return;
  execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "ignore" });
}
