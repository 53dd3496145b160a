import { describe, expect, it } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import { toReceipt } from "../../../src/core/feed.ts";
import type { CursorStore } from "../../../src/core/stores.ts";
import { workatoEmulator } from "../../../src/emulator/index.ts";
import { decodePlace } from "../../../src/providers/workato/cursor.ts";
import { workato } from "../../../src/providers/workato/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import {
  emulatorSide,
  type FeedFault,
  type FeedHarness,
  feedConformance,
} from "../../../src/testing/index.ts";
import { ownClock } from "../../testing/own-clock.ts";

ownClock();

const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

/** A cursor store whose saves can be brought to fail: an ack is such a save. */
function failingCursors(store: CursorStore) {
  const faults: FeedFault[] = [];
  const cursors: CursorStore = {
    load: (...given) => store.load(...given),
    async save(...given) {
      // The start, which is saved before the first pull, is no ack.
      const isAck = decodePlace(given[1]).place.after !== undefined;
      const fault = isAck ? faults[0] : undefined;
      if (fault?.count !== undefined) faults.shift();
      const result = fault && fault.kind !== "lostReply" ? undefined : await store.save(...given);
      if (result && !fault) return result;
      throw new AckloopError("transport", "the store is away", { retryable: true });
    },
  };
  const failAck = (fault: FeedFault): void => {
    const { count } = fault;
    faults.push(...new Array<FeedFault>(count ?? 1).fill(fault));
  };
  return { cursors, failAck, heal: () => faults.splice(0) };
}

const maxBodyBytes = 100_000;

/** A topic, a cursor store, and feeds on both. */
function workatoHarness(): FeedHarness {
  const emulator = workatoEmulator({ requestsPerMinute: Number.POSITIVE_INFINITY });
  const side = emulatorSide(emulator, { pull: "consume" });
  const { token = "" } = emulator.connection("");
  const topic = emulator.createTopic("orders");
  const { cursors } = memoryStores();
  const saves = failingCursors(cursors);
  const consumer = "billing";
  const open = () =>
    workato({
      token,
      region: "eu",
      fetch: side.fetch,
      maxBodyBytes,
      retry: { attempts: 1 },
      requestsPerMinute: Number.POSITIVE_INFINITY,
    }).feed(topic, {
      cursor: saves.cursors,
      consumer,
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
    pageSize: 50,
    feed: open,
    publish: (count) => Array.from({ length: count }, () => publish()),
    payloadOf: (id) => payloads.get(id),
    keepsPlace: true,
    expirePlace: () => emulator.purge(topic),
    publishOdd: (odd) => publish({ odd }),
    publishLarge: (count) =>
      Array.from({ length: count }, () => publish({ odd: "x".repeat(0.6 * maxBodyBytes) })),
    publishTooLarge: () => publish({ odd: "x".repeat(maxBodyBytes) }),
    publishUnknownType: () => publish({ type: "brandNew" }),
    publishUnreadable: () => emulator.publishRaw(topic, [{ payload: {}, time: "no time" }]),
    unknownReceipt: () => toReceipt("a-message-of-nobody"),
    failAck: saves.failAck,
    heal: () => {
      side.heal();
      saves.heal();
    },
    async acked() {
      const saved = await cursors.load({ consumer, feed: open().name });
      const last = saved && decodePlace(saved.value).place.after?.id;
      const ids = emulator.journal.publishedIds(String(topic));
      return last === undefined ? [] : ids.slice(0, ids.indexOf(last) + 1);
    },
    close: () => emulator.close(),
  };
}

const results = feedConformance({ describe, it, print: console.info }, workatoHarness);

it("leaves out no law but those that cannot be tested here", () => {
  const untested = results.filter(({ verdict }) => verdict === "notTestable");
  expect(untested.map(({ id }) => id)).toEqual(["B10", "D10", "L6"]);
});
