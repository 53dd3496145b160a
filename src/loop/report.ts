import type { Report } from "../core/report.ts";
import type { HandlingSettings } from "./options.ts";

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
 * report is made for nothing.
 *
 * @param onThrow Gets what the listener threw; the listener is not called again then.
 */
export function toTell(
  feed: string,
  { onReport, logger }: Pick<HandlingSettings, "onReport" | "logger">,
  onThrow?: (error: unknown) => void,
): Tell | undefined {
  if (onReport === undefined) return undefined;
  let isBroken = false;
  return (report) => {
    if (isBroken) return;
    try {
      onReport({ feed, ...report });
    } catch (error) {
      isBroken = true;
      logger.error("ackloop: onReport threw and is not called again", { error });
      onThrow?.(error);
    }
  };
}
