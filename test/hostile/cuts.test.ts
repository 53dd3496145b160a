import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import { profiles } from "../providers/profiles.ts";

/** The most places at which a reply is cut. */
const mostCuts = 200;

/** What reads only: all else may have had its effect when its answer is lost. */
const reads = /\.(list|get|pull|consume|messages)\b|clientCredentials|refreshToken/;

/** Answers with the first bytes of a reply, in two pieces, and then ends as it is told. */
function cutting(bytes: Uint8Array<ArrayBuffer>, end: "ends" | "breaks"): typeof fetch {
  const middle = bytes.length >>> 1;
  return async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of [bytes.slice(0, middle), bytes.slice(middle)]) {
          if (piece.length > 0) controller.enqueue(piece);
        }
        if (end === "ends") controller.close();
        else controller.error(new TypeError("terminated", { cause: { code: "UND_ERR_SOCKET" } }));
      },
    });
    return new Response(body, { status: 200 });
  };
}

/** Answers that may be empty, by the document, and what they are then. */
const empties: readonly unknown[] = ['{"raw":""}', "{}", "nothing"];

/** Whether a result says no more than is known: of nothing, or `unknown` of each of a batch. */
const isHonest = (outcome: unknown): boolean => {
  const [all, unknown] = [/"status":"/g, /"status":"unknown"/g].map(
    (status) => String(outcome).match(status)?.length,
  );
  return empties.includes(outcome) || (all !== undefined && all === unknown);
};

/** What is wrong with what a call ended as; `undefined` where nothing is. */
function wrongIn(outcome: unknown, whole: unknown, name: string): unknown {
  if (!isAckloopError(outcome)) return outcome === whole || isHonest(outcome) ? undefined : outcome;
  const { code, outcomeUnknown } = outcome;
  const isFit = (code === "schema" || code === "transport") && (reads.test(name) || outcomeUnknown);
  return isFit ? undefined : { code, outcomeUnknown };
}

const outcomeOf = (work: unknown): Promise<unknown> =>
  Promise.resolve(work).then(
    (value) => JSON.stringify(value) ?? "nothing",
    (error: unknown) => {
      if (isAckloopError(error)) return error;
      throw error;
    },
  );

describe.each(profiles)("a reply of $title that is cut", ({ calls }) => {
  it.each(calls)("at any byte is never taken for another one: %s", async (name, reply, call) => {
    const bytes = new TextEncoder().encode(JSON.stringify(reply));
    const step = Math.ceil(bytes.length / mostCuts);
    const fetchOf = (count: number, end: "ends" | "breaks") => ({
      fetch: cutting(bytes.slice(0, count), end),
      retry: { attempts: 1 },
    });
    const whole = await outcomeOf(call(fetchOf(bytes.length, "ends")));

    for (let count = 0; count < bytes.length; count += step) {
      for (const end of ["ends", "breaks"] as const) {
        const outcome = await outcomeOf(call(fetchOf(count, end)));

        const wrong = wrongIn(outcome, whole, name);
        if (wrong !== undefined) expect([end, count, wrong]).toEqual([end, count, whole]);
      }
    }
  });
});
