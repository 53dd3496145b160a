/** The scenario on the Vercel edge runtime, which takes requests as events. */
import { memoryStores } from "ackloop/stores";
import { type Providers, scenario } from "../scenario.ts";

interface FetchEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface EdgeGlobal {
  addEventListener(kind: "fetch", listener: (event: FetchEvent) => void): void;
}

/** Answers the requests from now on. */
export function listen(providers: Providers): void {
  const handle = scenario(providers, async () => memoryStores());
  const { addEventListener } = globalThis as unknown as EdgeGlobal;
  addEventListener("fetch", (event) => event.respondWith(handle(event.request)));
}
