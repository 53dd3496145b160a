import { describe, expect, it } from "vitest";
import { consume, drain } from "../../../src/index.ts";
import { receiptOf, world } from "./support.ts";

const quick = { idle: { minDelayMs: 10, maxDelayMs: 20 }, consumer: "billing" };

describe("a Workato feed in the loop", () => {
  it("handles every message through lost answers, failures and a restart", async () => {
    const { feed, publish, emulator, topicId } = world({ seed: 7 });
    publish(400);
    for (const fault of [
      { kind: "status", status: 503 },
      { kind: "cut" },
      { kind: "lostReply" },
      { kind: "truncate" },
      { kind: "duplicate" },
    ] as const) {
      emulator.faults.add({ ...fault, operation: "consume", probability: 0.1 });
    }
    const handled = new Set<string>();
    const handle = ({ id }: { id: string }) => void handled.add(id);

    await drain(feed(), handle, { ...quick, limit: 130 });
    await drain(feed(), handle, { ...quick, concurrency: 10 });

    expect([...handled].sort()).toEqual([...emulator.journal.publishedIds(String(topicId))].sort());
  });

  it("fetches the next page while one is handled, and acknowledges only what is done", async () => {
    const { feed, publish, emulator, cursors, key } = world();
    publish(120);
    const first = await cursors.load(key);
    const gate = new AbortController();
    const opened = new Promise((resolve) => {
      gate.signal.addEventListener("abort", resolve);
    });
    const run = consume(feed(), async () => void (await opened), { ...quick, waitMs: 0 });

    await expect.poll(() => emulator.journal.totals().delivered).toBeGreaterThan(50);
    const before = (await cursors.load(key))?.revision;
    gate.abort();
    await expect.poll(() => run.health().open).toBe(0);
    await run.stop();

    expect([first, before]).toEqual([undefined, 1]);
    expect((await feed().pull()).deliveries).toEqual([]);
  });

  it("ends with a conflict when another run has taken the place over", async () => {
    const { feed, publish } = world();
    publish(2);
    const other = feed();

    const run = drain(
      feed(),
      async () => {
        await other.pull();
      },
      { ...quick, shutdownTimeoutMs: 50 },
    );

    await expect(run).rejects.toMatchObject({ code: "conflict" });
    const [first] = (await other.pull()).deliveries;
    expect(await other.ack([receiptOf(first)])).toEqual([{ status: "acked" }]);
  });
});
