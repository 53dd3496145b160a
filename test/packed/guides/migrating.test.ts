import { expect, vi } from "vitest";
import { packed, until, walkPage } from "./page.ts";

const { tikiEmulator } = await packed("ackloop/emulator");

await walkPage("docs/migrating.md", {
  "From a loop of your own": [
    async ({ run }) => {
      const pages = [
        { events: [1, 2], ack_id: "a" },
        { events: [], ack_id: "b" },
      ];
      const [handle, acked] = [vi.fn(), vi.fn()];
      const pull = async () => {
        const page = pages.shift();
        if (page === undefined) throw new Error("the network fails");
        return page;
      };
      const sleep = async () => undefined;
      const given = {
        pull,
        handle,
        ack: async (...all: unknown[]) => acked(...all),
        sleep,
        queue: "q",
      };

      // What the page says of it: it dies when the network fails.
      await expect(run(given)).rejects.toThrow("the network fails");
      expect(handle.mock.calls).toEqual([[1], [2]]);
      expect(acked.mock.calls).toEqual([
        ["q", "a"],
        ["q", "b"],
      ]);
    },
    async ({ run }) => {
      const emulator = tikiEmulator();
      const { clientId, clientSecret } = emulator.connection("https://api.tiki.vn");
      const queue = emulator.createQueue("orders");
      emulator.publish(queue, [
        { type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code: "1" } },
      ]);
      const handle = vi.fn();
      vi.stubGlobal("fetch", emulator.fetch);

      const ended = run({ clientId, clientSecret, queue, handle });
      await until(() => handle.mock.calls.length === 1);
      process.emit("SIGTERM");

      expect(await (await ended)["run"]).toMatchObject({ handled: 1, acked: 1 });
    },
  ],
});
