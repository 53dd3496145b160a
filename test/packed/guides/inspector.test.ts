import { expect } from "vitest";
import { packed, ranBy, walkPage } from "./page.ts";

const { memoryFeed, testEvent } = await packed("ackloop/testing");
const { memoryStores } = await packed("ackloop/stores");

await walkPage("docs/inspector.md", {
  "From the command line": [
    ranBy("test/cli/commands/inspect.test.ts"),
    ranBy("test/cli/commands/runs.test.ts"),
  ],
  "In a program": [
    async ({ run }) => {
      const [feed, stores] = [memoryFeed(), memoryStores()];
      feed.publish(testEvent("1"));
      const given = { feed, stores, handlers: () => undefined, isOperator: () => true };
      const { inspect, run: begun } = await run(given);

      const page = await inspect(new Request("http://127.0.0.1/inspector/"));
      const script = await inspect(new Request("http://127.0.0.1/inspector/page.js"));

      expect(await page.text()).toContain("<!doctype html>");
      expect((await script.text()).length).toBeGreaterThan(10_000);
      await begun.stop();
    },
    async ({ run }) => {
      const { authorize } = await run({
        roleOf: (request: Request) => request.headers.get("role") ?? undefined,
      });
      const asked = (role: string | undefined, changes: boolean) =>
        authorize(new Request("http://127.0.0.1/", { headers: role ? { role } : {} }), { changes });

      expect(asked(undefined, false).status).toBe(401);
      expect([asked("guest", false), asked("guest", true)]).toEqual([true, false]);
      expect(asked("operator", true)).toBe(true);
    },
  ],
});
