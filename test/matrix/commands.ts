import { readFileSync } from "node:fs";
import { join } from "node:path";
import { providers } from "../../src/cli/providers.ts";
import { runToEnd, start } from "./child.ts";
import type { Row } from "./row.ts";
import { type ProgramRuntime, programRuntimes } from "./runtimes.ts";

const EVENTS = 3;

/** What `emulate --json` prints. */
interface Announcement {
  readonly providers: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly published: Readonly<Record<string, { readonly place: string }>>;
}

/** The command line that is installed, by each runtime: its version, emulators, and a drain of each. */
export const commands: readonly Row[] = programRuntimes.map((runtime) => ({
  name: `${runtime.name}, the command line`,
  tools: runtime.tools,
  run: (consumer) => runCommands(runtime, consumer),
}));

async function runCommands({ run, hasSqlite }: ProgramRuntime, consumer: string): Promise<string> {
  const home = join(consumer, "node_modules/ackloop");
  const { version, bin } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const [file, ...flags] = run;
  const cli = [file, ...flags, join(home, bin.ackloop)] as const;
  const told = await runToEnd([...cli, "--version"], consumer);
  if (told.trim() !== version) throw new Error(`--version says ${told}`);
  const emulators = start([...cli, "emulate", "--json", "--publish", `${EVENTS}`], consumer);
  try {
    const announcement = await announced(emulators.written, emulators.ended);
    const polled = Object.entries(providers).filter(([, { calls }]) => !calls);
    for (const [name, { variables }] of polled) {
      const connection = announcement.providers[name] ?? {};
      const environment = Object.fromEntries(
        variables.flatMap((each) => {
          const value = each.member === undefined ? undefined : connection[each.member];
          return value === undefined ? [] : [[each.name, value]];
        }),
      );
      const place = announcement.published[name]?.place ?? "";
      const where = providers[name]?.place === undefined ? [] : [place];
      const state = hasSqlite ? ["--state", join(consumer, `${Math.random()}.db`)] : [];
      const args = ["drain", name, ...where, "--exec", "cat >&2; echo", "--json", ...state];
      const seen = await runToEnd([...cli, ...args], consumer, environment);
      if (!seen.includes(`"handled":${EVENTS}`)) throw new Error(`drain ${name}: ${seen}`);
    }
    emulators.child.kill("SIGINT");
    const code = await emulators.ended;
    if (code !== 0) throw new Error(`emulate ended with ${code}: ${emulators.written()}`);
    return `${told.trim()}, ${EVENTS} events of ${polled.map(([name]) => name).join(", ")}`;
  } finally {
    emulators.child.kill("SIGKILL");
  }
}

/** What the emulators announce in their first line. */
async function announced(
  written: () => string,
  ended: Promise<number | string>,
): Promise<Announcement> {
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const line = /^\{.*\}$/m.exec(written())?.[0];
    if (line !== undefined) return JSON.parse(line);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`emulate ended: ${written()}`);
}
