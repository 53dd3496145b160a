import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, inject, it, vi } from "vitest";
import "../../quiet-console.ts";
import { root } from "../consumer.ts";
import { type Block, blocksOf, commandsIn } from "./blocks.ts";
import { toModule } from "./module.ts";

/** What a block leaves behind: the names that it declares at its top. */
// biome-ignore lint/suspicious/noExplicitAny: a page declares what it likes.
export type Names = Readonly<Record<string, any>>;

/** A block that is to be run. */
export interface Runnable extends Block {
  /** The page's folder, which is the working directory too. */
  readonly folder: string;
  /**
   * Runs it as a module. `given` are the names that the text has told of in words; `change` puts what is here,
   * such as a free port, in place of what the page names.
   */
  run(given?: Names, change?: Change): Promise<Names>;
  /** Runs each of its commands; gives what they wrote. */
  runCommands(change?: Change, more?: NodeJS.ProcessEnv): readonly string[];
}

type Change = (text: string) => string;

/** Runs a block and looks at what came of it. */
export type Check = (block: Runnable) => Promise<void> | void;

/** The names that the tests in a block are given. */
export interface Tests {
  readonly given: Names;
}

/** What is done with the blocks under a heading, in their order. */
export type Checks = Check | Tests | readonly (Check | Tests)[];

/** Of a block that another test runs: the name of that test. */
export const ranBy =
  (path: string): Check =>
  () =>
    expect(readFileSync(join(root, path), "utf8").length).toBeGreaterThan(0);

/** The folder of a page, beside which everything that the pages import is installed. */
export function folderOf(page: string): string {
  const folder = join(inject("pagesFolder"), page.replace(/\W+/g, "-"));
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The packed package's own modules, the same as those that the blocks import. */
export async function packed<Name extends keyof Entries>(name: Name): Promise<Entries[Name]> {
  const file = join(inject("pagesFolder"), `${name.replace(/\W/g, "-")}.mjs`);
  writeFileSync(file, `export * from "${name}";\n`);
  return import(pathToFileURL(file).href);
}

interface Entries {
  readonly ackloop: typeof import("ackloop");
  readonly "ackloop/discue": typeof import("ackloop/discue");
  readonly "ackloop/emulator": typeof import("ackloop/emulator");
  readonly "ackloop/feeds": typeof import("ackloop/feeds");
  readonly "ackloop/http": typeof import("ackloop/http");
  readonly "ackloop/kekker": typeof import("ackloop/kekker");
  readonly "ackloop/opentelemetry": typeof import("ackloop/opentelemetry");
  readonly "ackloop/stores": typeof import("ackloop/stores");
  readonly "ackloop/testing": typeof import("ackloop/testing");
  readonly "ackloop/tiki": typeof import("ackloop/tiki");
  readonly "ackloop/workato": typeof import("ackloop/workato");
}

/**
 * Runs the blocks of a page in its order, as somebody has them who has the page and the package. `checks` has
 * each heading with blocks; a block that nothing looks at is an error, and so is a check without a block. What
 * stands under `walked` is done elsewhere, step by step.
 */
export async function walkPage(
  page: string,
  checks: Readonly<Record<string, Checks>>,
  walked?: string,
) {
  const folder = folderOf(page);
  process.chdir(folder);
  const blocks = blocksOf(readFileSync(join(root, page), "utf8")).filter(
    ({ heading }) => heading !== walked,
  );
  const byHeading = new Map<string, Block[]>();
  for (const block of blocks) {
    byHeading.set(block.heading, [...(byHeading.get(block.heading) ?? []), block]);
  }
  it("has a check for each block, and a block for each check", () => {
    const counted = [...byHeading].map(([heading, { length }]) => [heading, length]);
    const known = Object.entries(checks).map(([heading, each]) => [heading, [each].flat().length]);
    expect(Object.fromEntries(known)).toEqual(Object.fromEntries(counted));
  });
  for (const [heading, some] of byHeading) {
    for (const [index, block] of some.entries()) {
      const check = [checks[heading] ?? []].flat()[index];
      const name = `line ${block.line}, ${heading}`;
      if (typeof check === "function") it(name, () => check(runnable(block, folder)));
      // A block that declares tests declares them here.
      else if (check)
        await describe(name, async () => void (await run(block, folder, check.given)));
    }
  }
}

/** The names that the first block under a heading declares, which needs nothing before it. */
export async function load(page: string, heading: string): Promise<Names> {
  const blocks = blocksOf(readFileSync(join(root, page), "utf8"));
  const block = blocks.find((each) => each.heading === heading);
  if (block === undefined) throw new Error(`${page} has no block under ${heading}`);
  return run(block, folderOf(page), {});
}

function runnable(block: Block, folder: string): Runnable {
  return {
    ...block,
    folder,
    run: (given = {}, change = (text) => text) =>
      run({ ...block, text: change(block.text) }, folder, given),
    runCommands: (change = (command) => command, more = {}) =>
      commandsIn(block).map((command) => {
        const { status, stdout, stderr } = shell(folder, change(command), more);
        if (status !== 0) throw new Error(`line ${block.line}: ${command}: ${status}\n${stderr}`);
        return stdout;
      }),
  };
}

/** Everything that the package exports, which a block has to import. */
async function exported(): Promise<ReadonlyMap<string, unknown>> {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const names = Object.keys(exports).filter((path) => path !== "./package.json");
  const entries = names.map((path) => packed(path.replace(/^\./, "ackloop") as keyof Entries));
  return new Map((await Promise.all(entries)).flatMap((entry) => Object.entries(entry)));
}

let runs = 0;
async function run({ text, line }: Block, folder: string, given: Names): Promise<Names> {
  const { code, free } = await toModule(text);
  const missing = free.filter((name) => !(name in given));
  if (missing.length > 0) throw new Error(`line ${line}: nothing gives it ${missing.join(", ")}`);
  const ours = await exported();
  const unsaid = free.filter((name) => given[name] === ours.get(name) && ours.has(name));
  if (unsaid.length > 0) throw new Error(`line ${line}: it does not import ${unsaid.join(", ")}`);
  runs += 1;
  const file = join(folder, `line-${line}-${runs}.mjs`);
  writeFileSync(file, code);
  Object.assign(globalThis, { given });
  return import(pathToFileURL(file).href);
}

/** Waits for what must come. */
export async function until(isSo: () => boolean): Promise<void> {
  await vi.waitUntil(isSo, { timeout: 30_000 });
}

/** What a program of a page sees of this process's environment. */
export function environment(): NodeJS.ProcessEnv {
  const { PATH = "", HOME } = process.env;
  const own = join(inject("pagesFolder"), "node_modules/.bin");
  return { PATH: [own, dirname(process.execPath), PATH].join(delimiter), HOME };
}

/** Runs a command of a page in its folder; `npx` finds what is installed. */
export function shell(folder: string, command: string, more: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command.replace(/^npx /, "")], {
    cwd: folder,
    encoding: "utf8",
    env: { ...environment(), ...more },
  });
  return { status, stdout, stderr };
}
