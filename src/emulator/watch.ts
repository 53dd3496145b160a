import type { JournalEntry } from "./journal.ts";
import { shownTarget } from "./shown-target.ts";

/** A request that an emulator has answered, or a call that it has made of somebody else, once it is over. */
export interface EmulatorExchange {
  /** `"in"`: a request to the emulator. `"out"`: a call of its own, such as to a listener. */
  readonly direction: "in" | "out";
  /** Its number, from 1. That of a request is the journal's `request`; calls are counted apart. */
  readonly number: number;
  /** Its operation; `"unknown"` for a path or method that there is not. */
  readonly operation: string;
  /** The HTTP method. */
  readonly method: string;
  /** The path with its query, or the address that was called; what may be a credential is masked. */
  readonly target: string;
  /** When it began, epoch ms of the true clock. */
  readonly at: number;
  /** How long it took until there was an answer, in ms. */
  readonly ms: number;
  /** The HTTP status; absent where there was no answer. */
  readonly status?: number | undefined;
  /** Of a call: the place in the journal of the delivery that it was. */
  readonly seq?: number | undefined;
}

/** Is told what happens in an emulator, as it happens. It must not throw. */
export interface EmulatorWatcher {
  /** An entry of the journal, whatever the journal keeps. */
  entry?(entry: JournalEntry): void;
  /** A request or a call that is over. */
  exchange?(exchange: EmulatorExchange): void;
  /** The emulator has begun anew. */
  reset?(): void;
}

/** What an exchange is made of before it is over. */
export interface ExchangeFacts {
  readonly direction: "in" | "out";
  /** The number of a request; a call gets one here. */
  readonly number?: number;
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  readonly seq?: number | undefined;
}

/** Who watches an emulator, and what tells them. */
export interface Watching {
  /** Adds a watcher; gives what takes it off. */
  add(watcher: EmulatorWatcher): () => void;
  /** Tells of an entry. */
  entry(entry: JournalEntry): void;
  /** Begins an exchange; gives what ends it with its status. Where nobody watches it costs nothing. */
  begin(facts: ExchangeFacts): (status?: number) => void;
  /** Says what no watcher is shown. Called by the frame alone. */
  know(secrets: readonly string[]): void;
  /** Tells of a reset. */
  reset(): void;
}

const unwatched = (): void => {};

/** Makes the watching of one emulator. */
export function createWatching(): Watching {
  const watchers = new Set<EmulatorWatcher>();
  let secrets: readonly string[] = [];
  let lastCall = 0;
  return {
    add(watcher) {
      watchers.add(watcher);
      return () => {
        watchers.delete(watcher);
      };
    },
    entry(entry) {
      for (const watcher of watchers) watcher.entry?.(entry);
    },
    begin({ number, url, ...facts }) {
      if (number === undefined) lastCall += 1;
      if (watchers.size === 0) return unwatched;
      const own = number ?? lastCall;
      const at = Date.now();
      const begun = performance.now();
      return (status) => {
        const ms = Math.round((performance.now() - begun) * 10) / 10;
        const target = shownTarget(url, facts.direction, secrets);
        const exchange = { ...facts, number: own, target, at, ms, status };
        for (const watcher of watchers) watcher.exchange?.(exchange);
      };
    },
    know(all) {
      secrets = all;
    },
    reset() {
      lastCall = 0;
      for (const watcher of watchers) watcher.reset?.();
    },
  };
}
