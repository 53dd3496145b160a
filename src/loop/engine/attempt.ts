import { AckloopError } from "../../core/errors.ts";
import type { FeedEvent } from "../../core/event.ts";
import { isThenable, type MaybePromise, settle, toFailure } from "../../core/guard.ts";
import type { Refusal } from "./admission.ts";
import { Admission } from "./admission.ts";
import type { Enter } from "./context.ts";
import { asItIs } from "./context.ts";
import { asItCame } from "./copy.ts";
import type { Entry, Verdict } from "./entry.ts";
import type { Keeping, KeepingParts } from "./keeping.ts";
import { codeOf } from "./keeping.ts";
import { backoffMs } from "./pacing.ts";
import type { Said } from "./returned.ts";
import { toFailed, toSaid, toSaidOfEach } from "./returned.ts";
import type { Routes } from "./route.ts";
import type { HandlerScope, Leash } from "./scope.ts";
import { EventContext, timeoutError } from "./scope.ts";
import type { Skipped, Skips } from "./skips.ts";
import type { Watched, Watching } from "./watching.ts";

/** What became of an attempt. */
export type Disposition =
  /** Final: the event counts as settled. */
  | { readonly kind: "settled"; readonly as: "handled" | "deadLettered" | "dropped" | "duplicate" }
  /** To be tried again in `delayMs`. `failed`: the handler did, rather than had to wait. */
  | {
      readonly kind: "again";
      readonly delayMs: number;
      readonly failed: boolean;
      readonly why?: string;
    }
  /** Its attempts are used up, by its own fault or by an outage's. */
  | { readonly kind: "exhausted"; readonly verdict: Verdict; readonly why?: string }
  /** Not settled, and no attempt counted: the run is stopping. */
  | { readonly kind: "left" }
  /** The run must end, so as not to lose the event. */
  | { readonly kind: "halt"; readonly error: AckloopError };

/** An event, and what became of the attempt with it. */
export type Ended = readonly [entry: Entry, disposition: Disposition];

/** Gets what became of an attempt: called once, at once or later. */
export type OnEnd = (disposition: Disposition, entry: Entry) => void;

const HANDLED: Disposition = Object.freeze({ kind: "settled", as: "handled" });
const DEAD_LETTERED: Disposition = Object.freeze({ kind: "settled", as: "deadLettered" });
const DROPPED: Disposition = Object.freeze({ kind: "settled", as: "dropped" });
const DUPLICATE: Disposition = Object.freeze({ kind: "settled", as: "duplicate" });
const LEFT: Disposition = Object.freeze({ kind: "left" });
const TAKEN: Disposition = Object.freeze({ kind: "again", delayMs: 100, failed: false });

/**
 * How many starts that never ended give an event up at the least: one alone may be a begin whose answer was
 * lost, so that no handler has seen the event.
 */
const LEAST_STARTS = 2;

/** The first and the longest wait before an event is asked for again that is busy elsewhere, in ms. */
const BUSY_WAITS = Object.freeze({ minMs: 100, maxMs: 5000 });

/** What attempts work with. */
export interface AttemptParts extends KeepingParts {
  readonly routes: Routes;
  readonly scope: Pick<HandlerScope, "open" | "close">;
  readonly keeping: Keeping;
  /** What a person has said is to be skipped. @default nothing */
  readonly skips?: Skips | undefined;
  /** Whether a handler may be started: not while stopping. */
  readonly mayStart: () => boolean;
  /** Whether what is not started yet is to wait. @default it never is */
  readonly isPaused?: (() => boolean) | undefined;
  /** What to wait for before the thread is held again. @default nothing */
  readonly others?: (() => Promise<void> | undefined) | undefined;
  /** Starts a handler. @default in the async context of whatever starts it */
  readonly enter?: Enter | undefined;
  /** Absent where nobody watches. */
  readonly watching?: Watching | undefined;
  /** A handler was done with an event, whatever it has decided. */
  readonly onSuccess?: ((entry: Entry) => void) | undefined;
}

/**
 * Takes one delivery through a fixed order: readable, known, valid, dedupe, handler, retry, dead letter.
 * It says what becomes of an attempt, and leaves slots, waits and acks to its caller.
 */
