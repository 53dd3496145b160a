import { messageOf } from "../../core/error-facts.ts";
import type { FeedEvent } from "../../core/event.ts";
import type { Report, ReportBody } from "../../core/report.ts";

/** Something that went wrong in a run. */
export interface Incident {
  /** When, in epoch ms. */
  readonly at: number;
  /** What kind of report told of it. */
  readonly kind: Report["kind"];
  /** What went wrong, for people: at most 500 characters. */
  readonly text: string;
  /** The source, id and type of the event that it befell; absent where it befell none. */
  readonly event?: Pick<FeedEvent, "source" | "id" | "type"> | undefined;
}

/** How many incidents are remembered. */
const MOST = 20;

/** How long the text of one may be. */
const LONGEST = 500;

/** Remembers what went wrong last: nothing is done where nothing does. */
export class Recent {
  readonly #incidents: Incident[] = [];

  /** Oldest first. */
  get incidents(): readonly Incident[] {
    return [...this.#incidents];
  }

  /** Takes in a report. */
  note(report: ReportBody): void {
    const text = textOf(report);
    if (text === undefined) return;
    const { kind } = report;
    // Not the event itself, which may be large.
    const { source, id, type } = ("event" in report && report.event) || {};
    const event = source !== undefined && id !== undefined && type !== undefined;
    this.#incidents.push({
      at: Date.now(),
      kind,
      text: text.slice(0, LONGEST),
      ...(event && { event: { source, id, type } }),
    });
    if (this.#incidents.length > MOST) this.#incidents.shift();
  }
}

function textOf(report: ReportBody): string | undefined {
  switch (report.kind) {
    case "retried":
      return report.error === undefined ? "asked to be tried again" : messageOf(report.error);
    case "timedOut":
      return "its handler takes longer than handlerTimeoutMs";
    case "deadLettered":
    case "dropped":
      return report.reason;
    case "pollFailed":
    case "ackFailed":
    case "storeFailed":
    case "halted":
      return messageOf(report.error);
    case "circuitOpened":
      return `an outage of what the handlers need: ${report.why}`;
    default:
      return undefined;
  }
}
