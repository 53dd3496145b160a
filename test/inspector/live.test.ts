import { describe, expect, it, vi } from "vitest";
import type { LiveShown } from "../../src/inspector/shown.ts";
import { consume } from "../../src/loop/consume.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed } from "../../src/testing/index.ts";
import { key, open } from "./support.ts";

const made = { specversion: "1.0", source: "/shop", type: "order_created" } as const;

function start() {
  const feed = memoryFeed({ name: key.feed });
  const { deadLetters } = memoryStores();
  const run = consume(
    feed,
    (event) => {
      const { email } = Object(event.data) as { email?: string };
      if (email) throw new Error(`no such customer ${email}`);
    },
    {
      ...{ consumer: key.consumer, deadLetters, logger: false, circuitBreaker: false },
      retry: { attempts: 2, minDelayMs: 0, maxDelayMs: 10 },
      idle: { minDelayMs: 10, maxDelayMs: 10 },
    },
  );
  return { feed, run };
}

/** Reads what is sent. */
function reading(answer: Response) {
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  return {
    async next(): Promise<LiveShown> {
      const { value } = await reader.read();
      const [, data = ""] =
        /^event: runs\ndata: (.*)\n\n$/.exec(new TextDecoder().decode(value)) ?? [];
      return JSON.parse(data);
    },
    end: () => reader.cancel(),
  };
}

