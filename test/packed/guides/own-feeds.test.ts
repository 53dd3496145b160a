import { expect, vi } from "vitest";
import { load, until, walkPage } from "./page.ts";

const page = "docs/own-feeds.md";
const { changesFeed } = await load(page, "A feed of your own");

await walkPage(page, {
  "A feed of your own": [
    ({ text }) => expect(text).toContain(changesFeed.name),
    async ({ run }) => {
      const changes = [
        { seq: 1, op: "insert", row: { id: 7 } },
        "odd",
        { seq: 3, op: "delete", row: 7 },
      ];
      const asked = vi.fn((input: Request | string) => {
        const after = Number(new URL(new Request(input).url).searchParams.get("after"));
        return Promise.resolve(Response.json({ changes: changes.slice(after) }));
      });
      vi.stubGlobal("fetch", asked);
      const lines = vi.spyOn(console, "log").mockReturnValue();

      const { run: started } = await run({ changesFeed });
      await until(() => lines.mock.calls.length === 2);
      await started.stop();
      vi.unstubAllGlobals();

      const [[first]] = asked.mock.calls as [[Request]];
      expect(first.url).toContain("https://ledger.example/v1/tables/orders/changes?after=0");
      expect(lines.mock.calls).toEqual([
        ["insert", { id: 7 }],
        ["delete", 7],
      ]);
      expect(await started).toMatchObject({ handled: 2, deadLettered: 1 });
    },
  ],
  "Prove it": { given: { changesFeed } },
});
