import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { whole } from "../../src/core/options.ts";
import { deadLetter, deliveries, drain, redrive } from "../../src/index.ts";
import type { LoopOptions } from "../../src/loop/options.ts";
import { toHandlingSettings, toLoopSettings, withConsumer } from "../../src/loop/options.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/index.ts";

const { deadLetters, dedupe, leases } = memoryStores();

/** What a JavaScript caller may give. */
const settle = (options: unknown, eventsAtOnce = 1) =>
  toLoopSettings("consume", options as LoopOptions, eventsAtOnce);

const levels = ["debug", "info", "warn", "error"] as const;

describe("the options of a run", () => {
  it("have defaults", () => {
    expect(settle({})).toEqual({
      attempts: 5,
      retry: { minMs: 1000, maxMs: 60_000 },
      handlerTimeoutMs: undefined,
      callTimeoutMs: 30_000,
      unprocessable: "halt",
      deadLetters: undefined,
      dedupe: undefined,
      consumer: "",
      onReport: undefined,
      logger: expect.objectContaining({ warn: expect.any(Function) }),
      concurrency: 1,
      maxPerSecond: undefined,
      maxInFlight: 200,
      maxInFlightBytes: 67_108_864,
      ackConcurrency: 50,
      orderBy: undefined,
      lease: undefined,
      idle: { minMs: 1000, maxMs: 60_000 },
      waitMs: 25_000,
      circuitBreaker: { after: 20 },
      circuitAfter: 20,
      shutdownTimeoutMs: 25_000,
      reserveMs: 5000,
      signal: undefined,
    });
  });

  it("have the defaults that docs/delivery.md tells", () => {
    const text = readFileSync(new URL("../../docs/delivery.md", import.meta.url), "utf8");
    const rows = [...text.matchAll(/^\| `(\w+)` \|.*\| (.*) \|$/gm)];
    const { concurrency, maxPerSecond, maxInFlight, maxInFlightBytes } = settle({});

    expect(rows.map(([, name, value]) => [name, value])).toEqual([
      ["concurrency", String(concurrency)],
      ["maxPerSecond", maxPerSecond ?? "no limit"],
      ["maxInFlight", String(maxInFlight)],
      ["maxInFlightBytes", `${maxInFlightBytes / 2 ** 20} MiB`],
    ]);
  });

  it("have a logger that writes warnings and errors to the console, and one that writes nothing", () => {
    const write = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    for (const level of levels) vi.spyOn(console, level).mockImplementation(write[level]);

    for (const level of levels) settle({}).logger[level](level, { id: "e1" });
    for (const level of levels) settle({ logger: false }).logger[level](level);

    expect(levels.map((level) => write[level].mock.calls)).toEqual([
      [],
      [],
      [["warn", { id: "e1" }]],
      [["error", { id: "e1" }]],
    ]);
  });

  it.each([
    ["concurrency", [0, 1.5, 10_001, "3"], "must be a whole number from 1 to 10000"],
    ["maxPerSecond", [0, 0.0001, 1.5, 10_001, "3", null], "must be a whole number from 1 to 10000"],
    ["maxInFlight", [0, 100_001], "must be a whole number from 1 to 100000"],
    ["ackConcurrency", [0, 1001], "must be a whole number from 1 to 1000"],
    ["orderBy", ["id", {}], "must be a function"],
    ["waitMs", [-1, 60_001, Number.NaN], "must be a number of milliseconds from 0 to 60000"],
    ["shutdownTimeoutMs", [-1, "5s", Infinity], "must be a number of milliseconds from 0 to"],
    ["reserveMs", [-1], "must be a number of milliseconds from 0 to"],
    ["signal", [true, {}, null], "must be an AbortSignal"],
    ["handlerTimeoutMs", [0, -5], "must be a number of milliseconds from 1 to"],
    ["unprocessable", ["ignore", true], 'must be "halt", "deadLetter" or "drop"'],
    ["deadLetters", [{}, "store", { put() {} }], "must be an object with the functions put, list"],
    ["consumer", ["", 5, "x".repeat(501)], "must be a name of 1 to 500 characters"],
    ["onReport", [console, "log"], "must be a function"],
    ["logger", [{}, () => {}, true], "must be false or an object with the functions debug, info"],
    ["maxInFlightBytes", [0, 1.5, 2 ** 53], "must be a whole number from 1"],
    ["callTimeoutMs", [9, Infinity], "must be a number of milliseconds from 10 to 2147483647"],
    ["circuitBreaker", [true, 20, null], "must be false or an object"],
    ["retry", [5, null], "must be an object"],
    ["idle", [1000], "must be an object"],
    ["dedupe", [true, {}, dedupe, memoryStores()], "must be an object with a store: give { store:"],
    [
      "lease",
      ["mine", {}, leases, memoryStores()],
      "must be an object with a store: give { store:",
    ],
  ])("name `%s` when it is wrong, and say what is right", (option, values, rule) => {
    for (const value of values) {
      expect(() => settle({ [option]: value })).toThrow(
        expect.objectContaining({
          code: "config",
          message: expect.stringContaining(`consume: option \`${option}\` ${rule}`),
        }),
      );
    }
  });

  it.each([
    [{ retry: { attempts: 0 } }, "`retry.attempts` must be a whole number from 1 to 1000"],
    [{ retry: { minDelayMs: -1 } }, "`retry.minDelayMs` must be a number of milliseconds from 0"],
    [{ retry: { maxDelayMs: "1" } }, "`retry.maxDelayMs` must be a number of milliseconds from 0"],
    [{ idle: { minDelayMs: 9 } }, "`idle.minDelayMs` must be a number of milliseconds from 10"],
    [{ idle: { maxDelayMs: 9 } }, "`idle.maxDelayMs` must be a number of milliseconds from 10"],
    [{ dedupe: { store: {} } }, "`dedupe.store` must be an object with the functions begin"],
    [{ dedupe: { store: dedupe, markMs: 999 } }, "`dedupe.markMs` must be a number of millisec"],
    [{ dedupe: { store: dedupe, retentionMs: -1 } }, "`dedupe.retentionMs` must be a number of"],
    [{ lease: { store: {} } }, "`lease.store` must be an object with the functions acquire"],
    [{ lease: { store: leases, leaseMs: 10 } }, "`lease.leaseMs` must be a number of millisec"],
    [{ lease: { store: leases, holder: "" } }, "`lease.holder` must be a name of 1 to 500"],
    [
      { dedupe: { markMs: 5000 } },
      "`dedupe` must be an object with a store: give { store: stores.d",
    ],
    [
      { lease: { leaseMs: 5000 } },
      "`lease` must be an object with a store: give { store: stores.leases }",
    ],
    [
      { circuitBreaker: { after: 0 } },
      "`circuitBreaker.after` must be a whole number from 1 to 10000",
    ],
    [{ retry: { minDelayMs: 2, maxDelayMs: 1 } }, "`retry.minDelayMs` must not exceed `retry.max"],
    [
      { idle: { minDelayMs: 200, maxDelayMs: 100 } },
      "`idle.minDelayMs` must not exceed `idle.maxDelayMs`",
    ],
    [
      { unprocessable: "deadLetter" },
      '`unprocessable` "deadLetter" needs the option `deadLetters`',
    ],
    [{ deadLetters }, "`consumer` is required with a store"],
    [{ dedupe: { store: dedupe } }, "`consumer` is required with a store"],
    [{ lease: { store: leases } }, "`consumer` is required with a store"],
  ])("refuse %j", (options, message) => {
    expect(() => settle(options)).toThrow(`consume: option ${message}`);
  });

  it.each([
    [{ concurency: 5 }, "`concurency` is unknown; did you mean `concurrency`?"],
    [{ retry: { atempts: 3 } }, "`retry.atempts` is unknown; did you mean `retry.attempts`?"],
    [{ attempts: 3 }, "`attempts` is unknown; did you mean `retry.attempts`?"],
    [{ consumer: { name: "x" } }, "`consumer` must be a name"],
    [{ constructor: 1 }, "`constructor` is unknown"],
    [{ valueOf: 1 }, "`valueOf` is unknown"],
  ])("refuse a misspelt one: %j", (options, message) => {
    expect(() => settle(options)).toThrow(`consume: option ${message}`);
  });

  it.each([null, 5, "fast"])("refuse %j in the place of all options", (options) => {
    expect(() => settle(options)).toThrow("consume: the options must be an object");
  });

  it("take undefined for left out", () => {
    const options = { concurrency: undefined, retry: { attempts: undefined }, signal: undefined };

    expect(settle(options)).toEqual(settle({}));
  });

  it("let the window grow with what the handlers can take at once", () => {
    expect(settle({ concurrency: 100 }).maxInFlight).toBe(400);
    expect(settle({ concurrency: 10 }, 100).maxInFlight).toBe(4000);
    expect(settle({ concurrency: 10_000 }, 10_000).maxInFlight).toBe(100_000);
    expect(settle({ concurrency: 100, maxInFlight: 7 }).maxInFlight).toBe(7);
  });

  it("hold the reserve as it was given, however short the stop", () => {
    expect(settle({ shutdownTimeoutMs: 1000 }).reserveMs).toBe(5000);
    expect(settle({ shutdownTimeoutMs: 1000, reserveMs: 700 }).reserveMs).toBe(700);
  });

  it("hold when the circuit breaks, or that it never does", () => {
    expect(settle({ circuitBreaker: {} }).circuitAfter).toBe(20);
    expect(settle({ circuitBreaker: { after: 3 } }).circuitAfter).toBe(3);
    expect(settle({ circuitBreaker: false }).circuitAfter).toBeUndefined();
  });

  it("take a signal of another realm", () => {
    const foreign = { aborted: false, addEventListener() {}, removeEventListener() {} };

    expect(settle({ signal: foreign }).signal).toBe(foreign);
  });

  it("have the defaults that their docstrings say", () => {
    const { retry, idle, ...settings } = settle({
      consumer: "billing",
      dedupe: { store: dedupe },
      lease: { store: leases },
    });
    const defaults: Record<string, unknown> = {
      ...{ ...settings, ...settings.dedupe, ...settings.lease, after: settings.circuitAfter },
      ...{ minDelayMs: retry.minMs, maxDelayMs: retry.maxMs, minMs: idle.minMs, maxMs: idle.maxMs },
    };
    const source = readFileSync(new URL("../../src/loop/options.ts", import.meta.url), "utf8");
    const told = [...source.matchAll(/@default ([\d_]+)[^/]*\*\/\s+readonly (\w+)\?/g)];

    expect(told).toHaveLength(17);
    for (const [, number = "", option = ""] of told) {
      expect([option, defaults[option]]).toEqual([option, Number(number.replaceAll("_", ""))]);
    }
  });

  it("let one bound of a backoff be given alone", () => {
    expect(settle({ retry: { minDelayMs: 90_000 } }).retry).toEqual({
      minMs: 90_000,
      maxMs: 90_000,
    });
    expect(settle({ retry: { maxDelayMs: 10 } }).retry).toEqual({ minMs: 10, maxMs: 10 });
  });

  it("dead-letter what no handler can be given once there is a store for it", () => {
    const settings = settle({ deadLetters, consumer: "billing" });

    expect(settings.unprocessable).toBe("deadLetter");
    expect(settle({ deadLetters, consumer: "b", unprocessable: "halt" }).unprocessable).toBe(
      "halt",
    );
  });

  it("fill in what a store needs to know", () => {
    const options = { dedupe: { store: dedupe }, lease: { store: leases }, consumer: "billing" };
    const settings = settle(options);

    expect(settings.dedupe).toEqual({ store: dedupe, markMs: 60_000, retentionMs: 604_800_000 });
    expect(settings.lease).toMatchObject({ store: leases, leaseMs: 30_000 });
    expect(settings.lease?.holder).not.toBe(settle(options).lease?.holder);
  });

  it.each(["handlerTimeoutMs", "dedupe.markMs", "lease.leaseMs"])(
    "refuse a time that no timer can hold: %s",
    (path) => {
      const stores = { dedupe: { store: dedupe }, lease: { store: leases }, consumer: "billing" };
      const [outer = "", inner] = path.split(".");
      const group = inner ? { ...stores[outer as "dedupe" | "lease"], [inner]: 2 ** 31 } : 2 ** 31;

      expect(() => settle({ ...stores, [outer]: group })).toThrow(`option \`${path}\` must be`);
    },
  );
});

