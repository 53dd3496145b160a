import { tell } from "./foreign.ts";
import type { Logger } from "./logger.ts";
import { Repeats } from "./repeats.ts";

/** How many kinds are counted apart. */
const MOST_KINDS = 100;

/** Tells what anybody may cause at any rate: each line at once, and then at growing intervals. */
export class Seldom {
  readonly #lines = new WeakMap<Logger, Map<string, Repeats>>();
  readonly #free: number | undefined;

  /** @param free How many of a kind are told at once before the first is not. @default 1 */
  constructor(free?: number) {
    this.#free = free;
  }

  /**
   * Warns, or tells of an error; a logger that fails changes nothing. False where it is not told now.
   *
   * @param kind What is counted together; from so many kinds on, new ones are one. @default the text
   */
  warn(
    logger: Logger | undefined,
    text: string,
    details: Readonly<Record<string, unknown>> = {},
    kind = text,
    level: "warn" | "error" = "warn",
  ): boolean {
    if (logger === undefined) return false;
    const lines = this.#lines.get(logger) ?? new Map<string, Repeats>();
    this.#lines.set(logger, lines);
    const counted = lines.has(kind) || lines.size < MOST_KINDS ? kind : "";
    const line = lines.get(counted) ?? new Repeats(this.#free);
    lines.set(counted, line);
    const more = line.next();
    if (more === 0) tell(logger, level, text, details);
    else if (more)
      tell(logger, level, `${text} (${more} more since the last line)`, { ...details, more });
    return more !== undefined;
  }
}
