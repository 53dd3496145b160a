import { tell } from "./foreign.ts";
import type { Logger } from "./logger.ts";
import { Repeats } from "./repeats.ts";

/** Tells what anybody may cause at any rate: each line at once, and then at growing intervals. */
export class Seldom {
  readonly #lines = new WeakMap<Logger, Map<string, Repeats>>();

  /**
   * Warns; a logger that fails changes nothing.
   *
   * @param kind One of a few: what is counted together. @default the text
   */
  warn(
    logger: Logger | undefined,
    text: string,
    details: Readonly<Record<string, unknown>> = {},
    kind = text,
  ): void {
    if (logger === undefined) return;
    const lines = this.#lines.get(logger) ?? new Map<string, Repeats>();
    this.#lines.set(logger, lines);
    const line = lines.get(kind) ?? new Repeats();
    lines.set(kind, line);
    const untold = line.next();
    if (untold === undefined) return;
    if (untold === 0) tell(logger, "warn", text, details);
    else
      tell(logger, "warn", `${text} (${untold} more since the last line)`, {
        ...details,
        more: untold,
      });
  }
}
