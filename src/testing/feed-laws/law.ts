import type { Feed } from "../../core/feed.ts";
import type { Bench } from "./bench.ts";
import type { FeedHarness } from "./harness.ts";

/** One thing that every feed promises, or the loop over every feed. */
export interface FeedLaw {
  /** Stable, such as `"B7"`: the number of the check in `docs/conformance.md`. */
  readonly id: string;
  /** The promise as a sentence. */
  readonly title: string;
  /** Whether the law speaks of feeds that declare this. @default of every feed */
  readonly declared?: ((feed: Feed, harness: FeedHarness) => boolean) | undefined;
  /** What it needs of the harness. */
  readonly needs?: readonly (keyof FeedHarness)[] | undefined;
  /** Resolves when it is kept, rejects when not. */
  run(bench: Bench): Promise<void>;
}

/** Thrown by a law that finds that it cannot be tested, or that the feed does not claim it. */
export class Skip extends Error {
  override readonly name = "Skip" as const;
  /** Which of the two. */
  readonly verdict: "notDeclared" | "notTestable";

  /** Says why. */
  constructor(verdict: "notDeclared" | "notTestable", why: string) {
    super(why);
    this.verdict = verdict;
  }
}
