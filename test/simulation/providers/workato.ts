import { workatoEmulator } from "../../../src/emulator/workato.ts";
import { workato } from "../../../src/providers/workato/index.ts";
import type { PlannedEvent } from "../plan.ts";
import type { Provider } from "../providers.ts";
import { CONSUMER, runLoop } from "../runner.ts";
import type { World } from "../world.ts";
import { eventSchema } from "./schema.ts";

/** Workato's topic. */
export function openWorkato(world: World): Provider {
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
    open: async () => {},
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
    revoke: () => {},
    saved(id) {
      savedAt = Math.max(savedAt, ids.indexOf(id));
    },
  };
}

/** The payload of an event where the provider gives none but the user a type. */
export function toPayload({ n, key, kind }: PlannedEvent) {
  const type = kind === "unknown" ? "other" : "message";
  const value = kind === "invalid" ? "text" : 1;
  return { sim: n, key, value, ...(kind === "unreadable" ? {} : { type }) };
}

/** Names the type; of what has none, it throws. */
export function typeOf(data: unknown): string {
  const { type } = data as { readonly type?: string };
  if (type === undefined) throw new Error("no type");
  return type;
}
