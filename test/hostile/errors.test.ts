import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import { profiles } from "../providers/profiles.ts";
import { answering, expectCleanPrototypes, holds, spoiltBytes } from "./support.ts";

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

describe.each(profiles.flatMap(({ failures }) => failures))(
  "a failure of %s",
  (_provider, body, call) => {
    it("is one typed error, in one short line, with a wait that makes sense", async () => {
      const replies = fc.tuple(spoiltBytes(body), statuses, waits, fc.string({ maxLength: 999 }));

      await holds(
        replies,
        async ([bytes, status, retryAfter, requestId]) => {
          const fetch = answering(bytes, { status, headers: headersOf(retryAfter, requestId) });

          const error = await Promise.resolve(call({ fetch, retry: { attempts: 1 } })).catch(
            (reason) => reason,
          );

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
  },
);
