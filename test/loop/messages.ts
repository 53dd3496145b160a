import type { FeedEvent } from "../../src/core/event.ts";
import type { Delivery, Feed, Receipt } from "../../src/core/feed.ts";
import { fromReceipt, toReceipt } from "../../src/core/feed.ts";
import { testEvent } from "../../src/testing/memory-feed.ts";

/** One message of a provider: several may bring one event. */
export interface Message {
  readonly receipt: string;
  readonly event: FeedEvent;
  readonly facts?: Partial<Delivery>;
}

export const message = (receipt: string, id: string, facts: Partial<Delivery> = {}): Message => ({
  receipt,
  event: testEvent(id),
  facts,
});

/** A queue of messages with a lease, and its truth. */
export function messageQueue(messages: readonly Message[], leaseMs?: number) {
  const left = new Map(messages.map((each) => [each.receipt, each]));
  const hidden = new Map<string, number>();
  const acked: string[] = [];
  const nacked: string[] = [];
  const feed: Feed = {
    name: "messages",
    acks: "individual",
    pulls: "onward",
    async pull({ limit = 100 } = {}) {
      const now = Date.now();
      const free = [...left.values()].filter((each) => (hidden.get(each.receipt) ?? 0) <= now);
      return free.slice(0, limit).map((each): Delivery => {
        hidden.set(each.receipt, leaseMs === undefined ? Infinity : now + leaseMs);
        return {
          event: each.event,
          raw: each.event,
          receipt: toReceipt(each.receipt),
          ...(leaseMs !== undefined && { leaseMs }),
          ...each.facts,
        } as Delivery;
      });
    },
    ack: async (receipts) => take(receipts),
    nack: async (receipts) => {
      for (const each of receipts) nacked.push(fromReceipt<string>(each));
    },
  };
  function take(receipts: readonly Receipt[]) {
    return receipts.map((each) => {
      const receipt = fromReceipt<string>(each);
      const wasThere = left.delete(receipt);
      if (wasThere) acked.push(receipt);
      return { status: wasThere ? ("acked" as const) : ("gone" as const) };
    });
  }
  return { feed, left, acked, nacked };
}

/** A list of messages: each pull shows all that are not acked. */
export function messageList(messages: readonly Message[]) {
  const left = new Map(messages.map((each) => [each.receipt, each]));
  const acked: string[] = [];
  const feed: Feed = {
    name: "list",
    acks: "individual",
    pulls: "unacked",
    pull: async ({ limit = 100 } = {}) =>
      [...left.values()].slice(0, limit).map(
        (each): Delivery =>
          ({
            event: each.event,
            raw: each.event,
            receipt: toReceipt(each.receipt),
            ...each.facts,
          }) as Delivery,
      ),
    ack: async (receipts) =>
      receipts.map((each) => {
        const receipt = fromReceipt<string>(each);
        const wasThere = left.delete(receipt);
        if (wasThere) acked.push(receipt);
        return { status: wasThere ? ("acked" as const) : ("gone" as const) };
      }),
  };
  return { feed, left, acked };
}
