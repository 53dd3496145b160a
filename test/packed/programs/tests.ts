/** Tests of handlers, and helpers of one's own around the library. */
import {
  AckloopError,
  consume,
  deadLetter,
  done,
  type Handler,
  type HandlerContext,
  type HandlerOf,
  type Health,
  isAckloopError,
  isLetterOf,
  type Outcome,
  type Report,
  type Run,
  retry,
  type Summary,
} from "ackloop";
import { memoryStores } from "ackloop/stores";
import { memoryFeed, testContext, testEvent } from "ackloop/testing";
import { type TikiEvent, type TikiOrderData, tiki } from "ackloop/tiki";

const feed = tiki({ token: "t" }).feed("q");

// 1. A handler that is written apart from its verb, for one type.
export const onOrder: HandlerOf<typeof feed, "ORDER_CREATED_SUCCESSFULLY"> = async (
  event,
  { signal },
) => {
  const data: TikiOrderData = event.data;
  return signal.aborted || data.order_code === "" ? retry() : done();
};
// 2. One for all types.
export const onAny: HandlerOf<typeof feed> = ({ type }) => void (type satisfies TikiEvent["type"]);
consume(feed, { ORDER_CREATED_SUCCESSFULLY: onOrder });
consume(feed, onAny);

// 3. A handler with a dependency.
interface Mail {
  send(text: string): Promise<void>;
}
export const mailing =
  (mail: Mail): Handler<TikiEvent> =>
  ({ id }) =>
    mail.send(id);

// 4. One wrapped for all: timing, and what it may return.
export const timed =
  <E extends { readonly id: string }>(inner: (event: E) => Promise<Outcome | undefined>) =>
  async (event: E): Promise<Outcome | undefined> => {
    const began = performance.now();
    const outcome = await inner(event);
    return performance.now() - began > 1_000 ? deadLetter("slow") : outcome;
  };
consume(
  memoryFeed(),
  timed(async () => undefined),
);

// 5. Its test, without a loop.
const event = testEvent("1", { type: "ORDER", data: { total: 5 }, subject: "o-1" });
const context: HandlerContext<typeof event> = testContext(event, { attempt: 2 });
void context.delivery.event.data.total.toFixed();

// 6. A letter that is looked at.
const { letters } = await memoryStores().deadLetters.list({ consumer: "c", feed: feed.name });
for (const letter of letters) {
  if (!isLetterOf(feed, letter)) continue;
  if (letter.event.type === "ORDER_STATUS_UPDATED") void letter.event.data.status;
}

// 7. Reports, told apart.
export const count = (report: Report): number => {
  switch (report.kind) {
    case "pulled":
      return 1;
    case "deadLettered":
      return report.reason.length;
    default:
      return 0;
  }
};

// 8. Errors, told apart.
export const isOver = (error: unknown): boolean =>
  isAckloopError(error) ? error.code === "auth" || !error.retryable : error instanceof AckloopError;

// 9. A run that somebody holds, asks and ends.
export class Worker {
  #run: Run | undefined;
  start(): void {
    this.#run = consume(feed, onAny);
  }
  health(): Health | undefined {
    return this.#run?.health();
  }
  async stop(): Promise<Summary | undefined> {
    return this.#run?.stop({ withinMs: 1_000 });
  }
}

// @ts-expect-error 10. a type that the feed does not have
export const wrong: HandlerOf<typeof feed, "ORDER_CREATED"> = () => {};
// @ts-expect-error 11. a handler that wants what its event has not
consume(feed, {
  ORDER_CREATED_SUCCESSFULLY: ({ data }: { data: { nope: string } }) => void data.nope,
});
