import type { Page } from "../../core/feed.ts";

/**
 * Pulls of a queue in a row that brought only what is known: leases that ended bring that first, and it
 * is hidden again, so that the next pull goes past it.
 */
export class Passing {
  #count = 0;
  #hiddenUntil = 0;
  #messages = 0;

  /** Something else came: what follows is another row. */
  end(): void {
    this.#count = 0;
  }

  /**
   * Whether to pull on past a page of what is known, rather than wait.
   *
   * @param known How many events and how many messages are held. Until the first lease of a row ends, each
   * delivery in it is another message; after that it may be the same one.
   */
  goesOn(
    { deliveries }: Page,
    pulledAt: number,
    known: { readonly open: number; readonly messages: number },
  ): boolean {
    if (this.#count === 0) {
      this.#hiddenUntil = Number.POSITIVE_INFINITY;
      // Of this row: what comes in it adds messages, and would be followed for ever.
      this.#messages = known.messages;
    }
    this.#count += deliveries.length;
    for (const { leaseMs = 0 } of deliveries)
      this.#hiddenUntil = Math.min(this.#hiddenUntil, pulledAt + leaseMs);
    const isHidden = performance.now() < this.#hiddenUntil;
    const goesOn = deliveries.length > 0 && this.#count <= (isHidden ? this.#messages : known.open);
    if (!goesOn) this.end();
    return goesOn;
  }
}
