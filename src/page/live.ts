import { streamAnswer } from "./page.ts";

/** Sends one event to whoever looks; false where it was left out, since they read too slowly. */
export type Send = (name: string, data: unknown) => boolean;

/**
 * Answers with server-sent events for as long as the request lasts.
 *
 * @param begin Begins to send, and gives what ends it: called once, when the reader goes away, the request is
 * aborted, or the server ends it by itself.
 */
export function liveAnswer(
  request: Request,
  begin: (send: Send, end: () => void) => () => void,
): Response {
  const type = "text/event-stream; charset=utf-8";
  // Nobody would read it: it would go on until the server ends it.
  if (request.method === "HEAD" || request.signal.aborted) return streamAnswer(null, type);
  const encoder = new TextEncoder();
  let end = (): void => {};
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let isOver = false;
        let cease: (() => void) | undefined;
        const send: Send = (name, data) => {
          // A reader that is behind gets the next one: nothing is gathered for it.
          if (isOver || (controller.desiredSize ?? 0) <= 0) return false;
          controller.enqueue(encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`));
          return true;
        };
        end = () => {
          if (isOver) return;
          isOver = true;
          request.signal.removeEventListener("abort", end);
          cease?.();
          try {
            controller.close();
          } catch {
            // The reader has cancelled it.
          }
        };
        request.signal.addEventListener("abort", end);
        cease = begin(send, end);
        if (isOver) cease();
      },
      cancel: () => end(),
    },
    // In bytes: some pages of events.
    new ByteLengthQueuingStrategy({ highWaterMark: 1_000_000 }),
  );
  return streamAnswer(body, type);
}
