import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root, textOf, valueIn } from "./code-values.ts";
import { type Held, numbers } from "./numbers.ts";

/** The pages whose numbers other tests or tools make and compare. */
const others = ["docs/pains.md", "docs/scale.md", "docs/simulation.md", "docs/troubleshooting.md"];
const ours = ["docs/architecture.md", "docs/guarantees.md"];

const pages = [
  "README.md",
  "SECURITY.md",
  ...["docs", "docs/providers"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  ),
].filter((page) => ![...others, ...ours].includes(page));

const words = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
const amounts: Readonly<Record<string, number>> = {
  ...Object.fromEntries(words.map((word, index) => [word, index + 2])),
  one: 1,
  "a hundred": 100,
};
const units: Readonly<Record<string, number>> = {
  ...{ ms: 1, s: 1_000, second: 1_000, min: 60_000, minute: 60_000 },
  ...{ hour: 3_600_000, day: 86_400_000, kB: 1_000, MB: 1_000_000, MiB: 1_048_576 },
};
const unit =
  "(?:ms|s|seconds?|min|minutes?|hours?|days?|kB|MB|MiB|bytes|characters|events|attempts|requests|by default)";
const amount = `(?:\\d[\\d.,_]*(?: \\d{3})*|${words.join("|")}|a hundred|one(?= day| minute| hour))`;
const said = new RegExp(`(?<![\\w.,-])${amount} ${unit}(?![\\w])`, "gi");

/** A page's text in one line, without its code and what is made by a tool. */
const plain = (page: string): string =>
  textOf(page)
    .replace(/^```.*?^```$/gms, "")
    .replace(/## Work on ackloop itself.*/s, "")
    .replace(/<!-- assumptions: made.*?<!-- end of assumptions -->/gs, "")
    .replace(/\s+/g, " ");

/** `5 s` as 5,000, `a hundred events` as 100. */
function toNumber(text: string): number {
  const [, count = text, of = ""] = /^(.*) ([a-z]\w*)$/i.exec(text) ?? [];
  const times = amounts[count.toLowerCase()] ?? Number(count.replace(/[,_ ]/g, ""));
  return times * (units[of] ?? units[of.replace(/s$/, "")] ?? 1);
}

const rows = Object.entries(numbers).flatMap(([page, each]) =>
  each.map(([says, held]) => [page, says, held] as const),
);

describe("the numbers that the pages for users say", () => {
  it.each(pages)("are each held to something: %s", (page) => {
    const text = plain(page);
    const covered = (numbers[page] ?? []).map(([says]) => {
      const found = says.exec(text);
      return found ? [found.index, found.index + found[0].length] : [-1, -1];
    });

    const free = [...text.matchAll(said)]
      .filter(({ index }) => !covered.some(([from = -1, to = -1]) => index >= from && index < to))
      .map(
        ({ index, 0: number }) => `${number}: …${text.slice(Math.max(0, index - 60), index + 30)}…`,
      );

    expect(free).toEqual([]);
  });

  it.each(rows)("are those of the code or of who is named: %s %s", (page, says, held) => {
    const [, ...groups] = says.exec(plain(page)) ?? ["", "nothing"];

    if (typeof held === "string") expect(says.test(plain(page))).toBe(true);
    else expect(groups.map(toNumber)).toEqual(held.map(inCode));
    if (typeof held === "string" && held.includes("/"))
      expect(existsSync(join(root, held))).toBe(true);
  });
});

function inCode(where: Extract<Held, readonly unknown[]>[number]): number {
  const [file = "", name = ""] = where.split("#");
  return valueIn(file, name);
}
