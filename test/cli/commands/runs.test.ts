import { describe, expect, it, onTestFinished } from "vitest";
import { serve } from "../../../src/cli/serve.ts";
import { type InspectorOptions, inspector } from "../../../src/inspector/index.ts";
import { consume } from "../../../src/loop/consume.ts";
import type { Run } from "../../../src/loop/run.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { memoryFeed } from "../../../src/testing/index.ts";
import { start } from "../support.ts";

const event = { specversion: "1.0", id: "1", source: "/shop", type: "made", data: {} } as const;

/** A run whose process is ours, for the time of the test. */
function startRun(name: string, consumer: string) {
  const feed = memoryFeed({ name });
  const handled: string[] = [];
  const run = consume(feed, ({ id }) => void handled.push(id), {
    ...{ consumer, deadLetters: memoryStores().deadLetters, logger: false },
    idle: { minDelayMs: 10, maxDelayMs: 10 },
  });
  onTestFinished(async () => void (await run.stop()));
  return { feed, run, handled };
}

/** Serves an inspector under a path, and says how the command line calls it. */
async function serving(runs: readonly Run[], options: Partial<InspectorOptions> = {}) {
  const asked: string[] = [];
  const handle = inspector({
    runs,
    path: "/ops/",
    authorize: (request) => request.headers.get("authorization") === "Bearer hunter2",
    logger: false,
    ...options,
  });
  const served = await serve((request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return handle(request);
  }, 0);
  onTestFinished(async () => {
    served.cut();
    await served.close();
  });
  const url = `http://127.0.0.1:${served.port}/ops`;
  const environment = { ACKLOOP_INSPECTOR_AUTHORIZATION: "Bearer hunter2" };
  const ran = async (line: string, given: object = environment) => {
    const { code, written } = start(`${line} --url ${url}`, { environment: { ...given } });
    return { code: await code, ...written };
  };
  return { url, asked, ran };
}

const jsonOf = ({ out }: { readonly out: string }): unknown[] =>
  out
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** A body that goes on for as long as it is read. */
function endless(): ReadableStream<Uint8Array> {
  const piece = new Uint8Array(1_000_000);
  return new ReadableStream({ pull: (controller) => controller.enqueue(piece) });
}

