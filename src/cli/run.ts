import { type Announcement, describeAnnouncement, emulate, readEmulateOptions } from "./emulate.ts";
import { help, UsageError } from "./usage.ts";

/** What a run of the command line has around it. */
export interface Surroundings {
  /** Writes to the standard output. */
  readonly out: (text: string) => void;
  /** Writes to the standard error. */
  readonly err: (text: string) => void;
  /** Fires when the process is asked to end. */
  readonly signal: AbortSignal;
  /** The version of the package. */
  readonly version: string;
}

async function runEmulate(args: readonly string[], { out, signal }: Surroundings): Promise<void> {
  const options = readEmulateOptions(args);
  const announce = (announcement: Announcement): void => {
    out(options.json ? `${JSON.stringify(announcement)}\n` : describeAnnouncement(announcement));
  };
  await emulate(options, announce, signal);
}

async function dispatch(args: readonly string[], surroundings: Surroundings): Promise<void> {
  const [command, ...rest] = args;
  if (args.includes("--help") || args.includes("-h")) surroundings.out(help);
  else if (command === "--version") surroundings.out(`${surroundings.version}\n`);
  else if (command === "emulate") await runEmulate(rest, surroundings);
  else if (command === undefined) throw new UsageError("say what to do, such as `ackloop emulate`");
  else throw new UsageError(`there is no "${command}"; there is emulate`);
}

/** Words for an error of the system that a user can do something about. */
function explain(error: unknown): string | undefined {
  const { syscall, code } = Object(error) as Partial<NodeJS.ErrnoException>;
  if (syscall !== "listen") return undefined;
  return `the port cannot be had (${code}); choose another, or --port 0`;
}

/**
 * Runs the command line, and resolves to the exit code: 0 done, 1 the port cannot be had, 2 the
 * command line is wrong. Any other error is a bug, and rejects.
 */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    await dispatch(args, surroundings);
    return 0;
  } catch (error) {
    const usage = error instanceof UsageError;
    const text = usage ? error.message : explain(error);
    if (text === undefined) throw error;
    surroundings.err(`ackloop: ${text}\n${usage ? "Try `ackloop --help`.\n" : ""}`);
    return usage ? 2 : 1;
  }
}
