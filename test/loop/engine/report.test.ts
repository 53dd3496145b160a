import { describe, expect, it, vi } from "vitest";
import type { Report } from "../../../src/core/report.ts";
import { toLog, toTell } from "../../../src/loop/engine/report.ts";
import { toSettings } from "../support.ts";

const { logger: log } = toSettings();

describe("telling", () => {
  it("names the feed", () => {
    const reports: Report[] = [];
    const tell = toTell("orders", { onReport: (report) => reports.push(report), log });

    tell?.({ kind: "idle", delayMs: 5 });

    expect(reports).toEqual([{ feed: "orders", kind: "idle", delayMs: 5 }]);
  });

  it("is nothing when nobody listens", () => {
    expect(toTell("orders", { onReport: undefined, log })).toBeUndefined();
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("full disk");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("full disk");
      },
    ],
  ])("ends with a listener that %s, which is logged once", async (_, listener) => {
    const onReport = vi.fn(listener);
    const error = vi.fn();
    const tell = toTell("orders", { onReport, log: { ...log, error } });

    tell?.({ kind: "started" });
    await Promise.resolve();
    await Promise.resolve();
    tell?.({ kind: "stopping" });

    expect(onReport).toHaveBeenCalledTimes(1);
    expect(error.mock.calls).toEqual([
      ["ackloop: onReport threw and is not called again: Error: full disk", { feed: "orders" }],
    ]);
  });

  it("logs once though reports were under way when the first one rejected", async () => {
    const error = vi.fn();
    const onReport = async (): Promise<void> => {
      throw new Error("full disk");
    };
    const tell = toTell("orders", { onReport, log: { ...log, error } });

    for (let count = 0; count < 3; count += 1) tell?.({ kind: "started" });
    await new Promise((resolve) => setTimeout(resolve));

    expect(error).toHaveBeenCalledTimes(1);
  });
});

describe("the log", () => {
  it.each(["debug", "info", "warn", "error"] as const)("hands on to %s", (level) => {
    const write = vi.fn();

    toLog({ ...log, [level]: write })[level]("text", { feed: "orders" });

    expect(write.mock.calls).toEqual([["text", { feed: "orders" }]]);
  });

  it("keeps the user's logger whole, whose methods need it", () => {
    const logger = {
      ...log,
      lines: [] as string[],
      warn(message: string) {
        this.lines.push(message);
      },
    };

    toLog(logger).warn("text");

    expect(logger.lines).toEqual(["text"]);
  });

  it("lets nothing out that the user's logger throws, at once or late", async () => {
    const broken = {
      debug: () => {
        throw new Error("full disk");
      },
      info: () => Promise.reject(new Error("full disk")),
      warn: () => {
        throw new Error("full disk");
      },
      error: () => Promise.reject("full disk"),
    };
    const logger = toLog(broken);

    for (const level of ["debug", "info", "warn", "error"] as const) logger[level]("text");
    // What was rejected and not caught is told when the turn has ended.
    await new Promise((resolve) => setTimeout(resolve));
  });
});
