import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));

/** What the pages name as proof: a file, and the sentence of a test in it. */
function proofsIn(page: string): readonly (readonly [file: string, sentence: string])[] {
  const text = readFileSync(`${docs}${page}`, "utf8");
  return [...text.matchAll(/\]\(([^)]+)\) "([^"]+)"/g)].map(
    ([, file = "", sentence = ""]) => [file, sentence] as const,
  );
}

const pages = ["guarantees.md", "pains.md"];
const rows = pages.flatMap((page) => proofsIn(page).map((proof) => [page, ...proof] as const));

describe("the proofs that the pages name", () => {
  it.each(rows)("are there: %s %s %s", (_page, file, sentence) => {
    const path = `${docs}${file}`;

    expect(existsSync(path)).toBe(true);
    expect(readFileSync(path, "utf8")).toContain(sentence);
  });

  it.each(pages)("stand in every row of %s", (page) => {
    const lines = readFileSync(`${docs}${page}`, "utf8").split("\n");
    const bodies = lines.filter((line) => /^\| (?!promise|-|\|)/.test(line));

    expect(bodies.length).toBeGreaterThanOrEqual(25);
    expect(bodies.filter((line) => !/\]\([^)]+\) "/.test(line))).toEqual([]);
  });
});
