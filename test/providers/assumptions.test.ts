import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import {
  pageOf,
  problemsOf,
  providers,
  renderTable,
  type Sides,
  withTable,
} from "../../scripts/assumptions.ts";

/** What each emulator decides, with its grounds. */
type Decisions = Readonly<Record<"routes" | "refusals" | "options", object>>;

/** The source of an emulator, without what other processes may command. */
function sourcesOf(provider: string): readonly ts.SourceFile[] {
  const root = fileURLToPath(new URL("../../src/emulator/", import.meta.url));
  const inside = readdirSync(`${root}${provider}`).map((name) => `${provider}/${name}`);
  return [`${provider}.ts`, ...inside.filter((name) => !name.endsWith("commands.ts"))].map((name) =>
    ts.createSourceFile(name, readFileSync(root + name, "utf8"), ts.ScriptTarget.Latest),
  );
}

/** What is thrown as a refusal, by its first two arguments as they are written. */
function refusalsIn(source: ts.SourceFile): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    if (!ts.isThrowStatement(node)) return;
    const { expression } = node;
    if (!ts.isNewExpression(expression) && !ts.isCallExpression(expression)) return;
    if (/Type|Range/.test(expression.expression.getText(source))) return;
    const written = (expression.arguments ?? []).slice(0, 2).map((each) => each.getText(source));
    found.push(
      written
        .map((text) => text.replace(/^(["`])(.*)\1$/, "$2"))
        .join(" ")
        .trim(),
    );
  };
  visit(source);
  return found;
}

const sides = (client: Sides["client"], emulator: Sides["emulator"]): Sides => ({
  client,
  emulator,
});
const open = { assumed: "a", open: "o", wrong: "w" };

describe("the lists of two sides", () => {
  it.each<[string, Sides, readonly string[]]>([
    ["an id on both sides", sides({ a: open }, { a: { assumed: "b" } }), []],
    ["an id of one side with its reason", sides({}, { a: { ...open, alone: "r" } }), []],
    ["an id of one side", sides({ a: open }, {}), ["a: on one side only, without a reason"]],
    [
      "a reason on both sides",
      sides({ a: open }, { a: { assumed: "b", alone: "r" } }),
      ["a: alone, though on both sides"],
    ],
    [
      "an id that says nothing",
      sides({ a: { assumed: "a" } }, { a: { assumed: "b" } }),
      ["a: nothing says what is open", "a: nothing says what would show it wrong"],
    ],
  ])("are held against each other: %s", (_name, given, problems) => {
    expect(problemsOf(given)).toEqual(problems);
  });

  it("make one table, the client's words first", () => {
    const both = sides(
      { a: { ...open, options: ["x", "y"] } },
      { a: { assumed: "b", open: "not this" }, b: { ...open, alone: "r" } },
    );

    expect(renderTable(both).split("\n").slice(2)).toEqual([
      "| o | a; `x`, `y` | b | w |",
      "| o | – (r) | a | w |",
    ]);
  });
});

describe.each(Object.keys(providers))("what is assumed of %s", async (provider) => {
  const both = providers[provider] as Sides;
  const { decisions } = await import(`../../src/emulator/${provider}/decisions.ts`);
  const decided: Decisions = decisions;

  it("is on both sides, or says why not", () => {
    expect(problemsOf(both)).toEqual([]);
  });

  it("stands in the docs as it is now: `npm run assumptions` writes it", () => {
    const page = readFileSync(pageOf(provider), "utf8");

    expect(page).toBe(withTable(page, both));
  });

  it("is the ground of what the emulator decides, where no document is", () => {
    const grounds = Object.values(decided).flatMap((table) => Object.entries(table));
    const ids = grounds.flatMap(([, ground]) => /^assumed: (.*)$/.exec(ground)?.[1] ?? []);
    const options = Object.entries(decided.options).filter(([, ground]) =>
      ground.startsWith("assumed: "),
    );

    expect(ids.filter((id) => !(id in both.emulator))).toEqual([]);
    expect(
      options.filter(([name, ground]) => {
        return !both.emulator[ground.slice("assumed: ".length)]?.options?.includes(name);
      }),
    ).toEqual([]);
  });

  it("names each option that the emulator has for it", () => {
    const named = Object.values(both.emulator).flatMap(({ options = [] }) => options);

    expect(named.filter((name) => !(name in decided.options))).toEqual([]);
  });

  it("leaves no refusal of the emulator without a ground", () => {
    const refusals = sourcesOf(provider).flatMap(refusalsIn);

    expect([...new Set(refusals)].toSorted()).toEqual(Object.keys(decided.refusals).toSorted());
  });
});
