import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { kekkerEmulator } from "../../../src/emulator/kekker.ts";
import { type EmulatorServer, serveEmulators } from "../../../src/emulator/server.ts";
import { deal, timeOf } from "./support.ts";

const { argv } = process;

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
  process.argv = argv;
});

/** Runs the example as a process of its own would, and gives what it printed. */
async function runExample(server: EmulatorServer, stateFolder: string, ...flags: string[]) {
  const { baseUrl, channel, login, password } = server.connection("kekker");
  vi.stubEnv("KEKKER_BASE_URL", baseUrl);
  vi.stubEnv("KEKKER_CHANNEL", channel);
  vi.stubEnv("KEKKER_LOGIN", login);
  vi.stubEnv("KEKKER_PASSWORD", password);
  vi.stubEnv("STATE_FOLDER", stateFolder);
  process.argv = ["node", "kekker.ts", ...flags];
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  vi.resetModules();
  await import("../../../examples/kekker.ts");
  const lines = log.mock.calls.map(([line]) => String(line));
  log.mockRestore();
  return lines;
}

it("the example handles what there is, and brings it back from the watermark", async () => {
  const stateFolder = await mkdtemp(join(tmpdir(), "ackloop-kekker-"));
  const node = kekkerEmulator();
  const server = await serveEmulators([node]);
  try {
    node.publish([
      deal(1),
      deal(2, { objectId: "deal-1", event: "DealUpdated" }),
      {
        category: "Queue",
        event: "ErrorQueueEvent",
        timestamp: timeOf(3),
        objectId: 7,
        error: "no",
      },
      { category: "System", event: "SystemConfigurationUpdated", timestamp: timeOf(4) },
    ]);

    expect(await runExample(server, stateFolder)).toStrictEqual([
      "operation 7: no",
      "handled 3 events of 1 deals, then: empty",
    ]);
    expect(node.unprocessed()).toBe(0);
    expect(await runExample(server, stateFolder)).toStrictEqual([
      "handled 0 events of 0 deals, then: empty",
    ]);
    await runExample(server, stateFolder, "--recover");

    expect(node.unprocessed()).toBe(0);
    const again = node.journal.entries({ kinds: ["acked"] }).length;
    expect(again).toBeGreaterThan(4);
  } finally {
    await server.close();
    await node.close();
    await rm(stateFolder, { recursive: true });
  }
});
