import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** A file of JSON lines that processes write to, read as it grows. */
export class LineFile<Line> {
  readonly file: string;
  #offset = 0;

  /** Makes the file where there is none. */
  constructor(file: string) {
    this.file = file;
    closeSync(openSync(file, "a"));
  }

  /** Reads what is new. A line that is half written waits for the next time. */
  readNew(): readonly Line[] {
    const file = openSync(this.file, "r");
    const bytes = Buffer.alloc(fstatSync(file).size - this.#offset);
    readSync(file, bytes, 0, bytes.length, this.#offset);
    closeSync(file);
    const whole = bytes.subarray(0, bytes.lastIndexOf(10) + 1);
    this.#offset += whole.length;
    const lines = whole.toString().split("\n").filter(Boolean);
    return lines.map((line): Line => JSON.parse(line));
  }
}
