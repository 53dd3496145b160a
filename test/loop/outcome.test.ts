import { describe, expect, it } from "vitest";
import { deadLetter, done, drop, retry, toDecision } from "../../src/loop/outcome.ts";

describe("outcomes", () => {
  it.each([
    [done(), { kind: "done" }],
    [retry(), { kind: "retry", afterMs: undefined }],
    [retry({ afterMs: 0 }), { kind: "retry", afterMs: 0 }],
    [retry({ afterMs: 1500 }), { kind: "retry", afterMs: 1500 }],
    [deadLetter("no stock"), { kind: "deadLetter", reason: "no stock" }],
    [drop("not ours"), { kind: "drop", reason: "not ours" }],
  ])("are read as what they say: %j", (outcome, decision) => {
    expect(toDecision(outcome)).toMatchObject(decision);
  });

  it("are read as a bare return when there is none", () => {
    expect(toDecision(undefined)).toBeUndefined();
  });

  it.each([-1, Number.NaN, "5"])("refuse a retry after %s", (afterMs) => {
    const options = { afterMs } as Parameters<typeof retry>[0];

    expect(() => retry(options)).toThrow(
      "retry: option `afterMs` must be a number of milliseconds from 0",
    );
  });

  it("cannot be changed", () => {
    expect(Object.isFrozen(done())).toBe(true);
    expect(Object.isFrozen(retry())).toBe(true);
  });

  it("are known when another copy of the package made them", () => {
    const foreign = { kind: "drop", reason: "theirs", [Symbol.for("ackloop.outcome")]: true };

    expect(toDecision(foreign)).toMatchObject({ kind: "drop", reason: "theirs" });
  });

  it.each([3, true, false, null, [], "row", { kind: "done" }, () => {}])(
    "are nothing else: %j counts as a bare return",
    (returned) => {
      expect(toDecision(returned)).toBeUndefined();
    },
  );

  it("are not looked for in what cannot be looked into", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();

    expect(toDecision(proxy)).toBeUndefined();
  });
});
