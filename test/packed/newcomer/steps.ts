/** A page's block that is saved as a file: its first line is a comment with the name. */
export interface FileStep {
  readonly kind: "file";
  /** The line of the page that it stands in. */
  readonly line: number;
  readonly name: string;
  readonly text: string;
}

/** A command of a page. */
export interface CommandStep {
  readonly kind: "command";
  readonly line: number;
  /** What is typed, without the comment. */
  readonly text: string;
  /** Whether it goes on while the next steps are made: its comment says `until Ctrl+C`. */
  readonly goesOn: boolean;
  /** From this version of Node on it is left out, as its comment says: `[22, 13]`. */
  readonly notFrom: readonly number[] | undefined;
  /** What the page shows of its output, in order; `^C` is where Ctrl+C is pressed. */
  readonly shown: readonly string[];
}

/** What a reader of a page does, in its order. */
export type Step = FileStep | CommandStep;

/**
 * What a page says to do: the lines of its `sh` blocks, the blocks that are named as files, and, in a `text`
 * block, what the command before it prints. It ends where `until` stands.
 */
export function stepsOf(page: string, until: string): readonly Step[] {
  const end = page.indexOf(until);
  if (end === -1) throw new Error(`the page has no "${until}"`);
  const steps: Step[] = [];
  for (const block of page.slice(0, end).matchAll(/^```(\w+)\n(.*?)^```$/gms)) {
    const [, language = "", text = ""] = block;
    const line = page.slice(0, block.index).split("\n").length + 1;
    if (language === "sh") steps.push(...commandsOf(text, line));
    else if (language === "text") steps.push(showing(steps.pop(), text, line));
    else steps.push(fileOf(text, line));
  }
  return steps;
}

function commandsOf(block: string, first: number): readonly CommandStep[] {
  return block
    .trimEnd()
    .split("\n")
    .map((text, index) => {
      const [, command = "", comment = ""] = text.match(/^(.*?)(?:\s+#\s(.*))?$/) ?? [];
      const [, version] = comment.match(/not needed on Node ([\d.]+) and newer/) ?? [];
      return {
        kind: "command",
        line: first + index,
        text: command,
        goesOn: comment.includes("until Ctrl+C"),
        notFrom: version?.split(".").map(Number),
        shown: [],
      };
    });
}

function showing(step: Step | undefined, block: string, line: number): CommandStep {
  if (step?.kind !== "command") throw new Error(`line ${line}: no command is before this output`);
  return { ...step, shown: block.trimEnd().split("\n") };
}

function fileOf(block: string, line: number): FileStep {
  const [, name] = block.match(/^(?:\/\/|#) (\S*\.\S+)\n/) ?? [];
  if (name === undefined) throw new Error(`line ${line}: the block does not say its file's name`);
  return { kind: "file", line, name, text: block };
}
