import { createInterface } from "node:readline/promises";
import type { Context } from "./command.ts";
import { Failure, UsageError } from "./failure.ts";
import { flag } from "./option.ts";

/** The option of every command that destroys something. */
export const yes = flag("do it without asking");

/**
 * Goes on where a person agrees, on a terminal or by `--yes`.
 *
 * @param what What will happen, as in `3 letters are taken off for good`.
 * @throws {UsageError} where nobody can be asked.
 * @throws {Failure} where the answer is another than yes.
 */
export async function confirm(
  { values, signal }: Pick<Context<{ readonly yes: boolean }>, "values" | "signal">,
  what: string,
): Promise<void> {
  if (values.yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(`${what}: add --yes to do it`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${what}. Go on? [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new Failure("nothing was changed");
  } finally {
    terminal.close();
  }
}
