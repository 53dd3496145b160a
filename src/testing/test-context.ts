import type { FeedEvent } from "../core/event.ts";
import { type Logger, silent } from "../core/logger.ts";
import type { HandlerContext } from "../loop/handler.ts";

/** The facts of a {@link testContext} that are not the plain ones. */
export interface TestContextFacts {
  /** Fires when the handler should end. @default one that never fires */
  readonly signal?: AbortSignal | undefined;
  /** Which attempt it is, from 1. @default 1 */
  readonly attempt?: number | undefined;
  /** The provider's own object. @default the event */
  readonly raw?: unknown;
  /** Where the handler writes to. @default nowhere */
  readonly logger?: Logger | undefined;
  /** What `context.finish` does with the transaction. @default it says that the event is the handler's */
  readonly finish?: ((transaction: unknown) => Promise<boolean>) | undefined;
}

/**
 * Makes the context of one call of a handler, to test it without a loop:
 * `await onOrder(event, testContext(event))`.
 */
export function testContext<E extends FeedEvent>(
  event: E,
  facts: TestContextFacts = {},
): HandlerContext<E> {
  const {
    signal = new AbortController().signal,
    attempt = 1,
    raw = event,
    logger = silent,
  } = facts;
  const { finish = async () => true } = facts;
  // As in the loop, a spread of the context is without it.
  const context = Object.create({ signal }) as Pick<HandlerContext<E>, "signal">;
  return Object.assign(context, { attempt, delivery: { event, raw }, logger, finish });
}
