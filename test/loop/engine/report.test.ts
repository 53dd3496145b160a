import { describe, expect, it, vi } from "vitest";
import type { Report } from "../../../src/core/report.ts";
import { toTell } from "../../../src/loop/engine/report.ts";
import { toSettings } from "../support.ts";

const { logger } = toSettings();

describe("telling", () => {
  it("names the feed", () => {
    const reports: Report[] = [];
    const tell = toTell("orders", { onReport: (report) => reports.push(report), logger });

    tell?.({ kind: "idle", delayMs: 5 });

    expect(reports).toEqual([{ feed: "orders", kind: "idle", delayMs: 5 }]);
  });

  it("is nothing when nobody listens", () => {
    expect(toTell("orders", { onReport: undefined, logger })).toBeUndefined();
  });

  it("ends with a listener that throws, which is logged and handed on", () => {
    const failure = new Error("full disk");
    const onReport = vi.fn(() => {
      throw failure;
    });
    const error = vi.fn();
    const onThrow = vi.fn();
    const tell = toTell("orders", { onReport, logger: { ...logger, error } }, onThrow);

    tell?.({ kind: "started" });
    tell?.({ kind: "stopping" });

    expect(onReport).toHaveBeenCalledTimes(1);
    expect(onThrow.mock.calls).toEqual([[failure]]);
    expect(error).toHaveBeenCalledTimes(1);
  });
});
