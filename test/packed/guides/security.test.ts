import { expect, vi } from "vitest";
import { packed, walkPage } from "./page.ts";

const { tikiEmulator } = await packed("ackloop/emulator");

await walkPage("docs/security.md", {
  Secrets: async ({ run }) => {
    const emulator = tikiEmulator();
    const { clientId, clientSecret } = emulator.connection("https://api.tiki.vn");
    vi.stubGlobal("fetch", emulator.fetch);
    const lines = vi.spyOn(console, "log").mockReturnValue();

    const { queues } = await run({ clientId, clientSecret });

    expect(queues).toEqual([]);
    expect(lines.mock.calls.map(([operation, status]) => [operation, status])).toEqual([
      ["queues.list", 200],
    ]);
  },
});
