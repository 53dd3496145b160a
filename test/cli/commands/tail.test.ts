import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { providers } from "../../../src/cli/providers.ts";
import { tikiEmulator, workatoEmulator } from "../../../src/emulator/index.ts";
import { drain, type FeedEvent } from "../../../src/index.ts";
import { memoryFeed } from "../../../src/testing/index.ts";
import { emulated, folder, given, samples } from "../emulated.ts";
import { announced, start } from "../support.ts";

/** Those that are asked for events. */
const pulled = Object.entries(providers).flatMap(([name, { calls }]) => (calls ? [] : [name]));
/** Those that call. */
const calling = Object.keys(providers).filter((name) => !pulled.includes(name));

const linesOf = (text: string) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** How many events an emulator was told are done with. */
const ackedBy = ({ journal }: Awaited<ReturnType<typeof given>>["emulator"]) =>
  journal.totals().acked;

// A reader of its own place, as of Workato, has nothing to acknowledge.
describe.each(["tiki", "kekker"])("ackloop tail %s --ack", (name) => {
  it("acknowledges nothing that could not be written", async () => {
    const { words, environment, emulator } = await given(name, 3);
    const flush = () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));

    const { code, written } = start(["tail", ...words, "--once", "--ack"], { environment, flush });

    expect(await code).toBe(1);
    expect(written.err).toContain("ackloop: the output cannot be written (ENOSPC)");
    expect(ackedBy(emulator)).toBe(0);
  });
});

describe.each(pulled)("ackloop tail %s", (name) => {
  it("shows what waits, once each, and acknowledges nothing", async () => {
    const { words, environment, emulator } = await given(name, 3);

    const first = start(["tail", ...words, "--once", "--json"], { environment });
    const second = start(["tail", ...words, "--once"], { environment });

    expect(await Promise.all([first.code, second.code])).toEqual([0, 0]);
    expect(linesOf(first.written.out)).toHaveLength(3);
    expect(linesOf(first.written.out)[0]).toMatchObject({ event: { specversion: "1.0" } });
    expect(second.written.out.trimEnd().split("\n")).toHaveLength(3);
    expect(second.written.err).toContain("3 events shown");
    expect(ackedBy(emulator)).toBe(0);
  });

  it("shows what comes later, until it is asked to end", async () => {
    const { words, environment, publish } = await given(name, 1);

    const running = start(["tail", ...words, "--interval", "1", "--json"], { environment });
    await announced(running);
    await publish(2);
    await vi.waitFor(() => expect(linesOf(running.written.out)).toHaveLength(2), 60_000);
    running.stop();

    expect(await running.code).toBe(0);
  });

  it("ends after --limit", async () => {
    const { words, environment } = await given(name, 5);

    const { code, written } = start(["tail", ...words, "--limit", "2", "--json"], { environment });

    expect(await code).toBe(0);
    expect(linesOf(written.out)).toHaveLength(2);
  });

  it("keeps what memoryFeed and the emulator can be filled from", async () => {
    const { words, environment, provider } = await given(name, 3);
    const file = join(folder(), "seen.jsonl");

    const { code } = start(["tail", ...words, "--once", "--out", file], { environment });
    expect(await code).toBe(0);
    const kept = linesOf(readFileSync(file, "utf8"));
    const memory = memoryFeed();
    memory.publish(...kept.map(({ event }) => event as FeedEvent));
    const handled: FeedEvent[] = [];
    await drain(memory, (event) => void handled.push(event));
    const filled = start(["emulate", "--provider", name, "--fill", file, "--json"]);
    const { published, providers: connections } = JSON.parse(await announced(filled));
    const again = start(
      ["tail", ...(provider.place ? [name, published[name].place] : [name]), "--once", "--json"],
      { environment: environmentFrom(name, connections[name]) },
    );

    expect(await again.code).toBe(0);
    const data = (seen: readonly { event: FeedEvent }[]) => seen.map(({ event }) => event.data);
    expect(handled).toEqual(kept.map(({ event }) => event));
    expect(data(linesOf(again.written.out))).toEqual(data(kept));
    expect(data(kept)).toHaveLength(3);
  });
});

const environmentFrom = (name: string, connection: Record<string, string>) =>
  Object.fromEntries(
    (providers[name]?.variables ?? []).flatMap((each) =>
      each.member === undefined ? [] : [[each.name, connection[each.member] ?? ""]],
    ),
  );

