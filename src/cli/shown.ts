import type { Delivery } from "ackloop";
import { identityOf } from "../core/identity.ts";
import type { Output } from "./output.ts";
import { type Kept, show } from "./seen.ts";

/** What was shown, each event once. */
export class Shown {
  readonly #output: Output;
  readonly #kept: Kept;
  readonly #limit: number;
  readonly #known = new Set<string>();
  #count = 0;

  constructor(output: Output, kept: Kept, limit = Number.POSITIVE_INFINITY) {
    this.#output = output;
    this.#kept = kept;
    this.#limit = limit;
  }

  /** How many were shown. */
  get count(): number {
    return this.#count;
  }

  /** Whether the limit is reached. */
  get isFull(): boolean {
    return this.#count >= this.#limit;
  }

  /** Shows a delivery unless it was shown, or the limit is reached; says whether it did. */
  add(delivery: Delivery): boolean {
    const key = keyOf(delivery);
    if (this.#known.has(key) || this.isFull) return false;
    this.#known.add(key);
    this.#count += 1;
    show(this.#output, delivery);
    this.#kept.add(delivery);
    return true;
  }

  /** Whether a delivery was shown. */
  has(delivery: Delivery): boolean {
    return this.#known.has(keyOf(delivery));
  }
}

/** What tells a delivery from others; an item that could not be read by its content. */
function keyOf({ event, raw }: Delivery): string {
  return event === undefined ? JSON.stringify(raw) : identityOf(event);
}
