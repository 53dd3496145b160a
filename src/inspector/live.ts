import { liveAnswer } from "../page/live.ts";
import type { Numbers } from "./numbers.ts";
import type { InspectorSettings } from "./options.ts";
import type { Redactor } from "./redact.ts";
import type { LiveShown } from "./shown.ts";
import { Watchers } from "./watch-runs.ts";

/** How often the page hears of the runs, in ms. */
const EVERY_MS = 1000;

/** After so long the page asks anew, in ms, so that whoever may not look any more does not. */
const LONGEST_MS = 600_000;

/**
 * Tells of the runs once a second for as long as the request lasts. Before the first request and behind the last
 * one there is no timer, and nobody listens to a run.
 */
export function liveRuns(
  request: Request,
  settings: Pick<InspectorSettings, "runs" | "logger">,
  redact: Redactor,
  numbers: Numbers,
): Response {
  return liveAnswer(request, (send, end) => {
    const watchers = new Watchers(redact, numbers);
    const tick = (): void => {
      try {
        send("runs", { at: Date.now(), runs: watchers.take(settings.runs()) } satisfies LiveShown);
      } catch (error) {
        settings.logger.error("ackloop inspector: the runs cannot be shown", { error });
        end();
      }
    };
    const every = setInterval(tick, EVERY_MS);
    const last = setTimeout(end, LONGEST_MS);
    queueMicrotask(tick);
    return () => {
      clearInterval(every);
      clearTimeout(last);
      watchers.end();
    };
  });
}
