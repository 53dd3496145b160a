import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Every subpath of the exports map by the name of its built file, with the source it is built from. */
export function packageEntries(): Readonly<Record<string, string>> {
  const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
    readonly exports: Readonly<Record<string, unknown>>;
  };
  const names = Object.keys(manifest.exports)
    .filter((subpath) => subpath !== "./package.json")
    .map((subpath) => (subpath === "." ? "index" : subpath.slice(2)));
  return Object.fromEntries(names.map((name) => [name, sourceOf(name)]));
}

function sourceOf(name: string): string {
  if (name === "index") return "src/index.ts";
  const provider = `src/providers/${name}/index.ts`;
  return existsSync(`${root}${provider}`) ? provider : `src/${name}/index.ts`;
}
