import { describe, expect, it } from "vitest";
import type { Fault } from "../../src/emulator/fault.ts";
import type { FaultInjector } from "../../src/emulator/faults.ts";
import * as faultsModule from "../../src/emulator/faults.ts";

/** Faults of an emulator that is asked for these, and itself calls listeners. */
function createFaults(seed: number): FaultInjector {
  const faults = faultsModule.createFaults(seed);
  faults.know(["pull", "ack", "token", "list"], ["notify"]);
  return faults;
}

/** For each of `count` calls of an operation, whether a fault hit it. */
const roll = (faults: FaultInjector, count: number, operation = "pull") =>
  Array.from({ length: count }, () => faults.take(operation).kinds.length > 0);

describe("a fault's conditions", () => {
  it("hit the named operations alone", () => {
    const faults = createFaults(1);
    faults.add({ kind: "cut", operation: ["pull", "ack"] });
    faults.add({ kind: "lostReply", operation: "token" });

    expect(faults.take("pull").kinds).toEqual(["cut"]);
    expect(faults.take("token").kinds).toEqual(["lostReply"]);
    expect(faults.take("list").kinds).toEqual([]);
  });

  it("leave the first matching calls alone, and end after a count", () => {
    const faults = createFaults(1);
    faults.add({ kind: "cut", operation: "pull", after: 2, count: 2 });

    faults.take("ack");

    expect(roll(faults, 6)).toEqual([false, false, true, true, false, false]);
    expect(faults.list()).toMatchObject([{ id: "1", matched: 6, injected: 2 }]);
    expect(faults.injected()).toEqual({ cut: 2 });
  });

  it("roll the same for the same seed, and about as often as they say", () => {
    const rolls = (seed: number) => {
      const faults = createFaults(seed);
      faults.add({ kind: "cut", probability: 0.3 });
      return roll(faults, 1_000);
    };

    expect(rolls(7)).toEqual(rolls(7));
    expect(rolls(7)).not.toEqual(rolls(8));
    expect(rolls(7).filter(Boolean).length).toBeGreaterThan(250);
    expect(rolls(7).filter(Boolean).length).toBeLessThan(350);
  });

  it("roll the same whatever other operations do meanwhile", () => {
    const build = () => {
      const faults = createFaults(7);
      faults.add({ kind: "cut", operation: "pull", probability: 0.5 });
      faults.add({ kind: "cut", operation: "ack", probability: 0.5 });
      return faults;
    };
    const alone = build();
    const mixed = build();

    const pulls = roll(alone, 50);
    const others = Array.from({ length: 50 }, () => {
      roll(mixed, 3, "ack");
      return roll(mixed, 1)[0];
    });

    expect(others).toEqual(pulls);
  });

  it("hit what the emulator itself calls only by name", () => {
    const faults = createFaults(1);
    faults.add({ kind: "cut" });
    const unnamed = faults.take("notify").kinds;
    faults.add({ kind: "lostReply", operation: ["notify"] });

    expect([unnamed, faults.take("notify").kinds, faults.take("pull").kinds]).toEqual([
      [],
      ["lostReply"],
      ["cut"],
    ]);
  });

  it("are those of the moment at which it was added", () => {
    const faults = createFaults(1);
    const fault = { kind: "cut" as const, operation: ["pull"] };
    faults.add(fault);
    fault.operation.push("ack");

    expect(faults.take("ack").kinds).toEqual([]);
  });

  it("never hit with probability 0", () => {
    const faults = createFaults(1);
    faults.add({ kind: "cut", probability: 0 });

    expect(roll(faults, 100).some(Boolean)).toBe(false);
  });
});

describe("the fault `duplicate`", () => {
  it("hits no call that brings nothing, and is refused for one", () => {
    const faults = createFaults(1);
    faults.know(["pull", "ack"], ["notify"]);
    faults.add({ kind: "duplicate", count: 1 });

    expect(faults.take("ack").duplicate).toBe(false);
    expect(faults.list()).toMatchObject([{ matched: 0, injected: 0 }]);
    expect(faults.take("pull").duplicate).toBe(true);
    expect(() => faults.add({ kind: "duplicate", operation: ["pull", "ack"] })).toThrow(
      "fault: duplicate hits calls that bring events: pull, notify",
    );
  });
});

