import type { Attributes, Context, Link, Span, SpanContext, Tracer } from "@opentelemetry/api";
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { isAckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Report } from "../core/report.ts";
import type {
  HandlerCall,
  HandlerEnd,
  HandlerWatch,
  RunWatch,
  WatchedRun,
} from "../core/telemetry.ts";
import type { Instruments, Observed } from "./instruments.ts";
import { attributes as names, own } from "./names.ts";

/** What the telemetry of a run works with. */
export interface RunParts {
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  readonly system: string | undefined;
}

/** The operations, as the conventions have them. */
const operations = {
  poll: { [names.operationName]: "poll", [names.operationType]: "receive" },
  process: { [names.operationName]: "process", [names.operationType]: "process" },
  ack: { [names.operationName]: "ack", [names.operationType]: "settle" },
} as const;

/** A poll, and its span once it is known that it brought something. */
interface Poll {
  readonly count: number;
  readonly elapsedMs: number;
  span: SpanContext | undefined;
}

/** Makes spans and metrics of one run. */
export class RunTelemetry implements RunWatch {
  readonly #parts: RunParts;
  readonly #run: WatchedRun;
  readonly #attributes: Attributes;
  /** The context of the verb, where its spans are a part of that. */
  readonly #outer: Context;
  readonly #observed: Observed;
  /** The last poll that was answered. */
  #poll: Poll | undefined;
  /** The attributes of each operation, made once. */
  readonly #of: Readonly<Record<keyof typeof operations, Attributes>>;

