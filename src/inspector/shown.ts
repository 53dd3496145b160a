// What goes from the handler to its page, as JSON.
import type { FeedEvent } from "../core/event.ts";
import type { Report } from "../core/report.ts";
import type { DeadLetter, StoreKey } from "../core/stores.ts";
import type { Incident, OpenEvent, RunDetails } from "../loop/details.ts";
import type { Health } from "../loop/run.ts";

/** What tells an event apart, without its data. */
export type EventFacts = Pick<FeedEvent, "source" | "id" | "type"> & {
  readonly time?: string | undefined;
};

/** Something that a run has told. */
export interface Told {
  /** When, in epoch ms. */
  readonly at: number;
  readonly kind: Report["kind"];
  readonly event?: EventFacts | undefined;
  readonly count?: number | undefined;
  readonly attempt?: number | undefined;
  readonly ms?: number | undefined;
  readonly text?: string | undefined;
}

/** How long handlers took in the last second, in ms. */
export interface Took {
  /** Half of them took no longer. */
  readonly middle: number;
  /** 95 of 100 took no longer. */
  readonly most: number;
}

/** A run, once a second. */
export interface RunShown extends Omit<RunDetails, "open" | "incidents"> {
  /** By this the run is paused and goes on. */
  readonly id: number;
  readonly health: Omit<Health, "feed" | "lastError"> & { readonly lastError?: string | undefined };
  readonly open: readonly (Omit<OpenEvent, "event"> & {
    readonly event?: EventFacts | undefined;
  })[];
  readonly incidents: readonly Incident[];
  readonly took?: Took | undefined;
  readonly told: readonly Told[];
  /** The event that has been open longest, where it can be read. */
  readonly holds?: EventFacts | undefined;
}

/** What is sent once a second to whoever looks. */
export interface LiveShown {
  /** The server's time, in epoch ms. */
  readonly at: number;
  readonly runs: readonly RunShown[];
}

/** A run after it was paused, or let go on, or has read its skips anew. */
export interface RunSteered extends Pick<RunShown, "id" | "feed" | "consumer"> {
  readonly state: Health["state"];
}

/** What the page can do here. */
export interface Abilities {
  readonly title: string;
  readonly runs: boolean;
  readonly deadLetters: boolean;
  readonly cursors: boolean;
  readonly leases: boolean;
  readonly inbox: boolean;
  readonly entries: boolean;
  readonly redrive: boolean;
}

/** A letter in a list. */
export interface LetterLine
  extends Pick<DeadLetter, "identity" | "reason" | "code" | "attempts" | "failedAt"> {
  readonly event?: EventFacts | undefined;
}

/** A page of letters. */
export interface LetterLines extends StoreKey {
  readonly letters: readonly LetterLine[];
  readonly next?: string | undefined;
  readonly looked: number;
}

/** An event and what the provider sent. */
export interface Texts {
  /** The event as JSON; absent where it could not be read. */
  readonly eventText?: string | undefined;
  /** The provider's object as JSON. */
  readonly rawText: string;
  /** How many characters both have as JSON. */
  readonly size: number;
  /** Whether the texts are only the beginning of what there is: such a letter is not edited. */
  readonly isCut: boolean;
}

/** One letter. */
export interface LetterShown extends LetterLine, Texts {
  /** Whether something of it is masked. */
  readonly isMasked: boolean;
}

/** How an entry of an inbox stands: it waits, a worker holds it, or it was given back and waits for its time. */
export type EntryState = "waits" | "held" | "later";

/** An entry in a list. */
export interface EntryLine {
  /** The `after` of its page, and its number there: by these it is read. */
  readonly after?: string | undefined;
  readonly at: number;
  readonly state: EntryState;
  /** For how long no worker can claim it, in ms. */
  readonly hiddenMs: number;
  /** How often a worker has claimed it. */
  readonly attempts: number;
  readonly event?: EventFacts | undefined;
  /** What is wrong with one that cannot be read. */
  readonly unreadable?: string | undefined;
}

/** A page of entries. */
export interface EntryLines {
  readonly inbox: string;
  readonly entries: readonly EntryLine[];
  readonly next?: string | undefined;
  readonly looked: number;
}

/** One entry. */
export interface EntryShown extends EntryLine, Texts {
  /** Whether something of it is masked. */
  readonly isMasked: boolean;
}
