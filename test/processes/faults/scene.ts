import { setTimeout as delay } from "node:timers/promises";
import type { Health, LoopOptions, Run } from "../../../src/index.ts";
import { doctor } from "./doctor.ts";

/** A run as a fault sees it, or what stands in its place. */
export interface Patient {
  /** The run; a webhook has none. */
  readonly run?: Run | undefined;
  /** The arguments and the environment with which `ackloop doctor` is asked; absent where it has no part. */
  readonly doctor?: readonly [
    args: readonly string[],
    env?: Readonly<Record<string, string>> | undefined,
  ];
}

/** A fault that is made on purpose. */
export interface Fault {
  /** The title of its part in docs/troubleshooting.md. */
  readonly name: string;
  /** A line that must be printed, at a level, in the console. Absent: nothing is to be said. */
  readonly says?: readonly [level: "warn" | "error", line: RegExp] | undefined;
  /** What `health()` must come to say; absent where there is no run. */
  readonly healthy?: boolean | undefined;
  /** What `doctor` must say of it; absent: that nothing is wrong. */
  readonly doctor?: RegExp | undefined;
  /** Why it cannot be made here; absent where it can. */
  readonly missing?: string | undefined;
  /** Makes it. What it opens it gives to `scene.after`. */
  make(scene: Scene): Promise<Patient> | Patient;
}

/** Where one fault is made. */
export class Scene {
  readonly #closing: (() => unknown)[] = [];

  /** Closes what was opened, the newest first. */
  after(close: () => unknown): void {
    this.#closing.unshift(close);
  }

  async end(): Promise<void> {
    for (const close of this.#closing.splice(0)) await close();
  }
}

/** What was seen of a fault. */
export interface Seen {
  readonly name: string;
  /** Each line that was printed, once, with its level in front. */
  readonly printed: readonly string[];
  /** What `health()` said, in words; empty where there is no run. */
  readonly health: string;
  /** What `doctor` said was wrong; absent where it was not asked. */
  readonly doctor?: readonly string[] | undefined;
  /** What was not as it must be; empty when all was. */
  readonly wrong: readonly string[];
}

/** Short waits, so that a fault is over soon. The logger is the one that a run has by itself. */
export const quick = {
  consumer: "billing",
  idle: { minDelayMs: 10, maxDelayMs: 40 },
  retry: { attempts: 2, minDelayMs: 10, maxDelayMs: 20 },
  callTimeoutMs: 2_000,
  waitMs: 100,
} satisfies LoopOptions;

const LONGEST_MS = 10_000;

/** Makes a fault, looks at it, and takes it away again. */
export async function see(fault: Fault): Promise<Seen> {
  const scene = new Scene();
  const console = listen();
  try {
    const patient = await fault.make(scene);
    // A halt that nobody observes would end the process.
    patient.run?.catch(() => {});
    const wrong = await settle(fault, patient, console.lines);
    const health = patient.run ? describe(patient.run.health()) : "";
    await patient.run?.stop({ withinMs: 50 }).catch(() => {});
    const printed = [...new Set(console.lines)];
    console.close();
    const said = patient.doctor ? await doctor(...patient.doctor) : undefined;
    const misses = fault.doctor
      ? !said?.some((line) => fault.doctor?.test(line))
      : said !== undefined && said.length > 0;
    if (misses) wrong.push(`doctor said ${JSON.stringify(said)}`);
    const shown = (line: string): string => line.replaceAll(/\S*ackloop-faults-\w+/g, ".");
    return {
      name: fault.name,
      printed: printed.map(shown),
      health,
      doctor: said?.map(shown),
      wrong,
    };
  } finally {
    console.close();
    await scene.end();
  }
}

/** Waits until all that must be seen is; gives what is not. */
async function settle(
  { says, healthy }: Fault,
  { run }: Patient,
  lines: readonly string[],
): Promise<string[]> {
  const until = performance.now() + LONGEST_MS;
  const isSaid = () =>
    !says || lines.some((line) => line.startsWith(says[0]) && says[1].test(line));
  const isSo = () => healthy === undefined || run?.health().healthy === healthy;
  while (!(isSaid() && isSo()) && performance.now() < until) await delay(5);
  if (!says) await delay(200);
  // What is said of the end comes a moment before it.
  if (says?.[0] === "error") await Promise.race([run?.catch(() => {}), delay(LONGEST_MS)]);
  const wrong = isSaid() ? [] : [`nothing like ${says} was printed, but ${JSON.stringify(lines)}`];
  if (!isSo()) wrong.push(`health() said ${JSON.stringify(run?.health())}`);
  if (!says && lines.length > 0) wrong.push(`printed ${JSON.stringify(lines)}`);
  return wrong;
}

/** Hears what is printed, in place of the terminal. */
function listen(): { readonly lines: string[]; close(): void } {
  const lines: string[] = [];
  const { warn, error } = globalThis.console;
  const hear = (level: string) => (message: string) =>
    void lines.push(`${level.padEnd(6)}${message}`);
  Object.assign(globalThis.console, { warn: hear("warn"), error: hear("error") });
  return { lines, close: () => void Object.assign(globalThis.console, { warn, error }) };
}

function describe(health: Health): string {
  const { state, healthy, lastError } = health;
  const why = lastError === undefined ? "" : `, lastError.code ${lastError.code}`;
  return `healthy: ${healthy}, state ${state}${why}`;
}
