import { openSync, writeSync } from "node:fs";
import type { FleetLine } from "./task.ts";

/** Writes down what a process does; the system keeps each line although the process is killed. */
export class Writer {
  readonly #file: number;
  readonly #by: string;
  #used: NodeJS.CpuUsage | undefined;

  constructor(file: string, by: string) {
    this.#file = openSync(file, "a");
    this.#by = by;
  }

  write(kind: FleetLine["kind"], provider: string, ids: readonly string[], more = {}): void {
    const line: FleetLine = { kind, by: this.#by, at: Date.now(), provider, ids, ...more };
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  /** The process is at work; its CPU counts from here. */
  ready(): void {
    this.#used = process.cpuUsage();
    this.write("ready", "", []);
  }

  /** What it took. */
  usage(): void {
    const { user, system } = process.cpuUsage(this.#used);
    this.write("usage", "", [], { cpuUs: user + system });
  }
}
