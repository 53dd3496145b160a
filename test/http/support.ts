import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { AckloopError } from "../../src/core/errors.ts";
import { createHttpClient } from "../../src/http/client.ts";
import type { HttpCall, HttpClient, HttpSettings } from "../../src/http/types.ts";

/** The credential of the tests; no error may ever show it. */
export const secret = "s3cret-t0ken-value";

/** Answers one request; it may also throw, or never answer. */
export type Answer = (request: Request) => Response | Promise<Response>;

/** A `fetch` that gives the answers in order, the last one again and again, and notes each request. */
export function scripted(...answers: readonly Answer[]) {
  const requests: Request[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push(request);
    if (answer === undefined) throw new Error("no answer was scripted");
    return answer(request);
  };
  return { fetch, requests };
}

/** An answer of JSON. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return () => Response.json(body, { status, headers });
}

/** An answer of text. */
export function text(body: string, status = 200, headers: Record<string, string> = {}): Answer {
  return () => new Response(body, { status, headers });
}

/** The network fails as Node's fetch tells it. */
export function networkFailure(code: string): Answer {
  return () => {
    throw new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });
  };
}

/** Never answers; rejects when the request is cut, as a real fetch does. */
export const silence: Answer = (request) =>
  new Promise((_resolve, reject) => {
    request.signal.addEventListener("abort", () => reject(request.signal.reason));
  });

/** A client with a fixed token, whose first waits are short. */
export function clientOf(
  fetch: typeof globalThis.fetch | undefined,
  settings: Partial<HttpSettings> = {},
): HttpClient {
  return createHttpClient({
    provider: "acme",
    baseUrl: "https://api.example.com/v1",
    fetch,
    credential: { token: secret, header: "authorization", prefix: "Bearer " },
    retry: { minDelayMs: 0, maxDelayMs: 0 },
    ...settings,
  });
}

/** A call that gives the body as it came; parts of it can be replaced. */
export function callOf(parts: Partial<HttpCall<unknown>> = {}): HttpCall<unknown> {
  return {
    operation: "pull",
    method: "POST",
    path: ["queues"],
    repeat: "safe",
    reply: (body) => body,
    ...parts,
  };
}

/** Waits for a promise to reject with an error of ours, and gives it. */
export async function failureOf(work: Promise<unknown>): Promise<AckloopError> {
  const outcome = await work.then(
    (value) => new Error(`it resolved to ${inspect(value)}`),
    (error: unknown) => error,
  );
  if (outcome instanceof AckloopError) return outcome;
  throw outcome;
}

/** Everything that a person or a log could see of an error. */
export function printed(error: unknown): string {
  const { message, stack } = error as Error;
  return [
    message,
    stack,
    inspect(error, { depth: 8, showHidden: true }),
    JSON.stringify(error),
  ].join();
}

/** A real server on 127.0.0.1, stopped when it is disposed. */
export async function loopback(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
