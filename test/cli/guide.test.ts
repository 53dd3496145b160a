import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Command } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { toFlag } from "../../src/cli/option.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const textOf = (page: string): string => readFileSync(join(root, page), "utf8");

/** What every command has. */
const common = ["--json", "--env-file", "--debug", "--help", "--version"];

/** Each command that can be run, by its words. */
const known = new Map(commands.flatMap((each) => wordsOf(each, [])));

function wordsOf(each: Command, before: readonly string[]): [string, Command][] {
  const words = [...before, each.name];
  if (each.commands === undefined) return [[words.join(" "), each]];
  return each.commands.flatMap((inner) => wordsOf(inner, words));
}

/** Every command line of a page, without `ackloop` in front; those that begin with an option are left out. */
function linesOf(page: string): readonly string[] {
  const code = [...textOf(page).matchAll(/^```sh\n(.*?)^```|`([^`\n]+)`/gms)];
  return code
    .flatMap(([, block, inline]) => (block ?? inline ?? "").split("\n"))
    .flatMap((line) => /^(?:npx )?ackloop (.*)$/.exec(line.trim())?.[1] ?? [])
    .filter((line) => !line.startsWith("-"));
}

const pages = [
  "README.md",
  ...["docs", "docs/providers"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  ),
];
const lines = pages.flatMap((page) => linesOf(page).map((line) => [page, line] as const));

describe("the command lines of the guides", () => {
  it("are found", () => {
    expect(lines.length).toBeGreaterThan(20);
  });

  it.each(lines)("name a command and options that are there: %s: %s", (_page, line) => {
    const words = line.split(/\s+/);
    const name = [2, 1]
      .map((count) => words.slice(0, count).join(" "))
      .find((one) => known.has(one));
    const flags = Object.keys(known.get(name ?? "")?.options ?? {}).map(toFlag);
    // What an --exec runs has options of its own.
    const plain = line
      .replace(/ --exec .*/, " --exec")
      .replace(/ #.*/, "")
      .replace(/'[^']*'/g, "");
    const given = plain.match(/(?<= )--[a-z-]+/g) ?? [];

    expect([...known.keys()]).toContain(name);
    expect(given.filter((flag) => ![...flags, ...common].includes(flag))).toEqual([]);
  });

  it("name every command in docs/cli.md", () => {
    const text = textOf("docs/cli.md");

    const missing = [...known.keys()].filter(
      (name) => !new RegExp(`\`(ackloop )?${name}[ \`]`).test(text),
    );

    expect(missing).toEqual([]);
  });
});
