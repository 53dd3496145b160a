import type { ReadableDelivery } from "../core/feed.ts";
import type { Engine } from "./engine.ts";

/** A send under way. */
export interface Sending {
  /** Takes in each that the engine has confirmed. */
  readonly confirmed: ReadableDelivery[];
  readonly signal: AbortSignal | undefined;
}

/** What sends that have failed had stored: when they are made again, the engine may not know it any more. */
export class Confirmed {
  readonly #engine: Engine;
  /** When the stream was made that holds each. */
  readonly #madeAt = new WeakMap<ReadableDelivery, string>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Does a send, of what no send before it has stored. */
  async send(
    deliveries: readonly ReadableDelivery[],
    signal: AbortSignal | undefined,
    sendAll: (left: readonly ReadableDelivery[], sending: Sending) => Promise<void>,
  ): Promise<void> {
    const confirmed: ReadableDelivery[] = [];
    try {
      await sendAll(await this.#left(deliveries, signal), { confirmed, signal });
    } catch (thrown) {
      await this.#keep(confirmed, signal);
      throw thrown;
    }
    for (const each of deliveries) this.#madeAt.delete(each);
  }

  async #left(
    deliveries: readonly ReadableDelivery[],
    signal: AbortSignal | undefined,
  ): Promise<readonly ReadableDelivery[]> {
    if (!deliveries.some((each) => this.#madeAt.has(each))) return deliveries;
    // What was stored went with its stream.
    const made = await this.#engine.madeAt("send", { signal });
    return deliveries.filter((each) => this.#madeAt.get(each) !== made);
  }

  /** Where the engine does not say which stream it was, all is sent again. */
  async #keep(confirmed: readonly ReadableDelivery[], signal: AbortSignal | undefined) {
    if (confirmed.length === 0) return;
    const made = await this.#engine.madeAt("send", { signal }).catch(() => undefined);
    if (made !== undefined) for (const each of confirmed) this.#madeAt.set(each, made);
  }
}
