import { checkCall } from "./check-call.ts";
import { createHttpClient } from "./client.ts";
import type { HttpClient, HttpSettings } from "./types.ts";

/**
 * Makes the HTTP client of an API. Make it once; it holds the credential and the limits of all calls.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right; so does each call that is
 * described wrongly, before anything is sent.
 */
export function httpClient(settings: HttpSettings): HttpClient {
  const { call: make } = createHttpClient(settings);
  const { provider } = settings;
  return { call: async (call) => make(checkCall(provider, call)) };
}
