import { Agent, get, request as httpRequest } from "node:http";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { EmulatorOptions } from "../../src/emulator/definition.ts";
import { createEmulator, createTools, resettable } from "../../src/emulator/emulator.ts";
import { json, Refusal } from "../../src/emulator/exchange.ts";
import { kekkerEmulator } from "../../src/emulator/kekker.ts";
import { serveEmulators } from "../../src/emulator/server.ts";
import { tikiEmulator } from "../../src/emulator/tiki.ts";
import { createBell } from "../../src/emulator/wait.ts";

/** A provider that echoes, waits, and takes one command. */
function echoEmulator(name = "echo", options: EmulatorOptions = {}) {
  const tools = createTools(name, options);
  const bell = createBell();
  const state = { waiting: 0, ended: 0 };
  const emulator = resettable(tools, () =>
    createEmulator(tools, {
      routes: [
        {
          operation: "echo",
          method: "POST",
          path: "/echo/:word",
          handle: async ({ request, params, url }) => {
            const { word } = params;
            const header = request.headers.get("x-test");
            return json({ word, header, query: url.search, body: await request.text() });
          },
        },
        {
          operation: "wait",
          method: "GET",
          path: "/wait",
          handle: async ({ signal }) => {
            state.waiting += 1;
            signal.addEventListener("abort", () => {
              state.ended += 1;
            });
            await bell.wait(signal);
            return json({ woken: true });
          },
        },
        {
          operation: "break",
          method: "GET",
          path: "/break",
          handle: () => {
            throw new RangeError("a bug");
          },
        },
      ],
      errorReply: (status, text) => json({ problem: text }, status),
      admin: {
        publish: (body) => {
          const { events } = body as { events: readonly string[] };
          if (!Array.isArray(events)) throw new Refusal(422, "events must be a list");
          for (const eventId of events)
            tools.journal.add({ kind: "published", queue: "q", eventId });
          return { published: events.length };
        },
        fail: () => {
          throw new RangeError("a bug");
        },
        wrong: () => {
          throw new TypeError("wrong command");
        },
        quiet: () => undefined,
      },
      connection: (origin) => ({ baseUrl: `${origin}/v1` }),
    }),
  );
  return { ...emulator, state };
}

async function served(...emulators: readonly ReturnType<typeof echoEmulator>[]) {
  const server = await serveEmulators(emulators);
  onTestFinished(() => server.close());
  return server;
}

/** Makes a request on an agent, and tells the socket's local port. */
function portOf(url: string, agent: Agent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { agent, method: "POST" }, (reply) => {
      const port = request.socket?.localPort;
      reply.resume().on("end", () => resolve(port));
    });
    request.on("error", reject).end("x");
  });
}

