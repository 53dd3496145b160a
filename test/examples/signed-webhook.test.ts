import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { expect, it, onTestFinished, vi } from "vitest";
import { sqliteStores } from "../../src/stores/index.ts";

const [old, current] = ["an old key of the sender", "the key which it has now"].map(btoa);

it("examples/own-provider/signed-webhook.ts books each invoice once, keeps what it cannot read, and ends on SIGTERM", async () => {
  const folder = await mkdtemp(join(tmpdir(), "ackloop-signed-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const port = await freePort();
  vi.stubEnv("WEBHOOK_SECRETS", `whsec_${old} whsec_${current}`);
  vi.stubEnv("PORT", String(port));
  vi.stubEnv("STATE_FOLDER", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const log = vi.spyOn(console, "log").mockReturnValue();
  const warn = vi.spyOn(console, "warn").mockReturnValue();
  vi.spyOn(console, "error").mockReturnValue();
  vi.spyOn(console, "debug").mockReturnValue();

  await import("../../examples/own-provider/signed-webhook.ts");
  const send = async (id: string, body: string, secret = current) => {
    const at = new Date();
    const headers = {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
      "webhook-signature": new Webhook(`whsec_${secret}`).sign(id, at, body),
    };
    return (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers, body })).status;
  };
  const told = (type: string, data: object) =>
    JSON.stringify({ type, timestamp: "2026-11-01T12:00:00Z", data });

  expect(await send("m-1", told("invoice.paid", { number: "1", total: "9.50" }))).toBe(200);
  expect(await send("m-2", told("invoice.paid", { number: "2", total: "1.00" }), old)).toBe(200);
  expect(await send("m-3", told("invoice.voided", { number: "1" }))).toBe(200);
  expect(await send("m-1", told("invoice.paid", { number: "1", total: "9.50" }))).toBe(200);
  expect(await send("m-4", "{}")).toBe(200);
  expect(await send("m-5", told("invoice.paid", {}), btoa("a key of somebody else"))).toBe(401);
  process.emit("SIGTERM");

  await vi.waitFor(() => expect(log).toHaveBeenCalledWith("booked 1 invoices"), 10_000);
  expect(warn.mock.calls.flat()).toContain(
    "ackloop: acme/default: a request was answered 401: no signature fits its body; " +
      "compare the secrets, and mount it in front of what changes a body",
  );
  const stores = sqliteStores(join(folder, "ackloop.db"));
  const key = { consumer: "booking", feed: "acme/default" };
  const { letters } = await stores.deadLetters.list(key);
  await stores.close();
  expect(letters.map(({ reason }) => reason)).toEqual([expect.stringContaining("`toEvent` threw")]);
});

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
