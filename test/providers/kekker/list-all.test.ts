import { describe, expect, it } from "vitest";
import type { KekkerClient } from "../../../src/providers/kekker/index.ts";
import { deals, startNode } from "./support.ts";

async function idsOf(
  client: KekkerClient,
  options: Parameters<KekkerClient["events"]["listAll"]>[0] = {},
) {
  const ids: (string | undefined)[] = [];
  for await (const { event } of client.events.listAll(options)) ids.push(event?.id);
  return ids;
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `e${index + 1}`);

describe("the whole list", () => {
  it.each([
    [0, 1],
    [1, 1],
    [9, 1],
    [10, 2],
    [25, 3],
    [101, 11],
  ])("of %i events is read in %i requests", async (count, requests) => {
    const { node, client } = startNode();
    node.publish(deals(count));

    expect(await idsOf(client)).toEqual(numbered(count));
    expect(node.journal.calls("list")).toBe(requests);
  });

  it.each([
    [{ totals: "none" }],
    [{ totals: "page" }],
    [{ maxPageSize: 7 }],
    [{ maxPageSize: 7, pageSizeShown: "asked" }],
    [{ memberCase: "pascal" }],
  ] as const)("is whole, whatever the node says of its pages: %j", async (assumptions) => {
    const { node, client } = startNode(assumptions);
    node.publish(deals(50));

    expect(await idsOf(client, { pageSize: 20 })).toEqual(numbered(50));
  });

  it("is of one category, and ends at the limit with no request more than that takes", async () => {
    const { node, client } = startNode();
    node.publish([...deals(30), { category: "System", event: "SystemConfigurationUpdated" }]);

    expect(await idsOf(client, { category: "System" })).toHaveLength(1);
    const before = node.journal.calls("list");
    expect(await idsOf(client, { limit: 10 })).toEqual(numbered(10));
    expect(node.journal.calls("list") - before).toBe(1);
  });

  it("gives an event once that stands on two pages, and ends with a node that knows no pages", async () => {
    const { node, client } = startNode();
    node.publish(deals(12));
    node.faults.add({ kind: "duplicate", operation: "list", count: 1 });
    expect(await idsOf(client)).toEqual(numbered(12));

    const bare = JSON.stringify(deals(3));
    let requests = 0;
    const alike = startNode(
      {},
      {
        fetch: async () => {
          requests += 1;
          return new Response(bare);
        },
      },
    );
    expect(await idsOf(alike.client)).toEqual(numbered(3));
    expect(requests).toBe(2);
  });

  it("takes nothing off the list, and asks for a page when it is come to", async () => {
    const { node, client } = startNode();
    node.publish(deals(25));

    for await (const { event } of client.events.listAll()) if (event?.id === "e3") break;

    expect(node.journal.calls("list")).toBe(1);
    expect(node.unprocessed()).toBe(25);
  });

  it("keeps unreadable items, also without ids", async () => {
    const { node, client } = startNode();
    node.publish([{ ...deals(1)[0], shown: { odd: true } } as never, ...deals(12, 2)]);

    expect(await idsOf(client)).toEqual([undefined, ...numbered(13).slice(1)]);
  });

  it.each([{ limit: 0 }, { limit: 1.5 }, { pageSize: -1 }])(
    "is refused before any request: %j",
    async (options) => {
      const { node, client } = startNode();

      await expect(async () => await idsOf(client, options)).rejects.toMatchObject({
        code: "config",
      });
      expect(node.journal.calls()).toBe(0);
    },
  );
});
