import { readFile, writeFile } from "node:fs/promises";
import type { Seen } from "./scene.ts";

const page = new URL("../../../docs/troubleshooting.md", import.meta.url);

/** What was seen, as the guide shows it. */
export function toBlock({ printed, health, doctor }: Seen): string {
  const lines = [...printed];
  if (printed.length === 0) lines.push("(nothing is printed)");
  if (health !== "") lines.push("", `health()  ${health}`);
  if (doctor?.length === 0) lines.push("", "doctor    finds nothing wrong");
  else if (doctor) lines.push("", ...doctor);
  return lines.join("\n");
}

/** The block below each title of the guide. */
export async function readGuide(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(page, "utf8");
  const parts = [
    ...text.matchAll(/^## (.+)\n(?:(?!^## |^```)[\s\S])*?^```text\n([\s\S]*?)\n```$/gm),
  ];
  return new Map(parts.map(([, title = "", block = ""]) => [title, block]));
}

/** Puts what was seen into the guide. */
export async function writeGuide(all: readonly Seen[]): Promise<void> {
  let text = await readFile(page, "utf8");
  for (const [title, block] of await readGuide()) {
    const seen = all.find(({ name }) => name === title);
    if (seen) text = text.replace(`\`\`\`text\n${block}\n`, () => `\`\`\`text\n${toBlock(seen)}\n`);
  }
  await writeFile(page, text);
}

/** A text without what differs from run to run: numbers, units, random names. */
export function steady(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/g, "<id>")
    .replaceAll(/\d+(?:\.\d+)?(?: (?:ms|s|min|h))?/g, "#");
}
