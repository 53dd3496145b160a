import { type CommanderError, Command as Program } from "commander";
import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { refuseSecrets } from "./environment.ts";
import { UsageError } from "./failure.ts";
import { describe, describeAll } from "./help.ts";
import { nearest } from "./nearest.ts";
import { flag, type Options, text, toFlag } from "./option.ts";
import { oneLine, width } from "./output.ts";
import type { Surroundings } from "./surroundings.ts";

/** What every command takes. */
export const common = {
  json: flag("print JSON instead of text"),
  envFile: text("file", "read environment variables from a file first"),
  debug: flag("show stack traces"),
} satisfies Options;

/** The command that was typed, with what was typed for it by name. */
export interface Typed {
  readonly command: Command;
  readonly raw: Readonly<Record<string, string | true | undefined>>;
}

/** Reads the words; `undefined` where they asked for help or the version, which is printed. */
export async function parse(
  args: readonly string[],
  { out, version }: Pick<Surroundings, "out" | "version">,
): Promise<Typed | undefined> {
  refuseSecrets(args, commands.flatMap(flagsOf));
  let typed: Typed | undefined;
  const program = programOf("ackloop", out).version(version, "-V, --version", "print the version");
  const choose: Choose = (found) => {
    typed = found;
  };
  addAll(program, commands, [], () => describeAll(commands), out, choose);
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(Object(error) as Partial<CommanderError>).code?.startsWith("commander.")) throw error;
    const { exitCode, message } = error as CommanderError;
    if (exitCode !== 0) throw new UsageError(toSentence(message));
  }
  return typed;
}

type Choose = (typed: Typed) => void;

/** Adds commands behind the words of `before`; none of them typed, the word that was is unknown, also before `--help`. */
function addAll(
  parent: Program,
  list: readonly Command[],
  before: readonly string[],
  help: () => string,
  out: Surroundings["out"],
  choose: Choose,
): void {
  parent.helpInformation = () =>
    /^[^-]/.test(parent.args[0] ?? "") ? unknownCommand(parent.args, list, before) : help();
  parent.argument("[words...]").action(() => unknownCommand(parent.args, list, before));
  for (const command of list) {
    const words = [...before, command.name];
    const child = programOf(command.name, out);
    const childHelp = () => describe(command, words, common);
    parent.addCommand(child);
    if (command.commands) addAll(child, command.commands, words, childHelp, out, choose);
    else addOne(child, command, childHelp, choose);
  }
}

function addOne(program: Program, command: Command, help: () => string, choose: Choose): void {
  program.helpInformation = help;
  const names = Object.keys(command.positionals);
  for (const name of names) program.argument(`[${name}]`);
  for (const [name, { about, value }] of Object.entries({ ...command.options, ...common })) {
    program.option(value === undefined ? toFlag(name) : `${toFlag(name)} <${value}>`, about);
  }
  program.action(() => {
    const positionals = names.map((name, index) => [name, program.args[index]]);
    choose({
      command,
      raw: { ...Object.fromEntries(positionals), ...typedOptions(program.opts()) },
    });
  });
}

function programOf(name: string, out: Surroundings["out"]): Program {
  return new Program(name)
    .exitOverride()
    .helpCommand(false)
    .helpOption("-h, --help", "print this")
    .allowExcessArguments(false)
    .configureOutput({ writeOut: out, writeErr: () => undefined, getOutHelpWidth: () => width });
}

/** `--no-limits` is for commander the option `limits`, off. */
function typedOptions(options: Readonly<Record<string, string | boolean>>): Typed["raw"] {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) =>
      typeof value === "boolean" && !value
        ? [`no${name.replace(/^./, (letter) => letter.toUpperCase())}`, true]
        : [name, value === true || String(value)],
    ),
  );
}

function flagsOf(command: Command): readonly string[] {
  return [
    ...Object.keys(command.options).map(toFlag),
    ...(command.commands ?? []).flatMap(flagsOf),
  ];
}

function unknownCommand(
  [said]: readonly string[],
  list: readonly Command[],
  before: readonly string[],
): never {
  const names = list.map(({ name }) => name);
  const words = ["ackloop", ...before].join(" ");
  if (said === undefined) {
    throw new UsageError(`say what to do: \`${words} ${names[0]}\`, or \`${words} --help\``);
  }
  throw new UsageError(
    `there is no command "${[...before, said].join(" ")}"${nearest(said, names) || `; \`${words} --help\` lists them`}`,
  );
}

/** What commander says, as one sentence. */
function toSentence(message: string): string {
  return oneLine(
    message.replace(/^error: /, "").replace(/\n\(Did you mean (.*)\?\)/, "; did you mean $1?"),
  );
}
