import { describe, expect, it, vi } from "vitest";
import type { Report, ReportListener } from "../../../src/core/report.ts";
import { type Telling, toLog, toTell } from "../../../src/loop/engine/report.ts";
import { Voice } from "../../../src/loop/engine/voice.ts";
import { toSettings } from "../support.ts";

const { logger: log } = toSettings({ logger: false });

const telling = (onReport: ReportListener | undefined, more: Partial<Telling> = {}) =>
  toTell({ feed: "orders", onReport, logger: log, log, voice: new Voice(log), ...more });

describe("telling", () => {
  it("names the feed", () => {
    const reports: Report[] = [];
    const tell = telling((report) => reports.push(report));

    tell?.({ kind: "idle", delayMs: 5 });

    expect(reports).toEqual([{ feed: "orders", kind: "idle", delayMs: 5 }]);
  });

  it("is nothing when nobody listens", () => {
    expect(telling(undefined)).toBeUndefined();
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
    const tell = telling(onReport, { log: { ...log, error } });

    tell?.({ kind: "started" });
    await Promise.resolve();
    await Promise.resolve();
    tell?.({ kind: "resumed" });

    expect(onReport).toHaveBeenCalledTimes(1);
    expect(error.mock.calls).toEqual([
      ["onReport threw and is not called again: Error: full disk"],
    ]);
  });

  it("logs once though reports were under way when the first one rejected", async () => {
    const error = vi.fn();
    const onReport = async (): Promise<void> => {
      throw new Error("full disk");
    };
    const tell = telling(onReport, { log: { ...log, error } });

    for (let count = 0; count < 3; count += 1) tell?.({ kind: "started" });
    await new Promise((resolve) => setTimeout(resolve));

    expect(error).toHaveBeenCalledTimes(1);
  });
});

describe("the log", () => {
  const speaker = { feed: "orders", consumer: "billing" };

  it.each(["debug", "info", "warn", "error"] as const)(
    "hands on to %s, and says whose line it is",
    (level) => {
      const write = vi.fn();

      toLog({ ...log, [level]: write }, speaker)[level]("text", { id: "e1" });
      toLog({ ...log, [level]: write }, { feed: "orders", consumer: "" })[level]("text");

      expect(write.mock.calls).toEqual([
        ["ackloop: orders (billing): text", { ...speaker, id: "e1" }],
        ["ackloop: orders: text", { feed: "orders" }],
      ]);
    },
  );

  it("keeps a line one line, whatever is in it", () => {
    const warn = vi.fn();

    toLog({ ...log, warn }, { feed: "a\u2028b" }).warn("x\r\n\u001b[2Jackloop: y");

    expect(warn.mock.calls[0]?.[0]).toBe("ackloop: a b: x [2Jackloop: y");
  });

  it("keeps a level that is silent so, so that nothing is made for it", () => {
    const { debug, info } = toLog(toSettings().logger, speaker);

    expect([debug, info]).toEqual([log.debug, log.info]);
  });

  it("keeps the user's logger whole, whose methods need it", () => {
    const logger = {
      ...log,
      lines: [] as string[],
      warn(message: string) {
        this.lines.push(message);
      },
    };

    toLog(logger, speaker).warn("text");

    expect(logger.lines).toHaveLength(1);
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
    const logger = toLog(broken, speaker);

    for (const level of ["debug", "info", "warn", "error"] as const) logger[level]("text");
    // What was rejected and not caught is told when the turn has ended.
    await new Promise((resolve) => setTimeout(resolve));
  });
});
