import { tikiEmulator } from "../../../src/emulator/tiki.ts";
import { clientCredentials, tiki } from "../../../src/providers/tiki/index.ts";
import type { PlannedEvent } from "../../simulation/plan.ts";
import type { Provider, Simulated } from "../../simulation/providers.ts";
import { runLoop } from "../../simulation/runner.ts";
import type { World } from "../../simulation/world.ts";

/** Tiki's queue. */
export const simulated: Simulated = {
  operations: ["pull", "pull", "ack", "token"],
  delivers: "pull",
  open,
};

function open(world: World): Provider {
  const { seed, settings, shape } = world.plan;
  // A page cannot be asked for in smaller pieces, so that it must fit a body.
  const padding = " ".repeat(Math.min(shape.padding, 50_000 / settings.pageSize));
  let hiddenFor = 0;
  const emulator = tikiEmulator({
    seed,
    pageSize: settings.pageSize,
    assumptions: { tokenLifetimeSeconds: settings.tokenSeconds },
  });
  const queue = emulator.createQueue("simulation");
  const {
    baseUrl,
    tokenUrl,
    clientId = "",
    clientSecret = "",
  } = emulator.connection("https://tiki.test");
  const numbers = new Map<string, number>();
  return {
    emulator,
    numbers,
    publish(event) {
      numbers.set(`event-${event.n}`, event.n);
      hiddenFor += shape.hidden * settings.pageSize;
      emulator.hide(queue, Math.floor(hiddenFor));
      hiddenFor %= 1;
      emulator.publishRaw(queue, [{ ...toWire(event), padding }]);
    },
    start(process, stores) {
      const { fetch } = process;
      const token = clientCredentials({ clientId, clientSecret, tokenUrl });
      const client = tiki({ token, baseUrl, fetch, maxBodyBytes: 65_536 });
      return runLoop(process, stores, client.feed(queue));
    },
    isDrained: () => emulator.waiting(queue) === 0,
    revoke: () => emulator.revokeTokens(),
  };
}

function toWire({ n, key, kind }: PlannedEvent): object {
  const payload = { order_code: kind === "invalid" ? null : `order-${n}`, sim: n, key };
  const type = kind === "unknown" ? "SOMETHING_NEW" : "ORDER_STATUS_UPDATED";
  const wire = { id: `event-${n}`, sid: "1", created_at: Date.now(), version: "v1" };
  return { ...wire, payload, type: kind === "unreadable" ? 7 : type };
}