  constructor(run: WatchedRun, parts: RunParts) {
    const { feed, consumer } = run;
    this.#run = run;
    this.#parts = parts;
    const attributes = {
      [names.system]: parts.system ?? feed.split("/", 1)[0],
      [names.destination]: feed,
      ...(consumer === "" ? {} : { [names.group]: consumer }),
    };
    this.#attributes = attributes;
    this.#of = {
      poll: { ...attributes, ...operations.poll },
      process: { ...attributes, ...operations.process },
      ack: { ...attributes, ...operations.ack },
    };
    // Inside of what has started an endless run, its trace would never end.
    const active = context.active();
    this.#outer = run.kind === "endless" ? trace.deleteSpan(active) : active;
    this.#observed = { attributes, countOpen: () => run.countOpen() };
    if (run.kind === "request") parts.instruments.know(attributes);
  }

  busy(isBusy: boolean): void {
    const { runs } = this.#parts.instruments;
    if (isBusy) runs.add(this.#observed);
    else runs.delete(this.#observed);
  }

  polled(facts: { readonly count: number; readonly elapsedMs: number }): unknown {
    this.#poll = { ...facts, span: undefined };
    this.#parts.instruments.operation.record(facts.elapsedMs / 1000, this.#of.poll);
    return this.#poll;
  }

  /** What brought nothing new has no span. */
  #tellOfPoll(poll: Poll): void {
    const { count, elapsedMs } = poll;
    const span = this.#parts.tracer.startSpan(
      `poll ${this.#run.feed}`,
      {
        kind: SpanKind.CLIENT,
        startTime: Date.now() - elapsedMs,
        attributes: { ...this.#of.poll, [names.batchCount]: count },
      },
      this.#outer,
    );
    span.end();
    poll.span = span.spanContext();
  }

  handling(call: HandlerCall): HandlerWatch {
    const { tracer } = this.#parts;
    // A request has a context of its own; in a run the active one is that of whatever started it.
    const outer = this.#run.kind === "request" ? context.active() : this.#outer;
    const span = tracer.startSpan(
      `process ${this.#run.feed}`,
      {
        kind: SpanKind.CONSUMER,
        attributes: { ...this.#of.process, ...attributesOf(call) },
        links: call.polls.flatMap((poll): readonly Link[] => {
          const { span: by } = poll as Poll;
          return by ? [{ context: by }] : [];
        }),
      },
      outer,
    );
    return new CallTelemetry(call, span, outer, this.#parts.instruments, this.#of.process);
  }

  readonly onReport = (report: Report): void => {
    const { received, operation, settled, failures, runs } = this.#parts.instruments;
    const as = (outcome: string): Attributes => ({ ...this.#attributes, [own.outcome]: outcome });
    const failed = (call: string, error: unknown): void =>
      failures.add(1, {
        ...this.#attributes,
        [own.call]: call,
        [names.errorType]: errorTypeOf(error),
      });
    switch (report.kind) {
      case "started":
        runs.add(this.#observed);
        return;
      case "stopped":
        runs.delete(this.#observed);
        return;
      case "pulled":
        if (report.fresh === 0) return;
        received.add(report.fresh, this.#of.poll);
        if (this.#poll) this.#tellOfPoll(this.#poll);
        return;
      case "acked":
        operation.record(report.elapsedMs / 1000, this.#of.ack);
        return;
      case "handled":
        settled.add(1, as("handled"));
        return;
      case "deadLettered":
        settled.add(1, as("deadLettered"));
        return;
      case "dropped":
        settled.add(1, as("dropped"));
        return;
      case "duplicate":
        settled.add(1, as("duplicate"));
        return;
      case "pollFailed":
        failed("poll", report.error);
        return;
      case "ackFailed":
        failed("ack", report.error);
        return;
      case "storeFailed":
        failed(report.store, report.error);
        return;
      default:
    }
  };
}

/** Makes the span and the metrics of one call of a handler. */
class CallTelemetry implements HandlerWatch {
  readonly #span: Span;
  readonly #outer: Context;
  readonly #instruments: Instruments;
  readonly #attributes: Attributes;
  readonly #beganAt = performance.now();

  constructor(
    call: HandlerCall,
    span: Span,
    outer: Context,
    instruments: Instruments,
    attributes: Attributes,
  ) {
    this.#span = span;
    this.#outer = outer;
    this.#instruments = instruments;
    this.#attributes = attributes;
    instruments.handling.add(1, attributes);
    for (const [index, event] of call.events.entries()) {
      const lagMs = call.attempts[index] === 1 ? lagOf(event) : undefined;
      if (lagMs !== undefined) instruments.lag.record(lagMs / 1000, attributes);
    }
  }

  run(call: () => void): void {
    context.with(trace.setSpan(this.#outer, this.#span), call);
  }

  ended(ends: readonly HandlerEnd[]): void {
    const { handling, process, attempts } = this.#instruments;
    const elapsedMs = performance.now() - this.#beganAt;
    handling.add(-1, this.#attributes);
    const worst = ends.find(isFailed) ?? ends[0];
    const told = worst ? attributesOfEnd(worst) : {};
    process.record(elapsedMs / 1000, { ...this.#attributes, ...told });
    for (const end of ends) attempts.add(1, { ...this.#attributes, ...attributesOfEnd(end) });
    this.#span.setAttributes(told);
    // Without a text: that of an error may hold what the event does.
    if (worst && isFailed(worst)) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end();
  }
}

/** What a call is about: of one event its id and type, of a batch how many there are. */
function attributesOf({ events, isBatch, attempts }: HandlerCall): Attributes {
  if (isBatch) return { [names.batchCount]: events.length };
  const [event] = events;
  return {
    [own.attempt]: attempts[0],
    [names.messageId]: event?.id,
    [names.eventType]: event?.type,
  };
}

function isFailed({ outcome }: HandlerEnd): boolean {
  return outcome === "failed" || outcome === "timedOut";
}

function attributesOfEnd({ outcome, error }: HandlerEnd): Attributes {
  const said = { [own.outcome]: outcome };
  if (outcome === "timedOut") return { ...said, [names.errorType]: "timeout" };
  return outcome === "failed" ? { ...said, [names.errorType]: errorTypeOf(error) } : said;
}

/** The code of an error of ours, the name of another, or the conventions' word for neither; never its text. */
function errorTypeOf(error: unknown): string {
  if (isAckloopError(error)) return error.code;
  const { name } = Object(error) as { readonly name?: unknown };
  // A name that is long, or holds more than a name does, is none.
  return typeof name === "string" && /^[\w$.]{1,100}$/.test(name) ? name : "_OTHER";
}

/** For how long an event has waited, in ms, where it says when it was. */
function lagOf({ time }: FeedEvent): number | undefined {
  const at = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(at) ? undefined : Math.max(0, Date.now() - at);
}
