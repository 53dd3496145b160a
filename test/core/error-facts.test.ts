import { describe, expect, it } from "vitest";
import { toErrorFacts } from "../../src/core/error-facts.ts";
import { AckloopError } from "../../src/core/errors.ts";

describe("what a log line tells of an error", () => {
  it("is plain data, of which JSON loses nothing", () => {
    const error = new AckloopError("transport", "the server failed (503)", {
      provider: "tiki",
      operation: "pull",
      status: 503,
      requestId: "r1",
      retryAfterMs: 5000,
      cause: new RangeError("deep"),
    });

    expect(JSON.parse(JSON.stringify(toErrorFacts(error)))).toEqual({
      message: "tiki pull: the server failed (503)",
      name: "AckloopError",
      code: "transport",
      stack: error.stack,
      status: 503,
      operation: "pull",
      requestId: "r1",
      retryAfterMs: 5000,
      cause: { message: "RangeError: deep", name: "RangeError", stack: expect.any(String) },
    });
  });

  it("has none of what somebody else's error holds besides", () => {
    const error = Object.assign(new Error("refused"), {
      code: "ERR_BAD_REQUEST",
      config: { headers: { authorization: "Bearer s3cret" } },
      path: "/a?token=s3cret",
      cause: { request: "s3cret" },
    });

    const told = JSON.stringify(toErrorFacts(error));

    expect(told).not.toContain("s3cret");
    expect(JSON.parse(told)).toMatchObject({ code: "ERR_BAD_REQUEST", name: "Error" });
  });

  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const circle = new Error("round");
  circle.cause = circle;

  it.each([
    ["nothing", undefined, "nothing was thrown (undefined)"],
    ["null", null, "null"],
    ["a text", "full", "full"],
    ["a proxy that is revoked", proxy, "something that cannot be read was thrown"],
    ["a circle", circle, "Error: round"],
  ])("never throws: %s", (_, thrown, message) => {
    expect(toErrorFacts(thrown).message).toBe(message);
  });
});
