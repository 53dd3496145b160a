import { describe, expect, it } from "vitest";
import { kekkerEmulator } from "../../../src/emulator/kekker.ts";
import { serveEmulators } from "../../../src/emulator/server.ts";
import { drain, drop } from "../../../src/index.ts";
import { kekker } from "../../../src/providers/kekker/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { deal, deals, startNode } from "./support.ts";

describe("the loop on a Kekker feed", () => {
  it("handles every event of a node that repeats, fails and cuts, over real sockets", async () => {
    const node = kekkerEmulator({ assumptions: { maxPageSize: 20 } });
    const server = await serveEmulators([node]);
    const seen: string[] = [];
    const ackedEarly: string[] = [];
    try {
      const { baseUrl = "", channel = "", login = "", password = "" } = server.connection("kekker");
      node.publish(deals(200));
      node.faults.add({ kind: "status", status: 500, operation: "ack", probability: 0.05 });
      node.faults.add({ kind: "lostReply", operation: "ack", probability: 0.05 });
      node.faults.add({ kind: "cut", operation: "list", count: 2, after: 1 });
      node.faults.add({ kind: "duplicate", operation: "list", probability: 0.3 });
      const retry = { minDelayMs: 1, maxDelayMs: 5 };
      const client = kekker({ baseUrl, channel, login, password, retry });

      const summary = await drain(
        client.feed(),
        {
          DealCreated: async ({ id }) => {
            if (node.journal.event(id)?.ackedSeq !== undefined && !seen.includes(id))
              ackedEarly.push(id);
            await new Promise((resolve) => setTimeout(resolve, 1));
            seen.push(id);
          },
        },
        { concurrency: 10, idle: { minDelayMs: 10, maxDelayMs: 20 } },
      );

      expect(summary).toMatchObject({ stopped: "empty", unsettled: 0 });
    } finally {
      await server.close();
      await node.close();
    }
    expect(new Set(seen).size).toBe(200);
    expect(ackedEarly).toStrictEqual([]);
    expect(node.unprocessed()).toBe(0);
  });

  it("does not let ten events that never succeed starve the others", async () => {
    const { node, client } = startNode();
    node.publish(deals(100));
    const handled = new Set<string>();
    const { deadLetters } = memoryStores();

    await drain(
      client.feed(),
      {
        DealCreated: ({ id }) => {
          if (Number(id.slice(1)) <= 10) throw new Error("stuck");
          handled.add(id);
        },
      },
      {
        concurrency: 5,
        maxInFlight: 20,
        retry: { attempts: 3, minDelayMs: 1, maxDelayMs: 2 },
        deadLetters,
        consumer: "billing",
      },
    );

    expect(handled.size).toBe(90);
    const { letters } = await deadLetters.list({ consumer: "billing", feed: client.feed().name });
    expect(letters.map(({ event }) => event?.id).toSorted()).toStrictEqual(
      deals(10)
        .map(({ eventUid }) => eventUid)
        .toSorted(),
    );
    expect(node.unprocessed()).toBe(0);
  });

  it("sets malformed and unknown events aside, and handles the rest", async () => {
    const { node, client } = startNode();
    const handled: string[] = [];
    node.publish([deal(1), deal(2, { objectId: null }), deal(3, { event: "DealVanished" })]);
    node.publish([deal(4, { shown: { eventUid: "e4" } }), deal(5, { event: "DealsUpdated" })]);

    await drain(
      client.feed(),
      {
        DealCreated: ({ id }) => void handled.push(id),
        DealUpdated: ({ id, type }) => void handled.push(`${id} ${type}`),
        other: ({ type }) => drop(type),
      },
      { unprocessable: "drop" },
    );

    expect(handled).toStrictEqual(["e1", "e5 DealUpdated"]);
    expect(node.unprocessed()).toBe(0);
  });
});
