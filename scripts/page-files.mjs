// Makes a page of this repository: `src/<room>/page/main.tsx` and `style.css` become one script and one style,
// and `built.ts` beside them is loaded with their text. The build, the tests and `typescript.mjs` do it alike.
import { dirname } from "node:path";
import { build } from "esbuild";

const pattern = /[\\/]src[\\/][\w-]+[\\/]page[\\/]built\.ts$/;

/** Whether a file is one that is loaded with a page's built files. */
export const isPageFile = (path) => pattern.test(path);

/** Builds one page in memory. */
async function buildPage(folder) {
  const { outputFiles } = await build({
    entryPoints: [`${folder}/main.tsx`, `${folder}/style.css`],
    outdir: folder,
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
  });
  const textOf = (end) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? "";
  return { script: textOf(".js"), style: textOf(".css") };
}

/** The text of the module that stands for a `built.ts`. */
export async function pageModule(path) {
  return `export const built = ${JSON.stringify(await buildPage(dirname(path)))};\n`;
}

/** For esbuild, and so for tsup. */
export const pagesInEsbuild = {
  name: "pages",
  setup({ onLoad }) {
    onLoad({ filter: pattern }, async ({ path }) => ({ contents: await pageModule(path) }));
  },
};

/** For vite, and so for vitest. */
export const pagesInVite = {
  name: "pages",
  enforce: "pre",
  load: (path) => (isPageFile(path) ? pageModule(path) : undefined),
};
