import { toReceipt } from "../../../src/core/feed.ts";
import { tikiEmulator } from "../../../src/emulator/index.ts";
import { clientCredentials, tiki } from "../../../src/providers/tiki/index.ts";
import { emulatorSide, type FeedHarness } from "../../../src/testing/index.ts";
import { reach, type roads } from "../roads.ts";

const pageSize = 5;
const maxBodyBytes = 100_000;

/** A queue of the emulator, and feeds on it. */
export async function tikiHarness(road: (typeof roads)[number]): Promise<FeedHarness> {
  const emulator = tikiEmulator({ pageSize, requestsPerSecond: Number.POSITIVE_INFINITY });
  const side = emulatorSide(emulator, { pull: "pull", ack: "ack" });
  const reached = await reach(road, emulator, side);
  const { clientId = "", clientSecret = "" } = emulator.connection("https://tiki.test");
  const queue = emulator.createQueue("orders");
  const payloads = new Map<string, object>();
  const publish = (facts: { id?: string; type?: string; odd?: unknown } = {}): string => {
    const { type = "ORDER_STATUS_UPDATED", id, odd } = facts;
    const payload = { order_code: `order-${payloads.size}`, status: "picking", odd };
    const [published = ""] = emulator.publish(queue, [{ type, id, payload }]);
    payloads.set(published, payload);
    return published;
  };
  return {
    ...side,
    pageSize,
    feed: () => {
      const app = { clientId, clientSecret, authentication: "basic" } as const;
      const { tokenUrl } = reached;
      const token = clientCredentials(tokenUrl ? { ...app, tokenUrl } : app);
      const options = { maxBodyBytes, ...reached.options, retry: { attempts: 1 } };
      return tiki({ token, ...options }).feed(queue);
    },
    publish: (count) => Array.from({ length: count }, () => publish()),
    payloadOf: (id) => payloads.get(id),
    publishId: (id) => publish({ id }),
    publishOdd: (odd) => publish({ odd }),
    publishTooLarge: () => publish({ odd: "x".repeat(maxBodyBytes) }),
    publishUnknownType: () => publish({ type: "SELLER_ASCENDED" }),
    publishUnreadable: () => emulator.publishRaw(queue, [{ id: 7, type: null }]),
    unknownReceipt: () => toReceipt("an-ack-id-of-nobody"),
    acked: () => emulator.journal.ackedIds(queue),
    secrets: () => [...side.secrets(), clientSecret],
    close: reached.close,
  };
}
