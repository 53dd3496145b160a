import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drive } from "./drive.ts";
import { write } from "./programs.ts";
import type { Row } from "./row.ts";
import { root, type Tool, toolFile } from "./tools.ts";

/** A runtime of programs, and how it runs a file. */
export interface ProgramRuntime {
  readonly name: string;
  readonly tools: readonly Tool[];
  /** The command that runs a file; the arguments of the program follow. */
  readonly run: readonly [string, ...string[]];
  readonly hasSqlite: boolean;
}

const nodeOf = (tool: Tool): string => toolFile(tool, "bin/node");
const node22 = nodeOf("node-22");

/** Node as it is here, which may be the oldest that is tested, and what the registry brings. */
export const programRuntimes: readonly ProgramRuntime[] = [
  {
    name: `Node ${process.versions.node}`,
    tools: [],
    run: [process.execPath],
    hasSqlite: process.getBuiltinModule("node:sqlite") !== undefined,
  },
  ...(["node-22", "node-24", "node-26"] as const).map((tool) => ({
    name: `Node ${tool.slice(5)}`,
    tools: [tool],
    run: [nodeOf(tool)] as const,
    hasSqlite: true,
  })),
  { name: "Bun", tools: ["bun"], run: [toolFile("bun", "bin/bun.exe")], hasSqlite: true },
  {
    name: "Deno",
    tools: ["deno"],
    run: [toolFile("deno", "deno"), "run", "-A", "--no-remote", "--node-modules-dir=manual"],
    hasSqlite: true,
  },
];

const hostFile = (name: string): string => join(root, "test/matrix/hosts", name);
const formats = { import: "esm", require: "cjs" } as const;
const endings = { import: "mjs", require: "cjs" } as const;

/** The name of a row as the name of a file. */
const toFileName = (name: string): string => name.replace(/\W+/g, "-").toLowerCase();

function ofProgram(runtime: ProgramRuntime, form: keyof typeof formats): Row {
  const name = `${runtime.name}, ${form}${runtime.hasSqlite ? ", SQLite" : ", in memory"}`;
  return {
    name,
    tools: runtime.tools,
    isSlow: form === "require" && ["Node 22", "Node 24"].includes(runtime.name),
    async run(consumer) {
      const format = formats[form];
      const file = `${toFileName(name)}.${endings[form]}`;
      await write(consumer, "process", file, { bundle: "own", format });
      const variables = runtime.hasSqlite
        ? { MATRIX_STORES: "sqlite", MATRIX_FOLDER: mkdtempSync(join(consumer, "state-")) }
        : {};
      return drive({ command: [...runtime.run, file], variables, endsBy: "request" }, consumer);
    },
  };
}

/** Jest, which has its own loader and its own realm of globals. */
function ofJest(form: keyof typeof formats): Row {
  const flags = form === "import" ? ["--experimental-vm-modules"] : [];
  return {
    name: `Jest, ${form}`,
    tools: ["jest"],
    async run(consumer) {
      const file = `jest.test.${endings[form]}`;
      await write(consumer, "jest", file, { bundle: "own", format: formats[form] });
      const config = {
        rootDir: consumer,
        testMatch: [join(consumer, file)],
        testEnvironment: "node",
        transform: {},
        watchman: false,
        moduleFileExtensions: ["mjs", "cjs", "js"],
      };
      const configFile = join(consumer, `jest-${form}.json`);
      writeFileSync(configFile, JSON.stringify(config));
      const jest = toolFile("jest", "bin/jest.js");
      const command = [process.execPath, "--no-warnings", ...flags, jest, "--config", configFile];
      return drive({ command: [...(command as [string]), "--ci"], endsBy: "request" }, consumer);
    },
  };
}

function ofWorker(name: string, flags: string): Row {
  return {
    name,
    tools: ["miniflare", "node-22"],
    async run(consumer) {
      const file = await write(consumer, "worker", `${toFileName(name)}.mjs`, {
        bundle: "all",
        format: "esm",
        platform: "browser",
        conditions: ["workerd", "worker", "browser"],
        minify: true,
      });
      const miniflare = toolFile("miniflare", "dist/src/index.js");
      const command = [node22, hostFile("worker-host.mjs"), miniflare, file, flags] as const;
      return drive({ command: [...command], endsBy: "input" }, consumer);
    },
  };
}

const edge: Row = {
  name: "Vercel edge runtime, minified bundle",
  tools: ["edge-runtime"],
  async run(consumer) {
    const file = await write(consumer, "edge", "edge.js", {
      bundle: "all",
      format: "iife",
      platform: "browser",
      conditions: ["edge-light", "worker", "browser"],
      minify: true,
    });
    const runtime = toolFile("edge-runtime", "dist/index.js");
    const command = [process.execPath, hostFile("edge-host.mjs"), runtime, file] as const;
    return drive({ command: [...command], endsBy: "input" }, consumer);
  },
};

function ofLambda(form: keyof typeof formats): Row {
  return {
    name: `Lambda on Node 22, minified bundle, ${form === "import" ? "ES module" : "CommonJS"}`,
    tools: ["node-22"],
    async run(consumer) {
      const file = await write(consumer, "lambda", `lambda.${endings[form]}`, {
        bundle: "all",
        format: formats[form],
        minify: true,
      });
      const command = [node22, hostFile("lambda-host.mjs"), file] as const;
      return drive({ command: [...command], endsBy: "request" }, consumer);
    },
  };
}

/** Where the scenario is run. */
export const runtimes: readonly Row[] = [
  ...programRuntimes.flatMap((runtime) => [
    ofProgram(runtime, "import"),
    ofProgram(runtime, "require"),
  ]),
  ofJest("import"),
  ofJest("require"),
  ofWorker("workerd, minified bundle", ""),
  ofWorker("workerd with nodejs_compat, minified bundle", "nodejs_compat"),
  edge,
  ofLambda("import"),
  ofLambda("require"),
];