const post = { method: "POST", body: "hello", headers: { "x-test": "yes" } };
const asJson = (body: unknown) => ({
  method: "POST",
  body: JSON.stringify(body),
  headers: { "content-type": "application/json" },
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a server of emulators", () => {
  it("serves each under its name, and takes the prefix away", async () => {
    const { origin } = await served(echoEmulator("one"), echoEmulator("two"));

    const one = await fetch(`${origin}/one/echo/a%2Fb?q=1`, post);
    const two = await fetch(`${origin}/two/echo/b`, { method: "POST" });
    const none = await fetch(`${origin}/three/echo/b`);

    expect(await one.json()).toEqual({ word: "a/b", header: "yes", query: "?q=1", body: "hello" });
    expect(await two.json()).toEqual({ word: "b", header: null, query: "", body: "" });
    expect(none.status).toBe(404);
  });

  it("takes two slashes behind the prefix for what they are, and not for a host", async () => {
    const { origin } = await served(echoEmulator());
    const statusOf = async (path: string) =>
      (await fetch(origin + path, { method: "POST" })).status;

    expect(await statusOf("/echo/echo/word")).toBe(200);
    const paths = ["/echo//echo/word", "/echo//x/echo/word", "/echo//", "/echo//[::1/x"];
    expect(await Promise.all(paths.map(statusOf))).toEqual([404, 404, 404, 404]);
  });

  it("tells clients where to connect", async () => {
    const { origin, connection, port } = await served(echoEmulator());

    expect(connection("echo")).toEqual({ baseUrl: `http://127.0.0.1:${port}/echo/v1` });
    expect(origin).toBe(`http://127.0.0.1:${port}`);
    expect(() => connection("other")).toThrow(TypeError);
  });

  it("keeps connections alive", async () => {
    const { origin } = await served(echoEmulator());
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());

    const first = await portOf(`${origin}/echo/echo/a`, agent);
    const second = await portOf(`${origin}/echo/echo/a`, agent);

    expect(second).toBe(first);
  });

  it("resets the connection for a cut and for a lost reply", async () => {
    const echo = echoEmulator();
    const { origin } = await served(echo);
    echo.faults.add({ kind: "cut", count: 1 });
    echo.faults.add({ kind: "lostReply", count: 1 });

    const cut = fetch(`${origin}/echo/echo/a`, post);
    await expect(cut).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
    const lost = fetch(`${origin}/echo/echo/a`, post);
    await expect(lost).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });

    const next = await fetch(`${origin}/echo/echo/a`, post);
    expect(next.status).toBe(200);
  });

  it("promises a whole body, and cuts it in the middle", async () => {
    const echo = echoEmulator();
    const { origin } = await served(echo);
    echo.faults.add({ kind: "truncate", count: 1 });

    const received = await new Promise<{ promised: number; got: number; error: unknown }>(
      (resolve) => {
        const options = { method: "POST" };
        const request = httpRequest(`${origin}/echo/echo/a`, options, (reply) => {
          let got = 0;
          reply.on("data", (piece: Uint8Array) => {
            got += piece.length;
          });
          reply.on("error", (error) => {
            resolve({ promised: Number(reply.headers["content-length"]), got, error });
          });
        });
        request.end("hello");
      },
    );

    expect(received.got).toBe(Math.floor(received.promised / 2));
    expect(received.got).toBeGreaterThan(10);
    expect(received.error).toMatchObject({ code: "ECONNRESET" });
  });

  it("sends an oversize body piece by piece, and stops when nobody reads", async () => {
    const echo = echoEmulator();
    const { origin } = await served(echo);
    echo.faults.add({ kind: "oversize", bytes: 300_000, count: 1 });
    echo.faults.add({ kind: "oversize", bytes: 2 ** 40, count: 1 });

    const whole = await fetch(`${origin}/echo/echo/a`, post);
    expect(await whole.text()).toHaveLength(300_000);
    const endless = await fetch(`${origin}/echo/echo/a`, post);
    await endless.body?.cancel();

    const next = await fetch(`${origin}/echo/echo/a`, post);
    expect(next.status).toBe(200);
  });

  it("answers to loopback names alone, and to a path that begins with two slashes", async () => {
    const { port } = await served(echoEmulator());
    const statusOf = (path: string, host: string) =>
      new Promise((resolve) => {
        httpRequest({ port, path, headers: { host } }, ({ statusCode }) =>
          resolve(statusCode),
        ).end();
      });

    const names = [
      `127.0.0.1:${port}`,
      "localhost",
      "[::1]:80",
      "evil.example",
      "127.0.0.1.evil.example",
    ];
    const statuses = await Promise.all(names.map((host) => statusOf("/_emulator/health", host)));

    expect(statuses).toEqual([200, 200, 200, 403, 403]);
    expect(await statusOf("//evil.example/echo", "localhost")).toBe(404);
    expect(await statusOf("http://evil.example/_emulator/health", "localhost")).toBe(400);
  });

  it("lets no page of another site steer the emulators", async () => {
    const emulator = echoEmulator();
    const { origin } = await served(emulator);
    const reset = vi.spyOn(emulator, "reset");
    const statusOf = async (given: string): Promise<number> => {
      const init = { method: "POST", headers: { origin: given, "content-type": "text/plain" } };
      return (await fetch(`${origin}/_emulator/echo/reset`, init)).status;
    };

    const elsewhere = ["https://evil.example", "null", "http://127.0.0.1.evil.example"];
    expect(await Promise.all(elsewhere.map(statusOf))).toEqual([403, 403, 403]);
    expect(reset).not.toHaveBeenCalled();
    expect(await Promise.all([origin, "http://localhost:3000"].map(statusOf))).toEqual([200, 200]);
  });

  it("gives to its page what no emulator has, by the name it was asked for, and streams its events", async () => {
    let ended = 0;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
      cancel: () => {
        ended += 1;
      },
    });
    const server = await serveEmulators([echoEmulator()], {
      page: async ({ url, headers, signal }) => {
        const { pathname, host } = new URL(url);
        if (pathname === "/gone") return undefined;
        signal.addEventListener("abort", () => {
          ended += 1;
        });
        if (pathname !== "/live") return Response.json([host, headers.get("host"), pathname]);
        return new Response(body, { headers: { "content-type": "text/event-stream" } });
      },
    });
    onTestFinished(() => server.close());
    const host = `localhost:${server.port}`;

    const page = await fetch(`http://${host}/a`).catch(() => fetch(`${server.origin}/a`));
    const gone = await fetch(`${server.origin}/gone`);
    const echo = await fetch(`${server.origin}/echo/echo/a`, post);
    const live = await fetch(`${server.origin}/live`);
    const reader = live.body?.getReader();
    const first = await reader?.read();
    await reader?.cancel();

    const [here, named, path] = await page.json();
    expect([here, path]).toEqual([`127.0.0.1:${server.port}`, "/a"]);
    expect(named).toMatch(/^(localhost|127\.0\.0\.1):\d+$/);
    expect([gone.status, await gone.text(), echo.status]).toEqual([
      404,
      "No emulator has this prefix.\n",
      200,
    ]);
    expect(new TextDecoder().decode(first?.value)).toBe("data: 1\n\n");
    await vi.waitFor(() => expect(ended).toBeGreaterThan(0), 60_000);
    await expect(serveEmulators([], { page: "x" as never })).rejects.toThrow(/page must be/);
  });

  it("begins anew, and adds all faults of a list or none, for other processes", async () => {
    const echo = echoEmulator();
    const { origin } = await served(echo);
    const send = async (method: string, path: string, body?: unknown) => {
      const headers = { "content-type": "application/json" };
      const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
      const reply = await fetch(`${origin}/_emulator/echo/${path}`, init);
      return [reply.status, await reply.json()];
    };

    const [refused] = await send("POST", "faults", [{ kind: "cut" }, { kind: "cut", times: 1 }]);
    const added = await send("POST", "faults", [{ kind: "cut" }, { kind: "duplicate" }]);
    const unknown = await send("DELETE", "faults/7");
    const one = await send("DELETE", "faults/1");
    const reset = await send("POST", "reset");

    expect([refused, added, unknown[0], one, reset]).toEqual([
      400,
      [200, { ids: ["1", "2"] }],
      404,
      [200, { left: 1 }],
      [200, {}],
    ]);
    expect(echo.faults.list()).toEqual([]);
  });

  it("sends half a body and then nothing, and closes all the same", async () => {
    const echo = echoEmulator();
    const server = await served(echo);
    echo.faults.add({ kind: "stall", count: 1 });

    const reply = await fetch(`${server.origin}/echo/echo/a`, post);
    const reader = reply.body?.getReader();
    const first = await reader?.read();
    const second = expect(reader?.read()).rejects.toThrow();
    await server.close();

    expect(first?.value?.length).toBeGreaterThan(10);
    await second;
  });

  it("ends the request when the client goes away", async () => {
    const echo = echoEmulator();
    const { origin } = await served(echo);
    const controller = new AbortController();

    const call = fetch(`${origin}/echo/wait`, { signal: controller.signal });
    const outcome = expect(call).rejects.toMatchObject({ name: "AbortError" });
    await vi.waitFor(() => expect(echo.state.waiting).toBe(1), 60_000);
    controller.abort();

    await outcome;
    await vi.waitFor(() => expect(echo.state.ended).toBe(1), 60_000);
  });

  it("ends long polls when it closes, and can serve the same emulators again", async () => {
    const echo = echoEmulator();
    const server = await served(echo);
    const call = fetch(`${server.origin}/echo/wait`);
    const outcome = expect(call).rejects.toThrow("fetch failed");
    await vi.waitFor(() => expect(echo.state.waiting).toBe(1), 60_000);

    await Promise.all([server.close(), server.close()]);
    await outcome;
    expect(echo.state.ended).toBe(1);

    const again = await served(echo);
    const reply = await fetch(`${again.origin}/echo/echo/a`, post);
    expect(reply.status).toBe(200);
  });

  it("answers 413 for a body over its limit, 405 for TRACE, and 500 for a bug", async () => {
    const server = await serveEmulators([echoEmulator()], { maxBodyBytes: 10 });
    onTestFinished(() => server.close());
    const root = `${server.origin}/echo`;

    const long = await fetch(`${root}/echo/a`, { method: "POST", body: "x".repeat(200_000) });
    const bug = await fetch(`${root}/break`);
    const trace = await new Promise((resolve, reject) => {
      const options = { method: "TRACE" };
      get(`${root}/wait`, options, (reply) => resolve(reply.resume().statusCode)).on(
        "error",
        reject,
      );
    });

    expect([long.status, bug.status, trace]).toEqual([413, 500, 405]);
    expect(await bug.text()).toContain("a bug");
  });

  it("refuses a wrong port, a port that is taken, and two emulators of one name", async () => {
    const { port } = await served(echoEmulator());

    await expect(serveEmulators([], { port: 70_000 })).rejects.toThrow(TypeError);
    await expect(serveEmulators([], { port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await expect(serveEmulators([echoEmulator(), echoEmulator()])).rejects.toThrow(TypeError);
    for (const none of [undefined, { echo: echoEmulator() }, [undefined], [{}]]) {
      await expect(serveEmulators(none as never)).rejects.toThrow(/a list of emulators/);
    }
  });
});

describe("the admin routes", () => {
  it("explain themselves", async () => {
    const server = await serveEmulators([tikiEmulator(), kekkerEmulator()]);
    onTestFinished(() => server.close());
    const { origin } = server;

    const told = await (await fetch(`${origin}/_emulator`)).json();

    expect(told.about).toContain("application/json");
    for (const each of Object.values(told.emulators) as { commands: string[] }[]) {
      expect(each.commands).toContainEqual(
        expect.stringMatching(/^POST \/_emulator\/\w+\/publish$/),
      );
    }
    const [[name = ""] = []] = Object.entries(told.emulators);
    expect((await fetch(`${origin}/_emulator/${name}/totals`)).status).toBe(200);
  });

  it("tell the health", async () => {
    const { origin } = await served(echoEmulator());
    await fetch(`${origin}/echo/echo/a`, post);

    const health = await fetch(`${origin}/_emulator/health`);

    const emulators = [{ name: "echo", seed: 1, requests: 1 }];
    expect(await health.json()).toEqual({ status: "ok", emulators });
  });

  it("run an emulator's own commands, and pass its refusals on", async () => {
    const { origin } = await served(echoEmulator());
    const root = `${origin}/_emulator/echo`;

    const published = await fetch(`${root}/publish`, asJson({ events: ["a", "b"] }));
    const quiet = await fetch(`${root}/quiet`, asJson(null));
    const replies = await Promise.all([
      fetch(`${root}/publish`, asJson({ events: 1 })),
      fetch(`${root}/wrong`, asJson({})),
      fetch(`${root}/fail`, asJson({})),
      fetch(`${root}/toString`, asJson({})),
      fetch(`${root}/publish`, { method: "POST", body: "{}" }),
      fetch(`${origin}/_emulator/other/publish`, asJson({})),
      fetch(`${origin}/_emulator/nothing`),
      fetch(`${root}/health/none/of/these`),
      fetch(`${root}/journal`, { method: "PUT" }),
    ]);

    expect(await published.json()).toEqual({ published: 2 });
    expect(await quiet.json()).toEqual({});
    expect(replies.map(({ status }) => status)).toEqual([
      422, 400, 500, 404, 415, 404, 404, 404, 405,
    ]);
  });

  it("page through the journal, by kind", async () => {
    const { origin } = await served(echoEmulator());
    const root = `${origin}/_emulator/echo`;
    await fetch(`${root}/publish`, asJson({ events: ["a", "b", "c"] }));
    await fetch(`${origin}/echo/echo/a`, post);

    const first = await (await fetch(`${root}/journal?limit=2&kind=published`)).json();
    const next = `${root}/journal?after=${first.after}&kind=published,request`;
    const second = await (await fetch(next)).json();
    const last = await (await fetch(`${root}/journal?after=${second.after}`)).json();
    const refused = await Promise.all([
      fetch(`${root}/journal?kind=nothing`),
      fetch(`${root}/journal?kind=toString`),
      fetch(`${root}/journal?queu=q`),
      fetch(`${root}/journal?operation=ech`),
      fetch(`${root}/journal?after=-1`),
      fetch(`${root}/journal?limit=10001`),
    ]);

    expect(first).toMatchObject({ entries: [{ eventId: "a" }, { eventId: "b" }], after: 2 });
    expect(second).toMatchObject({ entries: [{ eventId: "c" }, { kind: "request" }], after: 4 });
    expect(last).toEqual({ entries: [], after: 4, missed: 0 });
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400]);
  });

  it("are told once how many entries they have missed, where the journal has a bound", async () => {
    const { origin } = await served(echoEmulator("echo", { journal: { max: 10 } }));
    const root = `${origin}/_emulator/echo`;
    const events = Array.from({ length: 100 }, (_, index) => `e${index}`);
    await fetch(`${root}/publish`, asJson({ events }));

    const ask = async (query: string) => (await fetch(`${root}/journal?${query}`)).json();
    const first = await ask("after=40&limit=3");
    const second = await ask(`after=${first.after}`);
    const none = await ask("kind=acked");
    const then = await ask(`kind=acked&after=${none.after}`);
    const { totals } = await (await fetch(`${root}/totals`)).json();

    expect(first).toMatchObject({ entries: [{ seq: 91 }, {}, { seq: 93 }], missed: 50 });
    expect([second.entries.length, second.after, second.missed]).toEqual([7, 100, 0]);
    expect(none).toEqual({ entries: [], after: 90, missed: 90 });
    expect(then).toEqual({ entries: [], after: 90, missed: 0 });
    expect(totals.published).toBe(100);
  });

  it("add, list and clear faults, and count them", async () => {
    const { origin } = await served(echoEmulator());
    const root = `${origin}/_emulator/echo`;
    const status = { kind: "status", status: 500, operation: "echo" };

    const added = await fetch(`${root}/faults`, asJson([status, { kind: "delay", ms: 0 }]));
    const faulty = await fetch(`${origin}/echo/echo/a`, post);
    const list = await fetch(`${root}/faults`);
    const one = await fetch(`${root}/faults/1`, { method: "DELETE" });
    const all = await fetch(`${root}/faults`, { method: "DELETE" });
    const totals = await fetch(`${root}/totals`);
    const single = await fetch(`${root}/faults`, asJson(status));
    const wrong = await fetch(`${root}/faults`, asJson({ kind: "fire" }));
    const none = await fetch(`${root}/faults`, asJson("fire"));

    expect(await added.json()).toEqual({ ids: ["1", "2"] });
    expect(faulty.status).toBe(500);
    expect(await list.json()).toMatchObject([{ id: "1", injected: 1 }, { id: "2" }]);
    expect([await one.json(), await all.json()]).toEqual([{ left: 1 }, { left: 0 }]);
    expect(await totals.json()).toMatchObject({ totals: { fault: 1 }, injected: { status: 1 } });
    expect(await single.json()).toEqual({ ids: ["3"] });
    expect([wrong.status, none.status]).toEqual([400, 400]);
  });
});
