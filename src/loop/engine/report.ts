import { describeThrown, notify } from "../../core/guard.ts";
import type { Logger } from "../../core/logger.ts";
import type { Report, ReportListener } from "../../core/report.ts";
import type { Watching } from "./watching.ts";

/** A report as the parts of the loop make it: without the feed's name. */
export type ReportBody = Report extends infer Each
  ? Each extends Report
    ? Omit<Each, "feed">
    : never
  : never;

/** Gets the reports of one feed. */
export type Tell = (report: ReportBody) => void;

/**
 * Makes the function that the loop's parts report to; `undefined` when nobody listens, so that no
 * report is made for nothing. A listener that throws, at once or late, is not called again.
 */
export function toTell(
  feed: string,
  {
    onReport,
    watching,
    log,
  }: {
    readonly onReport: ReportListener | undefined;
    readonly watching?: Watching | undefined;
    readonly log: Logger;
  },
): Tell | undefined {
  if (watching !== undefined) {
    const tell = toTell(feed, { onReport, log });
    return (report) => {
      watching.onReport({ feed, ...report });
      tell?.(report);
    };
  }
  if (onReport === undefined) return undefined;
  let isBroken = false;
  const onThrown = (thrown: unknown): void => {
    if (isBroken) return;
    isBroken = true;
    const why = describeThrown(thrown);
    log.error(`ackloop: onReport threw and is not called again: ${why}`, { feed });
  };
  return (report) => {
    if (!isBroken) notify(() => onReport({ feed, ...report }), onThrown);
  };
}

/** A logger as the loop writes to it: whatever the user's one throws, at once or late, goes no further. */
export function toLog(logger: Logger): Logger {
  return {
    debug: (message, details) => notify(() => logger.debug(message, details)),
    info: (message, details) => notify(() => logger.info(message, details)),
    warn: (message, details) => notify(() => logger.warn(message, details)),
    error: (message, details) => notify(() => logger.error(message, details)),
  };
}
