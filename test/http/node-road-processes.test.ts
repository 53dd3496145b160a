import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { createAuthority } from "./certificates.ts";
import { loopback } from "./support.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs a program in a process of its own, with a client of each road; gives the lines that it printed. */
async function run(program: string, baseUrl: string, env: object = {}): Promise<readonly string[]> {
  const script = `
    import { httpClient, replyOf } from "ackloop/http";
    const baseUrl = ${JSON.stringify(baseUrl)};
    const none = () => {};
    const roads = [];
    const logger = { debug: (text) => roads.push(text), info: none, warn: none, error: none };
    const clientOf = (transport) => httpClient({
      provider: "acme", baseUrl, logger, transport, retry: { attempts: 1 },
    });
    const hot = { operation: "pull", method: "POST", path: [], hot: true, repeat: "safe" };
    const reply = replyOf({ "~standard": { version: 1, vendor: "t", validate: (value) => ({ value }) } });
    const call = (client) => client.call({ ...hot, reply }).catch(({ code }) => code);
    ${program}`;
  const args = ["--import", "./scripts/typescript.mjs", "--input-type=module", "--eval", script];
  const options = { cwd: root, env: { PATH: process.env["PATH"], ...env }, timeout: 15_000 };
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  return stdout.trim().split("\n");
}

describe("the road of node:http, in a process of its own,", () => {
  it("is taken before the first fetch and after it, and lets the process end by itself", async () => {
    await using server = await loopback((_request, response) => response.end("{}"));

    const lines = await run(
      `const client = clientOf("auto");
      await call(client);
      await fetch(baseUrl).then((response) => response.text());
      await call(client);
      console.log(roads.join());
      const endedAt = performance.now();
      process.on("exit", () => console.log(performance.now() - endedAt));`,
      server.baseUrl,
    );

    const [road, waited] = lines;
    expect(road).toBe("acme: pulls and acks go by node:http");
    // An idle connection is kept for four seconds.
    expect(Number(waited)).toBeLessThan(3_000);
  });

  it("knows the authorities of NODE_EXTRA_CA_CERTS, and no other, as fetch does", async () => {
    const { ca, server: certified } = createAuthority();
    const seen: unknown[] = [];
    const server = createServer(certified, (request, response) => {
      seen.push(request.rawHeaders);
      response.end("{}");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const folder = mkdtempSync(join(tmpdir(), "ackloop-road-"));
    const file = join(folder, "ca.pem");
    writeFileSync(file, ca);
    const program = `
      console.log(JSON.stringify([await call(clientOf("auto")), await call(clientOf("fetch"))]));
      console.log(roads.join());`;

    const without = await run(program, `https://127.0.0.1:${port}`);
    const told = await run(program, `https://127.0.0.1:${port}`, { NODE_EXTRA_CA_CERTS: file });
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });

    expect(without).toEqual(['["config","config"]', "acme: pulls and acks go by node:http"]);
    expect(told).toEqual(["[{},{}]", "acme: pulls and acks go by node:http"]);
    expect(seen).toHaveLength(2);
    expect(seen[0]).toEqual(seen[1]);
  });

  it.runIf(Number.parseInt(process.versions.node, 10) >= 24)(
    "is left where Node itself reads the proxy from the environment",
    async () => {
      const asked: string[] = [];
      const proxy = createTcpServer((socket) => {
        socket
          .on("error", () => {})
          .once("data", (head) => {
            asked.push(head.toString().split("\r\n")[0] ?? "");
            socket.end("HTTP/1.1 502 No\r\ncontent-length: 0\r\n\r\n");
          });
      });
      await once(proxy.listen(0, "127.0.0.1"), "listening");
      const { port } = proxy.address() as AddressInfo;
      const env = { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: `http://127.0.0.1:${port}` };

      const lines = await run(
        `console.log(await call(clientOf("auto")), roads.join());`,
        "http://localhost:18999",
        env,
      );
      proxy.close();

      expect(lines).toEqual(["transport acme: pulls and acks go by fetch"]);
      expect(asked).toHaveLength(1);
    },
  );

  it("hears of connections that were closed while a handler kept the event loop busy", async () => {
    let asked = 0;
    const server = createTcpServer((socket) => {
      let timer: NodeJS.Timeout | undefined;
      socket
        .on("error", () => {})
        .on("data", () => {
          asked += 1;
          clearTimeout(timer);
          socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
          timer = setTimeout(() => socket.end(), 400);
        });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;

    const lines = await run(
      `const client = clientOf("auto");
      for (let n = 0; n < 4; n += 1) {
        console.log(JSON.stringify(await client.call({ ...hot, repeat: "never", reply }).catch(String)));
        const endsAt = performance.now() + 1_000;
        while (performance.now() < endsAt);
      }
      console.log(roads.join());`,
      `http://127.0.0.1:${port}`,
    );
    server.close();

    const whole = ["{}", "{}", "{}", "{}", "acme: pulls and acks go by node:http"];
    expect(lines).toEqual(whole);
    expect(asked).toBe(4);
  });

  it("leaves no memory, listener or connection behind", async () => {
    await using server = await loopback((_request, response) => response.end('{"a":"b"}'));

    const [line = ""] = await run(
      `process.on("warning", (warning) => console.log(warning.message));
      const client = clientOf("auto");
      const { signal } = new AbortController();
      const many = async (count) => {
        for (let n = 0; n < count; n += 10) {
          const calls = Array.from({ length: 10 }, () => client.call({ ...hot, reply, signal }));
          await Promise.all(calls);
        }
        globalThis.gc();
        await new Promise((resolve) => setTimeout(resolve, 50));
        globalThis.gc();
        return process.memoryUsage().heapUsed;
      };
      await many(3_000);
      const before = await many(500);
      const grown = (await many(5_000)) - before;
      const open = process.getActiveResourcesInfo();
      console.log(JSON.stringify({ grown, timers: open.filter((one) => one === "Timeout").length }));`,
      server.baseUrl,
      { NODE_OPTIONS: "--expose-gc" },
    ).catch((error) => [String(error)]);

    const { grown, timers } = JSON.parse(line);
    expect(grown).toBeLessThan(1_000_000);
    expect(timers).toBe(0);
  });
});
