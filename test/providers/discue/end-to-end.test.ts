import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import * as z from "zod/mini";
import { type DiscueEmulator, discueEmulator } from "../../../src/emulator/discue.ts";
import { serveEmulators } from "../../../src/emulator/server.ts";
import { consume } from "../../../src/loop/consume.ts";
import { webhook } from "../../../src/loop/webhook.ts";
import { discue } from "../../../src/providers/discue/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { secret } from "./support.ts";

const webhookOptions = { retryDelaysMs: [20, 50] };

/** Serves a fetch handler on a loopback port, and gives its origin. */
async function serving(handle: (request: Request) => Promise<Response>): Promise<string> {
  const server = createServer(async (incoming, outgoing) => {
    const { method = "GET", url = "/" } = incoming;
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort());
    const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
    const hasBody = method !== "GET" && method !== "HEAD";
    const request = new Request(new URL(url, "http://127.0.0.1"), {
      method,
      headers: Object.fromEntries(headers),
      body: hasBody ? (Readable.toWeb(incoming) as ReadableStream) : null,
      signal: gone.signal,
      ...(hasBody ? { duplex: "half" } : {}),
    });
    const response = await handle(request);
    const body = await response.text();
    outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A queue whose one listener is at the given origin, and an emulator that really calls it. */
async function connected(emulator: DiscueEmulator, origin: string): Promise<string> {
  const { apiKey = "", baseUrl = "" } = emulator.connection("http://127.0.0.1");
  const client = discue({ apiKey, baseUrl, fetch: emulator.fetch });
  const queue = await client.queues.create({ name: "orders" });
  await client.listeners.create(queue.id, {
    name: "billing",
    notifyUrl: `${origin}/discue?secret=${secret}`,
    livenessUrl: `${origin}/alive`,
  });
  return queue.id;
}

function emulatorOf(options: Parameters<typeof discueEmulator>[0] = {}): DiscueEmulator {
  const emulator = discueEmulator({ webhook: webhookOptions, ...options });
  onTestFinished(() => emulator.close());
  return emulator;
}

const receiver = discue({ apiKey: "unused" }).receiver({
  name: "orders",
  secret,
  schema: z.object({ order: z.number() }),
});

const orders = (count: number) =>
  Array.from({ length: count }, (_, order) => ({ data: JSON.stringify({ order }) }));

describe("a queue, over real sockets", () => {
  it("is consumed as a feed: every message handled before it is acked, faults or not", async () => {
    const emulator = emulatorOf();
    const feed = receiver.feed();
    onTestFinished(() => feed.close());
    const queue = await connected(emulator, await serving(feed.fetch));
    for (const kind of ["lostReply", "duplicate", "cut"] as const) {
      emulator.faults.add({ kind, operation: "notify", count: 5, after: 3 });
    }
    const ackedTooEarly: string[] = [];
    const handled = new Set<string>();
    let failures = 0;

    const run = consume(
      feed,
      async ({ id }) => {
        if (emulator.journal.event(id, queue)?.ackedSeq !== undefined && !handled.has(id)) {
          ackedTooEarly.push(id);
        }
        if (failures < 5) {
          failures += 1;
          throw new Error("not now");
        }
        handled.add(id);
      },
      { concurrency: 10, retry: { minDelayMs: 1, maxDelayMs: 5 } },
    );
    const ids = emulator.publish(queue, orders(200));
    await vi.waitFor(() => expect(emulator.journal.ackedIds(queue)).toHaveLength(200), 60_000);
    await run.stop();

    expect(handled).toStrictEqual(new Set(ids));
    expect(ackedTooEarly).toStrictEqual([]);
  });

  it("is handled by a webhook: what its schema refuses is dead-lettered, then acked", async () => {
    const emulator = emulatorOf();
    const { deadLetters } = memoryStores();
    const handled: number[] = [];
    const answer = webhook(receiver, ({ data }) => void handled.push(data.order), {
      deadLetters,
      consumer: "billing",
      unprocessable: "deadLetter",
    });
    const queue = await connected(emulator, await serving(answer));

    emulator.publish(queue, [...orders(3), { data: "not an order" }]);
    await vi.waitFor(() => expect(emulator.journal.ackedIds(queue)).toHaveLength(4), 60_000);

    expect(handled.toSorted()).toStrictEqual([0, 1, 2]);
    const page = await deadLetters.list({ consumer: "billing", feed: "discue/orders" });
    expect(JSON.stringify(page)).toContain("not an order");
  });

  it("calls a signed relay's receiver in every body form", async () => {
    const key = `whsec_${btoa("a key of thirty-two bytes, enough")}`;
    const relayed = discue({ apiKey: "unused" }).receiver({ signature: { secrets: [key] } });
    for (const bodyForm of ["message", "data", "raw"] as const) {
      const emulator = emulatorOf({ webhook: { bodyForm, signatureSecret: key } });
      const seen: unknown[] = [];
      const answer = webhook(relayed, ({ id, data }) => void seen.push({ id, data }));
      const queue = await connected(emulator, await serving(answer));

      const [id] = emulator.publish(queue, [{ data: '{"order":7}' }]);
      await vi.waitFor(() => expect(emulator.journal.ackedIds(queue)).toHaveLength(1), 60_000);

      expect(seen).toStrictEqual([{ id, data: { order: 7 } }]);
    }
  });

  it("verifies a domain whose challenge the receiver serves", async () => {
    const emulator = emulatorOf({
      naming: "alias",
      challengeScheme: "http",
      challengeIntervalMs: 20,
    });
    const { apiKey = "", baseUrl = "" } = emulator.connection("http://127.0.0.1");
    const client = discue({ apiKey, baseUrl, naming: "alias", fetch: emulator.fetch });
    const proving = client.receiver({
      secret,
      domainChallenges: async () => {
        const domains = await client.domains.list();
        return domains.flatMap(({ challenge }) => (challenge ? [challenge] : []));
      },
    });
    const origin = await serving(webhook(proving, () => undefined));

    const port = Number(new URL(origin).port);
    const { id } = await client.domains.create({ name: "shop", hostname: "127.0.0.1", port });

    await vi.waitFor(
      async () => expect((await client.domains.get(id)).verified).toBe(true),
      60_000,
    );
  });
});

describe("examples/discue.ts", () => {
  it("makes its queue and listener, books the orders, and ends on SIGTERM", async () => {
    const emulator = emulatorOf();
    const server = await serveEmulators([emulator]);
    onTestFinished(() => server.close());
    const folder = await mkdtemp(join(tmpdir(), "ackloop-discue-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const port = await freePort();
    const { baseUrl, apiKey } = server.connection("discue");
    const env = {
      DISCUE_API_KEY: apiKey,
      DISCUE_BASE_URL: baseUrl,
      DISCUE_SECRET: secret,
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      PORT: String(port),
      STATE_FOLDER: folder,
    };
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);

    await import("../../../examples/discue.ts");
    emulator.publish("orders", [
      { data: '{"order":1,"total":"9.50"}' },
      { data: '{"order":2,"total":"1.00"}' },
    ]);
    await vi.waitFor(() => expect(emulator.journal.totals().acked).toBe(2), 60_000);
    process.emit("SIGTERM");
    await emulator.close();

    await vi.waitFor(() => expect(log).toHaveBeenCalledWith("booked 2 orders"), 60_000);
  });
});

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
