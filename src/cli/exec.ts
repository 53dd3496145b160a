import { spawn } from "node:child_process";

/** How much of what a command has written on its standard error goes into the reason of a failure. */
const longestReason = 300;

/**
 * Runs a command of the shell with a value as JSON on its standard input. What it writes goes to our standard
 * error, since the standard output is the result's.
 *
 * @param signal Ends the command.
 * @throws {Error} where it ends with another code than 0; the message has the last line that it wrote.
 */
export async function exec(line: string, value: unknown, signal?: AbortSignal): Promise<void> {
  const child = spawn(line, { shell: true, stdio: ["pipe", "pipe", "pipe"], signal });
  let last = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece: Buffer) => {
      process.stderr.write(piece);
      if (stream === child.stderr) last = `${last}${piece}`.slice(-4 * longestReason);
    });
  }
  // It may end without reading.
  child.stdin.on("error", () => undefined);
  child.stdin.end(`${JSON.stringify(value)}\n`);
  const how = await new Promise<string | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, killedBy) => {
      const ended = killedBy ? `was ended by ${killedBy}` : `ended with code ${code}`;
      resolve(code === 0 ? undefined : ended);
    });
  });
  if (how === undefined) return;
  const said = last.trim().split("\n").at(-1)?.slice(0, longestReason);
  throw new Error(said ? `the command ${how}: ${said}` : `the command ${how}`);
}
