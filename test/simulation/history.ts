import { createHash } from "node:crypto";
import type { Journal } from "../../src/emulator/journal.ts";

/** What can be told of a run, in the order in which it happened. */
export type NoteKind =
  /** From the provider's journal. */
  | "published"
  | "delivered"
  | "acked"
  | "fault"
  /** Edges of the library: pulls, handlers, acks and stores. */
  | "pull"
  | "pulled"
  | "pullFailed"
  | "start"
  | "end"
  | "ack"
  | "ackOk"
  | "ackFailed"
  | "saved"
  | "letter"
  | "dropped"
  | "duplicate"
  | "finished"
  | "storeFailed"
  | "request"
  /** What became of a process. */
  | "began"
  | "stopping"
  | "ended"
  | "crashed"
  | "paused"
  | "resumed"
  /** Of drawn feeds: what goes wrong, what the run tells, and which promise it breaks. */
  | "trouble"
  | "report"
  | "action"
  | "broken";

/** One thing that happened. */
export interface Note {
  readonly kind: NoteKind;
  /** When, in ms since the start. */
  readonly at: number;
  /** Which process. */
  readonly process?: number | undefined;
  /** Which event, by its number. */
  readonly n?: number | undefined;
  /** Which event, by the provider's id. */
  readonly id?: string | undefined;
  /** Which events. */
  readonly all?: readonly number[] | undefined;
  /** The number of the request. */
  readonly request?: number | undefined;
  /** A word or a number that says more. */
  readonly what?: string | number | undefined;
}

/** Writes down what happens, with the provider's journal in between, in true order. */
export class History {
  readonly notes: Note[] = [];
  readonly #now: () => number;
  readonly #start: number;
  #journal: Journal | undefined;
  #seen = 0;

  constructor(now: () => number, start: number) {
    this.#now = now;
    this.#start = start;
  }

  /** Takes a provider's journal along from here on. */
  follow(journal: Journal): void {
    this.#journal = journal;
  }

  /** Adds a note. */
  note(kind: NoteKind, facts: Omit<Note, "kind" | "at"> = {}): void {
    this.sync();
    this.notes.push({ kind, at: this.#now(), ...facts });
  }

  /** Takes in what the journal has told since. */
  sync(): void {
    if (this.#journal === undefined) return;
    for (const entry of this.#journal.entries({ after: this.#seen })) {
      this.#seen = entry.seq;
      const { kind } = entry;
      if (kind === "request" || kind === "refused" || kind === "read" || kind === "ackedAgain")
        continue;
      const { eventId: id, request } = entry;
      const what = entry.kind === "fault" ? entry.fault : entry.operation;
      this.notes.push({ kind, at: entry.at - this.#start, id, request, what });
    }
  }

  /** A text that two runs share only if all of their notes are equal. */
  hash(): string {
    const text = this.notes.map((note) => JSON.stringify(note)).join("\n");
    return createHash("sha256").update(text).digest("hex").slice(0, 16);
  }
}
