import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import { createAuthority } from "../../http/certificates.ts";
import { packed, type Runnable, shell, walkPage } from "./page.ts";

const { kekkerEmulator, serveEmulators, tikiEmulator } = await packed("ackloop/emulator");
const { kekker } = await packed("ackloop/kekker");
const { clientCredentials, tiki } = await packed("ackloop/tiki");
const undici = await import("undici");

/** A proxy of this machine: where it was asked to lead, and what it gave on as it came. */
async function serveProxy() {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    asked.push(String(request.url));
    const { method = "GET", headers } = request;
    const body = method === "GET" ? {} : { body: Buffer.concat(await request.toArray()) };
    const answer = await fetch(String(request.url), { method, headers: kept(headers), ...body });
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(await answer.text());
  });
  server.on("connect", (request, socket, head) => {
    asked.push(String(request.url));
    const [host = "", port] = String(request.url).split(":");
    const further = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      further.write(head);
      socket.pipe(further).pipe(socket);
    });
    for (const end of [socket, further]) end.on("error", () => undefined);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { asked, address: `http://127.0.0.1:${port}` };
}

const kept = ({ authorization, "content-type": type }: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries({ authorization, "content-type": type }).filter(([, value]) => value),
  ) as Record<string, string>;

/** Tiki's emulator as a server, and what a client of it needs. */
async function serveTiki() {
  const emulator = tikiEmulator();
  const server = await serveEmulators([emulator]);
  onTestFinished(() => server.close());
  const { clientId, clientSecret, ...urls } = server.connection("tiki");
  const { baseUrl, tokenUrl } = urls as { readonly baseUrl: string; readonly tokenUrl: string };
  const app = { clientId, clientSecret, tokenUrl } as Parameters<typeof clientCredentials>[0];
  return { baseUrl, tokenUrl, token: clientCredentials(app) };
}

/** A server whose certificate nobody knows, and the file of who gave it. */
async function serveSecurely(folder: string) {
  const { ca, server: certified } = createAuthority();
  const emulator = kekkerEmulator();
  const server = createSecureServer(certified, async (request, response) => {
    const { headers, method = "GET", url } = request;
    const init = { method, headers: headers as Record<string, string> };
    const answer = await emulator.fetch(`https://kekker.test${url}`, init);
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(await answer.text());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const file = join(folder, "ca.pem");
  writeFileSync(file, ca);
  const { channel, login, password } = emulator.connection("https://kekker.test");
  const baseUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { file, connection: { baseUrl, channel, login, password } };
}

/** The address with which the emulator's client is made, in a block that makes another one. */
const withBase =
  (baseUrl: string, proxy = "") =>
  (text: string): string =>
    text
      .replace("tiki({ token", `tiki({ baseUrl: ${JSON.stringify(baseUrl)}, token`)
      .replace("http://proxy.corp:3128", proxy);

const hasProxyVariable = Number(process.versions.node.split(".")[0]) >= 24;

await walkPage("docs/network.md", {
  "Through a proxy": [
    async ({ text, folder }: Runnable) => {
      if (!hasProxyVariable) return;
      const { address, asked } = await serveProxy();
      writeFileSync(
        join(folder, "app.js"),
        'await fetch("https://ackloop.invalid").catch(() => {});',
      );
      shell(folder, text.replace("http://proxy.corp:3128", address));

      await vi.waitUntil(() => asked.length > 0);
      expect(asked).toEqual(["ackloop.invalid:443"]);
    },
    async ({ run }) => {
      const { address, asked } = await serveProxy();
      const { baseUrl, token } = await serveTiki();
      vi.stubEnv("http_proxy", address);
      const before = undici.getGlobalDispatcher();
      try {
        await run();
        expect(await tiki({ token, baseUrl }).queues.list()).toEqual([]);
      } finally {
        undici.setGlobalDispatcher(before);
      }

      expect(asked.length).toBeGreaterThan(0);
    },
    async ({ run }) => {
      const { address, asked } = await serveProxy();
      const { baseUrl, token } = await serveTiki();

      const { shop } = await run({ token }, withBase(baseUrl, address));

      expect(await shop.queues.list()).toEqual([]);
      expect(asked.length).toBeGreaterThan(0);
    },
  ],
  "With a certificate of one's own": [
    async ({ text, folder }) => {
      const { file, connection } = await serveSecurely(folder);
      const ask = `fetch(${JSON.stringify(connection.baseUrl)}).then(({ status }) => console.log(status))`;
      writeFileSync(join(folder, "app.js"), ask);
      const { exec } = await import("node:child_process");
      const command = text.replace("/etc/corp/ca.pem", file);
      const told = await new Promise((resolve) => {
        exec(command, { cwd: folder }, (_error, stdout, stderr) => resolve(stdout + stderr));
      });

      expect(told).toMatch(/^\d{3}\n$/);
    },
    async ({ run, folder }) => {
      const { file, connection } = await serveSecurely(folder);
      const client = kekker(connection as never);
      await expect(client.events.list()).rejects.toMatchObject({ code: "config" });

      const { node } = await run({ connection }, (text) => text.replace("/etc/corp/ca.pem", file));

      expect(await node.events.list()).toMatchObject({ events: [] });
    },
  ],
  "Two roads on Node": async ({ run }) => {
    const { baseUrl, token } = await serveTiki();

    const { shop } = await run({ token }, withBase(baseUrl));

    expect(await shop.queues.list()).toEqual([]);
  },
});
