import { readFileSync } from "node:fs";

/** A reply of the fixtures of a provider. */
export function fixture(provider: string, name: string): unknown {
  const path = new URL(`./${provider}/fixtures/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8"));
}
