import type { Page } from "../../core/feed.ts";
import type { Kind } from "./kind.ts";

/** What a pull has brought. */
export interface Brought {
  readonly page: Page;
  /** When the pull began, by `performance.now`. */
  readonly pulledAt: number;
  /** How many of its deliveries are new. */
  readonly fresh: number;
  /** How many of the new ones can be acked. */
  readonly ackable: number;
  /** Whether all of it was there lately. */
  readonly isRepeat: boolean;
  /** Whether the feed brought nothing new, and stands where it stood. */
  readonly stands: boolean;
}

/** How many events are open, and how many messages brought them. */
export interface Known {
  readonly open: number;
  readonly messages: number;
}

/** How many pulls in a row may bring nothing, move nowhere and be followed at once where there is more. */
const MOST_EMPTY_PAGES = 20;

/** Judges what pulls bring: whether the next may follow at once, or is to wait. */
export class Progress {
  readonly #kind: Kind;
  readonly #untilEmpty: boolean;
  readonly #passing = new Passing();
  #emptyPages = 0;
  /** How many deliveries the last page of a list had that was progress. */
  #longest = 0;

  /** @param untilEmpty Whether the run ends when nothing more is there. */
  constructor(kind: Kind, untilEmpty: boolean) {
    this.#kind = kind;
    this.#untilEmpty = untilEmpty;
  }

  /** Whether the next pull may follow at once. */
  goesOn(brought: Brought, known: Known): boolean {
    if (brought.fresh === 0) return this.#mayBeBehind(brought, known);
    this.#passing.end();
    // What was acked lately, once more: a provider that is slow, or deaf, is not hurried.
    return !brought.isRepeat && this.#isNews(brought);
  }

  /**
   * Whether what is new lets the next pull follow: not where a list has only brought what can never be
   * acked, and may have another content each time. One that shows more than before is read on.
   */
  #isNews({ page: { deliveries }, ackable }: Brought): boolean {
    const isList = this.#kind === "list";
    if (isList && ackable === 0 && deliveries.length <= this.#longest) return false;
    this.#longest = deliveries.length;
    if (!isList || ackable > 0) this.#emptyPages = 0;
    return true;
  }

  /** Whether more may be behind what is known, or filtered. */
  #mayBeBehind({ page, pulledAt, stands }: Brought, known: Known): boolean {
    const { more } = page;
    const hasPassed = page.deliveries.length === 0 && !stands;
    // Where a drain was moved on past what is not for it, it has not seen the end.
    const maySkip = this.#untilEmpty && hasPassed && more === undefined;
    // A page of what is not for this feed is progress, where the place is what the next pull says.
    if (this.#kind === "cursor" && more === true && hasPassed) this.#emptyPages = 0;
    if ((more === true || maySkip) && this.#emptyPages < MOST_EMPTY_PAGES) {
      this.#emptyPages += 1;
      return true;
    }
    const isOnward = this.#kind === "queue" || this.#kind === "cursor";
    return isOnward && this.#passing.goesOn(page, pulledAt, known);
  }
}

/**
 * Pulls in a row that brought only what is known: leases that ended bring that first, and it is hidden
 * again, so that the next pull goes past it.
 */
class Passing {
  #count = 0;
  #hiddenUntil = 0;
  /** How many deliveries this row may have while all of it is hidden. */
  #most = 0;
  /** How many the last one had that led nowhere: more than that were shown, and nothing else. */
  #inVain = 0;

  /** Something else came: what follows is another row. */
  end(): void {
    // What stood behind known ones was reached.
    if (this.#count > 0) this.#inVain = 0;
    this.#count = 0;
  }

  /**
   * Whether to pull on past a page of what is known, rather than wait. Until the first lease of a row ends,
   * each delivery in it is another message; after that it may be the same one.
   */
  goesOn({ deliveries }: Page, pulledAt: number, known: Known): boolean {
    if (this.#count === 0) this.#begin(known);
    this.#count += deliveries.length;
    for (const { leaseMs = 0 } of deliveries)
      this.#hiddenUntil = Math.min(this.#hiddenUntil, pulledAt + leaseMs);
    const isHidden = performance.now() < this.#hiddenUntil;
    if (deliveries.length === 0) this.end();
    else if (this.#count <= (isHidden ? this.#most : known.open)) return true;
    else if (isHidden) this.#inVain = Math.max(this.#inVain, this.#most);
    this.#count = 0;
    return false;
  }

  #begin({ open, messages }: Known): void {
    this.#hiddenUntil = Number.POSITIVE_INFINITY;
    // Of this row: what comes in it adds messages, and would be followed for ever. A queue that does not
    // hide what it says it hides is not followed so far again.
    this.#most = messages > this.#inVain ? messages : open;
  }
}
