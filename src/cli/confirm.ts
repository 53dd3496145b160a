import { createInterface, type Interface } from "node:readline/promises";
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
    const answer = await answerOf(terminal, `${what}. Go on? [y/N] `, signal);
    if (!/^y(es)?$/i.test(answer.trim())) throw new Failure("nothing was changed");
  } finally {
    terminal.close();
  }
}

/** What was typed; nothing where the terminal was left instead, as by Ctrl+C or Ctrl+D. */
export function answerOf(
  terminal: Interface,
  question: string,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    // Not every Node ends the question by itself.
    terminal.once("close", () => resolve(""));
    terminal.question(question, { signal }).then(resolve, (error: Error) => {
      if (error.name === "AbortError") resolve("");
      else reject(error);
    });
  });
}
