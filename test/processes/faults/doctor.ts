import { run } from "../../../src/cli/run.ts";

interface Check {
  readonly about: string;
  readonly isRight: boolean;
  readonly found: string;
  readonly todo?: string;
}

/** Asks `ackloop doctor` as a shell would; gives what it found wrong, a line each. */
export async function doctor(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const out: string[] = [];
  const err: string[] = [];
  await run(["doctor", ...args, "--json"], {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    signal: new AbortController().signal,
    version: "0.0.0",
    environment,
    isTerminal: false,
  });
  if (out.length === 0) throw new Error(`doctor gave no answer: ${err.join("")}`);
  const { checks } = JSON.parse(out.join("")) as { readonly checks: readonly Check[] };
  return checks
    .filter(({ isRight, about }) => !isRight && about !== "Node")
    .map(({ about, found, todo }) => `doctor    ${about}: ${found}${todo ? `; do: ${todo}` : ""}`);
}
