import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { isPageFile, pageModule } from "./page-files.mjs";

const source = (path) => new URL(`../src/${path}/index.ts`, import.meta.url);

/** Finds `ackloop` and its subpaths in the source, or as they were built where `ACKLOOP_BUILT` says so. */
export function resolve(specifier, context, next) {
  if (!/^ackloop(\/|$)/.test(specifier) || process.env.ACKLOOP_BUILT) {
    return next(specifier, context);
  }
  const name = specifier.slice("ackloop/".length);
  const found = [`providers/${name}`, name || "."].map(source).find((url) => existsSync(url));
  if (!found) throw new Error(`No source for "${specifier}".`);
  return { url: found.href, shortCircuit: true };
}

/** Takes the types off a file of this repository. */
export async function load(url, context, next) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
  const path = fileURLToPath(url);
  if (isPageFile(path)) {
    return { format: "module", source: await pageModule(path), shortCircuit: true };
  }
  const { code } = await transform(await readFile(path, "utf8"), {
    loader: "ts",
    sourcefile: path,
    sourcemap: "inline",
    target: "es2022",
  });
  return { format: "module", source: code, shortCircuit: true };
}
