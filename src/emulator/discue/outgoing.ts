import type { Watching } from "../watch.ts";
import type { Ending } from "./ending.ts";

/** Makes one call to somebody else's server; takes what the global `fetch` takes. */
export type Deliver = (input: string, init: RequestInit) => Promise<Response>;

/** What a call came to; no status: no whole answer came. */
export interface Outcome {
  readonly status?: number | undefined;
  /** The body, where it was asked for. */
  readonly text?: string | undefined;
  /** What the answer says of the next try, in ms. */
  readonly retryAfterMs?: number | undefined;
}

/** What a call is for, and how long it may last. */
export interface CallFacts {
  readonly operation: string;
  /** The place in the journal of the delivery that it is. */
  readonly seq?: number | undefined;
  readonly timeoutMs: number;
  readonly ending: Ending;
}

/** Makes calls that end after a time, or with what they are for. Never rejects. */
export type Outgoing = (url: string, init: RequestInit, facts: CallFacts) => Promise<Outcome>;

/** Makes the emulator's client. */
export function createOutgoing(
  deliver: Deliver,
  followsRedirects: boolean,
  watching: Watching,
): Outgoing {
  const redirect = followsRedirects ? "follow" : "manual";
  return async (url, init, { timeoutMs, ending, ...facts }) => {
    const { method = "GET" } = init;
    const end = watching.begin({ direction: "out", method, url, ...facts });
    const outcome = await called(url, { ...init, redirect }, { timeoutMs, ending });
    end(outcome.status);
    return outcome;
  };

  async function called(
    url: string,
    init: RequestInit,
    { timeoutMs, ending }: Pick<CallFacts, "timeoutMs" | "ending">,
  ): Promise<Outcome> {
    const controller = new AbortController();
    const { signal } = controller;
    const stop = (): void => controller.abort();
    const timer = setTimeout(stop, timeoutMs);
    const remove = ending.add(stop);
    try {
      const call = deliver(url, { ...init, signal });
      const response = await Promise.race([call, aborted(signal)]);
      return {
        status: response.status,
        text: await response.text(),
        retryAfterMs: Number(response.headers.get("retry-after")) * 1_000 || undefined,
      };
    } catch {
      // Refused, cut, timed out: to the sender it is all the same.
      return {};
    } finally {
      clearTimeout(timer);
      remove();
    }
  }
}

/** A handler that is called in place of a server may be deaf to the signal; a socket is not. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}
