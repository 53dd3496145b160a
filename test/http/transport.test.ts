import { describe, expect, it, vi } from "vitest";
import { createTransport } from "../../src/http/transport.ts";
import { loopback } from "./support.ts";

/** A body that comes in the given pieces, and notes when it was given up. */
function streamOf(pieces: readonly Uint8Array[]) {
  const cancel = vi.fn();
  let at = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const piece = pieces[at++];
    if (piece === undefined) controller.close();
    else controller.enqueue(piece);
  };
  return { cancel, stream: new ReadableStream({ pull, cancel }, { highWaterMark: 0 }) };
}

describe.each([
  ["through ky", {}],
  ["straight to fetch", { hot: true }],
  ["by node:http", { hot: true }],
] as const)("createTransport, %s,", (_, road) => {
  const requestOf = (url: string, parts: object = {}) => ({
    method: "POST",
    url,
    headers: { accept: "application/json", "x-a": "1" },
    body: undefined,
    signal: new AbortController().signal,
    maxBodyBytes: 1_000,
    ...road,
    ...parts,
  });

  it("sends the request as it is, and gives the whole answer", async () => {
    await using server = await loopback((request, response) => {
      request.setEncoding("utf8").on("data", (body) => {
        const { method, url, headers } = request;
        response.writeHead(201, { "x-b": "2" });
        response.end(
          JSON.stringify({ method, url, accept: headers.accept, a: headers["x-a"], body }),
        );
      });
    });

    const reply = await createTransport(undefined)(
      requestOf(`${server.baseUrl}/a%2Fb?c=d`, { body: "é" }),
    );

    expect(reply.status).toBe(201);
    expect(reply.headers.get("x-b")).toBe("2");
    expect(JSON.parse(reply.text)).toEqual({
      method: "POST",
      url: "/a%2Fb?c=d",
      accept: "application/json",
      a: "1",
      body: "é",
    });
  });

  it("looks the global fetch up at each call", async () => {
    const transport = createTransport(undefined);
    vi.stubGlobal("fetch", async () => new Response("patched"));

    const reply = await transport(requestOf("https://api.example.com"));

    expect(reply.text).toBe("patched");
  });

  it("reads letters that are cut in two by the pieces", async () => {
    const bytes = new TextEncoder().encode("日本é😀");
    const { stream } = streamOf([...bytes].map((byte) => Uint8Array.of(byte)));

    const reply = await createTransport(async () => new Response(stream))(requestOf("https://a.b"));

    expect(reply).toMatchObject({ text: "日本é😀", tooLong: false });
  });

  it("stops reading at the limit, and gives the rest up", async () => {
    const { stream, cancel } = streamOf(Array.from({ length: 50 }, () => new Uint8Array(100)));

    const reply = await createTransport(async () => new Response(stream))(requestOf("https://a.b"));

    expect(reply).toMatchObject({ status: 200, tooLong: true });
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  it("reads nothing of an answer that says that it is too long", async () => {
    const { stream, cancel } = streamOf([new Uint8Array(1)]);
    const headers = { "content-length": "1001" };

    const reply = await createTransport(async () => new Response(stream, { headers }))(
      requestOf("https://a.b"),
    );

    expect(reply).toMatchObject({ text: "", tooLong: true });
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  it("takes a body of exactly the limit", async () => {
    const reply = await createTransport(async () => new Response("x".repeat(1_000)))(
      requestOf("https://a.b"),
    );

    expect(reply).toMatchObject({ text: "x".repeat(1_000), tooLong: false });
  });

  it("does not trust the length of a body that is packed", async () => {
    const { stream } = streamOf(Array.from({ length: 50 }, () => new Uint8Array(100)));
    const headers = { "content-length": "20", "content-encoding": "gzip" };

    const reply = await createTransport(async () => new Response(stream, { headers }))(
      requestOf("https://a.b"),
    );

    expect(reply.tooLong).toBe(true);
  });

  it("reads a body that says its length", async () => {
    const headers = { "content-length": "3" };

    const reply = await createTransport(async () => new Response("é!", { headers }))(
      requestOf("https://a.b"),
    );

    expect(reply).toMatchObject({ text: "é!", tooLong: false });
  });

  it.each([
    ["in one go", { "content-length": "3" }],
    ["piece by piece", {}],
  ])("gives no text for what is no UTF-8, read %s", async (_how, headers) => {
    const bytes = new Uint8Array([0x22, 0xe9, 0x22]);

    const reply = await createTransport(async () => new Response(bytes, { headers }))(
      requestOf("https://a.b"),
    );

    expect(reply).toMatchObject({ text: "", isGarbled: true });
  });

  it("reads an error's body that is no UTF-8 as far as it can", async () => {
    const bytes = new Uint8Array([0x6e, 0x6f, 0xe9]);

    const reply = await createTransport(async () => new Response(bytes, { status: 400 }))(
      requestOf("https://a.b"),
    );

    expect(reply).toMatchObject({ status: 400, text: "no\ufffd" });
  });

  it("tells the status of an error whose body does not end, and gives the body up", async () => {
    vi.useFakeTimers();
    const cancel = vi.fn();
    const endless = new ReadableStream({ pull: () => new Promise(() => {}), cancel });

    const reply = createTransport(async () => new Response(endless, { status: 401 }))(
      requestOf("https://a.b"),
    );
    await vi.advanceTimersByTimeAsync(2_000);

    expect(await reply).toMatchObject({ status: 401, text: "" });
    expect(cancel).toHaveBeenCalledTimes(1);
    vi.useRealTimers();
  });

  it("tells the status of an error whose body is cut", async () => {
    const broken = new ReadableStream({
      pull: () => Promise.reject(new TypeError("terminated")),
    });

    const reply = await createTransport(async () => new Response(broken, { status: 429 }))(
      requestOf("https://a.b"),
    );

    expect(reply).toMatchObject({ status: 429, text: "", tooLong: false });
  });

  it("rejects with the runtime's own error, not with one that holds the request", async () => {
    const failure = new TypeError("fetch failed");

    const work = createTransport(() => Promise.reject(failure))(requestOf("https://a.b"));

    await expect(work).rejects.toBe(failure);
  });
});
