import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { probesOf } from "../../examples/probes.ts";
import { prometheus } from "../../examples/prometheus.ts";
import { AckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import { consume, drain } from "../../src/loop/consume.ts";
import { group } from "../../src/loop/group.ts";
import { drop, retry } from "../../src/loop/outcome.ts";
import { memoryFeed } from "../../src/testing/memory-feed.ts";
import { filledFeed } from "../loop/support.ts";

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Serves the probes on this machine; gives what a probe sees. */
async function probed(all: Parameters<typeof probesOf>[0]) {
  const server = probesOf(all).listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return async (path: string): Promise<readonly [status: number, told: unknown]> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, await response.json()];
  };
}

const quick = { idle: { minDelayMs: 10, maxDelayMs: 10 } } as const;

describe("the probes of docs/health.md", () => {
  it("are good while all runs do their work", async () => {
    const all = group([consume(memoryFeed(), () => {}), consume(memoryFeed(), () => {})]);
    const ask = await probed(all);

    expect((await ask("/livez"))[0]).toBe(200);
    expect(await ask("/readyz")).toEqual([
      200,
      [
        { feed: "memory", state: "running", troubles: [] },
        { feed: "memory", state: "running", troubles: [] },
      ],
    ]);
    await all.stop();
  });

  it("restart no process for a provider that is away, and say that it is not ready", async () => {
    const feed = memoryFeed({ name: "orders" });
    const error = new AckloopError("transport", "the network failed", { retryable: true });
    feed.fail({ operation: "pull", error, count: Number.POSITIVE_INFINITY });
    const all = group([consume(feed, () => {}, quick)]);
    const ask = await probed(all);

    await expect.poll(async () => (await ask("/readyz"))[0]).toBe(503);
    expect((await ask("/readyz"))[1]).toMatchObject([
      { feed: "orders", troubles: ["polls"], lastError: "the network failed" },
    ]);
    expect((await ask("/livez"))[0]).toBe(200);
    await all.stop();
  });

  it("restart a process whose handlers hang, or whose run has halted", async () => {
    const stalled = consume(filledFeed(1), () => new Promise(() => {}), { stalledAfterMs: 20 });
    const fails = () => {
      throw new Error("no stock");
    };
    const halting = consume(filledFeed(1), fails, { retry: { attempts: 1 } });
    const hanging = group([stalled]);
    const halted = group([halting], { onHalt: "continue" });
    halted.catch(() => {});
    const asks = await Promise.all([probed(hanging), probed(halted)]);

    for (const ask of asks) await expect.poll(async () => (await ask("/livez"))[0]).toBe(503);
    expect((await asks[0]?.("/readyz"))?.[1]).toMatchObject([{ troubles: ["stalled"] }]);
    expect((await asks[1]?.("/readyz"))?.[1]).toMatchObject([{ troubles: ["halted"] }]);
    await hanging.stop({ withinMs: 10 });
  });
});

describe("the metrics for Prometheus of docs/telemetry.md", () => {
  it("are made from reports by the real client", async () => {
    const { onReport, registry } = prometheus();
    let tries = 0;
    const handler = (event: FeedEvent) => {
      if (event.id === "e1") return drop("no");
      tries += 1;
      return tries === 1 ? retry() : undefined;
    };
    await drain(filledFeed(2, { name: "orders" }), handler, {
      onReport,
      retry: { minDelayMs: 0, maxDelayMs: 1 },
    });

    const text = await registry.metrics();
    for (const line of [
      'ackloop_events_received_total{feed="orders"} 2',
      'ackloop_events_settled_total{feed="orders",outcome="handled"} 1',
      'ackloop_events_settled_total{feed="orders",outcome="dropped"} 1',
      'ackloop_failures_total{feed="orders",what="retried"} 1',
      'ackloop_handler_seconds_count{feed="orders"} 1',
    ])
      expect(text.split("\n")).toContain(line);
  });
});
