import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import type { ClientOptions } from "../../src/http/types.ts";
import { discue } from "../../src/providers/discue/index.ts";
import { kekker } from "../../src/providers/kekker/index.ts";
import { clientCredentials, tiki } from "../../src/providers/tiki/index.ts";
import { workato } from "../../src/providers/workato/index.ts";
import { answering, expectCleanPrototypes, fixture, holds, spoiltBytes } from "./support.ts";

const app = { clientId: "id", clientSecret: "secret", tokenUrl: "https://token.example" };

const cases: readonly (readonly [string, unknown, (options: ClientOptions) => Promise<unknown>])[] =
  [
    [
      "Tiki",
      { errors: ["a", "b"], error: "invalid_client", error_description: "c", message: "d" },
      (options) => tiki({ token: "token", ...options }).queues.list(),
    ],
    [
      "Tiki's token endpoint",
      { error: "invalid_grant", error_description: "c", status_code: 400 },
      (options) => tiki({ token: clientCredentials(app), ...options }).queues.list(),
    ],
    [
      "Kekker",
      fixture("kekker", "event-not-found"),
      (options) =>
        kekker({
          ...options,
          baseUrl: "https://node.example",
          channel: "c",
          login: "l",
          password: "p",
        }).events.ack("e"),
    ],
    [
      "Workato",
      fixture("workato", "error-400"),
      (options) => workato({ token: "token", ...options }).topics.get(1),
    ],
    [
      "discue",
      fixture("discue", "error-401"),
      (options) => discue({ apiKey: "key", ...options }).queues.get("q"),
    ],
  ];

const statuses = fc.constantFrom(300, 301, 400, 401, 403, 404, 408, 409, 422, 429, 500, 503, 599);

/** What a server may put behind `Retry-After`: numbers, dates, and neither. */
const waits = fc.oneof(
  fc.constantFrom("", "0", "-1", "1e9", "Infinity", "NaN", "9".repeat(400), "0.0000001", "1,2"),
  fc.constantFrom("Wed, 21 Oct 2099 07:28:00 GMT", "1 Jan 275760", "yesterday", "0x10", "１２"),
  fc.string({ maxLength: 40 }),
);

function headersOf(retryAfter: string, requestId: string): Headers {
  const headers = new Headers();
  for (const [name, value] of [
    ["retry-after", retryAfter],
    ["x-request-id", requestId],
  ] as const) {
    // What no runtime would take as a header never arrives.
    if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) headers.set(name, value);
  }
  return headers;
}

describe.each(cases)("a failure of %s", (_provider, body, call) => {
  it("is one typed error, in one short line, with a wait that makes sense", async () => {
    const replies = fc.tuple(spoiltBytes(body), statuses, waits, fc.string({ maxLength: 999 }));

    await holds(
      replies,
      async ([bytes, status, retryAfter, requestId]) => {
        const fetch = answering(bytes, { status, headers: headersOf(retryAfter, requestId) });

        const error = await call({ fetch, retry: { attempts: 1 } }).catch((reason) => reason);

        expectCleanPrototypes();
        if (!isAckloopError(error)) throw error;
        expect(error.message.length).toBeLessThan(500);
        expect(error.message).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(error.requestId?.length ?? 0).toBeLessThanOrEqual(300);
        if (error.retryAfterMs !== undefined) {
          expect(Number.isSafeInteger(Math.ceil(error.retryAfterMs))).toBe(true);
          expect(error.retryAfterMs).toBeGreaterThanOrEqual(0);
        }
      },
      80,
    );
  });
});