describe("ackloop tail", () => {
  it.each(["tiki", "kekker"])(
    "acknowledges what it showed when it is told to: %s",
    async (name) => {
      const { words, environment, emulator } = await given(name, 130);

      const { code, written } = start(["tail", ...words, "--ack", "--once", "--json"], {
        environment,
      });

      expect(await code).toBe(0);
      expect(linesOf(written.out)).toHaveLength(130);
      expect(ackedBy(emulator)).toBe(130);
    },
  );

  it("reads the further pages of a list, whose events stay where they are", async () => {
    const { words, environment, emulator } = await given("kekker", 730);

    const { code, written } = start(["tail", ...words, "--once", "--json"], { environment });

    expect(await code).toBe(0);
    expect(linesOf(written.out)).toHaveLength(730);
    expect(ackedBy(emulator)).toBe(0);
  });

  it("says that a page comes again until it is acknowledged", async () => {
    const { words, environment } = await given("tiki", 130);

    const { code, written } = start(["tail", ...words, "--once", "--json"], { environment });

    expect(await code).toBe(0);
    expect(linesOf(written.out)).toHaveLength(100);
    expect(written.err).toContain("the same 100 events came again, as until an ack");
  });

  it("reads from a queue of its own, which it puts away as far as that goes", async () => {
    const provider = providers["tiki"];
    if (!provider) throw new Error("no tiki");
    const tiki = tikiEmulator({ activationDelayMs: 0 });
    const { environment, connection } = await emulated(provider, tiki);
    const { clientCredentials, tiki: connect } = await import(
      "../../../src/providers/tiki/index.ts"
    );
    const { baseUrl, tokenUrl, clientId, clientSecret } = connection;
    const shop = connect({
      baseUrl,
      token: clientCredentials({
        clientId: clientId ?? "",
        clientSecret: clientSecret ?? "",
        tokenUrl,
      }),
    });
    const { code: queue } = await shop.queues.create({ name: "orders" });
    await shop.subscriptions.create(queue, { eventType: "ORDER_STATUS_UPDATED" });

    const running = start(["tail", "tiki", "orders", "--own-queue", "--interval", "1", "--json"], {
      environment,
    });
    await vi.waitFor(() => expect(running.written.err).toContain("reading from its own"), 60_000);
    tiki.emit("ORDER_STATUS_UPDATED", { order_code: "1" });
    await announced(running);
    running.stop();

    expect(await running.code).toBe(0);
    expect(running.written.err).toContain("the queue ackloop-tail stays, as Tiki deletes none");
    expect(tiki.waiting(queue)).toBe(1);
    const own = (await shop.queues.list()).find(({ name }) => name === "ackloop-tail");
    const left = await shop.subscriptions.list(own?.code ?? "");
    expect(left.map(({ active }) => active)).toEqual([false]);
    expect(tiki.waiting(own?.code ?? "")).toBe(0);
  });

  it("begins where --from says", async () => {
    const hourAgo = Date.now() - 3_600_000;
    const provider = providers["workato"] as never;
    const clock = { now: () => hourAgo };
    const made = workatoEmulator({ clock: { now: () => clock.now() } });
    const { environment, fill } = await emulated(provider, made);
    const topic = await fill(samples(provider, 3));
    clock.now = Date.now;
    const line = ["tail", "workato", topic, "--once", "--json", "--from"];

    const later = start([...line, "30m"], { environment });
    const all = start([...line, "2h"], { environment });

    expect(await Promise.all([later.code, all.code])).toEqual([0, 0]);
    expect(later.written.out).toBe("");
    expect(linesOf(all.written.out)).toHaveLength(3);
  });

  it("says that there is nothing to acknowledge where each reader keeps its own place", async () => {
    const { words, environment } = await given("workato", 1);

    const { code, written } = start(["tail", ...words, "--ack"], { environment });

    expect(await code).toBe(2);
    expect(written.err).toContain("--ack: there is nothing to acknowledge");
  });

  it("does not write into a file that it cannot open", async () => {
    const { words, environment } = await given("kekker", 1);

    const { code, written } = start(["tail", ...words, "--out", "/nowhere/a"], { environment });

    expect(await code).toBe(1);
    expect(written.err).toContain("--out cannot be written (ENOENT): /nowhere/a");
  });

  it.each(["--from yesterday", "--interval 0", "--limit x"])("refuses %s", async (option) => {
    const { words, environment } = await given("kekker", 0);

    const { code, written } = start([...["tail", ...words], ...option.split(" ")], { environment });

    expect(await code).toBe(2);
    expect(written.err).toContain(option.split(" ")[0]);
  });
});

