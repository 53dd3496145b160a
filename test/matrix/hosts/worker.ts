/** The scenario as a worker. */
import { memoryStores } from "ackloop/stores";
import { type Providers, scenario } from "../scenario.ts";

/** What a worker's module exports. */
export function toWorker(providers: Providers) {
  const handle = scenario(providers, async () => memoryStores());
  return { fetch: (request: Request): Promise<Response> => handle(request) };
}
