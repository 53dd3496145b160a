import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import type { AckloopError } from "../../src/core/errors.ts";
import type { SchemaIssue, StandardSchemaV1 } from "../../src/core/standard-schema.ts";
import { noReply, parseAs, replyOf, textReply } from "../../src/http/reply.ts";

import { rejecting } from "./odd-values.ts";

const facts = {
  provider: "acme",
  operation: "pull",
  status: 200,
  text: "text",
  header: () => null,
  plain: String,
};

/** A schema that finds one issue in whatever it is given. */
function schemaWith(issue: object): StandardSchemaV1<unknown, never> {
  const issues = [{ message: "the value was hush", ...issue } as SchemaIssue];
  return { "~standard": { version: 1, vendor: "test", validate: () => ({ issues }) } };
}

function errorOf(work: () => unknown): AckloopError {
  try {
    work();
  } catch (error) {
    return error as AckloopError;
  }
  throw new Error("nothing was thrown");
}

describe("replyOf", () => {
  const page = z.object({ events: z.array(z.object({ id: z.string() })) });

  it("gives the schema's output", () => {
    const reply = replyOf(page)({ events: [{ id: "1", more: true }] }, facts);

    expect(reply).toEqual({ events: [{ id: "1" }] });
  });

  it("names the path of what does not fit, and never the value", () => {
    const body = { events: [{ id: "1" }, { id: { hush: "hush" } }] };

    const error = errorOf(() => replyOf(page)(body, facts));

    expect(error).toMatchObject({
      code: "schema",
      retryable: false,
      provider: "acme",
      operation: "pull",
      status: 200,
      path: "events[1].id",
      message: "acme pull: events[1].id: expected string",
    });
    expect(error.cause).toBeUndefined();
  });

  it("says that the answer itself does not fit when it is empty", () => {
    const error = errorOf(() => replyOf(page)(undefined, facts));

    expect(error.message).toBe("acme pull: the answer: expected object");
    expect(error.path).toBeUndefined();
  });

  it("is not fooled by an inherited or a __proto__ property", () => {
    const body: unknown = JSON.parse('{"__proto__":{"events":[]}}');

    expect(errorOf(() => replyOf(page)(body, facts)).path).toBe("events");
  });

  it("refuses a schema that answers later, whatever the answer is", async () => {
    const validate = () => Promise.reject(new Error("late"));
    const schema: StandardSchemaV1 = { "~standard": { version: 1, vendor: "test", validate } };

    const error = errorOf(() => replyOf(schema)({}, facts));

    expect(error).toMatchObject({ code: "config" });
    expect(error.message).toContain("must answer at once");
  });
});

describe("parseAs", () => {
  const from = { provider: "acme", operation: "pull", at: "events[3]" };
  const messageOf = (issue: object) => errorOf(() => parseAs(schemaWith(issue), {}, from)).message;

  it.each([
    [{ expected: "string" }, "expected string"],
    [{ code: "invalid_format", format: "uuid" }, "expected the format uuid"],
    [{ code: "invalid_value", values: ["a", 1] }, "expected one of a, 1"],
    [{ code: "too_small", minimum: 3 }, "expected at least 3"],
    [{ code: "too_big", maximum: 5n }, "expected at most 5"],
    [{ code: "custom" }, "does not fit (custom)"],
    [{}, "does not fit"],
  ])("says of %o what the schema wants", (issue, message) => {
    expect(messageOf(issue)).toBe(`acme pull: events[3]: ${message}`);
  });

  it.each([
    ["undefined", undefined],
    ["null", null],
    ["a text", "valid"],
    ["a list", []],
    ["an object with neither a value nor issues", {}],
    ["a foreign thenable", rejecting(new Error("late"))],
  ])("takes %s for a fault of the schema", (_name, result) => {
    const validate = () => result as never;
    const schema: StandardSchemaV1 = { "~standard": { version: 1, vendor: "test", validate } };

    expect(errorOf(() => parseAs(schema, {}, from))).toMatchObject({ code: "config" });
  });

  it("writes every kind of step", () => {
    const path = ["payload", { key: "a.b" }, 0, Symbol("s"), { key: 1 }, "x-y"];

    expect(messageOf({ path })).toBe(
      'acme pull: events[3].payload["a.b"][0]["Symbol(s)"][1].x-y: does not fit',
    );
  });

  it("bounds the path, whose keys are the provider's", () => {
    expect(messageOf({ path: ["k".repeat(10_000)] }).length).toBeLessThan(260);
  });

  it("has no place to name when it is told none", () => {
    const error = errorOf(() =>
      parseAs(schemaWith({}), {}, { provider: "acme", operation: "pull" }),
    );

    expect(error.message).toBe("acme pull: the answer: does not fit");
  });

  it("says nothing of the value when there is not even an issue", () => {
    const validate = () => ({ issues: [] });
    const schema: StandardSchemaV1 = { "~standard": { version: 1, vendor: "test", validate } };

    expect(errorOf(() => parseAs(schema, "hush", from)).message).toBe(
      "acme pull: events[3]: does not fit",
    );
  });
});

describe("noReply", () => {
  it.each([[undefined], [null], [{}], [{ _links: { self: "/" } }]])("takes %j", (body) => {
    expect(noReply(body, facts)).toBeUndefined();
  });

  it.each([[{ error: "no" }], [{ done: false }], [[]], ["log in"], [false], [0]])(
    "takes %j for no success",
    (body) => {
      expect(errorOf(() => noReply(body, facts))).toMatchObject({ code: "schema", status: 200 });
    },
  );
});

describe("textReply", () => {
  it("reads the text", () => {
    expect(textReply({}, facts)).toBe("text");
    expect(textReply.reads).toBe("text");
  });
});