export class Attempts {
  readonly #parts: AttemptParts;
  readonly #admission: Admission;
  /** How a handler is started. */
  readonly #enter: Enter;
  #hasToldOfFalse = false;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
    this.#enter = parts.enter ?? asItIs;
    this.#admission = new Admission(parts);
  }

  /** Whether somebody wants to know of a handler's time. */
  get #isTimeTold(): boolean {
    const { tell, settings } = this.#parts;
    return tell?.each !== undefined || settings.handlerTimeoutMs !== undefined;
  }

  /** Makes one attempt with one event. */
  make(entry: Entry, onEnd: OnEnd): void {
    try {
      const refusal = this.#admission.admit(entry);
      if (refusal !== undefined || this.#parts.keeping.dedupes) {
        this.#later(entry, this.#beginThenRun(entry, refusal), onEnd);
      } else this.#run(entry, onEnd);
    } catch (error) {
      onEnd(this.#broken(error), entry);
    }
  }

  /**
   * Makes one attempt with many events and one call. `onEnd` gets each as soon as it is known what became of
   * it, and those that failed together; it ends when all have. It never rejects.
   */
  async makeBatch(
    entries: readonly Entry[],
    onEnd: (ended: readonly Ended[]) => void,
  ): Promise<void> {
    const ending: Promise<void>[] = [];
    const end = (entry: Entry, disposition: MaybePromise<Disposition>): void => {
      const told = new Promise<void>((resolve) =>
        this.#later(entry, disposition, (known) => {
          onEnd([[entry, known]]);
          resolve();
        }),
      );
      ending.push(told);
    };
    const ready = await this.#prepareBatch(entries, end);
    if (ready.length > 0 && this.#mayRun()) {
      const decided = await this.#runBatch(ready);
      onEnd(decided.filter((each): each is Ended => !isThenable(each[1])));
      for (const [entry, later] of decided) if (isThenable(later)) end(entry, later);
    } else onEnd(ready.map((entry) => [entry, LEFT]));
    await Promise.all(ending);
  }

  /** Gives an event up whose attempts are used up: sets it aside, or halts where there is no place. */
  giveUp(entry: Entry, verdict: Verdict, onEnd: OnEnd): void {
    const { deadLetters } = this.#parts.settings;
    if (deadLetters !== undefined) {
      this.#later(entry, this.#deadLetter(entry, verdict.reason, verdict.code), onEnd);
      return;
    }
    const advice = "set the option deadLetters, or it comes first again at the next start";
    const message = `${subjectOf(entry)}: ${verdict.reason}; no dead-letter store is set: ${advice}`;
    onEnd({ kind: "halt", error: this.#halted(message, verdict.cause) }, entry);
  }

  #later(entry: Entry, disposition: MaybePromise<Disposition>, onEnd: OnEnd): void {
    if (!isThenable(disposition)) {
      onEnd(disposition, entry);
      return;
    }
    disposition.then(
      (known) => onEnd(known, entry),
      (error: unknown) => onEnd(this.#broken(error), entry),
    );
  }

  async #beginThenRun(
    entry: Entry,
    refusal: MaybePromise<Refusal | undefined>,
  ): Promise<Disposition> {
    const otherwise = await this.#whyNot(entry, await refusal);
    if (otherwise) return otherwise();
    // Those that a store let begin at once would hold the thread one after the other.
    const others = () => (this.#mayRun() ? this.#parts.others?.() : undefined);
    for (let wait = others(); wait !== undefined; wait = others()) await wait;
    entry.calledAt = performance.now();
    return new Promise((resolve) => this.#run(entry, resolve));
  }

  /** Gives what an event ends with that its handler must not see; `undefined` where it may. */
  async #whyNot(
    entry: Entry,
    refusal: Refusal | undefined,
  ): Promise<(() => MaybePromise<Disposition>) | undefined> {
    if (refusal !== undefined) return () => this.#refused(entry, refusal);
    const begun = await this.#begin(entry);
    return begun && (() => ("reason" in begun ? this.#givenUp(entry, begun) : begun));
  }

  /** Sorts out what the handler must not see; gives the rest. It waits for no end. */
  async #prepareBatch(
    entries: readonly Entry[],
    end: (entry: Entry, disposition: MaybePromise<Disposition>) => void,
  ): Promise<readonly Entry[]> {
    const prepared = entries.map(async (entry) => {
      try {
        const otherwise = await this.#whyNot(entry, await this.#admission.admit(entry));
        if (otherwise) end(entry, otherwise());
        return otherwise === undefined;
      } catch (error) {
        end(entry, this.#broken(error));
        return false;
      }
    });
    const isReady = await Promise.all(prepared);
    return entries.filter((_, index) => isReady[index]);
  }

  /** What becomes of an event that its handler must not see. */
  #refused(entry: Entry, refusal: Refusal): MaybePromise<Disposition> {
    if (refusal === "cut") return LEFT;
    const { reason, cause, skip } = refusal;
    if (skip !== undefined) return this.#skipped(entry, { reason, skip });
    const policy = this.#parts.settings.unprocessable;
    if (policy === "drop") return this.#finished(entry, this.#dropped(entry, reason));
    if (policy === "deadLetter") return this.#deadLetter(entry, reason, codeOf(cause) ?? "schema");
    const advice = this.#parts.skips?.adviceOn(entry) ?? "";
    const mend = 'mend that, or set the option unprocessable to "deadLetter" or "drop"';
    const halt = (told: string): Disposition => {
      return {
        kind: "halt",
        error: this.#halted(`${subjectOf(entry)}: ${reason}; ${mend}${told}`, cause),
      };
    };
    return isThenable(advice) ? advice.then(halt) : halt(advice);
  }

  /** A letter of its own says that it was never tried, or how often before it was to be skipped. */
  async #skipped(entry: Entry, { reason, skip }: Skipped): Promise<Disposition> {
    const disposition = await this.#deadLetter(entry, reason, undefined);
    if (disposition.kind === "settled") this.#parts.skips?.used(entry, skip);
    return disposition;
  }

  async #begin(entry: Entry): Promise<Disposition | Verdict | undefined> {
    const { settings, keeping, tell } = this.#parts;
    const wasTaken = keeping.isTaken(entry);
    const begun = await keeping.begin(entry);
    if (begun === undefined) return undefined;
    if (begun === "quit") return LEFT;
    if (begun.status === "busy") {
      // The other may be done any moment; what a store tells of its end is believed up to a mark.
      entry.busy += 1;
      const endsInMs = Math.min(begun.endsInMs, settings.dedupe?.markMs ?? 0);
      const delayMs = Math.min(Math.max(endsInMs, 50), backoffMs(entry.busy, BUSY_WAITS));
      return { kind: "again", delayMs, failed: false };
    }
    entry.busy = 0;
    if (wasTaken && begun.status === "begun") {
      // Nobody else has it, and who only waits for the other one would try for ever.
      return this.#failed(
        entry,
        undefined,
        "context.finish said that another has it, and none has",
      );
    }
    if (begun.status === "done") {
      const { event } = entry.given ?? entry.delivery;
      if (event) tell?.each?.({ kind: "duplicate", event });
      return DUPLICATE;
    }
    const startsBefore = begun.starts - 1;
    const isEnough = startsBefore >= Math.max(settings.attempts, LEAST_STARTS);
    if (!isEnough || entry.isUnheard) return undefined;
    entry.attempts = startsBefore;
    const times = `${startsBefore} times`;
    const reason = `its handler was started ${times} and never ended: was the process killed by it?`;
    return { reason, code: undefined, cause: undefined };
  }

  #givenUp(entry: Entry, verdict: Verdict): Promise<Disposition> {
    return new Promise((resolve) => this.giveUp(entry, verdict, resolve));
  }

  /** Asked again here: a store or a schema may have answered late. */
  #mayRun(): boolean {
    return this.#parts.mayStart() && this.#parts.isPaused?.() !== true;
  }

  #run(entry: Entry, onEnd: OnEnd): void {
    const { scope, settings, keeping, tell, watching } = this.#parts;
    const { handler, event, given } = entry;
    const isReady = handler !== undefined && event !== undefined && given !== undefined;
    if (!isReady || !this.#mayRun()) {
      onEnd(LEFT, entry);
      return;
    }
    const leash = this.#isTimeTold ? this.#open([entry]) : scope.open();
    const began = tell?.each ? performance.now() : 0;
    const finish = entry.mark && ((transaction: unknown) => keeping.finishIn(entry, transaction));
    const context = new EventContext(leash, entry.attempts + 1, given, settings.logger, finish);
    entry.isAtWork = true;
    const watched = watching?.handling([entry], false);
    const enter = watched ? this.#entering(watched) : this.#enter;
    const end = (said: Said): void => {
      scope.close(leash);
      entry.isAtWork = false;
      watched?.ended([said], leash.endedBy);
      this.#later(entry, this.#decided(entry, leash, said, began), onEnd);
    };
    settle<unknown>(
      () => enter(() => handler(event, context)),
      (returned) => {
        const said = toSaid(returned);
        if (isThenable(said)) void said.then(end);
        else end(said);
        if (returned === false) this.#tellOfFalse(event);
      },
      (thrown) => end(toFailed(thrown)),
    );
  }

  async #runBatch(
    entries: readonly Entry[],
  ): Promise<readonly (readonly [Entry, MaybePromise<Disposition>])[]> {
    const { scope, settings, routes, tell, watching } = this.#parts;
    const leash = this.#isTimeTold ? this.#open(entries) : scope.open();
    const began = tell?.each ? performance.now() : 0;
    const context = {
      get signal() {
        return leash.signal;
      },
      deliveries: entries.map((entry) => entry.given as NonNullable<typeof entry.given>),
      logger: settings.logger,
      ...(routes.batch?.takesAll && { stopping: this.#parts.stopping }),
    };
    const events = entries.map((entry) => entry.event as FeedEvent);
    const calledAt = performance.now();
    for (const entry of entries) {
      entry.isAtWork = true;
      entry.calledAt = calledAt;
    }
    const watched = watching?.handling(entries, true);
    const enter = watched ? this.#entering(watched) : this.#enter;
    const said = await new Promise<readonly Said[]>((resolve) =>
      settle<unknown>(
        () => enter(() => routes.batch?.handleBatch(events, context)),
        (returned) => resolve(toSaidOfEach(returned, entries.length)),
        (thrown) => resolve(entries.map(() => toFailed(thrown))),
      ),
    );
    scope.close(leash);
    watched?.ended(said, leash.endedBy);
    for (const entry of entries) entry.isAtWork = false;
    return entries.map((entry, index) => {
      try {
        return [entry, this.#decided(entry, leash, said[index] as Said, began)];
      } catch (error) {
        return [entry, this.#broken(error)];
      }
    });
  }

  /** Begins a handler's time, and tells of it. */
  #open(entries: readonly Entry[]): Leash {
    const { tell, scope, settings } = this.#parts;
    const factsOf = ({ event, attempts }: Entry) => {
      return { event: event as FeedEvent, attempt: attempts + 1 };
    };
    if (tell?.each) for (const entry of entries) tell.each({ kind: "handling", ...factsOf(entry) });
    if (tell === undefined || settings.handlerTimeoutMs === undefined) return scope.open();
    const began = performance.now();
    return scope.open(() => {
      const elapsedMs = performance.now() - began;
      for (const entry of entries) tell({ kind: "timedOut", ...factsOf(entry), elapsedMs });
    });
  }

  /** How a handler is started that is watched. */
  #entering(watched: Watched): Enter {
    return (call) => this.#enter(() => watched.run(call));
  }

  /** Acts on what the handler said. A bare return after its signal has fired says nothing. */
  #decided(entry: Entry, leash: Leash, said: Said, began: number): MaybePromise<Disposition> {
    if ("failure" in said) return this.#failed(entry, leash, said.failure, said.thrown);
    const { decision } = said;
    const { keeping, onSuccess } = this.#parts;
    if (keeping.isTaken(entry)) return TAKEN;
    switch (decision?.kind) {
      case "retry":
        return this.#failed(entry, leash, "the handler asked for a retry", undefined, decision);
      case "deadLetter":
        entry.attempts += 1;
        onSuccess?.(entry);
        return this.#givenUp(entry, { reason: decision.reason, code: undefined, cause: undefined });
      case "drop":
        entry.attempts += 1;
        onSuccess?.(entry);
        return this.#finished(entry, this.#dropped(entry, decision.reason));
      case "done":
        return this.#handled(entry, began);
      default: {
        if (leash.endedBy === undefined) return this.#handled(entry, began);
        const error = timeoutError(this.#parts.settings.handlerTimeoutMs);
        return this.#failed(entry, leash, error.message, error);
      }
    }
  }

  #handled(entry: Entry, began: number): MaybePromise<Disposition> {
    entry.attempts += 1;
    this.#parts.onSuccess?.(entry);
    this.#parts.tell?.each?.({
      kind: "handled",
      event: entry.event as FeedEvent,
      attempt: entry.attempts,
      // Who listens may have come since it began.
      elapsedMs: performance.now() - (began || entry.atWorkSince),
    });
    return this.#finished(entry, HANDLED);
  }

  #dropped(entry: Entry, reason: string): Disposition {
    const { tell } = this.#parts;
    tell?.({ kind: "dropped", event: asItCame(entry).event, reason });
    return DROPPED;
  }

  /**
   * A failed attempt. What comes of a stop is no failure, even before the handler's signal has fired: it
   * may hang on the signal that stopped the run.
   */
  #failed(
    entry: Entry,
    leash: Leash | undefined,
    why: string,
    thrown?: unknown,
    { afterMs }: { readonly afterMs?: number | undefined } = {},
  ): Disposition {
    if (leash?.endedBy === "stop" || !this.#parts.mayStart()) return LEFT;
    // To throw is the usual way to roll back.
    if (this.#parts.keeping.isTaken(entry)) return TAKEN;
    const { attempts, retry } = this.#parts.settings;
    entry.attempts += 1;
    if (entry.attempts >= attempts) {
      const times = entry.attempts === 1 ? "once" : `${entry.attempts} times`;
      const reason = `failed ${times}: ${why}`;
      const verdict = { reason, code: codeOf(thrown), cause: thrown };
      return { kind: "exhausted", verdict, why };
    }
    const delayMs = Math.min(afterMs ?? backoffMs(entry.attempts, retry), retry.maxMs);
    this.#parts.tell?.({
      kind: "retried",
      event: entry.event as FeedEvent,
      attempt: entry.attempts,
      delayMs,
      ...(thrown === undefined ? {} : { error: thrown }),
    });
    return { kind: "again", delayMs, failed: true, why };
  }

  async #deadLetter(entry: Entry, reason: string, code: string | undefined): Promise<Disposition> {
    const stored = await this.#parts.keeping.setAside(entry, reason, code);
    return stored ? this.#finished(entry, DEAD_LETTERED) : LEFT;
  }

  /** Remembers a settled event as done, where redeliveries are recognised. */
  #finished(entry: Entry, disposition: Disposition): MaybePromise<Disposition> {
    entry.isDone = true;
    if (entry.mark === undefined) return disposition;
    return this.#parts.keeping.finish(entry).then((kept) => (kept ? disposition : LEFT));
  }

  /** Once: whoever returns `false` may have meant that it failed. */
  #tellOfFalse({ type, id }: FeedEvent): void {
    if (this.#hasToldOfFalse) return;
    this.#hasToldOfFalse = true;
    const advice = "it counts as done; throw, or return retry(), to have it tried again";
    this.#parts.log.warn(`the handler of ${type} returned false for ${id}; ${advice}`, {
      id,
      type,
    });
  }

  #broken(error: unknown): Disposition {
    return { kind: "halt", error: toFailure(error, { what: "attempt", whom: this.#parts.feed }) };
  }

  #halted(reason: string, cause: unknown): AckloopError {
    return new AckloopError("halted", reason, { provider: this.#parts.feed, cause });
  }
}

/** Names an event to a person. */
function subjectOf(entry: Entry): string {
  return `event ${entry.id || entry.identity} (${asItCame(entry).event?.type ?? "unreadable"})`;
}
