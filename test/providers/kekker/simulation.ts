import { kekkerEmulator } from "../../../src/emulator/kekker.ts";
import { kekker } from "../../../src/providers/kekker/index.ts";
import type { PlannedEvent } from "../../simulation/plan.ts";
import type { Provider, Simulated } from "../../simulation/providers.ts";
import { CONSUMER, runLoop } from "../../simulation/runner.ts";
import type { World } from "../../simulation/world.ts";

/** Kekker's list of unprocessed events. */
export const simulated: Simulated = {
  operations: ["list", "list", "ack", "ack"],
  delivers: "list",
  acksEach: true,
  keepsPlace: ({ dedupe }) => dedupe,
  open,
};

function open(world: World): Provider {
  const { seed, settings, shape } = world.plan;
  const padding = " ".repeat(shape.padding);
  const { pageSize } = settings;
  const emulator = kekkerEmulator({
    seed,
    assumptions: { maxPageSize: pageSize, defaultPageSize: pageSize, ...lists[shape.list] },
  });
  const { baseUrl = "", ...connection } = emulator.connection("https://kekker.test");
  const { channel = "", login = "", password = "" } = connection;
  const numbers = new Map<string, number>();
  return {
    emulator,
    numbers,
    async open() {
      const stuck = Array.from({ length: shape.stuck }, (_, at) => ({ shown: { noId: at } }));
      emulator.publish(stuck.map((one) => ({ category: "Deals", event: "DealUpdated", ...one })));
    },
    publish(event) {
      numbers.set(`event-${event.n}`, event.n);
      emulator.publish([{ padding, ...toInput(event) }]);
    },
    start(process, stores) {
      const { fetch } = process;
      const client = kekker({ baseUrl, channel, login, password, fetch, maxBodyBytes: 65_536 });
      const watermark = settings.dedupe ? { cursor: stores.cursors, consumer: CONSUMER } : {};
      return runLoop(process, stores, client.feed(watermark));
    },
    isDrained: () => emulator.unprocessed() === shape.stuck,
  };
}

const lists = {
  counted: {},
  pageCounted: { totals: "page" },
  uncounted: { totals: "none" },
  bare: { listForm: "array" },
} as const;

function toInput({ n, key, kind }: PlannedEvent) {
  const eventUid = `event-${n}`;
  const event = kind === "unknown" ? "SomethingNew" : "DealUpdated";
  const objectId = kind === "invalid" ? [] : `deal-${n}`;
  const input = { eventUid, category: "Deals", event, objectId, sim: n, key };
  // Without a type it cannot be read, and with its id it can be acknowledged all the same.
  return kind === "unreadable" ? { ...input, shown: { eventUid, sim: n } } : input;
}
