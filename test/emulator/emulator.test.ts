import { afterEach, describe, expect, it, vi } from "vitest";
import type { EmulatorOptions, EmulatorTools } from "../../src/emulator/definition.ts";
import { createEmulator, createTools, resettable } from "../../src/emulator/emulator.ts";
import { json, Refusal, readJson } from "../../src/emulator/exchange.ts";
import { createBell } from "../../src/emulator/wait.ts";

/** A provider with a counter, and a long poll that an add wakes. */
function counterEmulator(options?: EmulatorOptions) {
  const bell = createBell();
  const state = { total: 0, signals: 0 };
  const emulator = resettable(createTools("counter", options), (tools) => ({
    ...makeCounter(tools, state, bell),
    publish: (eventId: string) => tools.journal.add({ kind: "published", queue: "q", eventId }),
    total: () => state.total,
  }));
  return { ...emulator, state };
}

function makeCounter(
  tools: EmulatorTools,
  state: { total: number; signals: number },
  bell: ReturnType<typeof createBell>,
) {
  return createEmulator(tools, {
    routes: [
      {
        operation: "pull",
        method: "POST",
        path: "/counters/:name/add",
        handle: async ({ request, params, duplicate }) => {
          const body = await readJson(request);
          state.total += duplicate ? 2 : 1;
          bell.ring();
          return json({ name: params.name, total: state.total, body, at: tools.clock.now() });
        },
      },
      {
        operation: "watch",
        method: "GET",
        path: "/counters/:name/watch",
        handle: async ({ signal }) => {
          signal.addEventListener("abort", () => {
            state.signals += 1;
          });
          let woken = true;
          const timer = setTimeout(() => {
            woken = false;
            bell.ring();
          }, 60_000);
          await bell.wait(signal).finally(() => clearTimeout(timer));
          return json({ woken });
        },
      },
      {
        operation: "refuse",
        method: "GET",
        path: "/refuse",
        handle: () => {
          throw new Refusal(409, "Not now.", { "x-why": "test" }, "E-17");
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
    errorReply: (status, text, code) => json({ problem: text, code }, status),
    admin: {},
    connection: (origin) => ({ baseUrl: origin }),
    end: () => {
      state.total = 0;
    },
  });
}

const add = "http://counter.test/counters/a/add";
const watch = "http://counter.test/counters/a/watch";
const post = { method: "POST", body: "{}" };

afterEach(() => {
  vi.useRealTimers();
});

describe("an emulator that begins anew", () => {
  it("has forgotten what happened, cuts what is open, and says the same again", async () => {
    const { fetch, faults, journal, reset, state } = counterEmulator();
    const first = await (await fetch(add, post)).json();
    faults.add({ kind: "skew", ms: 5 });
    const polling = expect(fetch(watch)).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });

    await reset();
    await polling;

    expect([state.total, faults.list(), faults.injected(), faults.add({ kind: "cut" })]).toEqual([
      0,
      [],
      {},
      "1",
    ]);
    expect([journal.entries(), journal.calls(), journal.totals().request]).toEqual([[], 0, 0]);
    faults.clear();
    const { total, name } = await (await fetch(add, post)).json();
    expect({ total, name }).toEqual({ total: first.total, name: first.name });
    expect(journal.entries().map(({ seq }) => seq)).toEqual([1]);
  });

  it("is closed by an `await using`, and takes nothing in after that, but can be looked at", async () => {
    const emulator = counterEmulator();
    emulator.publish("a");

    await emulator[Symbol.asyncDispose]();

    expect(() => emulator.publish("b")).toThrow(
      "counter emulator: it is closed, so publish has no effect",
    );
    expect(emulator.total()).toBe(0);
    expect(emulator.journal.publishedIds()).toEqual(["a"]);
    await expect(emulator.fetch(add, post)).rejects.toMatchObject({
      cause: { code: "ECONNREFUSED" },
    });
  });

  it("goes by a clock that it is given", async () => {
    let time = 0;
    const { fetch, faults } = counterEmulator({ clock: { now: () => time } });
    faults.add({ kind: "skew", ms: 1000 });
    time = 86_400_000;

    const reply = await fetch(add, post);

    expect(reply.headers.get("date")).toBe("Fri, 02 Jan 1970 00:00:01 GMT");
    expect(() => counterEmulator({ clock: {} as never })).toThrow("clock must have now()");
  });
});

describe("an emulator as fetch", () => {
  it("takes a string, a URL or a Request, and ignores the host", async () => {
    const { fetch, state } = counterEmulator();

    await fetch(add, post);
    await fetch(new URL("https://elsewhere.test/counters/a/add"), post);
    await fetch(new Request(add, post));

    expect(state.total).toBe(3);
  });

  it("decodes path parameters after splitting, so an encoded slash stays inside", async () => {
    const { fetch } = counterEmulator();

    const reply = await fetch("http://counter.test/counters/a%2Fb%20c/add", post);

    expect(await reply.json()).toMatchObject({ name: "a/b c" });
  });

  it("answers 404 for an unknown path and 405 with the methods for a known one", async () => {
    const { fetch, journal } = counterEmulator();

    const unknown = await fetch("http://counter.test/nothing");
    const malformed = await fetch("http://counter.test/counters/%zz/add", post);
    const method = await fetch(add);

    expect([unknown.status, malformed.status, method.status]).toEqual([404, 404, 405]);
    expect(method.headers.get("allow")).toBe("POST");
    expect(await method.json()).toEqual({ problem: "Method not allowed." });
    expect(journal.calls("unknown")).toBe(3);
  });

  it("turns a refusal into the provider's error body", async () => {
    const { fetch, journal } = counterEmulator();

    const reply = await fetch("http://counter.test/refuse");

    expect(reply.status).toBe(409);
    expect(reply.headers.get("x-why")).toBe("test");
    expect(await reply.json()).toEqual({ problem: "Not now.", code: "E-17" });
    expect(journal.totals().refused).toBe(1);
  });

  it("refuses a body that is not JSON with 400", async () => {
    const { fetch } = counterEmulator();

    const reply = await fetch(add, { method: "POST", body: "{" });

    expect(reply.status).toBe(400);
  });

  it("lets a bug of a handler through as it is", async () => {
    const { fetch } = counterEmulator();

    await expect(fetch("http://counter.test/break")).rejects.toThrow(new RangeError("a bug"));
  });

  it("rejects with the reason of a signal that has fired, without any effect", async () => {
    const { fetch, state } = counterEmulator();

    const call = fetch(add, { ...post, signal: AbortSignal.abort("gone") });

    await expect(call).rejects.toBe("gone");
    expect(state.total).toBe(0);
  });

  it("rejects with the reason when the signal fires in mid-wait, and tells the handler", async () => {
    const { fetch, state, journal } = counterEmulator();
    const controller = new AbortController();

    const call = fetch(watch, { signal: controller.signal });
    setTimeout(() => controller.abort("gone"), 1);

    await expect(call).rejects.toBe("gone");
    await vi.waitFor(() => expect(journal.totals().request).toBe(1), 60_000);
    expect(state.signals).toBe(1);
  });

  it.each([
    ["a whole one", undefined],
    ["one of many pieces", { kind: "oversize", bytes: 300_000 }],
  ] as const)("breaks a body whose caller has given up: %s", async (_what, fault) => {
    const { fetch, faults } = counterEmulator();
    if (fault) faults.add(fault);
    const controller = new AbortController();
    const reply = await fetch(add, { ...post, signal: controller.signal });
    const reader = fault && reply.body?.getReader();
    await reader?.read();

    controller.abort("gone");

    await expect(reader ? reader.read() : reply.json()).rejects.toBe("gone");
  });

  it("lets go of a body that is not wanted, and of its signal", async () => {
    const { fetch, faults } = counterEmulator();
    faults.add({ kind: "oversize", bytes: 300_000 });
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");

    const reply = await fetch(add, { ...post, signal });
    await reply.body?.cancel();

    expect(removed).toHaveBeenCalledTimes(added.mock.calls.length);
  });

  it("follows the signal of a Request as well", async () => {
    const { fetch } = counterEmulator();
    const controller = new AbortController();

    const call = fetch(new Request(watch, { signal: controller.signal }));
    setTimeout(() => controller.abort(), 1);

    await expect(call).rejects.toMatchObject({ name: "AbortError" });
  });

  it("wakes a long poll when something comes, and lets it end when nothing does", async () => {
    vi.useFakeTimers();
    const { fetch } = counterEmulator();

    const woken = fetch(watch);
    await fetch(add, post);
    const empty = fetch(watch);
    await vi.advanceTimersByTimeAsync(60_000);

    expect(await (await woken).json()).toEqual({ woken: true });
    expect(await (await empty).json()).toEqual({ woken: false });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("cuts long polls when it closes, and refuses connections after that", async () => {
    const emulator = counterEmulator();

    const open = emulator.fetch(watch);
    const closed = Promise.all([emulator.close(), emulator.close()]);

    await expect(open).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
    await closed;
    await expect(emulator.fetch(add, post)).rejects.toMatchObject({
      cause: { code: "ECONNREFUSED" },
    });
  });

  it("cuts at a reset what is asked again because of it", async () => {
    const { fetch, faults, reset, journal } = counterEmulator();
    faults.add({ kind: "delay", ms: 1e9 });
    const again = fetch(add, post).catch(() => fetch(add, post));

    await reset();

    await expect(again).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
    expect(journal.totals().request).toBe(0);
  });

  it("goes by the clock of the moment, so that timers may be faked after it was made", () => {
    const { clock } = createTools("x");
    vi.useFakeTimers({ now: 5_000 });

    expect(clock.now()).toBe(5_000);
  });

  it("refuses options that make no sense", () => {
    expect(() => createTools("x", { seed: 0.5 })).toThrow(TypeError);
    expect(() => createTools("x", { journal: "some" as "all" })).toThrow("one of all, events");
    for (const journal of [{ max: 0 }, { max: 1.5 }, { detail: "some" }, { maximum: 5 }, 5, null]) {
      expect(() => createTools("x", { journal: journal as object })).toThrow("emulator: journal");
    }
  });
});

describe("a fault", () => {
  it("answers with a status, the provider's body and Retry-After, before the effect", async () => {
    const { fetch, faults, state, journal } = counterEmulator();
    faults.add({ kind: "status", status: 429, retryAfter: 1.2, count: 1 });

    const reply = await fetch(add, post);
    const next = await fetch(add, post);

    expect(reply.status).toBe(429);
    expect(reply.headers.get("retry-after")).toBe("2");
    expect(await reply.json()).toEqual({ problem: "Injected fault." });
    expect(next.status).toBe(200);
    expect(state.total).toBe(1);
    expect(faults.injected()).toEqual({ status: 1 });
    expect(journal.entries({ kinds: ["fault"] })).toMatchObject([
      { request: 1, operation: "pull", fault: "status", provider: "counter" },
    ]);
  });

  it("answers with a body of its own and a date to retry after", async () => {
    const { fetch, faults } = counterEmulator();
    faults.add({ kind: "status", status: 503, body: "busy", count: 1, retryAfter: new Date(0) });
    faults.add({ kind: "status", status: 500, body: { a: 1 }, count: 1 });
    faults.add({ kind: "status", status: 204, count: 1 });

    const text = await fetch(add, post);
    const object = await fetch(add, post);
    const nothing = await fetch(add, post);

    expect(await text.text()).toBe("busy");
    expect(text.headers.get("retry-after")).toBe("Thu, 01 Jan 1970 00:00:00 GMT");
    expect(await object.json()).toEqual({ a: 1 });
    expect([nothing.status, await nothing.text()]).toEqual([204, ""]);
  });

  it("cuts the connection before the effect", async () => {
    const { fetch, faults, state } = counterEmulator();
    faults.add({ kind: "cut" });

    const call = fetch(add, post);

    await expect(call).rejects.toThrow(new TypeError("fetch failed"));
    await expect(call).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
    expect(state.total).toBe(0);
  });

  it("loses the reply after the effect", async () => {
    const { fetch, faults, state, journal } = counterEmulator();
    faults.add({ kind: "lostReply" });

    await expect(fetch(add, post)).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
    expect(state.total).toBe(1);
    expect(journal.entries({ kinds: ["request"] })).toEqual([
      expect.not.objectContaining({ status: expect.anything() }),
    ]);
  });

  it("cuts the body in the middle after the effect", async () => {
    const { fetch, faults, state } = counterEmulator();
    faults.add({ kind: "truncate" });

    const reply = await fetch(add, post);

    expect(reply.status).toBe(200);
    await expect(reply.text()).rejects.toThrow("terminated");
    expect(state.total).toBe(1);
  });

  it("sends half of the body after the effect and then nothing, until the request is given up", async () => {
    const { fetch, faults, state } = counterEmulator();
    faults.add({ kind: "stall" });
    const controller = new AbortController();

    const reply = await fetch(add, { ...post, signal: controller.signal });
    const whole = reply.text();
    setTimeout(() => controller.abort(new Error("enough")), 20);

    await expect(whole).rejects.toThrow("enough");
    expect(state.total).toBe(1);
  });

  it("says any headers, beside a fault of the body, and junk for a date", async () => {
    const { fetch, faults } = counterEmulator();
    const headers = { date: "yesterday", "retry-after": "soon 5" };
    faults.add({ kind: "headers", headers });
    faults.add({ kind: "status", status: 503, count: 1 });

    const failed = await fetch(add, post);
    const good = await fetch(add, post);

    expect([failed.status, good.status]).toEqual([503, 200]);
    for (const reply of [failed, good])
      expect(Object.fromEntries(reply.headers)).toMatchObject(headers);
  });

  it("sends garbage, an HTML page, or a body that is too long", async () => {
    const { fetch, faults, state } = counterEmulator();
    faults.add({ kind: "garbage", count: 1 });
    faults.add({ kind: "html", count: 1 });
    faults.add({ kind: "html", status: 200, count: 1 });
    faults.add({ kind: "oversize", bytes: 200_000, count: 1 });

    const garbage = await fetch(add, post);
    const gateway = await fetch(add, post);
    const login = await fetch(add, post);
    const long = await fetch(add, post);

    await expect(garbage.json()).rejects.toThrow(SyntaxError);
    expect([gateway.status, login.status]).toEqual([502, 200]);
    expect(gateway.headers.get("content-type")).toMatch("text/html");
    const text = await long.text();
    expect(text).toHaveLength(200_000);
    expect(JSON.parse(text)).toMatchObject({ total: 2 });
    expect(state.total).toBe(2);
  });

  it("delays before the effect, together with another fault, and can be aborted", async () => {
    vi.useFakeTimers();
    const { fetch, faults, state } = counterEmulator();
    faults.add({ kind: "delay", ms: 5_000 });
    faults.add({ kind: "status", status: 500, count: 1 });
    const controller = new AbortController();

    const failing = fetch(add, post);
    const aborted = fetch(add, { ...post, signal: controller.signal });
    const outcome = expect(aborted).rejects.toBe("enough");
    await vi.advanceTimersByTimeAsync(4_999);
    controller.abort("enough");
    await vi.advanceTimersByTimeAsync(1);

    await outcome;
    expect((await failing).status).toBe(500);
    expect(state.total).toBe(0);
  });

  it("tells the handler to duplicate", async () => {
    const { fetch, faults, state } = counterEmulator();
    faults.add({ kind: "duplicate", count: 1 });

    await fetch(add, post);

    expect(state.total).toBe(2);
  });

  it("makes the clock and the Date header wrong until it is cleared", async () => {
    vi.useFakeTimers({ now: 1_000_000 });
    const { fetch, faults } = counterEmulator();
    const id = faults.add({ kind: "skew", ms: -400_000 });

    const skewed = await fetch(add, post);
    faults.clear(id);
    const right = await fetch(add, post);

    expect(await skewed.json()).toMatchObject({ at: 600_000 });
    expect(skewed.headers.get("date")).toBe("Thu, 01 Jan 1970 00:10:00 GMT");
    expect(await right.json()).toMatchObject({ at: 1_000_000 });
  });
});
