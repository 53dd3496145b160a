import { describe, expect, it, vi } from "vitest";
import type { Report } from "../../src/core/report.ts";
import { consume } from "../../src/loop/consume.ts";
import type { Run } from "../../src/loop/run.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed } from "../../src/testing/index.ts";

/** What every event of these tests has. */
const made = { specversion: "1.0", source: "/orders", type: "order", data: {} } as const;

const quick = { idle: { minDelayMs: 10, maxDelayMs: 10 }, logger: false } as const;

/** A run whose handler fails with each event named `bad`, and holds each named `held` until the end. */
function start(options: object = {}): {
  readonly run: Run;
  readonly feed: ReturnType<typeof memoryFeed>;
  readonly release: () => void;
} {
  const feed = memoryFeed();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const handler = async ({ id }: { readonly id: string }): Promise<void> => {
    if (id.startsWith("bad")) throw new Error(`no customer ${id}`);
    if (id.startsWith("held")) await held;
  };
  const run = consume(feed, handler, { ...quick, concurrency: 4, ...options });
  return { run, feed, release };
}

describe("run.details", () => {
  it("says what was done, and what is open with why", async () => {
    const { run, feed, release } = start({ retry: { attempts: 5, minDelayMs: 60_000 } });
    feed.publish({ id: "good", ...made, time: "2026-12-01T08:00:00Z", data: {} });
    feed.publish({ id: "bad", ...made, time: "2026-12-01T08:01:00Z", data: {} });
    feed.publish({ id: "held", ...made, time: "2026-12-01T08:02:00Z", data: {} });

    await vi.waitFor(() => expect(run.details().summary.acked).toBe(1));
    await vi.waitFor(() => expect(run.details().open[0]?.state).toBe("retrying"));

    const { feed: name, open, summary, incidents, ...rest } = run.details();
    expect(name).toBe(feed.name);
    expect(summary).toMatchObject({ pulled: 3, handled: 1, retried: 1, unsettled: 2 });
    expect(open).toMatchObject([
      { event: { id: "bad" }, state: "retrying", attempts: 1, failure: "Error: no customer bad" },
      { event: { id: "held" }, state: "handling", attempts: 0, failure: undefined },
    ]);
    expect(open[0]?.nextInMs).toBeGreaterThan(20_000);
    expect(incidents).toMatchObject([
      { kind: "retried", text: "Error: no customer bad", event: { id: "bad", type: "order" } },
    ]);
    expect(rest).toMatchObject({ concurrency: 4, consumer: "", bytes: 0 });
    expect(rest.newestTime).toBe("2026-12-01T08:02:00Z");
    expect(rest.unackedTime).toBe("2026-12-01T08:01:00Z");
    release();
    await run.stop({ withinMs: 50 });
  });

  it("gives no more of what is open than was asked for, the oldest first", async () => {
    const { run, feed, release } = start();
    for (const at of [1, 2, 3]) feed.publish({ id: `held${at}`, ...made });
    await vi.waitFor(() => expect(run.health().handling).toBe(3));

    expect(run.details({ most: 2 }).open.map(({ event }) => event?.id)).toEqual(["held1", "held2"]);
    expect(run.details({ most: 0 }).open).toEqual([]);
    release();
    await run.stop();
  });

  it("remembers the last 20 incidents, each cut to 500 characters", async () => {
    const { deadLetters } = memoryStores();
    const { run, feed } = start({
      ...{ consumer: "web", deadLetters, retry: { attempts: 1 }, circuitBreaker: false },
    });
    for (let at = 0; at < 30; at += 1) feed.publish({ id: `bad${at}${"x".repeat(600)}`, ...made });
    await vi.waitFor(() => expect(run.details().summary.acked).toBe(30));

    const { incidents } = run.details();
    expect(incidents).toHaveLength(20);
    expect(incidents.every(({ text }) => text.length === 500)).toBe(true);
    expect(incidents.at(-1)).toMatchObject({ kind: "deadLettered" });
    await run.stop();
  });

  it("refuses a wrong number", async () => {
    const { run } = start();

    expect(() => run.details({ most: -1 })).toThrow(/`most` must be a whole number/);
    await run.stop();
  });
});

describe("run.watch", () => {
  it("hears of every event from then on, and of no other after its end", async () => {
    const { run, feed } = start();
    feed.publish({ id: "one", ...made });
    await vi.waitFor(() => expect(run.details().summary.acked).toBe(1));
    const heard: Report[] = [];

    const end = run.watch((report) => heard.push(report));
    feed.publish({ id: "two", ...made });
    await vi.waitFor(() => expect(run.details().summary.acked).toBe(2));
    end();
    feed.publish({ id: "three", ...made });
    await vi.waitFor(() => expect(run.details().summary.acked).toBe(3));
    await run.stop();

    const ofEvents = heard.filter((report) => "event" in report);
    expect(ofEvents.map(({ kind }) => kind)).toEqual(["handling", "handled"]);
    expect(ofEvents).toMatchObject([{ event: { id: "two" } }, { event: { id: "two" } }]);
    expect(heard.every((each) => each.feed === feed.name)).toBe(true);
  });

  it("tells how long a handler took that had begun before", async () => {
    const { run, feed, release } = start();
    feed.publish({ id: "held", ...made });
    await vi.waitFor(() => expect(run.health().handling).toBe(1));
    const heard: Report[] = [];

    run.watch((report) => heard.push(report));
    release();
    await vi.waitFor(() => expect(heard.some(({ kind }) => kind === "handled")).toBe(true));

    const handled = heard.find((report) => report.kind === "handled");
    expect(handled?.elapsedMs).toBeLessThan(5_000);
    await run.stop();
  });

  it("goes on past one that throws, and tells the others", async () => {
    const { run, feed } = start();
    const heard: string[] = [];
    run.watch(() => {
      throw new Error("full");
    });
    run.watch(({ kind }) => heard.push(kind));

    feed.publish({ id: "one", ...made });
    await vi.waitFor(() => expect(heard).toContain("acked"));

    await run.stop();
  });

  it("makes no report of single events while nobody listens", async () => {
    const onReport = vi.fn();
    const { run, feed } = start();
    const end = run.watch(onReport);
    end();

    feed.publish({ id: "one", ...made });
    await vi.waitFor(() => expect(run.details().summary.acked).toBe(1));

    expect(onReport).not.toHaveBeenCalled();
    await run.stop();
  });
});
