import { notify } from "./guard.ts";
import type { Logger } from "./logger.ts";

/** How long the same line is not told again, in ms. */
const QUIET_MS = 60_000;

interface Line {
  readonly toldAt: number;
  untold: number;
}

/** Tells what anybody may cause at any rate: each line at once, and then at most once a minute. */
export class Seldom {
  readonly #lines = new WeakMap<Logger, Map<string, Line>>();

  /**
   * Warns; a logger that fails changes nothing.
   *
   * @param text One of a few: what differs each time is no part of it.
   */
  warn(
    logger: Logger | undefined,
    text: string,
    details: Readonly<Record<string, unknown>> = {},
  ): void {
    if (logger === undefined) return;
    const now = performance.now();
    const lines = this.#lines.get(logger) ?? new Map<string, Line>();
    this.#lines.set(logger, lines);
    const line = lines.get(text);
    if (line && now - line.toldAt < QUIET_MS) {
      line.untold += 1;
      return;
    }
    lines.set(text, { toldAt: now, untold: 0 });
    const more = line?.untold ? { more: line.untold } : {};
    notify(() => logger.warn(text, { ...details, ...more }));
  }
}
