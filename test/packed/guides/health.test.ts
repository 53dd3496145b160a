import { once } from "node:events";
import { expect } from "vitest";
import { packed, until, walkPage } from "./page.ts";

const { memoryFeed, testEvent } = await packed("ackloop/testing");
const { group, consume } = await packed("ackloop");

await walkPage("docs/health.md", {
  "Health, and probes": async ({ run }) => {
    const [orders, stock] = [memoryFeed(), memoryFeed()];
    const names = await run({ orders, stock, onOrder: () => undefined, onStock: () => undefined });

    expect(names).toMatchObject({ healthy: true, live: true });
    expect(names["runs"]).toHaveLength(2);
    await names["all"].stop();
    expect(names["all"].health()).toMatchObject({ healthy: false, live: true });
  },
  Probes: [
    async ({ run }) => {
      const all = group([consume(memoryFeed(), () => undefined)]);
      const { server } = await run({ all }, (text) =>
        text.replace(
          "probesOf(all).listen(8080)",
          'const server = probesOf(all).listen(0, "127.0.0.1")',
        ),
      );
      await once(server, "listening");
      const ask = async (path: string) =>
        (await fetch(`http://127.0.0.1:${server.address().port}${path}`)).status;

      expect([await ask("/livez"), await ask("/readyz")]).toEqual([200, 200]);
      await all.stop();
      expect([await ask("/livez"), await ask("/readyz")]).toEqual([200, 503]);
      server.closeAllConnections();
      server.close();
    },
    ({ text }) => expect(text.match(/path: \S+(?=,)/g)).toEqual(["path: /livez", "path: /readyz"]),
  ],
  "Several runs": async ({ run }) => {
    const feed = memoryFeed();
    feed.publish(testEvent("1"));
    const runs = [consume(feed, () => undefined)];
    const ended = run({ runs });
    await until(() => feed.acked.length === 1 && process.listenerCount("SIGTERM") > 0);

    process.emit("SIGTERM");

    const { all } = await ended;
    expect(await all).toMatchObject([{ handled: 1 }]);
  },
});
