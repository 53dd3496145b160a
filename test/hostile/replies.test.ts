import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import { type Call, calls, queuesOf, shopOf, topicsOf } from "./calls.ts";
import { answering, endsWell, holds, spoiltBytes } from "./support.ts";

const many = `[${"0,".repeat(1_000_000)}0]`;
const lists: readonly (readonly [string, string, Call])[] = [
  ["Tiki's queues", many, (o) => shopOf(o).queues.list()],
  ["Tiki's subscriptions", many, (o) => shopOf(o).subscriptions.list("q")],
  ["Workato's topics", `{"data":${many}}`, (o) => topicsOf(o).topics.list()],
  ["discue's queues", `{"queues":${many}}`, (o) => queuesOf(o).queues.list()],
  ["discue's listeners", `{"listeners":${many}}`, (o) => queuesOf(o).listeners.list("q")],
];

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

describe.each(calls)("an answer of %s that says no with a 200", (_provider, rows) => {
  it.each(rows)("is no success: %s", async (_name, _reply, call) => {
    for (const body of [...refusals.map((each) => JSON.stringify(each)), "please log in"]) {
      const end = await endsWell(() => call({ fetch: answering(body), retry: { attempts: 1 } }));

      const isUnknown = Array.isArray(end) && end.every(({ status }) => status === "unknown");
      expect([body, isAckloopError(end) || isUnknown]).toEqual([body, true]);
    }
  });
});

const statuses = fc.constantFrom(200, 200, 200, 201, 204);

describe.each(calls)("spoilt replies of %s", (_provider, rows) => {
  it.each(rows)("are a result or a typed error: %s", async (_name, reply, call) => {
    await holds(fc.tuple(spoiltBytes(reply), statuses), async ([body, status]) => {
      const fetch = answering(body, { status });

      await endsWell(() => call({ fetch, retry: { attempts: 1 } }));
    });
  });
});
