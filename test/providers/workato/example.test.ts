import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { serveEmulators } from "../../../src/emulator/server.ts";
import { workatoEmulator } from "../../../src/emulator/workato.ts";

it("examples/workato.ts bills each order once, and goes on where it was in the next run", async () => {
  const emulator = workatoEmulator();
  const topicId = emulator.createTopic("orders");
  const server = await serveEmulators([emulator]);
  onTestFinished(() => server.close());
  const folder = await mkdtemp(join(tmpdir(), "ackloop-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { baseUrl, token } = server.connection("workato");
  vi.stubEnv("WORKATO_BASE_URL", baseUrl);
  vi.stubEnv("WORKATO_TOKEN", token);
  vi.stubEnv("WORKATO_TOPIC", String(topicId));
  vi.stubEnv("STATE_FOLDER", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const log = vi.spyOn(console, "log").mockReturnValue();

  emulator.publish(topicId, [{ order: "1", total: 10 }, { order: "2", total: 0 }, { total: 5 }]);
  await import("../../../examples/workato.ts");
  vi.resetModules();
  emulator.publish(topicId, [{ order: "3", total: 7 }]);
  await import("../../../examples/workato.ts");

  expect(log.mock.calls.flat()).toEqual([
    "handled 1 orders for 10 in all, then: empty",
    "handled 1 orders for 7 in all, then: empty",
  ]);
});
