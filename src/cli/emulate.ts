import { parseArgs } from "node:util";
import { type Connection, type Emulator, serveEmulators } from "../emulator/index.ts";
import { emulators } from "../emulator/registry.ts";
import { UsageError } from "./usage.ts";

/** What `ackloop emulate` was asked for. */
export interface EmulateOptions {
  /** The port, 0 for a free one. */
  readonly port: number;
  /** The names of the emulators. */
  readonly providers: readonly string[];
  /** The seed of each. */
  readonly seed: number;
  /** Whether rate limits are on. */
  readonly limits: boolean;
  /** Whether to print JSON. */
  readonly json: boolean;
}

/** What is printed once the emulators are reachable. */
export interface Announcement {
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** The port. */
  readonly port: number;
  /** Where other processes steer the emulators. */
  readonly admin: string;
  /** The seed. */
  readonly seed: number;
  /** Whether rate limits are on. */
  readonly limits: boolean;
  /** Base URLs and test credentials, by provider. */
  readonly providers: Readonly<Record<string, Connection>>;
}

function toInteger(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`--${option} must be a whole number from ${min} to ${max}, not "${text}"`);
}

function toProviders(text: string): readonly string[] {
  const names = [...new Set(text.split(",").map((name) => name.trim()))];
  const unknown = names.find((name) => !Object.hasOwn(emulators, name));
  if (unknown === undefined) return names;
  const known = Object.keys(emulators).join(", ");
  throw new UsageError(`--provider knows ${known}, not "${unknown}"`);
}

/**
 * Reads the options of `ackloop emulate`.
 *
 * @throws {UsageError} for an unknown option, a missing value, or one out of its range.
 */
export function readEmulateOptions(args: readonly string[]): EmulateOptions {
  const values = parse(args);
  const { MAX_SAFE_INTEGER: largest } = Number;
  return {
    port: toInteger("port", values.port, 0, 65_535),
    providers: toProviders(values.provider),
    seed: toInteger("seed", values.seed, -largest, largest),
    limits: !values["no-limits"],
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string", default: "0" },
        provider: { type: "string", default: Object.keys(emulators).join(",") },
        // Equal seeds give equal ids, which a store that outlives a run would take for the same events.
        seed: { type: "string", default: String(Date.now() % 2 ** 31) },
        "no-limits": { type: "boolean", default: false },
        json: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    // Node explains how to write a positional argument; there are none here.
    const { name, message = "" } = Object(error) as Partial<Error>;
    if (name === "TypeError") throw new UsageError(message.replace(/\. To .*$/s, ""));
    throw error;
  }
}

/** The announcement as lines for a person. */
export function describeAnnouncement(announcement: Announcement): string {
  const { origin, admin, seed, limits, providers } = announcement;
  const blocks = Object.entries(providers).map(([name, connection]) => {
    const lines = Object.entries(connection).map(([key, value]) => `  ${key.padEnd(22)}${value}`);
    return `${name}\n${lines.join("\n")}\n`;
  });
  const facts = `seed ${seed}, rate limits ${limits ? "as documented" : "off"}`;
  return [
    `Emulators on ${origin} (${facts})\n`,
    ...blocks,
    `Publish, read the journal and inject faults under ${admin}.`,
    "Stop with Ctrl+C.\n",
  ].join("\n");
}

async function closeAll(open: readonly Emulator[]): Promise<void> {
  await Promise.all(open.map((emulator) => emulator.close()));
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/**
 * Serves the emulators, announces them, and resolves when the signal has fired and all is closed.
 *
 * Rejects with the system's error when the port is taken.
 */
export async function emulate(
  options: EmulateOptions,
  announce: (announcement: Announcement) => void,
  signal: AbortSignal,
): Promise<void> {
  const { seed, limits, port } = options;
  const open = options.providers.flatMap((name) => emulators[name]?.({ seed }, limits) ?? []);
  try {
    const server = await serveEmulators(open, { port });
    const { origin } = server;
    const providers = Object.fromEntries(open.map(({ name }) => [name, server.connection(name)]));
    const admin = `${origin}/_emulator`;
    announce({ origin, port: server.port, admin, seed, limits, providers });
    await untilAborted(signal);
    await server.close();
  } finally {
    await closeAll(open);
  }
}
