import pRetry from "p-retry";
import { onAbort } from "../core/abort.ts";
import { isAckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { DedupeBegin, EventKey } from "../core/stores.ts";
import type { Entry } from "./entry.ts";
import type { HandlingSettings } from "./options.ts";
import type { Tell } from "./report.ts";
import { toStorable, toText } from "./storable.ts";

/** The least wait before a store is asked again, in ms, however short the handlers' retries are. */
const LEAST_STORE_WAIT_MS = 100;

type DedupeSettings = NonNullable<HandlingSettings["dedupe"]>;

/** What the loop's side of the stores works with. */
export interface KeepingParts {
  readonly feed: string;
  readonly settings: HandlingSettings;
  /** Absent when nobody listens, so that no report is made for nothing. */
  readonly tell: Tell | undefined;
  /** Fires when waiting for a store is over. */
  readonly quit: AbortSignal;
  /** Fires when even a begin that was asked for is not waited for. Without it, `quit` says so. */
  readonly end?: AbortSignal | undefined;
}

/**
 * The loop's side of the dead-letter and dedupe stores: every question is asked again, with pacing,
 * until the store has answered or the run quits, and no event counts before it has.
 */
export class Keeping {
  readonly #parts: KeepingParts;
  /** The entries whose marks are this run's. */
  readonly #marked = new Set<Entry>();
  /** The entries whose begin the store has not answered yet: it may have set their marks. */
  readonly #beginning = new Set<Entry>();
  /** What the store said to a finish in the user's transaction, of which the commit is not known. */
  readonly #inTransaction = new Map<Entry, boolean>();
  #renewal: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: KeepingParts) {
    this.#parts = parts;
  }

  /** Whether events are to be marked before their handler starts. */
  get dedupes(): boolean {
    return this.#parts.settings.dedupe !== undefined;
  }

  /** Whether a begin has no answer yet, so that its event cannot be abandoned. */
  get isBeginning(): boolean {
    return this.#beginning.size > 0;
  }

  /** Stores a dead letter; false when the run quits first. */
  async setAside(entry: Entry, reason: string, code: string | undefined): Promise<boolean> {
    const { feed, settings, tell } = this.#parts;
    const { deadLetters, consumer } = settings;
    if (deadLetters === undefined) return false;
    const { event } = entry.delivery;
    const { attempts } = entry;
    const { remark, ...kept } = toStorable(event, entry.delivery.raw);
    const id = event?.id ?? (await contentId(kept.raw));
    const failedAt = new Date().toISOString();
    const told = remark === undefined ? reason : `${reason} (${remark})`;
    const letter = { consumer, feed, identity: id, ...kept, reason: told, code, attempts, failedAt };
    const stored = await this.#ask("deadLetters", async (signal) => {
      await deadLetters.put(letter, { signal });
      return true;
    });
    if (stored !== true) return false;
    tell?.({ kind: "deadLettered", identity: id, event, reason, attempts });
    return true;
  }

  /**
   * Marks an event as in work. `undefined`: no mark is needed, or it has one; `"quit"`: the run
   * quits first.
   */
  async begin(entry: Entry): Promise<DedupeBegin | "quit" | undefined> {
    const { dedupe } = this.#parts.settings;
    const { event, idDerived } = entry.delivery as { event?: FeedEvent; idDerived?: true };
    if (!dedupe || event === undefined || idDerived) return undefined;
    if (entry.mark !== undefined) {
      if (!this.#inTransaction.has(entry)) return undefined;
      // Its transaction may have been committed: only the store knows, and says so to a new begin.
      if (!(await this.#letGo(entry, entry.mark))) return "quit";
    }
    const begun = await this.#mark(entry, dedupe);
    if (begun === undefined) return "quit";
    entry.mark = undefined;
    if (begun.status === "begun") {
      entry.mark = begun.mark;
      this.#marked.add(entry);
      this.#scheduleRenewal(dedupe.markMs / 3);
    }
    return begun;
  }

  /** Remembers a settled event as done; false when the run quits first. */
  async finish(entry: Entry): Promise<boolean> {
    if (entry.mark === undefined) return true;
    const answer = await this.#ask("dedupe", () => this.finishIn(entry, undefined));
    this.#unmark(entry);
    return answer !== undefined;
  }

  /**
   * Remembers an event as done inside the user's transaction, which is not certain before its commit:
   * the loop's own finish repeats it.
   */
  async finishIn(entry: Entry, transaction: unknown): Promise<boolean> {
    const { dedupe } = this.#parts.settings;
    if (!dedupe || entry.mark === undefined) return false;
    const isOurs = await dedupe.store.finish(this.#key(entry), entry.mark, {
      retentionMs: dedupe.retentionMs,
      signal: this.#parts.quit,
      ...(transaction === undefined ? {} : { transaction }),
    });
    if (transaction !== undefined) this.#inTransaction.set(entry, isOurs);
    return isOurs;
  }

  /**
   * Whether the event is another's, so that the handler has rolled its effect back: it counts only
   * when the other one has finished it.
   */
  isTaken(entry: Entry): boolean {
    return this.#inTransaction.get(entry) === false;
  }

  /** Lets go of an event that is left unsettled, so that its redelivery is not held up. */
  async abandon(entry: Entry): Promise<void> {
    const { dedupe } = this.#parts.settings;
    const { mark } = entry;
    if (!dedupe || mark === undefined || this.#beginning.has(entry)) return;
    this.#unmark(entry);
    try {
      await dedupe.store.forget(this.#key(entry), mark);
    } catch (error) {
      // The mark ends by itself, and the redelivery waits that long.
      this.#parts.tell?.({ kind: "storeFailed", store: "dedupe", error, delayMs: dedupe.markMs });
    }
  }

  /** Leaves no timer behind. */
  close(): void {
    clearTimeout(this.#renewal);
    this.#marked.clear();
    this.#inTransaction.clear();
  }

  /** Lets go of a mark before the event is begun anew; false when the run quits first. */
  async #letGo(entry: Entry, mark: string): Promise<boolean> {
    const { dedupe } = this.#parts.settings;
    const isFree = await this.#ask("dedupe", async (signal) => {
      await dedupe?.store.forget(this.#key(entry), mark, { signal });
      return true;
    });
    if (isFree) this.#unmark(entry);
    return isFree === true;
  }

  /** Sets a mark of ours: so it can be set again when no answer came, and be taken back unheard. */
  async #mark(entry: Entry, { store, markMs }: DedupeSettings): Promise<DedupeBegin | undefined> {
    const { end, quit } = this.#parts;
    const options = { mark: crypto.randomUUID(), signal: end ?? quit };
    entry.mark = options.mark;
    this.#beginning.add(entry);
    try {
      return await this.#ask("dedupe", () => store.begin(this.#key(entry), markMs, options));
    } finally {
      this.#beginning.delete(entry);
    }
  }

  #unmark(entry: Entry): void {
    entry.mark = undefined;
    this.#marked.delete(entry);
    this.#inTransaction.delete(entry);
    if (this.#marked.size === 0) {
      clearTimeout(this.#renewal);
      this.#renewal = undefined;
    }
  }

  #scheduleRenewal(delayMs: number): void {
    this.#renewal ??= setTimeout(() => void this.#renewAll(delayMs), delayMs);
  }

  async #renewAll(delayMs: number): Promise<void> {
    this.#renewal = undefined;
    const { dedupe } = this.#parts.settings;
    if (!dedupe) return;
    const { quit, tell } = this.#parts;
    const renewals = [...this.#marked].map(async (entry) => {
      if (entry.mark === undefined) return;
      await dedupe.store.renew(this.#key(entry), entry.mark, dedupe.markMs, { signal: quit });
    });
    for (const result of await Promise.allSettled(renewals)) {
      if (result.status === "fulfilled" || quit.aborted) continue;
      tell?.({ kind: "storeFailed", store: "dedupe", error: result.reason, delayMs });
    }
    if (this.#marked.size > 0 && !quit.aborted) this.#scheduleRenewal(delayMs);
  }

  /**
   * Asks a store until it answers; `undefined` when the run quits. What repeating cannot mend, a wrong
   * option or a bug of the store, is thrown.
   */
  async #ask<Answer>(
    store: "deadLetters" | "dedupe",
    ask: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const { quit } = this.#parts;
    if (quit.aborted) return undefined;
    try {
      const answer = await ask(quit);
      // An answer that comes as the run quits is thrown away: the event stays unsettled, which is safe.
      return quit.aborted ? undefined : answer;
    } catch (error) {
      return quit.aborted ? undefined : this.#askAgain(store, ask, error);
    }
  }

  /** Goes on asking after a failure; a store that answers is spared what the repeating costs. */
  async #askAgain<Answer>(
    store: "deadLetters" | "dedupe",
    ask: (signal: AbortSignal) => Promise<Answer>,
    failure: unknown,
  ): Promise<Answer | undefined> {
    const { quit, tell, settings } = this.#parts;
    // A signal of its own: p-retry hangs a listener on it for each event that waits.
    const ending = new AbortController();
    const forget = onAbort(quit, () => ending.abort(quit.reason));
    let known: { readonly error: unknown } | undefined = { error: failure };
    const attempt = (): Promise<Answer> => {
      if (known === undefined) return ask(quit);
      const { error } = known;
      known = undefined;
      return Promise.reject(error);
    };
    try {
      return await pRetry(attempt, {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: Math.max(settings.retry.minMs, LEAST_STORE_WAIT_MS),
        maxTimeout: Math.max(settings.retry.maxMs, LEAST_STORE_WAIT_MS),
        randomize: true,
        signal: ending.signal,
        shouldRetry: ({ error }) => !(isAckloopError(error) && error.code === "config"),
        onFailedAttempt: ({ error, retryDelay }) =>
          tell?.({ kind: "storeFailed", store, error, delayMs: retryDelay }),
      });
    } catch (error) {
      if (quit.aborted) return undefined;
      throw error;
    } finally {
      forget();
    }
  }

  #key(entry: Entry): EventKey {
    return { consumer: this.#parts.settings.consumer, feed: this.#parts.feed, identity: entry.id };
  }
}

/** An id for what has none: the digest of its content. */
async function contentId(raw: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(toText(raw));
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0"));
  return `content-${hex.join("")}`;
}
