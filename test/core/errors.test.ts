import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { AckloopError, isAckloopError } from "../../src/core/errors.ts";

describe("an error of this library", () => {
  it("names who did what in its message", () => {
    const both = new AckloopError("auth", "refused", { provider: "tiki", operation: "pull" });
    const one = new AckloopError("auth", "refused", { operation: "pull" });
    const none = new AckloopError("auth", "refused");

    expect(both.message).toBe("tiki pull: refused");
    expect(one.message).toBe("pull: refused");
    expect(none.message).toBe("refused");
    expect(both.name).toBe("AckloopError");
    expect(both).toBeInstanceOf(Error);
  });

  it("holds its facts as enumerable properties, and none that is not known", () => {
    const error = new AckloopError("rateLimit", "slow down", {
      retryable: true,
      provider: "tiki",
      operation: "pull",
      status: 429,
      retryAfterMs: 1000,
      requestId: "r1",
      path: "events[3]",
      outcomeUnknown: true,
      cause: new Error("why"),
    });

    expect({ ...error }).toMatchObject({
      code: "rateLimit",
      retryable: true,
      provider: "tiki",
      operation: "pull",
      status: 429,
      retryAfterMs: 1000,
      requestId: "r1",
      path: "events[3]",
      outcomeUnknown: true,
    });
    expect(Object.keys(new AckloopError("auth", "refused", { status: undefined })).sort()).toEqual([
      "code",
      "name",
      "retryable",
    ]);
  });

  it("is not retryable unless it is said to be", () => {
    expect(new AckloopError("transport", "failed").retryable).toBe(false);
  });

  it("keeps a cause where there is one, and shows none where there is not", () => {
    const cause = new Error("why");
    const withCause = new AckloopError("halted", "stopped", { cause });
    const without = new AckloopError("halted", "stopped", { cause: undefined });

    expect(withCause.cause).toBe(cause);
    expect(Object.keys(withCause)).not.toContain("cause");
    expect("cause" in without).toBe(false);
    expect(inspect(without)).not.toContain("cause");
  });

  it("is known by its brand, whichever copy of the package made it", () => {
    const foreign = Object.assign(new Error("theirs"), { [Symbol.for("ackloop.error")]: true });

    expect(isAckloopError(new AckloopError("auth", "refused"))).toBe(true);
    expect(isAckloopError(foreign)).toBe(true);
  });

  it("is no proxy that has everything, and throws when it is read", () => {
    const get = (): never => {
      throw new Error("hostile");
    };

    expect(isAckloopError(new Proxy({}, { has: () => true, get }))).toBe(false);
    expect(isAckloopError(new Proxy({}, { has: () => true }))).toBe(false);
  });

  it.each([new Error("auth"), { code: "auth" }, null, undefined, "auth", 5])(
    "is nothing else: %j",
    (value) => {
      expect(isAckloopError(value)).toBe(false);
    },
  );
});
