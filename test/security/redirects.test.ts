import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { profiles } from "../providers/profiles.ts";

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** A server on 127.0.0.1 that notes its requests and answers them all alike. */
async function startServer(answer: () => Answer) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const { status, headers = {}, body } = answer();
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a call was refused with, at once or later. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error;
  }
}

describe.each(profiles.flatMap(({ hosts }) => hosts))("%s", (_name, call) => {
  it.each([301, 302, 303, 307, 308])("follows no redirect of status %i", async (status) => {
    await using stranger = await startServer(() => ({ status: 200 }));
    const headers = { location: `${stranger.baseUrl}/elsewhere` };
    await using server = await startServer(() => ({ status, headers }));

    const error = await errorOf(() => call({ baseUrl: server.baseUrl }));

    expect(error).toMatchObject({ code: "request", retryable: false });
    expect(String(error)).not.toContain("elsewhere");
    expect(server.requests).toHaveLength(1);
    expect(stranger.requests).toEqual([]);
  });

  it.each([
    "http://api.example",
    "http://127.0.0.1.example",
    "http://localhost.example",
    "http://10.0.0.1",
    "http://[::ffff:7f00:1]",
    "http://0.0.0.0",
    "ftp://127.0.0.1",
    "https://user:password@api.example",
  ])("sends nothing to %s", async (baseUrl) => {
    let isSent = false;
    const fetch: typeof globalThis.fetch = async () => {
      isSent = true;
      return new Response("{}");
    };

    const error = await errorOf(() => call({ baseUrl, fetch }));

    expect(error).toMatchObject({ name: "AckloopError", code: "config" });
    expect(isSent).toBe(false);
  });

  it("uses http: where it is told to, and on this machine", async () => {
    const sent: string[] = [];
    const fetch: typeof globalThis.fetch = async (input, init) => {
      sent.push(new URL(new Request(input, init).url).host);
      return new Response("{}", { status: 404 });
    };

    await errorOf(() => call({ baseUrl: "http://inside.example", allowInsecure: true, fetch }));
    for (const baseUrl of ["http://localhost:1", "http://127.8.9.1", "http://[::1]"]) {
      await errorOf(() => call({ baseUrl, fetch }));
    }

    expect(sent).toEqual(["inside.example", "localhost:1", "127.8.9.1", "[::1]"]);
  });

  it("reads no more than maxBodyBytes of a body that unpacks to much more", async () => {
    const body = gzipSync(new Uint8Array(64 * 1024 * 1024));
    const headers = { "content-encoding": "gzip", "content-type": "application/json" };
    await using server = await startServer(() => ({ status: 200, headers, body }));

    const error = await errorOf(() => call({ baseUrl: server.baseUrl, maxBodyBytes: 65_536 }));

    expect(error).toMatchObject({ code: "schema" });
    expect(String(error)).toContain("maxBodyBytes");
  });
});
