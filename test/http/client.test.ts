import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { createHttpClient } from "../../src/http/client.ts";
import { noReply, replyOf } from "../../src/http/reply.ts";

describe("smoke", () => {
  it("works", async () => {
    const server = createServer((q, s) => {
      let b = "";
      q.on("data", (c) => (b += c));
      q.on("end", () => s.end(JSON.stringify({ url: q.url, auth: q.headers.authorization, b })));
    });
    await new Promise<void>((r) => server.listen(0, "127.0.0.1", r));
    const { port } = server.address() as { port: number };
    const c = createHttpClient({
      provider: "tiki",
      baseUrl: `http://127.0.0.1:${port}/v1/`,
      credential: { token: "t", header: "authorization", prefix: "Bearer " },
    });
    const x = await c.call({
      operation: "pull",
      method: "POST",
      path: ["a/b", 3],
      json: { a: 1 },
      repeat: "safe",
      reply: replyOf(z.looseObject({ url: z.string() })),
    });
    console.log(x);
    await c.call({
      operation: "pull",
      method: "GET",
      path: [],
      query: { q: "é", n: undefined },
      repeat: "safe",
      reply: noReply,
    });
    await expect(
      c.call({
        operation: "pull",
        method: "GET",
        path: [],
        repeat: "safe",
        reply: replyOf(z.object({ url: z.number() })),
      }),
    ).rejects.toThrow("tiki pull: url: expected number");
    server.close();
  });
});
