import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

export const textOf = (file: string): string => readFileSync(join(root, file), "utf8");

/** A sum of numbers as the code writes it: `64 * 1024 * 1024`, `7 * 86_400_000`, `2 ** 30`. */
const sum = String.raw`[\d_.]+(?:\s*\*\*?\s*[\d_.]+)*`;

/** A number as it stands, or the name of a constant. */
const value = `(\\d+ \\* [A-Za-z]\\w+|${sum}|[A-Za-z_]\\w+)`;

/** How the code gives a number to a name. */
const forms = (name: string): readonly string[] => [
  // A rule with a default: `waitMs: milliseconds(0, 60_000).or(25_000)`.
  `\\b${name}:\\s*[\\w.<>]+(?:\\((?:[^()]|\\([^()]*\\))*\\))?\\.or\\(${value}\\)`,
  `\\b${name}(?:: \\w+)?\\s*=\\s*${value}`,
  `\\b${name}:\\s*${value}`,
  `\\b${name}\\s*\\?\\?\\s*${value}`,
  `\\b${name}\\b[^\\n]*Math\\.max\\(${value}`,
  `"(?:\\w+\\.)*${name}"[^\\]]*?, ${value}\\]`,
];

/** Every number that a source file gives to a name, as a constant or as an option's default. */
export function valuesIn(file: string, name: string, depth = 0): readonly number[] {
  const text = textOf(file).replace(/\/\*\*.*?\*\//gs, "");
  return forms(name)
    .flatMap((form) => [...text.matchAll(new RegExp(form, "g"))].map(([, found = ""]) => found))
    .flatMap((found) => {
      const [, times = "1", constant = found] = /^(\d+) \* ([A-Za-z]\w+)$/.exec(found) ?? [];
      if (/^\d/.test(constant)) return [calculate(found)];
      return depth < 2
        ? valuesIn(file, constant, depth + 1).map((each) => Number(times) * each)
        : [];
    });
}

/** The one number that a source file gives to a name. */
export function valueIn(file: string, name: string): number {
  const [first, ...others] = new Set(valuesIn(file, name));
  if (first === undefined || others.length > 0) {
    throw new Error(`${file} gives ${[first, ...others].join(", ")} to ${name}`);
  }
  return first;
}

function calculate(text: string): number {
  const plain = text.replaceAll("_", "");
  return plain
    .split(/\s*\*(?!\*)\s*(?<!\*\*\s*)/)
    .map((part) =>
      part
        .split(/\s*\*\*\s*/)
        .map(Number)
        .reduceRight((power, base) => base ** power),
    )
    .reduce((all, each) => all * each);
}

/** The source files beside one, itself first. */
export function beside(file: string): readonly string[] {
  const folder = dirname(file);
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith(".ts"));
  return [file, ...names.map((name) => `${folder}/${name}`)];
}

/** Every source file. */
export const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => `src/${name}`)
  .sort();
