import type { Command, Example } from "./command.ts";
import { type Option, type Options, toFlag } from "./option.ts";
import { width } from "./output.ts";

const exitCodes = "Exit codes: 0 done, 1 it could not be done, 2 the command line is wrong.";

/** What `ackloop --help` prints. */
export function describeAll(commands: readonly Command[]): string {
  const rows = commands.flatMap((command) => linesOf(command, []));
  return [
    "ackloop: event APIs from the command line",
    "",
    "Usage",
    "  ackloop <command> [arguments] [options]",
    "",
    "Commands",
    ...toRows(rows),
    "",
    "Options",
    ...toRows([
      ["--json", "print JSON instead of text; every command has it"],
      ["--env-file <file>", "read environment variables from a file first"],
      ["--debug", "show stack traces"],
      ["-V, --version", "print the version"],
      ["-h, --help", "print this, or with a command what it takes"],
    ]),
    "",
    "Secrets are read from environment variables only; the help of a command names",
    "its own. Ctrl+C ends in order, a second one at once.",
    exitCodes,
    "",
  ].join("\n");
}

function linesOf(command: Command, before: readonly string[]): readonly (readonly string[])[] {
  const words = [...before, command.name];
  if (!command.commands) return [[words.join(" "), command.summary]];
  return command.commands.flatMap((each) => linesOf(each, words));
}

/** What `--help` prints for one command. */
export function describe(command: Command, words: readonly string[], common: Options): string {
  const name = ["ackloop", ...words].join(" ");
  if (command.commands) {
    const rows = command.commands.flatMap((each) => linesOf(each, words));
    const usage = `  ${name} <command> [arguments] [options]`;
    return [
      `${name}: ${command.summary}`,
      "",
      "Usage",
      usage,
      "",
      "Commands",
      ...toRows(rows),
      "",
    ].join("\n");
  }
  const positionals = Object.entries(command.positionals);
  const typed = positionals.map(([key, each]) => (each.isRequired ? `<${key}>` : `[${key}]`));
  return [
    `${name}: ${command.summary}`,
    "",
    "Usage",
    `  ${[name, ...typed, "[options]"].join(" ")}`,
    ...section(
      "Arguments",
      toRows(positionals.map(([key, option]) => [`<${key}>`, aboutOf(option)])),
    ),
    ...section("Options", toRows(optionRows({ ...command.options, ...common }))),
    ...(command.details === undefined ? [] : ["", ...reflow(command.details)]),
    ...section("Examples", command.examples.flatMap(toExample)),
    "",
    exitCodes,
    "",
  ].join("\n");
}

function optionRows(options: Options): readonly (readonly string[])[] {
  return Object.entries(options).map(([key, option]) => [
    option.value === undefined ? toFlag(key) : `${toFlag(key)} <${option.value}>`,
    aboutOf(option),
  ]);
}

function aboutOf({ about, shownDefault }: Option<unknown>): string {
  return shownDefault === undefined ? about : `${about} (default ${shownDefault})`;
}

/** Breaks the paragraphs of a text anew; one that holds a line with blanks in front stays as it is. */
function reflow(text: string): readonly string[] {
  const paragraphs = text.split("\n\n").map((paragraph) => {
    const isSet = /^ /m.test(paragraph);
    return isSet ? paragraph : wrap(paragraph.replaceAll("\n", " "), width).join("\n");
  });
  return [paragraphs.join("\n\n")];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", title, ...lines];
}

function toExample([line, about]: Example): readonly string[] {
  return [...wrap(`# ${about}`, width - 2).map((text) => `  ${text}`), `  ackloop ${line}`];
}

/** Two columns; the second is wrapped. */
function toRows(rows: readonly (readonly string[])[]): readonly string[] {
  const first = Math.min(26, Math.max(...rows.map(([left = ""]) => left.length)));
  return rows.flatMap(([left = "", right = ""]) => {
    const [head = "", ...rest] = wrap(right, width - first - 4);
    const lines = rest.map((line) => " ".repeat(first + 4) + line);
    if (left.length > first) return [`  ${left}`, " ".repeat(first + 4) + head, ...lines];
    return [`  ${left.padEnd(first)}  ${head}`.trimEnd(), ...lines];
  });
}

/** Breaks a text at blanks into lines of at most so many signs. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
