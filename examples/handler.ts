/** A handler written apart from its run, so that it can be tested without one: see handler.test.ts. */
import { deadLetter, type HandlerOf, retry } from "ackloop";
import type { TikiFeed } from "ackloop/tiki";

export type Book = (code: string, signal: AbortSignal) => Promise<"booked" | "busy" | "unknown">;
type OnOrder = HandlerOf<TikiFeed, "ORDER_CREATED_SUCCESSFULLY">;

export const onOrder =
  (book: Book): OnOrder =>
  async ({ data }, { signal }) => {
    const answer = await book(data.order_code, signal);
    if (answer === "busy") return retry({ afterMs: 5_000 });
    if (answer === "unknown") return deadLetter(`no such order: ${data.order_code}`);
    return undefined; // done
  };
