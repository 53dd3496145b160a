import { describe, it } from "vitest";
import { toReceipt } from "../../src/core/feed.ts";
import type { Inbox, InboxEntry } from "../../src/core/stores.ts";
import { inboxQueue, memoryStores } from "../../src/stores/index.ts";
import { type FeedHarness, feedConformance, testEvent } from "../../src/testing/index.ts";
import { ownClock } from "./own-clock.ts";

ownClock();

const name = "orders";
const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

/** An inbox that tells which entries are with whom, and which are finished. */
function watched(inbox: Inbox) {
  const claimed = new Map<string, string>();
  const finished: string[] = [];
  const telling: Inbox = {
    ...inbox,
    async claim(...given) {
      const claims = await inbox.claim(...given);
      for (const { token, event } of claims) claimed.set(token, event?.id ?? "unreadable");
      return claims;
    },
    async finish(of, tokens, options) {
      const mine = await inbox.finish(of, tokens, options);
      for (const [index, token] of tokens.entries()) {
        if (mine[index]) finished.push(claimed.get(token) ?? "");
      }
      return mine;
    },
  };
  const releaseAll = () => inbox.release(name, [...claimed.keys()], 0);
  return { telling, finished, releaseAll };
}

/** An inbox in memory, whose dead workers' leases end at once. */
function inboxHarness(): FeedHarness {
  const { inbox } = memoryStores();
  const { telling, finished, releaseAll } = watched(inbox);
  let published = 0;
  const add = async (entry: InboxEntry): Promise<string> => {
    await inbox.add(name, [entry]);
    return entry.event?.id ?? "";
  };
  const publish = (facts: { id?: string; type?: string; data?: unknown } = {}) => {
    published += 1;
    const { id = `e${published}`, type = "test", data = { order: published } } = facts;
    return add({ event: testEvent(id, { type, data }), raw: data });
  };
  return {
    async feed() {
      await releaseAll();
      return inboxQueue(telling, name).feed({ pollMs: 5, events: { test: anything } });
    },
    publish: (count) => Promise.all(Array.from({ length: count }, () => publish())),
    acked: () => finished,
    endLeases: releaseAll,
    publishId: (id) => publish({ id }),
    publishOdd: (odd) => publish({ data: { odd } }),
    publishUnknownType: () => publish({ type: "brandNew" }),
    publishUnreadable: () => add({ unreadable: { message: "no type" }, raw: { broken: true } }),
    unknownReceipt: () => toReceipt("a-token-of-nobody"),
  };
}

feedConformance({ describe, it, print: () => {} }, inboxHarness);
