import { describe, expect, it } from "vitest";
import { consume, drain } from "../../../src/index.ts";
import { kekker } from "../../../src/providers/kekker/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { deal, deals, startNode } from "./support.ts";

const quick = { idle: { minDelayMs: 10, maxDelayMs: 20 }, consumer: "billing" };

/** Items that can never be acknowledged: the node shows no id. */
function withoutIds(count: number) {
  return deals(count).map((item, index) => ({
    ...item,
    eventUid: `none-${index}`,
    shown: { event: "DealCreated", note: index },
  }));
}

describe("items without ids at the head", () => {
  it.each([
    ["as many as maxInFlight", 50, "page"],
    ["as many as maxInFlight, in a bare array", 50, "array"],
    ["many more than that", 900, "page"],
  ] as const)("hide nothing behind them: %s", async (_what, count, listForm) => {
    const { node, client } = startNode({ listForm, maxPageSize: 5_000 });
    node.publish(withoutIds(count));
    node.publish(deals(205, 10_000));
    const handled = new Set<string>();

    const summary = await drain(
      client.feed(),
      { DealCreated: ({ id }) => void handled.add(id) },
      { ...quick, maxInFlight: 50, unprocessable: "drop" },
    );

    expect({ handled: handled.size, stopped: summary.stopped }).toEqual({
      handled: 205,
      stopped: "empty",
    });
  });

  it("count for nothing of what is wanted, however many they are", async () => {
    const { node, client } = startNode({ maxPageSize: 100 });
    node.publish(withoutIds(1_500));
    node.publish(deals(100, 10_000));

    const { deliveries, more } = await client.feed().pull({ limit: 90 });

    expect(deliveries.filter(({ receipt }) => receipt !== undefined)).toHaveLength(90);
    expect(more).toBe(true);
  });

  it.each([0, 3])(
    "hide nothing though they fill more pages than one pull walks, behind %i stuck",
    async (stuck) => {
      const { node, client } = startNode({ maxPageSize: 10 });
      node.publish([...deals(stuck), ...withoutIds(500), ...deals(25, 10_000)]);
      const feed = client.feed();
      const found = new Set<unknown>();

      for (let pulls = 0; pulls < 4; pulls += 1) {
        const { deliveries } = await feed.pull({ limit: 50 });
        for (const { event } of deliveries) if (event) found.add(event.id);
      }

      expect(found.size).toBe(stuck + 25);
    },
  );

  it("hide nothing where the next pull asks for longer pages", async () => {
    const { node, client } = startNode({ maxPageSize: 1_000 });
    node.publish([...withoutIds(500), ...deals(25, 10_000)]);
    const feed = client.feed();
    const found = new Set<unknown>();

    for (const limit of [10, 40]) {
      const { deliveries } = await feed.pull({ limit });
      for (const { event } of deliveries) if (event) found.add(event.id);
    }

    expect(found.size).toBe(25);
  });

  it("that fill more pages than one pull walks do not end a drain before what is behind them", async () => {
    const { node, client } = startNode({ maxPageSize: 10 });
    node.publish([...withoutIds(500), ...deals(5, 10_000)]);

    const options = { ...quick, unprocessable: "drop" } as const;
    const summary = await drain(client.feed(), { DealCreated: () => {} }, options);

    expect(summary).toMatchObject({ acked: 5, stopped: "empty" });
  });

  it("end a drain where their list never ends", async () => {
    let lists = 0;
    const fetch = async (): Promise<Response> => {
      lists += 1;
      return Response.json({ data: [{ event: "DealCreated", objectId: `changed-${lists}` }] });
    };
    const node = kekker({ baseUrl: "https://n.test", channel: "c", token: "t", fetch });

    const options = { ...quick, unprocessable: "drop" } as const;
    const summary = await drain(node.feed(), { DealCreated: () => {} }, options);

    expect(summary).toMatchObject({ handled: 0, stopped: "empty" });
  });

  it.each([0, 3])(
    "that change with each list never run hot, beside %i stuck ones",
    async (stuck) => {
      let lists = 0;
      const fetch = async (): Promise<Response> => {
        lists += 1;
        const odd = { event: "DealCreated", objectId: `changed-${lists}` };
        return Response.json({ data: [odd, ...deals(stuck)] });
      };
      const retry = { attempts: 1 };
      const node = kekker({ baseUrl: "https://n.test", channel: "c", token: "t", fetch, retry });
      const { deadLetters } = memoryStores();
      const onlyOne = { ...quick, shutdownTimeoutMs: 50, deadLetters };
      const handler = () => new Promise<void>(() => undefined);

      const run = consume(node.feed(), handler, {
        ...onlyOne,
        idle: { minDelayMs: 100, maxDelayMs: 200 },
      });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await run.stop().catch(() => undefined);

      // A pull waits at least half of `minMs`, and walks no more than 21 pages; beside an event it needs two.
      const pulls = 1_000 / 50;
      expect(lists).toBeLessThan(pulls * (stuck === 0 ? 22 : 2));
      const { letters } = await deadLetters.list({ consumer: "billing", feed: node.feed().name });
      expect(letters.length).toBeLessThan(pulls);
    },
  );
});