describe("the options of handling", () => {
  it("take the rules of a verb's own options, and fill them in", () => {
    const own = { replyTimeoutMs: whole(1, 5).or(3) };
    const settle = (options: object) => toHandlingSettings("webhook", options, own);

    expect(settle({})).toMatchObject({ attempts: 5, replyTimeoutMs: 3 });
    expect(() => settle({ replyTimeoutMs: 6 })).toThrow(
      "webhook: option `replyTimeoutMs` must be a whole number from 1 to 5",
    );
    expect(() => settle({ replyTimeout: 5 })).toThrow("did you mean `replyTimeoutMs`?");
  });

  it("do not know the options of a run", () => {
    expect(() => toHandlingSettings("webhook", { concurrency: 5 } as object)).toThrow(
      "webhook: option `concurrency` is unknown",
    );
  });
});

describe("the name of a feed's reader", () => {
  const named = (consumer: unknown, options: object) =>
    withConsumer("consume", { consumer: consumer as string }, options);

  it("is the feed's own where the options say none", () => {
    expect(named("billing", { concurrency: 2 })).toStrictEqual({
      concurrency: 2,
      consumer: "billing",
    });
    expect(named("billing", { consumer: "billing" })).toStrictEqual({ consumer: "billing" });
    expect(named(undefined, { consumer: "billing" })).toStrictEqual({ consumer: "billing" });
  });

  it("is refused where both say one, and not alike", () => {
    expect(() => named("billing", { consumer: "mail" })).toThrow(
      "consume: option `consumer` must be the feed's own, or left out",
    );
  });

  it.each(["", 5, "x".repeat(501)])("is checked like an option: %s", (wrong) => {
    expect(() => settle(named(wrong, { deadLetters }))).toThrow("`consumer` must be");
  });

  it("is known to every verb that stores something", async () => {
    const own = (id: string) => {
      const feed = memoryFeed({ name: "orders" });
      feed.publish(testEvent(id));
      return Object.assign(feed, { consumer: "billing" });
    };
    const stores = memoryStores();
    const options = { deadLetters: stores.deadLetters, retry: { attempts: 1 } };

    await drain(own("1"), () => deadLetter("bad"), options);
    for await (const each of deliveries(own("2"), options)) {
      each.deadLetter("bad");
      break;
    }
    const key = { consumer: "billing", feed: "orders" };
    const { letters } = await stores.deadLetters.list(key);
    expect(letters.map(({ event }) => event?.id)).toStrictEqual(["1", "2"]);

    const summary = await redrive(stores.deadLetters, own("3"), () => {});
    expect(summary).toMatchObject({ found: 2, handled: 2 });
    const other = redrive(stores.deadLetters, own("3"), () => {}, { consumer: "mail" });
    await expect(other).rejects.toThrow("redrive: option `consumer` must be the feed's own");
  });
});
