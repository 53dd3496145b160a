import { describe, it } from "vitest";
import { toReceipt } from "../../src/core/feed.ts";
import { partitionName } from "../../src/core/partition.ts";
import type { Inbox } from "../../src/core/stores.ts";
import { type InboxQueueOptions, inboxQueue, memoryStores } from "../../src/stores/index.ts";
import { type FeedHarness, feedConformance, testEvent } from "../../src/testing/index.ts";
import { apart } from "./apart.ts";
import { ownClock } from "./own-clock.ts";

ownClock();

const name = "orders";
const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

/** An inbox that tells which entries are with whom, and which are finished. */
function watched(inbox: Inbox) {
  const claimed = new Map<string, { readonly id: string; readonly from: string }>();
  const finished: string[] = [];
  const telling: Inbox = {
    ...inbox,
    async claim(...given) {
      const claims = await inbox.claim(...given);
      for (const { token, event } of claims) {
        claimed.set(token, { id: event?.id ?? "unreadable", from: given[0] });
      }
      return claims;
    },
    async claimFirst(...given) {
      const claims = (await inbox.claimFirst?.(...given)) ?? [];
      for (const { token, event, name: from } of claims) {
        claimed.set(token, { id: event?.id ?? "unreadable", from });
      }
      return claims;
    },
    async finish(of, tokens, options) {
      const mine = await inbox.finish(of, tokens, options);
      for (const [index, token] of tokens.entries()) {
        if (mine[index]) finished.push(claimed.get(token)?.id ?? "");
      }
      return mine;
    },
  };
  const releaseAll = async () => {
    for (const [token, { from }] of claimed) await inbox.release(from, [token], 0);
  };
  return { telling, finished, releaseAll };
}

/** An inbox in memory, whose dead workers' leases end at once. */
function inboxHarness(options: InboxQueueOptions = {}): FeedHarness {
  const { inbox } = memoryStores();
  const queue = inboxQueue(inbox, name, options);
  const { partitions } = options;
  const { telling, finished, releaseAll } = watched(inbox);
  let published = 0;
  const publish = async (facts: { id?: string; type?: string; data?: unknown } = {}) => {
    published += 1;
    const { id = `e${published}`, type = "test", data = { order: published } } = facts;
    await queue.send([{ event: testEvent(id, { type, data }), raw: data }]);
    return id;
  };
  return {
    async feed() {
      await releaseAll();
      return inboxQueue(telling, name, options).feed({ pollMs: 5, events: { test: anything } });
    },
    publish: (count) => Promise.all(Array.from({ length: count }, () => publish())),
    acked: () => finished,
    endLeases: releaseAll,
    publishId: (id) => publish({ id }),
    publishOdd: (odd) => publish({ data: { odd } }),
    publishUnknownType: () => publish({ type: "brandNew" }),
    async publishUnreadable() {
      const to = partitions ? partitionName(name, partitions - 1, partitions) : name;
      await inbox.add(to, [{ unreadable: { message: "no type" }, raw: { broken: true } }]);
      return "";
    },
    unknownReceipt: () => toReceipt("a-token-of-nobody"),
  };
}

feedConformance({ describe, it, print: () => {} }, () => inboxHarness());

describe("with partitions", () => {
  feedConformance({ describe, it, print: () => {} }, () => inboxHarness(apart(256)));
});