describe("the list of faults", () => {
  it("lets one fault spoil a call, together with delays and duplicates before it", () => {
    const faults = createFaults(1);
    faults.add({ kind: "delay", ms: 10 });
    faults.add({ kind: "delay", ms: 5 });
    faults.add({ kind: "duplicate" });
    faults.add({ kind: "lostReply" });
    faults.add({ kind: "cut" });

    expect(faults.take("pull")).toEqual({
      kinds: ["delay", "delay", "duplicate", "lostReply"],
      delayMs: 15,
      duplicate: true,
      headers: {},
      spoil: { kind: "lostReply" },
    });
  });

  it("puts the headers of several together, the later ones last", () => {
    const faults = createFaults(1);
    faults.add({ kind: "headers", headers: { date: "never", "retry-after": "soon" } });
    faults.add({ kind: "headers", headers: { "retry-after": "5, 7" } });

    const headers = { date: "never", "retry-after": "5, 7" };
    expect(faults.take("pull")).toMatchObject({ kinds: ["headers", "headers"], headers });
  });

  it("clears one, or all, and goes on counting", () => {
    const faults = createFaults(1);
    const cut = faults.add({ kind: "cut" });
    faults.add({ kind: "skew", ms: 5 });
    faults.add({ kind: "skew", ms: 7 });
    faults.take("pull");

    faults.clear(cut);
    const skewed = faults.skewMs();
    const hit = faults.take("pull").kinds;
    faults.clear();

    expect([skewed, faults.skewMs()]).toEqual([12, 0]);
    expect(hit).toEqual([]);
    expect(faults.list()).toEqual([]);
    expect(faults.injected()).toEqual({ cut: 1, skew: 2 });
    expect(faults.add({ kind: "cut" })).toBe("4");
  });

  it("takes retryAfter as seconds, a text or a date", () => {
    const faults = createFaults(1);

    for (const retryAfter of [0, 1.5, "2026-01-01T00:00:00Z", new Date()]) {
      expect(() => faults.add({ kind: "status", status: 429, retryAfter })).not.toThrow();
    }
  });

  it("are shown as they are, and changed by nobody", () => {
    const faults = createFaults(1);
    faults.add({ kind: "cut" });
    Object.assign(faults.list()[0]?.fault ?? {}, { kind: "delay" });

    expect(faults.list()).toMatchObject([{ fault: { kind: "cut" } }]);
    expect(() => faults.addAll({ kind: "cut" } as never)).toThrow("faults must be a list");
  });

  it.each([
    [{ kind: "fire" }, "kind must be one of status"],
    [{ kind: "cut", operation: 1 }, "operation must be"],
    [{ kind: "cut", operation: ["a", 1] }, "operation must be"],
    [{ kind: "cut", operation: [] }, "operation must be"],
    [{ kind: "cut", operation: "pul" }, "operation must be one of pull, ack, token, list, notify"],
    [
      { kind: "cut", times: 1 },
      "cut has no times; it has kind, operation, count, after, probability",
    ],
    [{ kind: "cut", status: 500 }, "cut has no status"],
    [{ kind: "html", status: 204 }, "status must be"],
    [{ kind: "cut", count: 1.5 }, "count must be"],
    [{ kind: "cut", count: 0 }, "count must be"],
    [{ kind: "cut", after: -1 }, "after must be"],
    [{ kind: "cut", probability: 1.1 }, "probability must be"],
    [{ kind: "cut", probability: "1" }, "probability must be"],
    [{ kind: "status" }, "status needs status"],
    [{ kind: "status", status: 199 }, "status must be"],
    [{ kind: "status", status: 500.5 }, "status must be a whole number from 200 to 599"],
    [{ kind: "status", status: 204, body: "x" }, "an answer of status 204 has no body"],
    [{ kind: "status", status: 500, body: () => 1 }, "body must be JSON"],
    [{ kind: "oversize", bytes: 1.5 }, "bytes must be a whole number"],
    [{ kind: "headers", headers: new Headers({ a: "b" }) }, "headers must be"],
    [{ kind: "headers", headers: [["a", "b"]] }, "headers must be"],
    [{ kind: "headers", headers: { a: 5 } }, "headers must be"],
    [{ kind: "skew", ms: 1, count: 1 }, "skew has no count; it has kind, ms"],
    [null, "it must be an object"],
    [{ kind: "status", status: 429, retryAfter: -1 }, "retryAfter must be"],
    [{ kind: "status", status: 429, retryAfter: "soon" }, "retryAfter must be"],
    [{ kind: "html", status: 600 }, "status must be"],
    [{ kind: "oversize", bytes: 0 }, "bytes must be"],
    [{ kind: "headers" }, "headers needs headers"],
    [{ kind: "headers", headers: { "a b": "c" } }, "headers must be"],
    [{ kind: "headers", headers: { a: "\u0000" } }, "headers must be"],
    [{ kind: "delay" }, "delay needs ms"],
    [{ kind: "delay", ms: -1 }, "ms must be"],
    [{ kind: "skew" }, "skew needs ms"],
    [{ kind: "skew", ms: "1" }, "ms must be"],
  ])("refuses %j", (fault, message) => {
    const faults = createFaults(1);

    expect(() => faults.add(fault as Fault)).toThrow(message);
    expect(faults.list()).toEqual([]);
  });
});
