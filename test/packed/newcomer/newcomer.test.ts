import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { readme, walkReadme } from "./readme.ts";
import { stepsOf } from "./steps.ts";

const page = readFileSync(readme, "utf8");
const packed = inject("consumerFolder");
const [name = ""] = readdirSync(packed).filter((file) => file.endsWith(".tgz"));
const tarball = join(packed, name);

describe("somebody with the package and the README alone", () => {
  it("gets from an empty folder to events handled, a letter redriven and a test", async () => {
    const walked = await walkReadme(page, tarball);

    const outputOf = (start: string) =>
      walked.find(({ what }) => what.startsWith(start))?.output ?? "";
    const booked = outputOf("node --env-file=.env main.mjs").match(/booked ORDER-\d+$/gm);
    expect(new Set(booked).size).toBe(9);
    expect(outputOf("npx ackloop dead-letters redrive")).toContain('"subject":"ORDER-7"');
    expect(outputOf("node --test")).toMatch(/\bpass [1-9]/);
    expect(outputOf("node --test")).toMatch(/\bfail 0$/m);
    const comments = page.matchAll(/^npx ackloop .*# (?:also|the rest:) (.*)$/gm);
    const words = [...comments].flatMap(([, names = ""]) => names.split(", "));
    expect(words.length).toBeGreaterThan(5);
    for (const word of words) expect(outputOf("npx ackloop --help")).toContain(word);
  });

  it.each([
    ["a name that the package has not", /import \{ consume \}/, "import { consumed }", "main.mjs"],
    ["a variable that is misspelt", "CLIENT_SECRET=", "CLIENT_SECRETS=", "doctor"],
  ])("is told where the README leads astray: %s", async (_, right, wrong, where) => {
    const spoilt = page.replace(right, wrong);

    expect(spoilt).not.toBe(page);
    await expect(walkReadme(spoilt, tarball)).rejects.toThrow(new RegExp(`^line \\d+: .*${where}`));
  });
});

describe("the steps of a page", () => {
  const until = "## End";
  const fenced = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\`\n`;

  it("are its commands, its files and what it shows, in its order, with their lines", () => {
    const text = [
      fenced("sh", "one --flag\ntwo   # until Ctrl+C"),
      fenced("text", "up\n^C"),
      fenced("js", "// a.mjs\nrun();"),
      fenced("sh", "three  # not needed on Node 22.13 and newer"),
      `${until}\n${fenced("sh", "four")}`,
    ].join("");

    const plain = { kind: "command", goesOn: false, notFrom: undefined, shown: [] };
    expect(stepsOf(text, until)).toEqual([
      { ...plain, line: 2, text: "one --flag" },
      { ...plain, line: 3, text: "two", goesOn: true, shown: ["up", "^C"] },
      { kind: "file", line: 10, name: "a.mjs", text: "// a.mjs\nrun();\n" },
      { ...plain, line: 14, text: "three", notFrom: [22, 13] },
    ]);
  });

  it.each([
    ["output without a command", fenced("text", "up"), /no command is before this output/],
    ["a block without a name", fenced("js", "run();"), /does not say its file's name/],
    ["no end", "", /has no "## Finish"/],
  ])("are refused where a reader would not know what to do: %s", (_, text, sentence) => {
    const end = sentence.source.includes("Finish") ? "## Finish" : until;
    expect(() => stepsOf(`${text}${until}\n`, end)).toThrow(sentence);
  });
});
