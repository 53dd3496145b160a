import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import webpack, { type Configuration, type StatsModule } from "webpack";

/** What a bundler made. */
export interface Bundle {
  /** The bundle. */
  readonly file: string;
  /** The files that are in it. */
  readonly inputs: readonly string[];
  /** What it still imports when it runs. */
  readonly imports: readonly string[];
  /** Whether it runs on Node, or where there is nothing of Node. */
  readonly runsOn: "node" | "web";
}

/** Makes one bundle of a program, beside it. Rejects on errors, and on warnings too. */
export type Bundler = (program: string) => Promise<Bundle>;

/** The bundlers, by what a user would call them. */
export const bundlers: Readonly<Record<string, Bundler>> = {
  "esbuild for browsers": byEsbuild({ platform: "browser", format: "iife" }),
  "esbuild for no platform": byEsbuild({ platform: "neutral", format: "esm" }),
  "esbuild for Node, as a module": byEsbuild({ platform: "node", format: "esm" }),
  "esbuild for Node, as CommonJS": byEsbuild({ platform: "node", format: "cjs" }),
  "webpack for browsers": byWebpack("web"),
  "webpack for Node": byWebpack("node"),
};

/** How large a program is in a browser, minified, in bytes. */
export async function minifiedBytes(program: string): Promise<number> {
  const options = { platform: "browser", format: "iife", minify: true } as const;
  return (await readFile((await byEsbuild(options)(program)).file)).length;
}

type EsbuildOptions = BuildOptions & { readonly platform: string; readonly format: string };

function byEsbuild(options: EsbuildOptions): Bundler {
  return async (program) => {
    const file = bundleOf(program, options.format === "esm" ? "mjs" : "cjs", options);
    const { metafile, warnings } = await build({
      ...options,
      entryPoints: [program],
      outfile: file,
      absWorkingDir: dirname(program),
      bundle: true,
      metafile: true,
      logLevel: "silent",
    });
    const problems = warnings.map(({ text }) => text);
    if (problems.length > 0) throw new Error(problems.join("\n"));
    const [output] = Object.values(metafile.outputs);
    return {
      file,
      inputs: Object.entries(output?.inputs ?? {})
        .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
        .map(([path]) => path),
      imports: (output?.imports ?? []).map(({ path }) => path),
      runsOn: options.platform === "node" ? "node" : "web",
    };
  };
}

function byWebpack(target: "node" | "web"): Bundler {
  return async (program) => {
    const file = bundleOf(program, "cjs", target);
    const modules = await runWebpack({
      target,
      mode: "production",
      optimization: { minimize: false },
      // It would warn of what a test measures minified.
      performance: false,
      context: dirname(program),
      entry: program,
      output: { path: dirname(file), filename: basename(file) },
    });
    const names = modules.flatMap(({ modules: joined = [], name = "" }) =>
      joined.length > 0 ? joined.map((one) => one.name ?? "") : [name],
    );
    return {
      file,
      inputs: names.filter((name) => /^\.\.?\//.test(name)),
      imports: names.flatMap((name) => /^external .*"(.+)"/.exec(name)?.[1] ?? []),
      runsOn: target,
    };
  };
}

function runWebpack(options: Configuration): Promise<readonly StatsModule[]> {
  return new Promise((resolve, reject) => {
    webpack(options, (failure, stats) => {
      if (!stats) return reject(failure ?? new Error("webpack gave nothing"));
      const wanted = { all: false, modules: true, nestedModules: true, modulesSpace: 10_000 };
      const found = stats.toJson({
        ...wanted,
        nestedModulesSpace: 10_000,
        errors: true,
        warnings: true,
      });
      const problems = [...(found.errors ?? []), ...(found.warnings ?? [])];
      if (problems.length === 0) return resolve(found.modules ?? []);
      reject(new Error(problems.map(({ message }) => message).join("\n")));
    });
  });
}

/** The name of a bundle: no two of one program are the same. */
function bundleOf(program: string, ending: string, options: unknown): string {
  const name = basename(program).replace(".", "-");
  const made = JSON.stringify(options).replace(/\W+/g, "-");
  return join(dirname(program), `${name}-bundle${made}.${ending}`);
}