describe("a page that is longer than may be read", () => {
  it("is read in smaller ones, which grow again, and loses nothing", async () => {
    const { node, client } = startNode({}, { maxBodyBytes: 20_000 });
    node.publish(deals(60).map((one) => ({ ...one, padding: "x".repeat(2_000) })));
    const handled = new Set<string>();

    const summary = await drain(
      client.feed(),
      { other: () => {}, DealCreated: ({ id }) => void handled.add(id) },
      quick,
    );

    expect(summary).toMatchObject({ stopped: "empty", acked: 60 });
    expect(handled.size).toBe(60);
    expect(node.journal.calls("list")).toBeLessThan(40);
  });

  it("loses nothing of what was read before it, and halts once it is first", async () => {
    const { node, client } = startNode({ maxPageSize: 10 }, { maxBodyBytes: 20_000 });
    node.publish([...deals(30), { ...deal(31), padding: "x".repeat(30_000) }]);
    const handled = new Set<string>();
    const handlers = {
      DealCreated: ({ id }: { id: string }) => void handled.add(id),
      other: () => {},
    };

    const halted = await drain(client.feed(), handlers, quick).catch((thrown: unknown) => thrown);

    expect(halted).toMatchObject({ code: "config" });
    expect(handled.size).toBeGreaterThan(20);
  });

  it("halts the run where one event alone is", async () => {
    const { node, client } = startNode({}, { maxBodyBytes: 20_000 });
    node.publish([{ ...deal(1), padding: "x".repeat(30_000) }]);

    const halted = await drain(client.feed(), () => {}, quick).catch((thrown: unknown) => thrown);

    expect(halted).toMatchObject({
      code: "config",
      message: expect.stringContaining("maxBodyBytes"),
    });
  });
});

describe("events that are stuck at the head", () => {
  it.each(["page", "array"] as const)(
    "starve no others where the list is a %s",
    async (listForm) => {
      const { node, client } = startNode({ listForm, maxPageSize: 10 });
      node.publish([...deals(40), deal(41)]);
      const handled = new Set<string>();
      const run = consume(
        client.feed(),
        {
          DealCreated: ({ id }, { signal }) => {
            if (Number(id.slice(1)) > 20) return void handled.add(id);
            return new Promise<void>((resolve) =>
              signal.addEventListener("abort", () => resolve()),
            );
          },
        },
        { ...quick, concurrency: 30, maxInFlight: 100, shutdownTimeoutMs: 50 },
      );

      await expect.poll(() => handled.size).toBe(21);
      await run.stop().catch(() => undefined);
    },
  );
});
