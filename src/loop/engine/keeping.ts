import { sha256 } from "../../core/digest.ts";
import { messageOf, toErrorFacts } from "../../core/error-facts.ts";
import { isAckloopError } from "../../core/errors.ts";
import { ask } from "../../core/guard.ts";
import { hasOwnId, isNameless, namelessIdentity } from "../../core/identity.ts";
import type { Logger } from "../../core/logger.ts";
import type { DeadLetter, DedupeBegin, EventKey } from "../../core/stores.ts";
import type { HandlingSettings } from "../options.ts";
import { Alarm } from "./alarm.ts";
import type { Answers } from "./answers.ts";
import { asItCame } from "./copy.ts";
import type { Entry, Mark } from "./entry.ts";
import { RENEWAL, renewalWaitMs, timesOf } from "./pacing.ts";
import type { Tell } from "./report.ts";
import { Service } from "./service.ts";
import { toStorable, toText } from "./storable.ts";

/** The least first and longest wait before a store is asked again, in ms, however short retries are. */
const LEAST_STORE_WAITS = Object.freeze({ minMs: 100, maxMs: 1000 });

/** How many items of a run get a dead letter that have no id and cannot be acked. */
const MOST_UNACKABLE = 1000;

type DedupeSettings = NonNullable<HandlingSettings["dedupe"]>;

/** What the loop's side of the stores works with. */
export interface KeepingParts {
  readonly feed: string;
  readonly settings: HandlingSettings;
  /** Absent when nobody listens, so that no report is made for nothing. */
  readonly tell: Tell | undefined;
  readonly log: Logger;
  /** Fires when waiting for a store is over. */
  readonly quit: AbortSignal;
  /** Whether what cannot be acked comes again with each pull: a list. @default false */
  readonly isList?: boolean | undefined;
  /** Fires when no handler is started any more. @default as `quit` */
  readonly stopping?: AbortSignal | undefined;
  /** The stores, where several share their paces. @default its own */
  readonly services?: StoreServices | undefined;
}

/** The stores as the loop asks them, each at its one pace. */
export interface StoreServices {
  readonly letters: Service;
  readonly marks: Service;
}

/**
 * The loop's side of the dead-letter and dedupe stores: every question is asked again, at the store's
 * pace, until it is answered or the run quits, and no event counts before it is.
 */
export class Keeping {
  readonly #parts: KeepingParts;
  readonly #letters: Service;
  readonly #marks: Service;
  /** The entries whose marks are renewed, and when each is. */
  readonly #renewals = new Map<Entry, number>();
  /** What the store said to a finish in the user's transaction, of which the commit is not known. */
  readonly #inTransaction = new Map<Entry, boolean | "failed" | undefined>();
  readonly #alarm: Alarm;
  #run: string | undefined;
  #nameless = 0;
  #unackable = 0;
  #renewalFailed = false;

  constructor(parts: KeepingParts) {
    this.#parts = parts;
    const { letters, marks } = parts.services ?? toServices(parts);
    this.#letters = letters;
    this.#marks = marks;
    const { dedupe } = parts.settings;
    this.#alarm = new Alarm(() => dedupe && this.#renewDue(dedupe));
  }

