import { describe, expect, it, onTestFinished } from "vitest";
import { discueEmulator } from "../../src/emulator/discue.ts";
import { kekkerEmulator } from "../../src/emulator/kekker.ts";
import { shownTarget } from "../../src/emulator/shown-target.ts";
import { tikiEmulator } from "../../src/emulator/tiki.ts";
import type { EmulatorExchange, EmulatorWatcher } from "../../src/emulator/watch.ts";
import { workatoEmulator } from "../../src/emulator/workato.ts";

/** What is told of an emulator from now on. */
function watched(emulator: { watch(watcher: EmulatorWatcher): () => void }) {
  const told = { kinds: [] as string[], exchanges: [] as EmulatorExchange[], resets: 0 };
  const stop = emulator.watch({
    entry: ({ kind }) => told.kinds.push(kind),
    exchange: (exchange) => told.exchanges.push(exchange),
    reset: () => {
      told.resets += 1;
    },
  });
  return { ...told, told, stop };
}

describe("watch", () => {
  it("tells of each entry and of each request, with its time, also where the journal keeps none", async () => {
    const emulator = kekkerEmulator({ journal: "totals" });
    const { kinds, exchanges } = watched(emulator);

    emulator.publish([{ category: "Deals", event: "DealCreated" }]);
    await emulator.fetch("http://kekker.test/api/events?pageSize=2&token=123456");
    await emulator.fetch("http://kekker.test/nowhere", { method: "PUT" });

    expect(kinds).toEqual(["published", "refused", "refused"]);
    expect(exchanges).toMatchObject([
      { direction: "in", number: 1, operation: "list", method: "GET", status: 401 },
      { direction: "in", number: 2, operation: "unknown", method: "PUT", status: 404 },
    ]);
    expect(exchanges[0]?.target).toBe("/api/events?pageSize=2&token=•••");
    expect(exchanges[0]?.ms).toBeGreaterThanOrEqual(0);
  });

  it("tells of a request that was cut that it has no status", async () => {
    const emulator = kekkerEmulator();
    const { exchanges } = watched(emulator);
    emulator.faults.add({ kind: "cut" });

    await emulator.fetch("http://kekker.test/api/events").catch(() => {});

    expect(exchanges).toMatchObject([{ number: 1, operation: "list", status: undefined }]);
  });

  it("tells of a reset, and nothing more once it is ended", async () => {
    const emulator = kekkerEmulator();
    const { told, stop } = watched(emulator);

    await emulator.reset();
    stop();
    await emulator.reset();
    emulator.publish([{ category: "Deals", event: "DealCreated" }]);

    expect(told).toMatchObject({ resets: 1, kinds: [] });
  });

  it("tells of a call to a listener which delivery it was, and hides what may be its key", async () => {
    const emulator = discueEmulator({ deliver: async () => new Response(null, { status: 204 }) });
    onTestFinished(() => emulator.close());
    const { exchanges } = watched(emulator);
    const queue = emulator.createQueue("orders");
    const notifyUrl = "https://hooks.example/b7d0c1a2f3e4d5c6b7/x?secret=hunter2&n=7";
    emulator.createListener(queue, { notifyUrl });

    emulator.publish(queue, [{ data: "1" }]);
    await expect.poll(() => emulator.journal.totals().acked).toBe(1);

    const [delivered] = emulator.journal.entries({ kinds: ["delivered"] });
    const call = exchanges.find(({ operation }) => operation === "notify");
    expect(call).toMatchObject({ direction: "out", status: 204, seq: delivered?.seq });
    expect(call?.target).toBe("https://hooks.example/•••/x?secret=•••&n=7");
    expect(emulator.places()[0]?.listeners?.[0]?.url).toBe(call?.target);
    expect(JSON.stringify(exchanges)).not.toContain("hunter2");
  });
});

describe("places and held", () => {
  it("tell Tiki's queues, and an event as a pull would give it", () => {
    const emulator = tikiEmulator();
    const queue = emulator.createQueue("orders");

    const [id = ""] = emulator.publish(queue, [{ type: "X", payload: { a: 1 } }]);

    expect(emulator.places()).toEqual([{ id: queue, name: "orders", holds: 1 }]);
    expect(emulator.held(queue, id)).toMatchObject({ id, type: "X", payload: { a: 1 } });
    expect(emulator.held(queue, "no")).toBeUndefined();
    expect(emulator.held("no", id)).toBeUndefined();
  });

  it("tell Kekker's lists, and an event as the list shows it", () => {
    const emulator = kekkerEmulator();

    const [id = ""] = emulator.publish([{ category: "Deals", event: "DealCreated" }]);

    const [place] = emulator.places();
    expect(place).toMatchObject({ name: "events", holds: 1 });
    expect(emulator.held(place?.id ?? "", id)).toMatchObject({ event: "DealCreated" });
    expect(emulator.held(place?.id ?? "", "no")).toBeUndefined();
    expect(emulator.held("no", id)).toBeUndefined();
  });

  it("tell discue's queues with their listeners, and a message", () => {
    const emulator = discueEmulator({ deliver: async () => new Response() });
    const queue = emulator.createQueue("orders");
    const listener = emulator.createListener(queue, { name: "me", notifyUrl: "http://127.0.0.1/" });
    const [id = ""] = emulator.publish(queue, [{ name: "n", data: "1" }]);

    const listeners = [
      { id: listener, name: "me", url: "http://127.0.0.1/", acked: 0, failing: 0 },
    ];
    expect(emulator.places()).toEqual([{ id: queue, name: "orders", holds: 1, listeners }]);
    expect(emulator.held(queue, id)).toEqual({ id, name: "n", data: "1" });
    expect(emulator.held("no", id)).toBeUndefined();
    return emulator.close();
  });

  it("tell Workato's topics, and a message", () => {
    const emulator = workatoEmulator();
    const topic = String(emulator.createTopic("orders"));

    const [id = ""] = emulator.publish(topic, [{ a: 1 }]);

    expect(emulator.places()).toEqual([{ id: topic, name: "orders", holds: 1 }]);
    expect(emulator.held(topic, id)).toMatchObject({ message_id: id, payload: { a: 1 } });
    expect(emulator.held(topic, "no")).toBeUndefined();
    expect(emulator.held("no", id)).toBeUndefined();
    emulator.purge(topic);
    expect(emulator.held(topic, id)).toBeUndefined();
  });
});

describe("shownTarget", () => {
  it.each([
    [
      "/a?page=2&since=2026-01-01T00:00:00Z&all=true",
      "/a?page=2&since=2026-01-01T00:00:00Z&all=true",
    ],
    ["/a?client_secret=12345&q=free text", "/a?client_secret=•••&q=•••"],
    ["/a?sk_live_1234567890abcdef", "/a?•••=•••"],
    [`/${"a".repeat(500)}`, `/${"a".repeat(399)}…`],
    ["/a/hunter2/b?hunter2=1", "/a/•••/b?•••=1"],
    ["/a/hun%20ter/b", "/a/•••/b"],
    ["http://user:word@127.0.0.1/a", "/a"],
    ["/a/0b7d0c1a2f3e4d5c6b7", "/a/0b7d0c1a2f3e4d5c6b7"],
  ])("shows %s as %s", (address, shown) => {
    expect(shownTarget(address, "in", ["hunter2", "hun ter"])).toBe(shown);
  });
});
