import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { Failure, UsageError } from "./failure.ts";
import type { Environment } from "./surroundings.ts";

/** The variables with those of a file; what is set already counts, as with Node's own `--env-file`. */
export function withEnvFile(environment: Environment, file: string | undefined): Environment {
  if (file === undefined) return environment;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code } = Object(error) as { code?: string };
    throw new Failure(`the file of --env-file cannot be read (${code}): ${file}`);
  }
  return { ...parseEnv(textOf(bytes, file)), ...environment };
}

/** The text, without the mark that some editors put before it. */
function textOf(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Failure(`the file of --env-file is not in UTF-8: save it so: ${file}`);
  }
}

/** A variable's text; `undefined` where it is not set or empty. */
export function variable(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined;
}

const secretName =
  /^--?([\w-]*-)?(token|secret|password|passwd|pass|pwd|(api-?)?key|credentials?|auth\w*)$/i;

/**
 * Refuses secrets on the command line, which every user of the machine can read there.
 *
 * @throws {UsageError} which names the option, and never its value.
 */
export function refuseSecrets(args: readonly string[], known: readonly string[]): void {
  for (const arg of args) {
    if (arg === "--") return;
    const [name = ""] = arg.split("=", 1);
    if (known.includes(name)) continue;
    if (secretName.test(name)) {
      const text = "is no option: secrets come from environment variables or --env-file";
      throw new UsageError(`${name} ${text} (each command's --help names its variables)`);
    }
  }
}
