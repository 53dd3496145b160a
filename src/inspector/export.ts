import type { DeadLetter, DeadLetterStore, StoreKey } from "../core/stores.ts";
import { redacted } from "./letter-shown.ts";
import { lettersOf } from "./letters.ts";
import type { Redactor } from "./redact.ts";

/** Letters as lines of JSON, as the reader takes them: of all that there are, no more than a page is held. */
export function exportOf(
  store: Pick<DeadLetterStore, "list">,
  key: StoreKey,
  redact: Redactor,
  only?: DeadLetter,
): ReadableStream<Uint8Array> {
  const letters = only ? [only].values() : lettersOf(store, key);
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await letters.next();
        if (done || value === undefined) {
          controller.close();
          return;
        }
        const line = JSON.stringify(redacted(value, redact).value);
        controller.enqueue(encoder.encode(`${line}\n`));
      } catch (error) {
        // The file ends in the middle, and the browser says that it is not whole.
        controller.error(error);
      }
    },
    async cancel() {
      await letters.return?.(undefined);
    },
  });
}
