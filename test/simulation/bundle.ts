import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

const root = new URL("../../", import.meta.url);
const worker = new URL("./worker.ts", import.meta.url);

/** A bug that is put into the source on its way into the bundle. */
export interface Patch {
  /** The file, from the root of the repository. */
  readonly file: string;
  /** What stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/**
 * Builds the simulation with all that it runs into one file, which starts in no time, and gives its
 * address; another file than the simulation's where it is told one.
 *
 * @throws {Error} when the text of a patch is not found exactly once.
 */
export async function bundle(
  name: string,
  patches: readonly Patch[] = [],
  entry = worker,
): Promise<URL> {
  const result = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "silent",
    plugins: [patching(patches)],
  });
  const folder = new URL(".tmp/simulation/", root);
  await mkdir(folder, { recursive: true });
  const file = new URL(`${name}.mjs`, folder);
  await writeFile(file, result.outputFiles[0]?.text ?? "");
  return file;
}

function patching(patches: readonly Patch[]): Plugin {
  const byPath = new Map<string, Patch[]>();
  for (const patch of patches) {
    const path = fileURLToPath(new URL(patch.file, root));
    byPath.set(path, [...(byPath.get(path) ?? []), patch]);
  }
  return {
    name: "patching",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const own = byPath.get(path);
        if (own === undefined) return undefined;
        const source = await readFile(pathToFileURL(path), "utf8");
        return { contents: own.reduce(plant, source), loader: "ts" };
      });
    },
  };
}

/**
 * Puts a bug into a source.
 *
 * @throws {Error} when its text is not found exactly once.
 */
export function plant(source: string, { file, find, replace }: Patch): string {
  const [before, after, ...others] = source.split(find);
  if (before === undefined || after === undefined || others.length > 0) {
    throw new Error(`${file}: the text of a planted bug is not there exactly once: ${find}`);
  }
  return before + replace + after;
}
