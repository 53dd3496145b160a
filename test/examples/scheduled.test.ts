import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { kekkerEmulator, serveEmulators, tikiEmulator } from "../../src/emulator/index.ts";
import { printed } from "./printed.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

describe("examples/lambda.ts", () => {
  it("handles what waits, and answers before its time is over", async () => {
    const emulator = tikiEmulator();
    const server = await serveEmulators([emulator]);
    onTestFinished(() => server.close());
    const { baseUrl, tokenUrl, clientId = "", clientSecret = "" } = server.connection("tiki");
    const queue = emulator.createQueue("orders");
    vi.stubEnv("TIKI_BASE_URL", baseUrl);
    vi.stubEnv("TIKI_TOKEN_URL", tokenUrl);
    vi.stubEnv("TIKI_CLIENT_ID", clientId);
    vi.stubEnv("TIKI_CLIENT_SECRET", clientSecret);
    vi.stubEnv("TIKI_QUEUE", queue);
    emulator.publish(queue, [
      { type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code: "7" } },
      { type: "ORDER_STATUS_UPDATED", payload: { order_code: "7" } },
    ]);
    const { handler } = await import("../../examples/lambda.ts");
    const lines = printed();

    const answer = await handler({}, { getRemainingTimeInMillis: () => 10_000 });
    const inNoTime = await handler({}, { getRemainingTimeInMillis: () => 2_000 });

    expect(answer).toEqual({ handled: 1, stopped: "empty" });
    expect(inNoTime).toEqual({ handled: 0, stopped: "deadline" });
    expect(lines()).toEqual(["new order 7"]);
    expect(emulator.waiting(queue)).toBe(0);
  });
});

describe("examples/worker.ts", () => {
  it("reads a node by its trigger, and takes messages with the secret", async () => {
    const emulator = kekkerEmulator();
    const server = await serveEmulators([emulator]);
    onTestFinished(() => server.close());
    const { baseUrl = "", channel = "", login = "", password = "" } = server.connection("kekker");
    const env = {
      DISCUE_SECRET: "a-secret-of-the-test",
      KEKKER_BASE_URL: baseUrl,
      KEKKER_CHANNEL: channel,
      KEKKER_LOGIN: login,
      KEKKER_PASSWORD: password,
    };
    const timestamp = "2026-01-01T00:00:00";
    emulator.publish([
      { category: "Deals", event: "DealCreated", timestamp, objectId: "d-1" },
      { category: "System", event: "SystemConfigurationUpdated", timestamp },
    ]);
    const { default: worker } = await import("../../examples/worker.ts");
    const lines = printed();
    vi.spyOn(console, "warn").mockReturnValue();
    const post = (secret: string) =>
      worker.fetch(
        new Request(`https://worker.test/?secret=${secret}`, {
          method: "POST",
          body: '{"message":{"id":"m-1","name":"","data":"{\\"order\\":7}"}}',
        }),
        env,
      );

    await worker.scheduled({}, env);

    expect((await post(env.DISCUE_SECRET)).status).toBe(200);
    expect((await post("another-secret-of-no-use")).status).toBe(401);
    expect(emulator.unprocessed()).toBe(0);
    expect(lines()).toEqual([
      "a deal: d-1",
      "handled 1 events of the node",
      'a message: {"order":7}',
    ]);
  });
});
