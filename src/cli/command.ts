import type { Options, ValuesOf } from "./option.ts";
import type { Output } from "./output.ts";
import type { Environment } from "./surroundings.ts";

/** What a command runs with. */
export interface Context<Values = Readonly<Record<string, unknown>>> {
  /** The arguments and options, read and checked. */
  readonly values: Values;
  /** Where its results and notes go. */
  readonly output: Output;
  /** The environment variables, those of `--env-file` with them. No secret comes from elsewhere. */
  readonly environment: Environment;
  /** Fires when the process is asked to end: finish in order, and return. */
  readonly signal: AbortSignal;
  /** The version of the package. */
  readonly version: string;
}

/** A line that works, and what it does. */
export type Example = readonly [line: string, about: string];

/** A command; one that has `commands` is only a word in front of them. */
export interface Command {
  /** The word that is typed. */
  readonly name: string;
  /** What it does, in one line of at most 52 signs. */
  readonly summary: string;
  /** More to know, in paragraphs; one whose lines begin with blanks is printed as it is. */
  readonly details?: string | undefined;
  /** What is typed after the name, in order. */
  readonly positionals: Options;
  /** What may be typed anywhere after it. */
  readonly options: Options;
  /** Lines without `ackloop` in front. */
  readonly examples: readonly Example[];
  /** Its own commands, such as `list` of `dead-letters`. */
  readonly commands?: readonly Command[] | undefined;
  /** Does it. Resolves to the exit code where that is not 0. Loads what is large only here. */
  readonly run: (context: Context) => Promise<number | undefined>;
}

/** What a command is made of. */
interface CommandParts<Positionals extends Options, Own extends Options>
  extends Omit<Command, "positionals" | "options" | "run" | "commands"> {
  readonly positionals?: Positionals;
  readonly options?: Own;
  // A method, so that a command of certain values is one of any.
  run(context: Context<ValuesOf<Positionals> & ValuesOf<Own>>): Promise<number | undefined>;
}

/** Makes a command whose `run` knows the types of its values. */
export function command<
  const Positionals extends Options = Record<never, never>,
  const Own extends Options = Record<never, never>,
>(parts: CommandParts<Positionals, Own>): Command {
  const { positionals = {}, options = {}, run, ...rest } = parts;
  return { ...rest, positionals, options, run: (context) => run(context as never) };
}

/** Makes a word in front of other commands. */
export function commandGroup(name: string, summary: string, commands: readonly Command[]): Command {
  const run = () => Promise.resolve(undefined);
  return { name, summary, positionals: {}, options: {}, examples: [], commands, run };
}