describe.each(calling)("ackloop tail %s", (name) => {
  async function listening(options: readonly string[]) {
    const set = await given(name, 0);
    const environment = { ...set.environment };
    const running = start(["tail", ...set.words, "--json", ...options], { environment });
    const [, url = ""] = await vi.waitFor(() => {
      const match = /(http:\/\/127\S+)/.exec(running.written.err);
      if (!match) throw new Error(running.written.err);
      return match;
    }, 60_000);
    return { ...set, running, url };
  }

  it("acknowledges nothing, so that all of it is sent again", async () => {
    const { running, url, emulator, place } = await listening([]);
    await emulator.admin["createListener"]?.({ queue: place, notifyUrl: url });
    await emulator.admin["publish"]?.({
      queue: place,
      messages: samples(providers[name] as never, 2),
    });
    await vi.waitFor(() => expect(linesOf(running.written.out)).toHaveLength(2), 60_000);
    // The first repeat comes after a second, and is not shown again.
    await vi.waitFor(() => expect(emulator.journal.totals().delivered).toBeGreaterThan(2), 60_000);
    running.stop();

    expect(await running.code).toBe(0);
    expect(linesOf(running.written.out)).toHaveLength(2);
    expect(running.written.err).toContain("each call is answered 503 once it is shown");
    expect(ackedBy(emulator)).toBe(0);
  });

  it("acknowledges with --ack, and nobody else's secret opens it", async () => {
    const { running, url, emulator, place } = await listening(["--ack", "--limit", "1"]);
    const other = new URL(url);
    other.searchParams.set("secret", "another-secret-1234");
    const refused = await fetch(other, { method: "POST", body: "{}" });
    await emulator.admin["createListener"]?.({ queue: place, notifyUrl: url });
    await emulator.admin["publish"]?.({
      queue: place,
      messages: samples(providers[name] as never, 1),
    });

    expect(refused.status).toBe(401);
    expect(await running.code).toBe(0);
    await vi.waitFor(() => expect(ackedBy(emulator)).toBe(1), 60_000);
  });

  it("does not tell a secret that it was given", async () => {
    const set = await given(name, 0);
    const environment = { ...set.environment, ACKLOOP_WEBHOOK_SECRET: "my-secret-0123456789" };
    const running = start(["tail", ...set.words], { environment });
    await vi.waitFor(() => expect(running.written.err).toContain("listening"), 60_000);
    running.stop();

    expect(await running.code).toBe(0);
    expect(running.written.err).toContain("?secret=<ACKLOOP_WEBHOOK_SECRET>");
    expect(running.written.err).not.toContain("my-secret");
  });

  it("makes a listener of its own, and takes it away", async () => {
    const { words, environment, emulator, place } = await given(name, 0);
    const { freePort } = await import("../../../src/cli/serve.ts");
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const options = ["--own-queue", "--url", url, "--port", String(port), "--limit", "1", "--json"];

    const running = start(["tail", ...words, ...options], { environment });
    await vi.waitFor(() => expect(running.written.err).toContain("its own"), 60_000);
    await emulator.admin["publish"]?.({
      queue: place,
      messages: samples(providers[name] as never, 1),
    });

    expect(await running.code).toBe(0);
    expect(linesOf(running.written.out)).toHaveLength(1);
    expect(running.written.err).toContain("its listener was deleted");
    await vi.waitFor(() => expect(ackedBy(emulator)).toBe(1), 60_000);
  });
});

describe("what was kept", () => {
  it.each([
    ["", "cannot be read (ENOENT)"],
    ["not json\n", "line 1 of"],
    ['{"event":{}}\n', "line 1 of"],
  ])("is refused where it is something else: %j", async (text, message) => {
    const file = join(folder(), "kept");
    if (text !== "") writeFileSync(file, text);

    const { code, written } = start(["emulate", "--provider", "tiki", "--fill", file]);

    expect(await code).toBe(1);
    expect(written.err).toContain(message);
    expect(existsSync(file)).toBe(text !== "");
  });
});
