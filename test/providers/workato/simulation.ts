import { workatoEmulator } from "../../../src/emulator/workato.ts";
import { workato } from "../../../src/providers/workato/index.ts";
import { eventSchema, toPayload, typeOf } from "../../simulation/payload.ts";
import type { Provider, Simulated } from "../../simulation/providers.ts";
import { CONSUMER, runLoop } from "../../simulation/runner.ts";
import type { World } from "../../simulation/world.ts";
import { idIn } from "./process.ts";

/** Workato's topic. A saved cursor is its ack. */
export const simulated: Simulated = {
  operations: ["consume"],
  delivers: "consume",
  keepsPlace: () => true,
  idIn,
  open,
};

function open(world: World): Provider {
  const { seed } = world.plan;
  const emulator = workatoEmulator({ seed });
  const topic = emulator.createTopic("simulation");
  const { baseUrl, token = "" } = emulator.connection("https://workato.test");
  const numbers = new Map<string, number>();
  const ids: string[] = [];
  let savedAt = -1;
  return {
    emulator,
    numbers,
    publish(event) {
      const padding = " ".repeat(world.plan.shape.padding);
      const [id = ""] = emulator.publish(topic, [{ ...toPayload(event), padding }]);
      numbers.set(id, event.n);
      ids.push(id);
    },
    start(process, stores) {
      const { fetch } = process;
      const client = workato({ token, baseUrl, fetch, maxBodyBytes: 65_536 });
      const feed = client.feed(topic, {
        cursor: stores.cursors,
        consumer: CONSUMER,
        typeOf,
        events: { message: eventSchema },
      });
      return runLoop(process, stores, feed);
    },
    isDrained: () => savedAt === ids.length - 1,
    saved(id) {
      savedAt = Math.max(savedAt, ids.indexOf(id));
    },
  };
}