describe("live", () => {
  it("tells of runs once a second, and of what has happened since", async () => {
    const { feed, run } = start();
    const { handle, request } = open({ runs: [run], stores: {} });
    const live = reading(await handle(request("/api/live")));

    const first = await live.next();
    feed.publish({ ...made, id: "1", data: {} });
    const second = await live.next();

    expect(first.runs).toMatchObject([{ ...key, health: { healthy: true }, told: [] }]);
    const kinds = second.runs[0]?.told.map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(["pulled", "handling", "handled", "acked"]));
    expect(second.runs[0]?.took?.middle).toBeGreaterThanOrEqual(0);
    expect(second.runs[0]?.summary).toMatchObject({ handled: 1, acked: 1 });
    await live.end();
    await run.stop();
  });

  it("costs a run nothing before the first look and behind the last: no timer, and no listener", async () => {
    const { feed, run } = start();
    const watch = vi.spyOn(run, "watch");
    const details = vi.spyOn(run, "details");
    const every = vi.spyOn(globalThis, "setInterval");
    const { handle, request } = open({ runs: [run], stores: {} });
    for (let at = 0; at < 50; at += 1) feed.publish({ ...made, id: `${at}`, data: {} });
    await vi.waitFor(() => expect(feed.acked.length).toBe(50));
    expect([watch, details, every].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0]);

    const live = reading(await handle(request("/api/live")));
    await live.next();
    await live.end();
    const looks = details.mock.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 1200));

    expect(details.mock.calls.length).toBe(looks);
    expect(watch).toHaveBeenCalledOnce();
    await run.stop();
  });

  it("asks a run once a second, however many look", async () => {
    const { feed, run } = start();
    const watch = vi.spyOn(run, "watch");
    const details = vi.spyOn(run, "details");
    const { handle, request } = open({ runs: [run], stores: {} });
    const one = reading(await handle(request("/api/live")));
    await one.next();
    const all = [one];
    for (let at = 0; at < 30; at += 1) all.push(reading(await handle(request("/api/live"))));
    const greeted = await Promise.all(all.slice(1).map((each) => each.next()));
    const before = details.mock.calls.length;
    feed.publish({ ...made, id: "1", data: {} });

    const told = await Promise.all(all.map((each) => each.next()));

    expect(greeted.every(({ runs }) => runs[0]?.health.healthy)).toBe(true);
    for (const { runs } of told) {
      expect(runs[0]?.told.map(({ kind }) => kind)).toContain("handled");
    }
    expect(details.mock.calls.length - before).toBe(1);
    expect(watch).toHaveBeenCalledOnce();
    for (const each of all) await each.end();
    const after = details.mock.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(details.mock.calls.length).toBe(after);
    await run.stop();
  });

  it("masks what events hold in the texts of errors", async () => {
    const { feed, run } = start();
    const { handle, request } = open({ runs: [run], stores: {}, redact: ["email"] });
    const live = reading(await handle(request("/api/live")));
    await live.next();

    feed.publish({ ...made, id: "1", data: { email: "ann@example.org" } });
    const shown = await live.next();

    expect(JSON.stringify(shown)).not.toContain("ann@");
    const dead = shown.runs[0]?.told.find(({ kind }) => kind === "deadLettered");
    expect(dead?.text).toBe("failed 2 times: Error: no such customer [masked]");
    expect(shown.runs[0]?.incidents.at(-1)?.text).toMatch(/^\[masked\]/);
    await live.end();
    await run.stop();
  });

  it("listens to nothing where the request is cut while `authorize` thinks", async () => {
    const { run } = start();
    const watch = vi.spyOn(run, "watch");
    const leaving = new AbortController();
    const authorize = async (): Promise<boolean> => {
      leaving.abort();
      return true;
    };
    const { handle, request } = open({ runs: [run], stores: {}, authorize });

    const answer = await handle(request("/api/live", { signal: leaving.signal }));
    await new Promise((resolve) => setTimeout(resolve, 10));

    expect(answer.body).toBeNull();
    expect(watch).not.toHaveBeenCalled();
    await run.stop();
  });

  const hiding = (shown: unknown): unknown =>
    JSON.parse(JSON.stringify(shown).replaceAll("ann@example.org", "***"));

  it.each([
    [["email"], "halted: shop:orders: event 1 (order_created): failed once: Error: no [masked]"],
    [hiding, "halted: shop:orders: event 1 (order_created): failed once: Error: no ***"],
  ])("masks what has halted a run: %o", async (redact, text) => {
    const feed = memoryFeed({ name: key.feed });
    feed.publish({ ...made, id: "1", data: { email: "ann@example.org" } });
    const handler = () => {
      throw new Error("no ann@example.org");
    };
    const retry = { attempts: 1 };
    const run = consume(feed, handler, { consumer: "billing", logger: false, retry });
    await expect(Promise.resolve(run)).rejects.toThrow("ann@");
    const { handle, request } = open({ runs: [run], stores: {}, redact });
    const live = reading(await handle(request("/api/live")));

    const shown = await live.next();

    expect(JSON.stringify(shown)).not.toContain("ann@");
    expect(shown.runs[0]?.health.lastError).toContain(text);
    await live.end();
  });

  it("hides what a store says that has got an event, and shows what a provider says", async () => {
    const feed = memoryFeed({ name: key.feed });
    feed.publish({ ...made, id: "1", data: { email: "ann@example.org" } });
    const { deadLetters } = memoryStores();
    vi.spyOn(deadLetters, "put").mockRejectedValue(new Error("no room for ann@example.org"));
    const broken = memoryFeed({ name: "broken" });
    vi.spyOn(broken, "pull").mockRejectedValue(new Error("the provider is away"));
    const handler = () => {
      throw new Error("no");
    };
    const options = { consumer: "billing", logger: false, retry: { attempts: 1 } } as const;
    const runs = [
      consume(feed, handler, { ...options, deadLetters }),
      consume(broken, handler, { ...options, deadLetters }),
    ];
    await vi.waitFor(() => {
      for (const run of runs) expect(run.health().lastError).toBeDefined();
    });
    const { handle, request } = open({ runs, stores: {}, redact: ["email"] });
    const live = reading(await handle(request("/api/live")));

    const shown = await live.next();

    expect(JSON.stringify(shown)).not.toContain("ann@");
    const [first, second] = shown.runs.map(({ health }) => health.lastError);
    expect(first).toMatch(/deadLetters put: \[masked\]/);
    expect(second).toContain("the provider is away");
    await live.end();
    await Promise.all(runs.map((run) => run.stop({ withinMs: 10 })));
  });

  it("masks the texts of one event once, and not each second", async () => {
    const feed = memoryFeed({ name: key.feed });
    feed.publish({ ...made, id: "1", data: { email: "ann@example.org" } });
    const handler = () => {
      throw new Error("no");
    };
    const run = consume(feed, handler, {
      ...{ consumer: "billing", logger: false },
      retry: { attempts: 9, minDelayMs: 60_000, maxDelayMs: 60_000 },
    });
    await vi.waitFor(() => expect(run.details().open[0]?.failure).toBeDefined());
    const asked: unknown[] = [];
    const redact = (shown: unknown): unknown => {
      if (Object(Object(shown).event).data !== undefined) asked.push(shown);
      return shown;
    };
    const { handle, request } = open({ runs: [run], stores: {}, redact });
    const live = reading(await handle(request("/api/live")));
    await live.next();
    const before = asked.length;

    await live.next();

    expect(before).toBeGreaterThan(0);
    expect(asked.length).toBe(before);
    await live.end();
    await run.stop({ withinMs: 10 });
  });

  it("ends, and throws nothing at the process, where what is shown cannot be made", async () => {
    const { run } = start();
    const error = vi.fn();
    const { handle, request } = open({
      ...{ runs: [run], stores: {}, logger: { debug() {}, info() {}, warn() {}, error } },
    });
    vi.spyOn(run, "health").mockImplementation(() => {
      throw new Error("broken");
    });

    const answer = await handle(request("/api/live"));

    expect(await answer.text()).toBe("");
    expect(error).toHaveBeenCalledOnce();
    await run.stop();
  });

  it("follows runs that come and go, and pauses one by its number", async () => {
    const runs = [start().run];
    const { handle, request, change } = open({ runs: () => runs, stores: {} });
    const live = reading(await handle(request("/api/live")));
    const [one] = (await live.next()).runs;
    runs.push(start().run);
    const two = (await live.next()).runs;

    expect(two.map(({ id }) => id)).toEqual([one?.id, (one?.id ?? 0) + 1]);
    expect((await change("pause", { run: one?.id })).status).toBe(200);
    expect(runs[0]?.health().state).toBe("paused");
    expect((await change("resume", { run: one?.id })).status).toBe(200);
    expect(runs[0]?.health().state).toBe("running");
    expect((await change("reload", { run: one?.id })).status).toBe(200);
    await Promise.all(runs.map((run) => run.stop()));
    runs.length = 0;
    expect((await live.next()).runs).toEqual([]);
    expect((await change("pause", { run: one?.id })).status).toBe(404);
    await live.end();
  });
});
