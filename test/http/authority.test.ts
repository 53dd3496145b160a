import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { getRequestListener } from "@hono/node-server";
import { Agent, fetch as undici } from "undici";
import { describe, expect, it } from "vitest";
import { kekkerEmulator } from "../../src/emulator/index.ts";
import { drain } from "../../src/index.ts";
import { kekker } from "../../src/providers/kekker/index.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { createAuthority } from "./certificates.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A node of Kekker's behind TLS, with two events, whose certificate is from an authority of our own. */
async function startNode() {
  const { ca, server } = createAuthority();
  const emulator = kekkerEmulator();
  emulator.publish(
    ["1", "2"].map((objectId) => ({ category: "Deal", event: "DealCreated", objectId })),
  );
  const answer = async (request: Request) =>
    emulator.fetch(request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body && (await request.text()),
    });
  const listening = createServer(server, getRequestListener(answer));
  await once(listening.listen(0, "127.0.0.1"), "listening");
  const { port } = listening.address() as AddressInfo;
  return {
    ca,
    emulator,
    connection: emulator.connection(`https://127.0.0.1:${port}`),
    async [Symbol.asyncDispose]() {
      listening.close();
      listening.closeAllConnections();
    },
  };
}

type Node = Awaited<ReturnType<typeof startNode>>;

/** Drains the node's list in a process of its own; gives what it printed. */
async function drainElsewhere({ connection }: Node, env: object): Promise<string> {
  const script = `
    import { drain } from "ackloop";
    import { kekker } from "ackloop/kekker";
    import { memoryStores } from "ackloop/stores";
    const { cursors: cursor } = memoryStores();
    const feed = kekker(${JSON.stringify(connection)}).feed({ cursor, consumer: "c" });
    const { handled } = await drain(feed, () => {}).catch(({ code }) => ({ handled: code }));
    console.log(handled);`;
  const args = ["--import", "./scripts/typescript.mjs", "--input-type=module", "--eval", script];
  const options = { cwd: root, env: { PATH: process.env["PATH"], ...env }, timeout: 15_000 };
  return (await promisify(execFile)(process.execPath, args, options)).stdout.trim();
}

describe("a server whose certificate is from an authority of one's own", () => {
  it("is refused as config where nobody was told of it", async () => {
    await using node = await startNode();
    const { cursors: cursor } = memoryStores();
    const feed = kekker(node.connection).feed({ cursor, consumer: "c" });

    await expect(drain(feed, () => {})).rejects.toMatchObject({ code: "config" });
  });

  it("is read by a client whose fetch knows the authority", async () => {
    await using node = await startNode();
    const { cursors: cursor } = memoryStores();
    const dispatcher = new Agent({ connect: { ca: node.ca } });
    const fetch = ((url: string, init: object) =>
      undici(url, { ...init, dispatcher })) as unknown as typeof globalThis.fetch;
    const feed = kekker({ ...node.connection, fetch }).feed({ cursor, consumer: "c" });

    expect(await drain(feed, () => {})).toMatchObject({ handled: 2, acked: 2 });
    expect(node.emulator.unprocessed()).toBe(0);
    await dispatcher.close();
  });

  it("is read by a process that was told of it by NODE_EXTRA_CA_CERTS, and by no other", async () => {
    await using node = await startNode();
    const folder = mkdtempSync(join(tmpdir(), "ackloop-ca-"));
    const file = join(folder, "ca.pem");
    writeFileSync(file, node.ca);

    expect(await drainElsewhere(node, {})).toBe("config");
    expect(await drainElsewhere(node, { NODE_EXTRA_CA_CERTS: file })).toBe("2");
    rmSync(folder, { recursive: true });
  });
});
