import { describe, expect, it } from "vitest";
import { describeError } from "../../../src/providers/tiki/error.ts";

describe("an error body", () => {
  it.each([
    [
      { errors: ["name is required", "name is too long"] },
      { text: "name is required; name is too long" },
    ],
    [{ errors: ["text", 5, null] }, { text: "text" }],
    [
      { error: "invalid_grant", error_description: "The code has expired." },
      { text: "invalid_grant: The code has expired.", code: "auth" },
    ],
    [{ error: "invalid_client" }, { text: "invalid_client", code: "auth" }],
    [{ error: "unsupported_grant_type" }, { text: "unsupported_grant_type" }],
    [
      { error: { message: "nested" }, status_code: 400, message: "Bad request" },
      { text: "Bad request" },
    ],
    [{ status_code: 400 }, { text: "" }],
    ["<html>", {}],
    [undefined, {}],
    [null, {}],
  ])("%j is read as %j", (body, expected) => {
    expect(describeError(body)).toStrictEqual(expected);
  });
});
