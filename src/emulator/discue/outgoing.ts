import type { EmulatorTools } from "../definition.ts";
import { wait } from "../wait.ts";

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

/** Makes calls that end after a time, with a signal, and with the emulator. Never rejects. */
export type Outgoing = (
  url: string,
  init: RequestInit,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
) => Promise<Outcome>;

/** Makes the emulator's client. A redirect is an answer like any other and not followed. */
export function createOutgoing(tools: EmulatorTools, deliver: Deliver): Outgoing {
  return async (url, init, { timeoutMs, signal }) => {
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    const signals = [signal, tools.closing];
    for (const each of signals) each.addEventListener("abort", stop, { once: true });
    if (signals.some((each) => each.aborted)) stop();
    const answered = new AbortController();
    wait(timeoutMs, answered.signal).then(stop, () => undefined);
    try {
      const call = deliver(url, { ...init, redirect: "manual", signal: controller.signal });
      const response = await Promise.race([call, aborted(controller.signal)]);
      return {
        status: response.status,
        text: await response.text(),
        retryAfterMs: Number(response.headers.get("retry-after")) * 1_000 || undefined,
      };
    } catch {
      // Refused, cut, timed out: to the sender it is all the same.
      return {};
    } finally {
      answered.abort();
      for (const each of signals) each.removeEventListener("abort", stop);
    }
  };
}

/** A handler that is called in place of a server may be deaf to the signal; a socket is not. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}
