import { EventEmitter } from "node:events";
import { expect, vi } from "vitest";
import { packed, until, walkPage } from "./page.ts";

const { memoryFeed, testEvent } = await packed("ackloop/testing");
const { discueReceiver } = await packed("ackloop/discue");
const secret = "a-secret-of-the-test";

await walkPage("docs/telemetry.md", {
  OpenTelemetry: async ({ run }) => {
    const orders = memoryFeed();
    orders.publish(testEvent("1"));
    const [onOrder, onMessage] = [vi.fn(), vi.fn()];
    const hook = discueReceiver({ secret });

    const names = await run({ orders, onOrder, onMessage, hook });
    const sent = { method: "POST", body: '{"data":"7"}' };
    const { status } = await names["answer"](
      new Request(`https://shop.test/?secret=${secret}`, sent),
    );
    await until(() => orders.acked.length === 1);
    await names["run"].stop();

    expect(status).toBe(200);
    expect([onOrder.mock.calls.length, onMessage.mock.calls.length]).toEqual([1, 1]);
  },
  "Prometheus, or anything else": async ({ run }) => {
    const orders = memoryFeed();
    orders.publish(testEvent("1"));
    const server = new EventEmitter();

    const { run: started } = await run({ orders, onOrder: () => undefined, server });
    await until(() => orders.acked.length === 1);
    await started.stop();
    const text = await new Promise((end) => server.emit("request", {}, { end }));

    expect(text).toMatch(/^ackloop_\w+\{.*\} 1$/m);
  },
});
