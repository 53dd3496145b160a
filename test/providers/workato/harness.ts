import { toReceipt } from "../../../src/core/feed.ts";
import { workatoEmulator } from "../../../src/emulator/index.ts";
import { workato } from "../../../src/providers/workato/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { cursorSide, emulatorSide, type FeedHarness } from "../../../src/testing/index.ts";
import { reach, type roads } from "../roads.ts";

const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

const maxBodyBytes = 100_000;

/** A topic, a cursor store, and feeds on both. */
export async function workatoHarness(road: (typeof roads)[number]): Promise<FeedHarness> {
  const emulator = workatoEmulator({ requestsPerMinute: Number.POSITIVE_INFINITY });
  const side = emulatorSide(emulator, { pull: "consume" });
  const reached = await reach(road, emulator, side);
  const { token = "" } = emulator.connection("");
  const topic = emulator.createTopic("orders");
  const places = cursorSide(memoryStores().cursors, (position) => {
    const ids = emulator.journal.publishedIds(String(topic));
    return ids.slice(0, ids.indexOf(position) + 1);
  });
  const open = () =>
    workato({
      token,
      ...(reached.options.baseUrl ? {} : { region: "eu" as const }),
      ...reached.options,
      maxBodyBytes,
      retry: { attempts: 1 },
      requestsPerMinute: Number.POSITIVE_INFINITY,
    }).feed(topic, {
      cursor: places.cursor,
      consumer: "billing",
      typeOf: ({ type }) => String(type ?? "order"),
      events: { order: anything },
    });
  const payloads = new Map<string, object>();
  const publish = (facts: object = {}): string => {
    const payload = { order: payloads.size, ...facts };
    const [published = ""] = emulator.publish(topic, [payload]);
    payloads.set(published, payload);
    return published;
  };
  return {
    ...side,
    ...places,
    pageSize: 50,
    feed: open,
    publish: (count) => Array.from({ length: count }, () => publish()),
    payloadOf: (id) => payloads.get(id),
    expirePlace: () => emulator.purge(topic),
    publishOdd: (odd) => publish({ odd }),
    publishLarge: (count) =>
      Array.from({ length: count }, () => publish({ odd: "x".repeat(0.6 * maxBodyBytes) })),
    publishTooLarge: () => publish({ odd: "x".repeat(maxBodyBytes) }),
    publishUnknownType: () => publish({ type: "brandNew" }),
    publishUnreadable: () => emulator.publishRaw(topic, [{ payload: {}, time: "no time" }]),
    unknownReceipt: () => toReceipt("a-message-of-nobody"),
    heal: () => {
      side.heal();
      places.heal();
    },
    close: reached.close,
  };
}
