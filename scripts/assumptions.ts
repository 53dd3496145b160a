/**
 * Writes the tables of what is assumed into `docs/providers`, from the lists of both sides.
 *
 * `npm run assumptions` writes them; a test says where they are not up to date.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Assumption, Assumptions } from "../src/core/assumption.ts";

/** The lists of one provider. */
export interface Sides {
  /** What the client assumes. */
  readonly client: Assumptions;
  /** What the emulator assumes. */
  readonly emulator: Assumptions;
}

/** The lists of every provider that has a folder. */
export const providers: Readonly<Record<string, Sides>> = Object.fromEntries(
  await Promise.all(
    readdirSync(new URL("../src/providers/", import.meta.url)).map(async (name) => {
      const client = await import(`../src/providers/${name}/assumptions.ts`);
      const emulator = await import(`../src/emulator/${name}/assumptions.ts`);
      return [name, { client: client.assumptions, emulator: emulator.assumptions }];
    }),
  ),
);

/** Where the page of a provider stands. */
export function pageOf(provider: string): string {
  return fileURLToPath(new URL(`../docs/providers/${provider}.md`, import.meta.url));
}

/** Both sides' ids, each once: the client's first, in its order. */
function idsOf({ client, emulator }: Sides): readonly string[] {
  return [...new Set([...Object.keys(client), ...Object.keys(emulator)])];
}

/** What is wrong with the lists: an empty list when all is well. */
export function problemsOf({ client, emulator }: Sides): readonly string[] {
  return idsOf({ client, emulator }).flatMap((id) => {
    const entries = [client[id], emulator[id]].filter((each) => each !== undefined);
    const isLone = entries.length === 1;
    const has = (name: keyof Assumption): boolean => entries.some((each) => each[name]);
    const checks: readonly (readonly [boolean, string])[] = [
      [isLone && !has("alone"), "on one side only, without a reason"],
      [!isLone && has("alone"), "alone, though on both sides"],
      [!has("open"), "nothing says what is open"],
      [!has("wrong"), "nothing says what would show it wrong"],
    ];
    return checks.filter(([isWrong]) => isWrong).map(([, what]) => `${id}: ${what}`);
  });
}

function toCell(side: Assumption | undefined, other: Assumption | undefined): string {
  if (!side) return `– (${other?.alone})`;
  const options = side.options?.map((name) => `\`${name}\``).join(", ");
  return options === undefined ? side.assumed : `${side.assumed}; ${options}`;
}

/** The table of one provider, as it stands between the markers. */
export function renderTable({ client, emulator }: Sides): string {
  const rows = idsOf({ client, emulator }).map((id) => {
    const [mine, theirs] = [client[id], emulator[id]];
    const open = mine?.open ?? theirs?.open;
    const wrong = mine?.wrong ?? theirs?.wrong;
    return `| ${open} | ${toCell(mine, theirs)} | ${toCell(theirs, mine)} | ${wrong} |`;
  });
  return [
    "| the documents leave open | the client; its option | the emulator; its option | what would show it wrong |",
    "| --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

const begin = "<!-- assumptions: made by `npm run assumptions` -->";
const end = "<!-- end of assumptions -->";

/**
 * The page with the table of now between its markers.
 *
 * @throws {Error} when the page has no markers.
 */
export function withTable(page: string, sides: Sides): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`the page needs ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${renderTable(sides)}\n\n${page.slice(to)}`;
}

function main(): void {
  for (const [provider, sides] of Object.entries(providers)) {
    const path = pageOf(provider);
    writeFileSync(path, withTable(readFileSync(path, "utf8"), sides));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
