import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageEntries } from "../../scripts/entries.ts";
import { runToEnd } from "./child.ts";
import type { Row } from "./row.ts";
import { root, type Tool, toolFile, withNodeTypes } from "./tools.ts";

const versions = ["5.4", "5.5", "5.6", "5.7", "5.8", "5.9", "6.0", "7.0"] as const;
type Version = (typeof versions)[number];

/** The oldest and the newest, which the others lie between. */
const ends: readonly Version[] = ["5.4", "7.0"];

/** How a program finds a package. */
const resolutions = {
  node16: { module: "node16", moduleResolution: "node16" },
  nodenext: { module: "nodenext", moduleResolution: "nodenext" },
  bundler: { module: "esnext", moduleResolution: "bundler" },
} as const;

/** What there is of globals: one of both is enough, and neither needs more of the language than ES2022. */
const globals = {
  "@types/node, no DOM": { lib: ["es2022"], types: ["node"] },
  "DOM, no @types/node": { lib: ["es2022", "dom"], types: [] },
} as const;

const base = {
  target: "es2022",
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  declaration: true,
  emitDeclarationOnly: true,
  outDir: "out",
  rootDir: ".",
};

/** A program that imports every entry. */
const importOfAll = (): string =>
  [
    ...Object.keys(packageEntries()).map(
      (name, index) => `export * as a${index} from "ackloop${name === "index" ? "" : `/${name}`}";`,
    ),
    "",
  ].join("\n");

/** The programs of users that `test/packed` has, what is wrong in them marked, and every entry. */
function writePrograms(folder: string): void {
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, "test/packed/programs"), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "all.ts"), importOfAll());
  writeFileSync(join(folder, "common.cts"), importOfAll());
}

function ofTypes(
  version: Version,
  resolution: keyof typeof resolutions,
  known: keyof typeof globals,
): Row {
  const tool: Tool = `typescript-${version}`;
  const isOld = version === "5.4" || version === "5.5";
  const hasNode = known.startsWith("@types");
  return {
    name: `types: TypeScript ${version}, ${resolution}, ${known}`,
    tools: hasNode && isOld ? [tool, "types-node-old"] : [tool],
    isSlow: !ends.includes(version),
    async run(consumer) {
      const name = `types-${version}-${resolution}-${hasNode ? "node" : "dom"}`;
      const types = isOld ? toolFile("types-node-old", "") : join(root, "node_modules/@types/node");
      const folder = hasNode ? withNodeTypes(consumer, name, types) : join(consumer, name);
      writePrograms(folder);
      const compilerOptions = { ...base, ...resolutions[resolution], ...globals[known] };
      const project = { compilerOptions, include: ["*.ts", "*.cts"] };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));
      await runToEnd([process.execPath, toolFile(tool, "bin/tsc"), "-p", "."], folder);
      return "programs of users and every entry compile, and what is wrong in them does not";
    },
  };
}

/** `module: commonjs` with what TypeScript 5 resolves by then, which knows no `exports`. */
function ofCommonJs(version: Version): Row {
  const tool: Tool = `typescript-${version}`;
  return {
    name: `types: TypeScript ${version}, module commonjs, default resolution`,
    tools: [tool],
    isSlow: version !== "5.4" && version !== "5.9",
    async run(consumer) {
      const folder = join(consumer, `types-${version}-commonjs`);
      mkdirSync(folder, { recursive: true });
      const options = { ...base, declaration: false, emitDeclarationOnly: false };
      const compilerOptions = { ...options, module: "commonjs", lib: ["es2022", "dom"], types: [] };
      writeFileSync(join(folder, "package.json"), "{}");
      writeFileSync(join(folder, "all.ts"), importOfAll());
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
      await runToEnd([process.execPath, toolFile(tool, "bin/tsc"), "-p", "."], folder);
      await runToEnd([process.execPath, "out/all.js"], folder);
      return "every entry compiles, and what is made of it runs";
    },
  };
}

/** Where the declarations are read. */
export const types: readonly Row[] = versions.flatMap((version) => [
  ...(Object.keys(resolutions) as (keyof typeof resolutions)[]).flatMap((resolution) =>
    (Object.keys(globals) as (keyof typeof globals)[]).map((known) =>
      ofTypes(version, resolution, known),
    ),
  ),
  ...(version.startsWith("5.") ? [ofCommonJs(version)] : []),
]);
