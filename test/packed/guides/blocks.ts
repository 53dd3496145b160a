/** A fenced block of a page. */
export interface Block {
  /** The heading that it stands under. */
  readonly heading: string;
  /** The line of the page that it begins in. */
  readonly line: number;
  /** What it is written in: `ts`, `js`, `sh`, `text` and so on. */
  readonly language: string;
  readonly text: string;
}

/** Every fenced block of a page, in its order. */
export function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map((block) => {
    const [, language = "", text = ""] = block;
    const before = page.slice(0, block.index);
    const headings = before.replace(/^```.*?^```$/gms, "").match(/(?<=^#+ ).*$/gm);
    return { heading: headings?.at(-1) ?? "", line: before.split("\n").length, language, text };
  });
}

/** The commands of a block of `sh`, without their comments. */
export function commandsIn({ text }: Block): readonly string[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/\s+#\s.*$/, ""));
}
