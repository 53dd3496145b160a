import { isAckloopError } from "../core/errors.ts";
import type { Context } from "./command.ts";
import { withEnvFile } from "./environment.ts";
import { Failure, UsageError } from "./failure.ts";
import { toFlag } from "./option.ts";
import { createOutput, oneLine } from "./output.ts";
import { common, parse, type Typed } from "./parse.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Runs the command line, and resolves to the exit code: 0 done, 1 it could not be done, 2 the command line
 * is wrong; what a command resolves to otherwise.
 */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const isDebug = args.includes("--debug");
  try {
    const typed = await parse(args, surroundings);
    return typed === undefined ? 0 : ((await start(typed, surroundings)) ?? 0);
  } catch (error) {
    const { message, code } = explain(error, surroundings.signal);
    surroundings.err(`ackloop: ${message}\n`);
    if (isDebug) surroundings.err(`${stackOf(error)}\n`);
    return code;
  }
}

/** The values of the command, and its run with them. */
async function start(typed: Typed, surroundings: Surroundings): Promise<number | undefined> {
  const { command, raw } = typed;
  const environment = withEnvFile(
    surroundings.environment,
    common.envFile.read(raw["envFile"], ""),
  );
  const tables = [
    [command.positionals, (name: string) => `<${name}>`],
    [command.options, toFlag],
  ] as const;
  const entries = tables.flatMap(([table, toName]) =>
    Object.entries(table).map(([name, option]) => [name, option.read(raw[name], toName(name))]),
  );
  const context: Context = {
    values: Object.fromEntries(entries),
    output: createOutput(surroundings, common.json.read(raw["json"], "--json")),
    environment,
    signal: surroundings.signal,
    version: surroundings.version,
  };
  return await command.run(context);
}

/** The sentence and the exit code of what was thrown, some of which may come from a server or a file. */
function explain(
  error: unknown,
  { aborted, reason }: AbortSignal,
): { readonly message: string; readonly code: number } {
  const { message, name } = Object(error) as Partial<Error>;
  if (error instanceof UsageError) return { message: withHelp(oneLine(error.message)), code: 2 };
  if (error instanceof Failure || isAckloopError(error)) {
    return { message: oneLine(error.message), code: 1 };
  }
  if (aborted && (error === reason || name === "AbortError")) {
    return { message: "stopped before it was done", code: 1 };
  }
  const text = "a bug of ackloop, or of the machine (--debug shows where)";
  return { message: `${oneLine(message ?? String(error))}: ${text}`, code: 1 };
}

function stackOf(error: unknown): string {
  return (Object(error) as Partial<Error>).stack ?? String(error);
}

function withHelp(message: string): string {
  return message.includes("--help") ? message : `${message}\nTry \`ackloop --help\`.`;
}
