import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import { profiles } from "../providers/profiles.ts";
import { answering, endsWell, holds, spoiltBytes } from "./support.ts";

const many = `[${"0,".repeat(1_000_000)}0]`;
const lists = profiles.flatMap(({ title, lists }) =>
  lists.map(([name, reply, call]) => [`${title}'s ${name}`, reply(many), call] as const),
);

describe("a list of a million wrong items", () => {
  it.each(lists)("is refused by its length: %s", async (_name, body, call) => {
    const error = await endsWell(() => call({ fetch: answering(body) }));

    expect(error).toMatchObject({ code: "schema", message: expect.stringContaining("100000") });
  });
});

const refusals = [
  { errors: ["the shop is closed"] },
  { error: { code: "denied" } },
  { errorMessage: "no" },
  { status: "error" },
  { success: false },
  { message: "no" },
  "please log in",
  false,
];

describe.each(profiles)("an answer of $title that says no with a 200", ({ calls }) => {
  it.each(calls)("is no success: %s", async (_name, _reply, call) => {
    for (const body of [...refusals.map((each) => JSON.stringify(each)), "please log in"]) {
      const end = await endsWell(() => call({ fetch: answering(body), retry: { attempts: 1 } }));

      const isUnknown = Array.isArray(end) && end.every(({ status }) => status === "unknown");
      expect([body, isAckloopError(end) || isUnknown]).toEqual([body, true]);
    }
  });
});

const statuses = fc.constantFrom(200, 200, 200, 201, 204);

describe.each(profiles)("spoilt replies of $title", ({ calls }) => {
  it.each(calls)("are a result or a typed error: %s", async (_name, reply, call) => {
    await holds(fc.tuple(spoiltBytes(reply), statuses), async ([body, status]) => {
      const fetch = answering(body, { status });

      await endsWell(() => call({ fetch, retry: { attempts: 1 } }));
    });
  });
});
