import { appendFileSync, closeSync, openSync, readFileSync } from "node:fs";
import type { Delivery } from "ackloop";
import { Failure } from "./failure.ts";
import { type Output, oneLine } from "./output.ts";

/** What `--out` keeps of a delivery: the event, for `memoryFeed`, and the provider's object, for its emulator. */
export interface Seen {
  readonly event?: unknown;
  /** Why there is no event. */
  readonly unreadable?: string;
  readonly raw: unknown;
}

function toSeen(delivery: Delivery): Seen {
  const { event, unreadable, raw } = delivery;
  if (event === undefined) return { unreadable: unreadable?.message ?? "unreadable", raw };
  return { event, raw };
}

/** Shows a delivery as one line, or as JSON. */
export function show(output: Output, delivery: Delivery): void {
  const seen = toSeen(delivery);
  output.json(seen);
  const { event, unreadable } = delivery;
  if (event === undefined) {
    output.line(`unreadable: ${seen.unreadable}: ${oneLine(JSON.stringify(seen.raw))}`);
    return;
  }
  if (unreadable) return;
  const { time = "no time", type, id, data } = event;
  output.line(oneLine(`${time}  ${type}  ${id}  ${JSON.stringify(data)}`));
}

/** A file that gets a line of JSON for each delivery. */
export interface Kept {
  add(delivery: Delivery): void;
  close(): void;
}

/** Opens the file of `--out` at its end; without one nothing is kept. */
export function openKept(file: string | undefined): Kept {
  if (file === undefined) return { add: () => undefined, close: () => undefined };
  let handle: number;
  try {
    handle = openSync(file, "a", 0o600);
  } catch (error) {
    throw cannotWrite(file, error);
  }
  return {
    add: (delivery) => {
      try {
        appendFileSync(handle, `${JSON.stringify(toSeen(delivery))}\n`);
      } catch (error) {
        throw cannotWrite(file, error);
      }
    },
    close: () => closeSync(handle),
  };
}

function cannotWrite(file: string, error: unknown): Failure {
  const { code } = Object(error) as { code?: string };
  return new Failure(`the file of --out cannot be written (${code}): ${file}`);
}

/**
 * Reads what `--out` kept.
 *
 * @throws {Failure} for a file that cannot be read, or a line of it that is something else.
 */
export function readKept(file: string): readonly Seen[] {
  let lines: readonly string[];
  try {
    lines = readFileSync(file, "utf8").split("\n");
  } catch (error) {
    const { code } = Object(error) as { code?: string };
    throw new Failure(`the file cannot be read (${code}): ${file}`);
  }
  return lines.flatMap((line, index) => (line === "" ? [] : [parseLine(line, index + 1, file)]));
}

function parseLine(line: string, number: number, file: string): Seen {
  try {
    const seen = JSON.parse(line) as Seen;
    if (seen.raw !== undefined) return seen;
  } catch {
    // Told below.
  }
  throw new Failure(`line ${number} of ${file} is not of \`ackloop tail --out\``);
}
