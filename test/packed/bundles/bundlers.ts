import { mkdtempSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import commonjs from "@rollup/plugin-commonjs";
import nodeResolve from "@rollup/plugin-node-resolve";
import { type BuildOptions, build } from "esbuild";
import { type OutputChunk, type RollupLog, rollup } from "rollup";
import { type Rolldown, build as viteBuild } from "vite";
import webpack, { type Configuration, type StatsModule } from "webpack";

/** What a bundler made of one program. */
export interface Bundle {
  /** The file to run. */
  readonly file: string;
  /** The files that are in it and in its parts. */
  readonly inputs: readonly string[];
  /** What it still imports when it runs. */
  readonly imports: readonly string[];
  /** Whether it runs on Node, or where there is nothing of Node. */
  readonly runsOn: "node" | "web";
}

/** Bundles programs, each for itself, into a new folder. Rejects on errors, and on warnings too. */
export type Bundler = (programs: readonly string[]) => Promise<ReadonlyMap<string, Bundle>>;

/** The bundlers, by what a user would call them. */
export const bundlers: Readonly<Record<string, Bundler>> = {
  "esbuild for browsers": byEsbuild({ platform: "browser", format: "iife" }),
  "esbuild for no platform": byEsbuild({ platform: "neutral", format: "esm" }),
  "esbuild for Node, as a module": byEsbuild({ platform: "node", format: "esm" }),
  "esbuild for Node, as CommonJS": byEsbuild({ platform: "node", format: "cjs" }),
  "webpack for browsers": byWebpack("web"),
  "webpack for Node": byWebpack("node"),
  rollup: byRollup,
  vite: byVite,
};

type EsbuildOptions = BuildOptions & { readonly platform: string; readonly format: string };

function byEsbuild(options: EsbuildOptions): Bundler {
  return async (programs) => {
    const folder = folderFor(programs);
    const { metafile, warnings } = await build({
      ...options,
      entryPoints: namesOf(programs),
      outdir: folder,
      outExtension: { ".js": options.format === "esm" ? ".mjs" : ".cjs" },
      absWorkingDir: dirname(folder),
      bundle: true,
      metafile: true,
      logLevel: "silent",
    });
    refuse(warnings.map(({ text }) => text));
    return byProgram(programs, (program) => {
      const found = Object.entries(metafile.outputs).find(
        ([, { entryPoint }]) => resolve(dirname(folder), entryPoint ?? "") === program,
      );
      const [file = "", { inputs, imports } = { inputs: {}, imports: [] }] = found ?? [];
      return {
        file: join(dirname(folder), file),
        inputs: Object.entries(inputs).flatMap(([path, { bytesInOutput }]) =>
          bytesInOutput > 0 ? path : [],
        ),
        imports: imports.map(({ path }) => path),
        runsOn: options.platform === "node" ? "node" : "web",
      };
    });
  };
}

function byWebpack(target: "node" | "web"): Bundler {
  return async (programs) => {
    const folder = folderFor(programs);
    const modules = await runWebpack({
      target,
      mode: "production",
      optimization: { minimize: false },
      // It would warn of what a test measures minified.
      performance: false,
      context: dirname(folder),
      entry: namesOf(programs),
      output: { path: folder, filename: "[name].cjs" },
    });
    return byProgram(programs, (program) => {
      const own = modules.filter(({ chunks = [] }) => chunks.includes(nameOf(program)));
      const names = own.flatMap(({ modules: joined = [], name = "" }) =>
        joined.length > 0 ? joined.map((one) => one.name ?? "") : [name],
      );
      return {
        file: join(folder, `${nameOf(program)}.cjs`),
        inputs: names.filter((name) => /^\.\.?\//.test(name)),
        imports: names.flatMap((name) => /^external .*"(.+)"/.exec(name)?.[1] ?? []),
        runsOn: target,
      };
    });
  };
}

function runWebpack(options: Configuration): Promise<readonly StatsModule[]> {
  return new Promise((fulfil, reject) => {
    // The ids of chunks are the programs' names.
    const named = { ...options.optimization, chunkIds: "named" } as const;
    webpack({ ...options, optimization: named }, (failure, stats) => {
      if (!stats) return reject(failure ?? new Error("webpack gave nothing"));
      const wanted = { all: false, modules: true, nestedModules: true, modulesSpace: 10_000 };
      const found = stats.toJson({
        ...wanted,
        nestedModulesSpace: 10_000,
        chunkModules: true,
        ids: true,
        errors: true,
        warnings: true,
      });
      const problems = [...(found.errors ?? []), ...(found.warnings ?? [])];
      if (problems.length === 0) return fulfil(found.modules ?? []);
      reject(new Error(problems.map(({ message }) => message).join("\n")));
    });
  });
}

async function byRollup(programs: readonly string[]): ReturnType<Bundler> {
  const folder = folderFor(programs);
  const problems: string[] = [];
  const made = await rollup({
    input: namesOf(programs),
    plugins: [commonjs(), nodeResolve()],
    onwarn: (warning: RollupLog) => problems.push(warning.message),
  });
  const { output } = await made.write({ dir: folder, entryFileNames: "[name].mjs" });
  refuse(problems);
  return byProgram(programs, (program) => chunkOf(program, folder, output));
}

async function byVite(programs: readonly string[]): ReturnType<Bundler> {
  const folder = folderFor(programs);
  const problems: string[] = [];
  const made = await viteBuild({
    configFile: false,
    root: dirname(folder),
    logLevel: "silent",
    build: {
      outDir: folder,
      minify: false,
      modulePreload: false,
      rolldownOptions: {
        input: namesOf(programs),
        output: { entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" },
        onLog: (_level, log) => problems.push(log.message),
      },
    },
  });
  refuse(problems);
  const { output } = made as Rolldown.RolldownOutput;
  return byProgram(programs, (program) => chunkOf(program, folder, output));
}

/** What vite puts in the place of a module of Node's, which is empty. */
const emptied = "vite-browser-external";

type Chunk = Pick<OutputChunk, "type" | "fileName" | "imports" | "moduleIds">;

/** The bundle of a program, which may share parts with those of others. */
function chunkOf(
  program: string,
  folder: string,
  output: readonly (Chunk | { readonly type: "asset" })[],
): Bundle {
  const chunks = output.filter((one): one is Chunk => one.type === "chunk");
  const first = chunks.find(({ fileName }) => fileName === `${nameOf(program)}.mjs`);
  const parts = new Set(first ? [first] : []);
  const imports = new Set<string>();
  for (const { imports: names } of parts) {
    for (const name of names) {
      const part = chunks.find(({ fileName }) => fileName === name);
      if (part) parts.add(part);
      else imports.add(name);
    }
  }
  const files = [...parts].flatMap(({ moduleIds }) => moduleIds);
  for (const file of files.filter((one) => one.includes(emptied))) imports.add(file);
  return {
    file: join(folder, first?.fileName ?? ""),
    inputs: files.map((file) => relative(dirname(folder), file)),
    imports: [...imports],
    runsOn: "web",
  };
}

/** Rejects what a bundler warns of; comments and cycles of zod's own files are no business of ours. */
function refuse(problems: readonly string[]): void {
  const ours = problems.filter((problem) => !problem.includes("node_modules/zod/"));
  if (ours.length > 0) throw new Error(ours.join("\n"));
}

/** A new folder beside the programs, for their bundles. */
function folderFor([program = ""]: readonly string[]): string {
  return mkdtempSync(join(dirname(program), "made-"));
}

const nameOf = (program: string): string => basename(program).replace(".", "-");

function namesOf(programs: readonly string[]): Record<string, string> {
  return Object.fromEntries(programs.map((program) => [nameOf(program), program]));
}

function byProgram(
  programs: readonly string[],
  toBundle: (program: string) => Bundle,
): ReadonlyMap<string, Bundle> {
  return new Map(programs.map((program) => [program, toBundle(program)]));
}