describe("ackloop runs", () => {
  it("lists the runs of a process, pauses those that are named, and lets them go on", async () => {
    const orders = startRun("orders", "billing");
    const deals = startRun("deals", "billing");
    const { ran } = await serving([orders.run, deals.run]);

    const listed = await ran("runs list");
    const paused = await ran("runs pause --feed orders");
    orders.feed.publish(event);
    deals.feed.publish(event);
    await expect.poll(() => deals.handled).toEqual(["1"]);
    const seen = await ran("runs list --json");

    expect(listed.out).toMatch(/billing +orders +running +0 +0/);
    expect(paused).toEqual({ code: 0, out: "billing of orders is paused\n", err: "" });
    expect(orders.run.health().state).toBe("paused");
    expect(orders.handled).toEqual([]);
    expect(jsonOf(seen)).toMatchObject([
      { feed: "orders", health: { state: "paused" } },
      { feed: "deals", health: { state: "running" }, summary: { handled: 1 } },
    ]);

    const resumed = await ran("runs resume --consumer billing --feed orders --json");
    await expect.poll(() => orders.handled).toEqual(["1"]);
    expect(jsonOf(resumed)).toEqual([
      { id: 1, feed: "orders", consumer: "billing", state: "running" },
    ]);

    const all = await ran("runs pause --all");
    expect(all.out).toBe("billing of orders is paused\nbilling of deals is paused\n");
    expect(deals.run.health().state).toBe("paused");
  });

  it("has runs read their skips anew", async () => {
    const stores = memoryStores();
    const feed = memoryFeed({ name: "orders" });
    const handled: string[] = [];
    const run = consume(feed, ({ id }) => void handled.push(id), {
      ...{ consumer: "billing", deadLetters: stores.deadLetters, logger: false },
      idle: { minDelayMs: 10, maxDelayMs: 10 },
    });
    onTestFinished(async () => void (await run.stop()));
    const { ran } = await serving([run]);
    await ran("runs pause --all");
    await stores.deadLetters.skip({ consumer: "billing", feed: "orders", identity: "/shop 1" });

    const { out } = await ran("runs reload --feed orders");
    feed.publish(event, { ...event, id: "2" });
    await ran("runs resume --feed orders");
    await expect.poll(() => handled).toEqual(["2"]);

    expect(out).toBe("billing of orders has read its skips\n");
    expect(run.details().summary.deadLettered).toBe(1);
  });

  it("says which way is missing where the inspector refuses, and never the credential", async () => {
    const { run } = startRun("orders", "billing");
    const { ran, asked } = await serving([run]);

    const none = await ran("runs pause --all", {});
    const wrong = await ran("runs pause --all", {
      ACKLOOP_INSPECTOR_AUTHORIZATION: "Bearer other",
    });

    expect(none).toMatchObject({ code: 1, out: "" });
    expect(none.err).toBe(
      "ackloop: the inspector refuses this (403): you may not do this here; " +
        "ACKLOOP_INSPECTOR_AUTHORIZATION is sent as its Authorization\n",
    );
    expect(wrong.err).not.toContain("Bearer");
    expect(asked).toEqual(["GET /ops/api/runs", "GET /ops/api/runs"]);
    expect(run.health().state).not.toBe("paused");
  });

  it("lets look who may only look", async () => {
    const { run } = startRun("orders", "billing");
    const { ran } = await serving([run], { authorize: (_, { changes }) => !changes });

    expect((await ran("runs list")).code).toBe(0);
    expect((await ran("runs pause --all")).err).toContain("refuses this (403)");
    expect(run.health().state).not.toBe("paused");
  });

  it("says that an inspector shows no runs, or that no run is the one that is meant", async () => {
    const stores = await serving([], { runs: undefined, stores: memoryStores() });
    const { ran } = await serving([startRun("orders", "billing").run]);

    expect((await stores.ran("runs list")).err).toBe(
      "ackloop: this inspector shows no runs, but stores alone\n",
    );
    expect((await ran("runs pause --feed deals")).err).toContain("no such run is in that process");
    expect((await ran("runs list --feed deals")).out).toBe("no runs\n");
  });

  it.each([
    ["runs list", "give --url"],
    ["runs list --url ops.example", "--url must be like https://ops.example/inspector/"],
    ["runs list --url https://me:hunter2@ops.example/", "--url holds a password"],
    ["runs list --url http://ops.example/", "--url must begin with https:"],
    ["runs pause --url https://ops.example/", "say which: --consumer, --feed, or --all"],
    ["runs pause --all --feed x --url https://ops.example/", "say which"],
  ])("says what is wrong with `%s`, and exits with 2", async (line, message) => {
    const environment = { ACKLOOP_INSPECTOR_AUTHORIZATION: "Bearer hunter2" };
    const { code, written } = start(line, { environment });

    expect(await code).toBe(2);
    expect(written.err).toContain(message);
    expect(written.err).not.toContain("hunter2");
  });

  it.each([
    [() => new Response("<html>", { status: 200 }), "answers 200, and not as an inspector"],
    [() => Response.json({ error: "no" }, { status: 404 }), "answers 404, and not as"],
    [() => new Response(null, { status: 302, headers: { location: "/login" } }), "answers 302"],
    [() => Response.json([1], { status: 200 }), "answers 200, and not as an inspector"],
    [() => Response.json({ error: "the store is away" }, { status: 503 }), "the store is away"],
  ])("says what is wrong with what answers there: %#", async (answer, message) => {
    const served = await serve(async () => answer(), 0);
    onTestFinished(() => served.close());

    const { code, written } = start(`runs list --url http://127.0.0.1:${served.port}/x?y#z`);

    expect(await code).toBe(1);
    expect(written.err).toContain(message);
    expect(written.err).not.toContain("bug");
  });

  it.each([
    [
      "what are no runs",
      () => JSON.stringify({ runs: [null, { health: null }] }),
      "not as an inspector",
    ],
    ["what does not end", endless, "its answer does not end"],
  ])("says that it is no inspector that answers %s", async (_, bodyOf, told) => {
    const served = await serve(async () => new Response(bodyOf()), 0);
    onTestFinished(async () => {
      served.cut();
      await served.close();
    });

    const { code, written } = start(`runs list --url http://127.0.0.1:${served.port}/`);

    expect(await code).toBe(1);
    expect(written.err).toContain(told);
  });

  it("says that nobody listens there", async () => {
    const served = await serve(async () => new Response(), 0);
    await served.close();

    const { code, written } = start(`runs list --url http://127.0.0.1:${served.port}/`);

    expect(await code).toBe(1);
    expect(written.err).toContain("nobody listens there (ECONNREFUSED)");
  });
});
