import { AckloopError, isAckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { SchemaResult } from "../core/standard-schema.ts";
import type { Entry } from "./entry.ts";
import type { Keeping, KeepingParts } from "./keeping.ts";
import type { Decision } from "./outcome.ts";
import { toDecision } from "./outcome.ts";
import { backoffMs } from "./pacing.ts";
import type { Routes } from "./route.ts";
import { describeIssues } from "./route.ts";
import type { HandlerScope, Leash } from "./scope.ts";
import { EventContext, timeoutError } from "./scope.ts";

/** What became of an attempt. */
export type Disposition =
  /** Final: the event counts as settled. */
  | { readonly kind: "settled"; readonly as: "handled" | "deadLettered" | "dropped" | "duplicate" }
  /** To be tried again in `delayMs`. `failed`: the attempt did, rather than had to wait. */
  | { readonly kind: "again"; readonly delayMs: number; readonly failed: boolean }
  /** Not settled, and no attempt counted: the run is stopping. */
  | { readonly kind: "left" }
  /** The run must end, so as not to lose the event. */
  | { readonly kind: "halt"; readonly error: AckloopError };

type MaybePromise<Value> = Value | Promise<Value>;

const HANDLED: Disposition = Object.freeze({ kind: "settled", as: "handled" });
const DEAD_LETTERED: Disposition = Object.freeze({ kind: "settled", as: "deadLettered" });
const DROPPED: Disposition = Object.freeze({ kind: "settled", as: "dropped" });
const DUPLICATE: Disposition = Object.freeze({ kind: "settled", as: "duplicate" });
const LEFT: Disposition = Object.freeze({ kind: "left" });
const TAKEN: Disposition = Object.freeze({ kind: "again", delayMs: 100, failed: false });

/** What a processor works with. */
export interface ProcessorParts extends KeepingParts {
  readonly routes: Routes;
  readonly scope: HandlerScope;
  readonly keeping: Keeping;
  /** Whether a handler may be started: not while stopping. */
  readonly mayStart: () => boolean;
}

/**
 * Takes one delivery through a fixed order: readable, known, valid, dedupe, handler, retry, dead
 * letter. It decides what becomes of an attempt and leaves slots, waits and acks to its caller.
 */
export class Processor {
  readonly #parts: ProcessorParts;

  constructor(parts: ProcessorParts) {
    this.#parts = parts;
  }

  /** Makes one attempt with one event. It never rejects. */
  async attempt(entry: Entry): Promise<Disposition> {
    try {
      if (entry.event === undefined) {
        const refused = this.#prepare(entry);
        const disposition = refused instanceof Promise ? await refused : refused;
        if (disposition) return disposition;
      }
      if (this.#parts.keeping.dedupes) {
        const disposition = await this.#begin(entry);
        if (disposition) return disposition;
      }
      return await this.#run(entry);
    } catch (error) {
      return { kind: "halt", error: toHalt(this.#parts.feed, error) };
    }
  }

  /** Makes one attempt with many events and one call; one disposition each, in order. */
  async attemptBatch(entries: readonly Entry[]): Promise<readonly Disposition[]> {
    const dispositions = new Map<Entry, Disposition>();
    let otherwise = LEFT;
    try {
      const ready = await this.#prepareBatch(entries, dispositions);
      if (ready.length > 0 && this.#parts.mayStart()) await this.#runBatch(ready, dispositions);
    } catch (error) {
      otherwise = { kind: "halt", error: toHalt(this.#parts.feed, error) };
    }
    return entries.map((entry) => dispositions.get(entry) ?? otherwise);
  }

  /** Gives an event up before its attempts are used up, because no time is left. It never rejects. */
  async exhaust(entry: Entry): Promise<Disposition> {
    try {
      const reason = `failed ${entry.attempts} times, and no time is left`;
      return await this.#giveUp(entry, reason, undefined);
    } catch (error) {
      return { kind: "halt", error: toHalt(this.#parts.feed, error) };
    }
  }

  /** Sorts out what the handler must not see; gives the rest. */
  async #prepareBatch(
    entries: readonly Entry[],
    into: Map<Entry, Disposition>,
  ): Promise<readonly Entry[]> {
    const ready: Entry[] = [];
    for (const entry of entries) {
      const refused = entry.event === undefined ? await this.#prepare(entry) : undefined;
      const disposition = refused ?? (await this.#begin(entry));
      if (disposition) into.set(entry, disposition);
      else ready.push(entry);
    }
    return ready;
  }

  /** Readable, known, valid: fills in the event and its handler, or says what becomes of it. */
  #prepare(entry: Entry): MaybePromise<Disposition | undefined> {
    const { delivery } = entry;
    if (delivery.event === undefined) {
      return this.#unprocessable(entry, delivery.unreadable.message, delivery.unreadable);
    }
    const { event } = delivery;
    const route = this.#parts.routes.find(event.type);
    if (typeof route === "string") return this.#unprocessable(entry, route);
    entry.handler = route.handler;
    if (route.schema === undefined) return this.#accepted(entry, event);
    const result = route.schema["~standard"].validate(event.data);
    return result instanceof Promise
      ? result.then((validated) => this.#validated(entry, event, validated))
      : this.#validated(entry, event, result);
  }

  #validated(
    entry: Entry,
    event: FeedEvent,
    result: SchemaResult<unknown>,
  ): MaybePromise<Disposition | undefined> {
    if (result.issues) {
      return this.#unprocessable(entry, describeIssues(event.type, result.issues));
    }
    const isSame = result.value === event.data;
    return this.#accepted(entry, isSame ? event : { ...event, data: result.value });
  }

  /** Valid: a key that could not be made of it is a fault of the program, not of the event. */
  #accepted(entry: Entry, event: FeedEvent): Disposition | undefined {
    if (entry.keyFailure) {
      const { error } = entry.keyFailure;
      const reason = `orderBy threw for event ${entry.id}: ${describeError(error)}`;
      return { kind: "halt", error: this.#halted(reason, error) };
    }
    entry.event = event;
    return undefined;
  }

  #unprocessable(entry: Entry, reason: string, cause?: AckloopError): MaybePromise<Disposition> {
    const policy = this.#parts.settings.unprocessable;
    if (policy === "drop") return this.#dropped(entry, reason);
    if (policy === "deadLetter") return this.#deadLetter(entry, reason, cause?.code ?? "schema");
    return { kind: "halt", error: this.#halted(reason, cause) };
  }

  async #begin(entry: Entry): Promise<Disposition | undefined> {
    const begun = await this.#parts.keeping.begin(entry);
    if (begun === undefined) return undefined;
    if (begun === "quit") return LEFT;
    if (begun.status === "busy") {
      return { kind: "again", delayMs: Math.max(begun.endsInMs, 100), failed: false };
    }
    if (begun.status === "done") {
      const { event } = entry.delivery;
      if (event) this.#parts.tell?.({ kind: "duplicate", event });
      return DUPLICATE;
    }
    const startsBefore = begun.starts - 1;
    if (startsBefore < this.#parts.settings.attempts) return undefined;
    entry.attempts = startsBefore;
    const reason = `its handler was started ${startsBefore} times and never ended`;
    return this.#giveUp(entry, reason, undefined);
  }

  async #run(entry: Entry): Promise<Disposition> {
    const { scope, settings, keeping, tell, mayStart } = this.#parts;
    const { handler, event } = entry;
    if (handler === undefined || event === undefined || !mayStart()) return LEFT;
    const leash = scope.open();
    const began = tell ? performance.now() : 0;
    let returned: unknown;
    try {
      const context = new EventContext(
        leash,
        entry.attempts + 1,
        entry.delivery,
        settings.logger,
        entry.mark === undefined
          ? undefined
          : (transaction) => keeping.finishIn(entry, transaction),
      );
      const result: unknown = handler(event, context);
      returned = isThenable(result) ? await result : result;
    } catch (error) {
      return this.#failed(entry, leash, error);
    } finally {
      scope.close(leash);
    }
    return this.#decided(entry, leash, toDecision(returned), began);
  }

  async #runBatch(entries: readonly Entry[], into: Map<Entry, Disposition>): Promise<void> {
    const { scope, settings, routes, tell } = this.#parts;
    const leash = scope.open();
    const began = tell ? performance.now() : 0;
    const context = {
      get signal() {
        return leash.signal;
      },
      deliveries: entries.map((entry) => entry.delivery),
      logger: settings.logger,
    };
    let returned: unknown;
    let failure: { readonly error: unknown } | undefined;
    try {
      const events = entries.map((entry) => entry.event as FeedEvent);
      returned = await routes.batch?.handleBatch(events, context);
    } catch (error) {
      failure = { error };
    } finally {
      scope.close(leash);
    }
    const decisions = failure ? [] : toDecisions(returned, entries.length);
    const settling = entries.map(async (entry, index) => {
      const disposition = failure
        ? this.#failed(entry, leash, failure.error)
        : this.#decided(entry, leash, decisions[index], began);
      into.set(entry, await disposition);
    });
    await Promise.all(settling);
  }

  /** Acts on what the handler said. A bare return after its signal has fired says nothing. */
  #decided(
    entry: Entry,
    leash: Leash,
    decision: Decision | undefined,
    began: number,
  ): MaybePromise<Disposition> {
    if (this.#parts.keeping.isTaken(entry)) return TAKEN;
    switch (decision?.kind) {
      case "retry":
        return this.#failed(entry, leash, undefined, decision.afterMs);
      case "deadLetter":
        entry.attempts += 1;
        return this.#giveUp(entry, decision.reason, undefined);
      case "drop":
        entry.attempts += 1;
        return this.#finished(entry, this.#dropped(entry, decision.reason));
      case "done":
        return this.#handled(entry, began);
      default:
        return leash.endedBy === undefined
          ? this.#handled(entry, began)
          : this.#failed(entry, leash, timeoutError(this.#parts.settings.handlerTimeoutMs));
    }
  }

  #handled(entry: Entry, began: number): MaybePromise<Disposition> {
    entry.attempts += 1;
    this.#parts.tell?.({
      kind: "handled",
      event: entry.event as FeedEvent,
      attempt: entry.attempts,
      elapsedMs: performance.now() - began,
    });
    return this.#finished(entry, HANDLED);
  }

  #dropped(entry: Entry, reason: string): Disposition {
    this.#parts.tell?.({ kind: "dropped", event: entry.delivery.event, reason });
    return DROPPED;
  }

  /**
   * A failed attempt. What comes of a stop is no failure, even before the handler's signal has fired: it
   * may hang on the signal that stopped the run.
   */
  #failed(
    entry: Entry,
    leash: Leash,
    error: unknown,
    afterMs?: number | undefined,
  ): MaybePromise<Disposition> {
    if (leash.endedBy === "stop" || !this.#parts.mayStart()) return LEFT;
    const { attempts, retry } = this.#parts.settings;
    entry.attempts += 1;
    if (entry.attempts >= attempts) {
      const reason = error === undefined ? "the handler asked for a retry" : describeError(error);
      return this.#giveUp(entry, `failed ${entry.attempts} times: ${reason}`, error);
    }
    const delayMs = Math.min(afterMs ?? backoffMs(entry.attempts, retry), retry.maxMs);
    this.#parts.tell?.({
      kind: "retried",
      event: entry.event as FeedEvent,
      attempt: entry.attempts,
      delayMs,
      ...(error === undefined ? {} : { error }),
    });
    return { kind: "again", delayMs, failed: true };
  }

  /** Sets the event aside, or halts where there is no place for it. */
  #giveUp(entry: Entry, reason: string, error: unknown): MaybePromise<Disposition> {
    if (this.#parts.settings.deadLetters !== undefined) {
      return this.#deadLetter(entry, reason, isAckloopError(error) ? error.code : undefined);
    }
    const subject = `event ${entry.id} (${entry.delivery.event?.type ?? "unreadable"})`;
    const message = `${subject}: ${reason}; no dead-letter store is set`;
    return { kind: "halt", error: this.#halted(message, error) };
  }

  async #deadLetter(entry: Entry, reason: string, code: string | undefined): Promise<Disposition> {
    const stored = await this.#parts.keeping.setAside(entry, reason, code);
    return stored ? this.#finished(entry, DEAD_LETTERED) : LEFT;
  }

  /** Remembers a settled event as done, where redeliveries are recognised. */
  #finished(entry: Entry, disposition: Disposition): MaybePromise<Disposition> {
    if (entry.mark === undefined) return disposition;
    return this.#parts.keeping.finish(entry).then((kept) => (kept ? disposition : LEFT));
  }

  #halted(reason: string, cause: unknown): AckloopError {
    return new AckloopError("halted", reason, { provider: this.#parts.feed, cause });
  }
}

/** The error that ends a run: one of ours as it is, anything else as the cause of a halt. */
export function toHalt(feed: string, error: unknown): AckloopError {
  if (isAckloopError(error)) return error;
  return new AckloopError("halted", describeError(error), { provider: feed, cause: error });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}

/** One decision for each event of a batch; a bare return stands for all. */
function toDecisions(returned: unknown, count: number): readonly (Decision | undefined)[] {
  if (returned === undefined) return new Array<undefined>(count).fill(undefined);
  if (!Array.isArray(returned) || returned.length !== count) {
    throw new AckloopError(
      "config",
      `a batch handler must return nothing, or one outcome for each of its ${count} events`,
    );
  }
  return returned.map(toDecision);
}

/** The text of whatever a handler threw, bounded, for a dead letter's reason. */
function describeError(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.slice(0, 500);
}
