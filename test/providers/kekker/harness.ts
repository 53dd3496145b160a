import { toReceipt } from "../../../src/core/feed.ts";
import { kekkerEmulator } from "../../../src/emulator/index.ts";
import { kekker } from "../../../src/providers/kekker/index.ts";
import { emulatorSide, type FeedHarness } from "../../../src/testing/index.ts";
import { reach, type roads } from "../roads.ts";

const pageSize = 5;
const maxBodyBytes = 100_000;

/** A node that gives small pages, whatever is asked for, and feeds on it. */
export async function kekkerHarness(road: (typeof roads)[number]): Promise<FeedHarness> {
  const emulator = kekkerEmulator({
    assumptions: { maxPageSize: pageSize, defaultPageSize: pageSize },
  });
  const side = emulatorSide(emulator, { pull: "list", ack: "ack" });
  const reached = await reach(road, emulator, side);
  const { login = "", password = "", channel = "" } = emulator.connection("");
  const payloads = new Map<string, object>();
  const publish = (facts: Readonly<Record<string, unknown>> = {}): string => {
    const objectId = `deal-${payloads.size}`;
    const deal = { category: "Deals", event: "DealCreated", objectId };
    const [published = ""] = emulator.publish([{ ...deal, ...facts }]);
    payloads.set(published, { objectId });
    return published;
  };
  return {
    ...side,
    pageSize,
    feed: () => {
      const baseUrl = "https://kekker.test";
      const retry = { attempts: 1 };
      const account = { channel, login, password };
      const taken = { ...reached.options, baseUrl: reached.options.baseUrl ?? baseUrl };
      return kekker({ ...account, ...taken, retry, maxBodyBytes }).feed();
    },
    publish: (count) => Array.from({ length: count }, () => publish()),
    payloadOf: (id) => payloads.get(id),
    publishId: (eventUid) => publish({ eventUid }),
    publishOdd: (odd) => publish({ odd }),
    publishLarge: (count) =>
      Array.from({ length: count }, () => publish({ odd: "x".repeat(0.6 * maxBodyBytes) })),
    publishTooLarge: () => publish({ odd: "x".repeat(maxBodyBytes) }),
    publishUnackable: (count) => {
      for (let n = 0; n < count; n += 1) publish({ shown: { event: "DealCreated", note: n } });
    },
    publishUnknownType: () => publish({ event: "DealEvaporated" }),
    publishUnreadable: () =>
      publish({ eventUid: "unreadable", shown: { eventUid: "unreadable", event: null } }),
    unknownReceipt: () => toReceipt("an-event-of-nobody"),
    acked: () => emulator.journal.ackedIds(channel),
    close: reached.close,
  };
}
