import { appendFileSync } from "node:fs";
import { isAckloopError } from "../../src/core/errors.ts";
import type { RecordLine } from "./task.ts";

/** Writes down what a process does; the system keeps each line although the process is killed. */
export type Write = (kind: string, facts?: Pick<RecordLine, "id" | "code" | "message">) => void;

/** Makes the writer of a process. It keeps the true clock, whatever the process's becomes. */
export function toWriter(file: string, by: string): Write {
  const { now } = Date;
  return (kind, facts = {}) => {
    const line: RecordLine = { kind, by, at: now(), ...facts };
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  };
}

/** What is written down of an error. */
export function toFacts(error: unknown): Pick<RecordLine, "code" | "message"> {
  const code = isAckloopError(error) ? error.code : "untyped";
  return { code, message: error instanceof Error ? error.message : String(error) };
}