  /** A stop does not wait for a store before a handler that is not started any more. */
  get #beginUntil(): AbortSignal {
    return this.#parts.stopping ?? this.#parts.quit;
  }

  /** How the stores answer. */
  get answers(): readonly Answers[] {
    return [this.#letters.answers, this.#marks.answers];
  }

  /** Whether events are to be marked before their handler starts. */
  get dedupes(): boolean {
    return this.#parts.settings.dedupe !== undefined;
  }

  /** Stores a dead letter; false when the run quits first. */
  async setAside(entry: Entry, reason: string, code: string | undefined): Promise<boolean> {
    const { settings, tell, quit } = this.#parts;
    const { deadLetters } = settings;
    if (deadLetters === undefined) return false;
    if (this.#isFlood(entry)) return true;
    const letter = await this.#toLetter(entry, reason, code);
    const stored = await this.#letters.ask("put", quit, (signal) =>
      deadLetters.put(letter, { signal }),
    );
    if (stored === undefined) return false;
    const { identity, event, attempts } = letter;
    tell?.({ kind: "deadLettered", identity, event, reason, attempts });
    return true;
  }

  /**
   * Marks an event as in work. `undefined`: no mark is needed, or it has one; `"quit"`: the run quits
   * first.
   */
  async begin(entry: Entry): Promise<DedupeBegin | "quit" | undefined> {
    const { dedupe } = this.#parts.settings;
    const { delivery } = entry;
    if (!dedupe || !hasOwnId(delivery)) return undefined;
    if (entry.mark !== undefined) {
      if (isCurrent(entry.mark) && !this.#inTransaction.has(entry)) return undefined;
      // It has ended, or its transaction may have been committed: only a new begin can say.
      if (!(await this.#letGo(entry, entry.mark))) return "quit";
    }
    const begun = await this.#mark(entry, dedupe);
    return begun ?? "quit";
  }

  /** Remembers a settled event as done; false when the run quits first. */
  async finish(entry: Entry): Promise<boolean> {
    const { mark } = entry;
    if (mark === undefined) return true;
    const isKept = await this.#end("finish", entry, mark, this.#parts.quit);
    if (isKept) this.#unmark(entry);
    return isKept;
  }

  /**
   * Remembers an event as done inside the user's transaction, which is not certain before its commit:
   * the loop's own finish repeats it. Its mark is not renewed meanwhile: the transaction may hold it.
   */
  async finishIn(entry: Entry, transaction: unknown): Promise<boolean> {
    const { dedupe, callTimeoutMs } = this.#parts.settings;
    const { mark } = entry;
    if (!dedupe || mark === undefined) return false;
    const { retentionMs } = dedupe;
    this.#inTransaction.set(entry, undefined);
    const asking = { what: "finish", whom: "dedupe", limitMs: callTimeoutMs };
    const answer = await ask({ ...asking, signal: this.#parts.quit }, (signal) =>
      dedupe.store.finish(this.#key(entry), mark.text, { retentionMs, transaction, signal }),
    );
    if (answer.kind === "cut") throw this.#parts.quit.reason;
    if (answer.kind === "failed") {
      // Without an answer the transaction may hold the mark still.
      if ("thrown" in answer) this.#inTransaction.set(entry, "failed");
      throw answer.thrown ?? answer.error;
    }
    this.#inTransaction.set(entry, answer.value);
    return answer.value;
  }

  /**
   * Whether the event is another's, so that the handler has rolled its effect back: it counts only
   * when the other one has finished it.
   */
  isTaken(entry: Entry): boolean {
    return this.#inTransaction.get(entry) === false;
  }

  /**
   * Lets go of an event that is left unsettled: its redelivery is not held up, and is not handled where all
   * is done but to remember it.
   */
  async abandon(entry: Entry, giveUp: AbortSignal): Promise<void> {
    const { mark } = entry;
    if (mark === undefined) return;
    this.#unmark(entry);
    const last = this.#end(entry.isDone ? "finish" : "forget", entry, mark, giveUp, true);
    // Unheard, the mark ends by itself: the redelivery waits that long, and one start too many counts.
    await last.catch((error: unknown) => {
      const next = "it ends by itself, and its event is held up until then";
      const text = `the mark of ${entry.identity} could not be ended: ${messageOf(error)}; ${next}`;
      this.#parts.log.warn(text, { error: toErrorFacts(error) });
    });
  }

  /** Leaves no timer behind. */
  close(): void {
    this.#alarm.stop();
    this.#renewals.clear();
    this.#inTransaction.clear();
  }

  async #toLetter(entry: Entry, reason: string, code: string | undefined): Promise<DeadLetter> {
    const { feed, settings } = this.#parts;
    const { event: came, raw } = asItCame(entry);
    // A feed of the user's may leave the type out, and no store takes such an event.
    const event = typeof came?.type === "string" ? came : undefined;
    const { remark, ...kept } = toStorable(event, raw);
    return {
      consumer: settings.consumer,
      feed,
      identity: await this.#nameOf(entry, kept.raw),
      ...kept,
      reason: remark === undefined ? reason : `${reason} (${remark})`,
      code,
      attempts: entry.attempts,
      failedAt: new Date().toISOString(),
    };
  }

  /**
   * What has no id of its own gets a letter of its own: two with equal content are two. One that can
   * never be acked comes with each list, and has the same letter each time.
   */
  async #nameOf(entry: Entry, raw: unknown): Promise<string> {
    const { identity, receipt, delivery } = entry;
    if (!isNameless(identity) || delivery.identity === identity) return identity;
    const digest = await sha256(new TextEncoder().encode(toText(raw)));
    if (this.#parts.isList && receipt === undefined)
      return namelessIdentity(digest, identity.split(" ", 2)[1] ?? "");
    this.#run ??= crypto.randomUUID();
    this.#nameless += 1;
    return namelessIdentity(digest, `${this.#run}/${this.#nameless}`);
  }

  /**
   * A list may hold an item that cannot be acked, and whose content is another each time: it stays where
   * it is, and after so many letters it gets no more of them.
   */
  #isFlood({ identity, receipt }: Entry): boolean {
    if (!this.#parts.isList || !isNameless(identity) || receipt !== undefined) return false;
    this.#unackable += 1;
    if (this.#unackable === MOST_UNACKABLE + 1) {
      const what = `${MOST_UNACKABLE} items came that have no id and cannot be acknowledged`;
      const advice = "no more of them are set aside: mend what publishes them";
      this.#parts.log.error(`${what}; ${advice}`);
    }
    return this.#unackable > MOST_UNACKABLE;
  }

  /** Lets go of a mark before the event is begun anew; false when the run quits first. */
  async #letGo(entry: Entry, mark: Mark): Promise<boolean> {
    const isFree = await this.#end("forget", entry, mark, this.#beginUntil);
    if (isFree) this.#unmark(entry);
    return isFree;
  }

  /** Remembers the event as done, or takes its start back; false when `quit` fires first. */
  async #end(
    how: "finish" | "forget",
    entry: Entry,
    mark: Mark,
    quit: AbortSignal,
    isLast = false,
  ): Promise<boolean> {
    const { store, retentionMs = 0 } = this.#parts.settings.dedupe ?? {};
    const ask = async (signal: AbortSignal): Promise<unknown> =>
      store?.[how](this.#key(entry), mark.text, { retentionMs, signal });
    return (await this.#marks.ask(how, quit, ask, isLast)) !== undefined;
  }

  /** Sets a mark of ours: so it can be set again when no answer came, and be taken back unheard. */
  async #mark(entry: Entry, { store, markMs }: DedupeSettings): Promise<DedupeBegin | undefined> {
    const text = crypto.randomUUID();
    entry.mark = { text, untilMono: 0, untilWall: 0 };
    let times = timesOf(markMs);
    let isRepeat = false;
    const answer = await this.#marks.ask("begin", this.#beginUntil, async (signal) => {
      entry.isUnheard ||= isRepeat;
      isRepeat = true;
      times = timesOf(markMs);
      return checkBegin(await store.begin(this.#key(entry), markMs, { mark: text, signal }));
    });
    if (answer === undefined) return undefined;
    if (answer.value.status !== "begun") {
      entry.mark = undefined;
      return answer.value;
    }
    entry.mark = { text: answer.value.mark, ...times };
    this.#renewLater(entry, markMs * RENEWAL.period);
    return answer.value;
  }

  #unmark(entry: Entry): void {
    entry.mark = undefined;
    this.#inTransaction.delete(entry);
    this.#renewals.delete(entry);
    if (this.#renewals.size === 0) this.#alarm.stop();
  }

  /** Each mark is renewed by its own clock; one timer serves them all. */
  #renewLater(entry: Entry, delayMs: number): void {
    if (this.#parts.quit.aborted) return;
    const at = performance.now() + delayMs;
    this.#renewals.set(entry, at);
    this.#alarm.setTo(at);
  }

  #renewDue(dedupe: DedupeSettings): void {
    if (this.#parts.quit.aborted) return;
    const now = performance.now();
    const due = [...this.#renewals].filter(([, at]) => at <= now + 1);
    for (const [entry] of due) void this.#renew(entry, dedupe);
    for (const at of this.#renewals.values()) this.#alarm.setTo(at);
  }

  async #renew(entry: Entry, { store, markMs }: DedupeSettings): Promise<void> {
    const { mark } = entry;
    this.#renewLater(entry, markMs * RENEWAL.period);
    if (mark === undefined || this.#isInTransaction(entry)) return;
    const { callTimeoutMs } = this.#parts.settings;
    const askedAt = performance.now();
    const limitMs = Math.min(callTimeoutMs, markMs * RENEWAL.call);
    const times = timesOf(markMs);
    const asking = { what: "renew", whom: "dedupe", limitMs, signal: this.#parts.quit };
    const answer = await ask(asking, (signal) =>
      store.renew(this.#key(entry), mark.text, markMs, { signal }),
    );
    if (answer.kind === "answered" && answer.value) Object.assign(mark, times);
    if (answer.kind === "answered" && this.#renewalFailed) {
      this.#renewalFailed = false;
      this.#parts.tell?.({ kind: "storeBack", store: "dedupe" });
    }
    if (answer.kind !== "failed") return;
    this.#renewalFailed = true;
    const error = answer.thrown ?? answer.error;
    const delayMs = renewalWaitMs(markMs, performance.now() - askedAt);
    this.#parts.tell?.({ kind: "storeFailed", store: "dedupe", error, delayMs });
    if (entry.mark === mark) this.#renewLater(entry, delayMs);
  }

  /** Whether the user's transaction may hold the mark. */
  #isInTransaction(entry: Entry): boolean {
    return this.#inTransaction.has(entry) && this.#inTransaction.get(entry) !== "failed";
  }

  #key(entry: Entry): EventKey {
    const { feed, settings } = this.#parts;
    return { consumer: settings.consumer, feed, identity: entry.identity };
  }
}

/** Makes the services of a run's stores. */
export function toServices({
  settings,
  tell,
}: Pick<KeepingParts, "settings" | "tell">): StoreServices {
  const { retry, callTimeoutMs, dedupe } = settings;
  const bounds = {
    minMs: Math.max(retry.minMs, LEAST_STORE_WAITS.minMs),
    maxMs: Math.max(retry.maxMs, LEAST_STORE_WAITS.maxMs),
  };
  const make = (name: "deadLetters" | "dedupe", limitMs: number): Service =>
    new Service({
      name,
      bounds,
      limitMs,
      onFailed: (error, delayMs) => tell?.({ kind: "storeFailed", store: name, error, delayMs }),
      onBack: () => tell?.({ kind: "storeBack", store: name }),
    });
  return {
    letters: make("deadLetters", callTimeoutMs),
    marks: make("dedupe", Math.min(callTimeoutMs, dedupe?.markMs ?? callTimeoutMs)),
  };
}

/** A store of the user's may answer anything: a number that is none would hold or end its event. */
function checkBegin(begun: DedupeBegin): DedupeBegin {
  switch (begun?.status) {
    case "done":
      return begun;
    case "busy":
      return { status: "busy", endsInMs: Number(begun.endsInMs) || 0 };
    case "begun":
      if (Number.isSafeInteger(begun.starts) && begun.starts >= 1 && typeof begun.mark === "string")
        return begun;
      throw new Error("the store said begun, without a mark or a number of starts");
    default:
      throw new Error("the store said neither begun, busy nor done");
  }
}

/** Whether a mark is this run's, as far as both clocks know. */
function isCurrent({ untilMono, untilWall }: Mark): boolean {
  return performance.now() < untilMono && Date.now() < untilWall;
}

/** The code of an error of ours, for a dead letter. */
export function codeOf(error: unknown): string | undefined {
  return isAckloopError(error) ? error.code : undefined;
}
