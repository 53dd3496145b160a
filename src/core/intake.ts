import { type LateController, withLateSignal } from "./abort.ts";
import { toErrorFacts } from "./error-facts.ts";
import type { FeedEvent } from "./event.ts";
import type { Delivery } from "./feed.ts";
import { askLate } from "./guard.ts";
import type { Logger } from "./logger.ts";
import { consoleLogger } from "./logger.ts";
import { readPage } from "./reading.ts";
import type { Received, Receiver } from "./receiver.ts";
import { Seldom } from "./seldom.ts";
import { onOneLine } from "./words.ts";

/** What an {@link Intake} works with. */
export interface IntakeParts<E extends FeedEvent> {
  readonly receiver: Receiver<E>;
  /** How long a request may take to be read, from its first byte, in ms. */
  readonly limitMs: number;
  /** Whether one more request may be read, where so many are. */
  readonly mayRead: (reading: number) => boolean;
  /** Where refusals, and requests that could not be read, are told. @default the receiver's own, or the `console` */
  readonly logger?: Logger | undefined;
}

/** Lets requests in to be read: so many at once, each for so long, whatever the receiver does. */
export class Intake<E extends FeedEvent> {
  readonly #parts: IntakeParts<E>;
  readonly #seldom = new Seldom();
  #reading = 0;

  constructor(parts: IntakeParts<E>) {
    this.#parts = parts;
  }

  /** How many requests are being read. */
  get reading(): number {
    return this.#reading;
  }

  /**
   * Gives what the receiver made of a request; `undefined` where it is to be sent again: it was not let in
   * or not read in time, the receiver failed, or the signal fired.
   *
   * @param signal Cuts the reading, as the request's own does.
   * @throws {AckloopError} `config`, as from the receiver.
   */
  async take(request: Request, signal?: AbortSignal): Promise<Received<E> | undefined> {
    const { receiver, limitMs, logger = receiver.logger ?? consoleLogger } = this.#parts;
    const asking = { what: "receive", whom: receiver.name, limitMs, signal };
    const answer = await askLate(asking, (own) => this.#read(request, own));
    if (answer.kind === "answered") return isFull(answer.value) ? undefined : answer.value;
    if (answer.kind === "failed") {
      if (answer.error.code === "config") throw answer.error;
      const what = `ackloop: ${receiver.name}: a request could not be read: ${answer.error.message}`;
      const text = onOneLine(`${what}; the sender was told to send it again`);
      const details = { feed: receiver.name, error: toErrorFacts(answer.error) };
      this.#seldom.warn(logger, text, details, "read");
    }
    return undefined;
  }

  async #read(request: Request, own: LateController): Promise<Received<E>> {
    const { receiver, mayRead, logger } = this.#parts;
    let isCounted = false;
    const admit = (): boolean => {
      if (isCounted) return true;
      isCounted = mayRead(this.#reading);
      if (isCounted) this.#reading += 1;
      return isCounted;
    };
    try {
      const options = withLateSignal({ admit, logger }, own);
      return readReceived(await receiver.receive(request, options), receiver.name);
    } finally {
      if (isCounted) this.#reading -= 1;
    }
  }
}

/** A receiver of the user's may give anything: what is neither an answer nor deliveries is not believed. */
function readReceived<E extends FeedEvent>(
  received: Received<E> | undefined,
  name: string,
): Received<E> {
  if (received?.kind === "answered") return received;
  const { deliveries } = readPage(received, name, "receive");
  return { kind: "deliveries", deliveries: deliveries as readonly Delivery<E>[] };
}

function isFull(received: Received): boolean {
  return received.kind === "answered" && received.as === "full";
}
