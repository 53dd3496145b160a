import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { serveEmulators, tikiEmulator } from "../../../src/emulator/index.ts";
import { clientCredentials, type TikiClient, tiki } from "../../../src/providers/tiki/index.ts";

type Prepare = (shop: TikiClient) => Promise<void>;

const orders = "ORDER_CREATED_SUCCESSFULLY";

it.each<[string, Prepare]>([
  ["makes its queue", async () => {}],
  [
    "switches on a subscription that was switched off",
    async (shop) => {
      const { code } = await shop.queues.create({ name: "orders" });
      const subscription = await shop.subscriptions.create(code, { eventType: orders });
      await shop.subscriptions.setActive(code, subscription.code, false);
    },
  ],
])(
  "examples/tiki.ts %s, handles its events, and ends when told to stop",
  async (_what, prepare) => {
    const emulator = tikiEmulator({
      activationDelayMs: 0,
      assumptions: { repeatedSubscription: "refuse" },
    });
    const server = await serveEmulators([emulator]);
    onTestFinished(() => server.close());
    const folder = await mkdtemp(join(tmpdir(), "ackloop-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { baseUrl, tokenUrl, clientId = "", clientSecret = "" } = server.connection("tiki");
    vi.stubEnv("TIKI_BASE_URL", baseUrl);
    vi.stubEnv("TIKI_TOKEN_URL", tokenUrl);
    vi.stubEnv("TIKI_CLIENT_ID", clientId);
    vi.stubEnv("TIKI_CLIENT_SECRET", clientSecret);
    vi.stubEnv("STATE_FOLDER", folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const log = vi.spyOn(console, "log").mockReturnValue();
    await prepare(
      tiki({ baseUrl, token: clientCredentials({ clientId, clientSecret, tokenUrl }) }),
    );

    vi.resetModules();
    const ended = import("../../../examples/tiki.ts");
    await vi.waitFor(() => expect(emulator.journal.calls("pull")).toBeGreaterThan(0), 60_000);
    emulator.emit("ORDER_CREATED_SUCCESSFULLY", { order_code: "1" });
    emulator.emit("ORDER_STATUS_UPDATED", { order_code: "1", orderCode: "1", status: "picking" });
    emulator.emit("ORDER_STATUS_UPDATED", { order_code: "2" });
    await vi.waitFor(() => expect(emulator.journal.ackedIds()).toHaveLength(3), 60_000);
    process.emit("SIGTERM");
    await ended;

    expect(log).toHaveBeenCalledExactlyOnceWith("handled 3 events of 2 orders, then: signal");
  },
  20_000,
);
