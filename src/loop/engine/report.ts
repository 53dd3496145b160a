import { describeThrown, notify } from "../../core/guard.ts";
import type { Logger } from "../../core/logger.ts";
import { silent } from "../../core/logger.ts";
import type { ReportBody, ReportListener } from "../../core/report.ts";
import { onOneLine } from "../../core/words.ts";
import { Recent } from "./recent.ts";
import type { Voice } from "./voice.ts";
import type { Watching } from "./watching.ts";

export type { ReportBody } from "../../core/report.ts";

/** Gets the reports of one feed. */
export interface Tell {
  (report: ReportBody): void;
  /** Gets those that come with each event; absent where nobody listens, so that none is made for nothing. */
  readonly each?: ((report: ReportBody) => void) | undefined;
}

/** What a run tells: to whoever was named at its start, and to whoever listens for a while. */
export interface OpenTell extends Tell {
  /** Whether somebody was named at the start. */
  readonly isHeard: boolean;
  /** What went wrong last. */
  readonly recent: Recent;
  /** Listens until what it gives is called. */
  watch(listener: ReportListener): () => void;
}

/** Whose run it is, and who wants to know of it. */
export interface Telling {
  readonly feed: string;
  readonly onReport: ReportListener | undefined;
  /** Absent where nobody watches. */
  readonly watching?: Watching | undefined;
  /** The user's logger. */
  readonly logger: Logger;
  /** Where lines go: it names the feed and the consumer. */
  readonly log: Logger;
  /** Makes lines of the reports. */
  readonly voice: Voice;
}

/**
 * Makes the function that the loop's parts report to: the user's listener gets each report, and the log the
 * lines that it makes; `undefined` when there is neither, so that no report is made for nothing. A listener
 * that throws, at once or late, is not called again.
 */
export function toTell(telling: Telling): Tell | undefined {
  const { feed, onReport, watching, logger, log, voice } = telling;
  const own = onReport && toListener(feed, onReport, log);
  const watched = (report: ReportBody): void => {
    watching?.onReport({ feed, ...report });
    own?.(report);
  };
  const listener = watching ? watched : own;
  if (logger === silent) return listener && Object.assign(listener, { each: listener });
  const tell = (report: ReportBody): void => {
    notify(() => voice.hear(report));
    listener?.(report);
  };
  return Object.assign(tell, { each: listener });
}

/** Opens what a run tells for those who come later. As long as none has come it costs next to nothing. */
export function toOpenTell(feed: string, own: Tell | undefined): OpenTell {
  const watchers = new Set<ReportListener>();
  const recent = new Recent();
  const tellWatchers = (report: ReportBody): void => {
    for (const listener of watchers) notify(() => listener({ feed, ...report }));
  };
  const toAll = (report: ReportBody): void => {
    own?.each?.(report);
    tellWatchers(report);
  };
  let each = own?.each;
  const tell = (report: ReportBody): void => {
    recent.note(report);
    own?.(report);
    if (watchers.size > 0) tellWatchers(report);
  };
  const changed = (): void => {
    each = watchers.size > 0 ? toAll : own?.each;
  };
  const watch = (given: ReportListener): (() => void) => {
    // One that is given twice listens twice.
    const listener: ReportListener = (report) => given(report);
    watchers.add(listener);
    changed();
    return () => {
      watchers.delete(listener);
      changed();
    };
  };
  const open = Object.assign(tell, { isHeard: own !== undefined, recent, watch });
  return Object.defineProperty(open, "each", { get: () => each });
}

function toListener(
  feed: string,
  onReport: ReportListener,
  log: Logger,
): (report: ReportBody) => void {
  let isBroken = false;
  const onThrown = (thrown: unknown): void => {
    if (isBroken) return;
    isBroken = true;
    log.error(`onReport threw and is not called again: ${describeThrown(thrown)}`);
  };
  return (report) => {
    if (!isBroken) notify(() => onReport({ feed, ...report }), onThrown);
  };
}

/** Whose lines they are. */
export interface Speaker {
  readonly feed: string;
  readonly consumer?: string | undefined;
}

/**
 * A logger as the loop writes to it: each line names the feed and the consumer, and is one line; whatever the
 * user's logger throws, at once or late, goes no further. A level that is silent stays so.
 */
export function toLog(logger: Logger, { feed, consumer }: Speaker): Logger {
  const who = consumer ? { feed, consumer } : { feed };
  const name = consumer ? `${feed} (${consumer})` : feed;
  const write = (level: keyof Logger): Logger["warn"] => {
    if (logger[level] === silent[level]) return silent[level];
    return (message, details) => {
      const line = onOneLine(`ackloop: ${name}: ${message}`);
      notify(() => logger[level](line, { ...who, ...details }));
    };
  };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}
