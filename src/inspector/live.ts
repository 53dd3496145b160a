import { liveAnswer, type Send } from "../page/live.ts";
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
 * Tells all who look of the runs, once a second: each run is asked once, however many look. Before the first request
 * and behind the last one there is no timer, and nobody listens to a run.
 */
export class Live {
  readonly #settings: Pick<InspectorSettings, "runs" | "logger">;
  readonly #watchers: Watchers;
  /** What tells each who looks, and what ends that. */
  readonly #lookers = new Map<Send, () => void>();
  #every: ReturnType<typeof setInterval> | undefined;
  /** What was told last. */
  #shown: LiveShown | undefined;

  constructor(
    settings: Pick<InspectorSettings, "runs" | "logger">,
    redact: Redactor,
    numbers: Numbers,
  ) {
    this.#settings = settings;
    this.#watchers = new Watchers(redact, numbers);
  }

  /** Answers one who looks. */
  answer(request: Request): Response {
    return liveAnswer(request, (send, end) => {
      const last = setTimeout(end, LONGEST_MS);
      this.#lookers.set(send, end);
      this.#every ??= setInterval(() => this.#tell(), EVERY_MS);
      queueMicrotask(() => {
        // Whoever comes later begins with what the others have: to ask anew would take it from them.
        if (this.#shown) send("runs", this.#shown);
        else this.#tell();
      });
      return () => {
        clearTimeout(last);
        this.#lookers.delete(send);
        if (this.#lookers.size === 0) this.#rest();
      };
    });
  }

  #tell(): void {
    try {
      if (this.#lookers.size === 0) return;
      const runs = this.#watchers.take(this.#settings.runs());
      this.#shown = { at: Date.now(), runs };
      for (const send of this.#lookers.keys()) send("runs", this.#shown);
    } catch (error) {
      this.#settings.logger.error("ackloop inspector: the runs cannot be shown", { error });
      for (const end of [...this.#lookers.values()]) end();
    }
  }

  #rest(): void {
    clearInterval(this.#every);
    this.#every = undefined;
    this.#shown = undefined;
    this.#watchers.end();
  }
}
