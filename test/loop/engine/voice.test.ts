import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Feed } from "../../../src/core/feed.ts";
import type { Logger } from "../../../src/core/logger.ts";
import type { Report } from "../../../src/core/report.ts";
import { consume, drop, type LoopOptions, objectFirst, webhook } from "../../../src/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../../src/testing/memory-feed.ts";
import { ended, filledFeed, gate, passing, recorder } from "../support.ts";

const MINUTE = 60_000;

/** Keeps lines, each with its level in front. */
function notebook() {
  const lines: string[] = [];
  const details: Readonly<Record<string, unknown>>[] = [];
  const writer =
    (level: string): Logger["warn"] =>
    (text, facts = {}) => {
      lines.push(`${level} ${text}`);
      details.push(facts);
    };
  const logger: Logger = {
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
  };
  /** The lines that hold a text, without what all of them begin with. */
  const of = (text: string): string[] =>
    lines
      .filter((line) => line.includes(text))
      .map((line) => line.replace(/ackloop: memory( \(billing\))?: /, ""));
  return { logger, lines, details, of };
}

/** A run that writes into a notebook. */
function runOf(
  feed: Feed,
  handler: (event: FeedEvent) => unknown = () => {},
  options: LoopOptions = {},
) {
  const book = notebook();
  const { onReport, of: reportsOf, reports } = recorder();
  const run = consume(feed, handler as never, {
    logger: book.logger,
    onReport,
    idle: { minDelayMs: 1000, maxDelayMs: 8000 },
    shutdownTimeoutMs: 1000,
    ...options,
  });
  void run.catch(() => {});
  return { run, ...book, reports, reportsOf };
}

const failing = (): never => {
  throw new Error("no stock");
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** What makes a run report of each kind that a line is made of, and the lines. */
const kinds: readonly {
  readonly kind: Report["kind"];
  readonly lines: readonly (string | RegExp)[];
  readonly make: (report: string) => Promise<ReturnType<typeof runOf>>;
}[] = [
  {
    kind: "started",
    lines: ["info started; 3 at once"],
    make: async () => runOf(memoryFeed(), undefined, { concurrency: 3 }),
  },
  {
    kind: "pollFailed",
    lines: ["warn polling failed: the network failed; trying again in 1 s"],
    make: async () => {
      const feed = memoryFeed();
      feed.fail({ operation: "pull", error: passing() });
      return runOf(feed);
    },
  },
  {
    kind: "ackFailed",
    lines: [
      "warn acknowledging failed: the network failed; what is not acknowledged comes again; trying again in 250 ms",
    ],
    make: async () => {
      const feed = filledFeed(1);
      feed.fail({ operation: "ack", error: passing() });
      return runOf(feed);
    },
  },
  {
    kind: "storeFailed",
    lines: [
      "warn the dead-letter store failed: Error: disk full; nothing that needs it is acknowledged before, and a run that begins waits for it; trying again in 1 s",
    ],
    make: async () => {
      const { deadLetters } = memoryStores();
      const put = vi.fn(deadLetters.put).mockRejectedValueOnce(new Error("disk full"));
      const options = { consumer: "billing", deadLetters: { ...deadLetters, put } };
      return runOf(filledFeed(1), failing, { ...options, retry: { attempts: 1 } });
    },
  },
  {
    kind: "storeBack",
    lines: ["info the dead-letter store works again, after 1 failure in 1 s"],
    make: async () => {
      const { deadLetters } = memoryStores();
      const put = vi.fn(deadLetters.put).mockRejectedValueOnce(new Error("disk full"));
      const options = { consumer: "billing", deadLetters: { ...deadLetters, put } };
      const made = runOf(filledFeed(1), failing, { ...options, retry: { attempts: 1 } });
      await vi.advanceTimersByTimeAsync(2000);
      return made;
    },
  },
  {
    kind: "retried",
    lines: ["debug event e0 (test), attempt 1, failed: Error: no stock; the next is in 1 s"],
    make: async () => runOf(filledFeed(1), failing),
  },
  {
    kind: "deadLettered",
    lines: [
      "warn event e0 (test) is a dead letter now: failed once: Error: no stock; redrive() handles it again",
    ],
    make: async () => {
      const { deadLetters } = memoryStores();
      const options = { consumer: "billing", deadLetters, retry: { attempts: 1 } };
      return runOf(filledFeed(1), failing, options);
    },
  },
  {
    kind: "dropped",
    lines: ["warn event e0 (test) is dropped: not ours; it does not come again"],
    make: async () => runOf(filledFeed(1), () => drop("not ours")),
  },
  {
    kind: "windowFull",
    lines: [
      "debug pulling waits for the 2 events that are open; the oldest, /memory e0, came 0 ms ago",
      "warn pulling waits for the 2 events that are open, and none was done in 1 min; the oldest, /memory e0, came 1 min ago",
      "warn pulling waits for the 2 events that are open, and none was done in 2 min; the oldest, /memory e0, came 2 min ago",
      "debug pulling waits for the 2 events that are open; the oldest, /memory e2, came 0 ms ago",
    ],
    make: async () => {
      const { opened, open } = gate();
      const made = runOf(filledFeed(5), () => opened, { maxInFlight: 2, concurrency: 2 });
      await vi.advanceTimersByTimeAsync(3 * MINUTE);
      open();
      return made;
    },
  },
  {
    kind: "handlerSlow",
    lines: [
      "warn event e0 (test) has been with its handler for 1 min, which keeps one of 2 places; if it may hang, set handlerTimeoutMs and heed context.signal",
      "warn event e0 (test) has been with its handler for 2 min, which keeps one of 2 places; if it may hang, set handlerTimeoutMs and heed context.signal",
    ],
    make: async () => {
      const { opened, open } = gate();
      const feed = filledFeed(3);
      const handler = (event: FeedEvent) => (event.id === "e0" ? opened : undefined);
      const made = runOf(feed, handler, { concurrency: 2 });
      await vi.advanceTimersByTimeAsync(3 * MINUTE);
      open();
      return made;
    },
  },
  {
    kind: "timedOut",
    lines: [
      "warn event e0 (test) is with its handler for longer than handlerTimeoutMs; its signal fires now, and the attempt counts as failed once it returns",
    ],
    make: async () => {
      const { opened, open } = gate();
      const made = runOf(filledFeed(1), () => opened, { handlerTimeoutMs: 500 });
      await vi.advanceTimersByTimeAsync(600);
      open();
      return made;
    },
  },
  {
    kind: "circuitOpened",
    lines: [
      "warn 3 different events have failed and none has succeeded since, the last with: Error: no stock; this counts as an outage of what the handlers need, and no attempt counts; one event is tried in 1 s, and so on until one succeeds",
    ],
    make: async () => {
      const made = runOf(filledFeed(3), failing, { concurrency: 3 });
      await vi.advanceTimersByTimeAsync(1000);
      return made;
    },
  },
  {
    kind: "probeFailed",
    lines: [
      "warn the outage of what the handlers need goes on for 63 s: Error: no stock; one event is tried in 1 min",
    ],
    make: async () => {
      const made = runOf(filledFeed(3), failing, { concurrency: 3 });
      await vi.advanceTimersByTimeAsync(120_000);
      return made;
    },
  },
  {
    kind: "circuitClosed",
    lines: ["info a handler has succeeded, after an outage of 1 s; all events are handled again"],
    make: async () => {
      let calls = 0;
      const handler = () => {
        calls += 1;
        if (calls <= 3) throw new Error("no database");
      };
      const made = runOf(filledFeed(3), handler, { concurrency: 3 });
      await vi.advanceTimersByTimeAsync(2000);
      return made;
    },
  },
  {
    kind: "leaseTaken",
    lines: [/^info the lease is held by host-1\/4711; asking again in (1\.[6-9]|2) s$/],
    make: async () => {
      const { leases } = memoryStores();
      await leases.acquire({ consumer: "billing", feed: "memory" }, "host-1/4711", 6000);
      const lease = { store: leases, leaseMs: 10_000 };
      return runOf(memoryFeed(), undefined, { consumer: "billing", lease });
    },
  },
  {
    kind: "leaseAcquired",
    lines: [/^info has taken the lease, after 6\.\d s; reading begins$/],
    make: async () => {
      const { leases } = memoryStores();
      await leases.acquire({ consumer: "billing", feed: "memory" }, "host-1/4711", 6000);
      const lease = { store: leases, leaseMs: 10_000 };
      const made = runOf(memoryFeed(), undefined, { consumer: "billing", lease });
      await vi.advanceTimersByTimeAsync(7000);
      return made;
    },
  },
  {
    kind: "paused",
    lines: ["info paused; nothing is pulled before resume()"],
    make: async () => {
      const made = runOf(memoryFeed());
      made.run.pause();
      return made;
    },
  },
  {
    kind: "resumed",
    lines: ["info resumed"],
    make: async () => {
      const made = runOf(memoryFeed());
      made.run.pause();
      made.run.resume();
      return made;
    },
  },
  {
    kind: "stopping",
    lines: ["info stopping, within 1 s; 2 open, 2 not acknowledged"],
    make: async () => {
      const { opened, open } = gate();
      const made = runOf(filledFeed(2), () => opened, { concurrency: 2 });
      await vi.advanceTimersByTimeAsync(10);
      void made.run.stop();
      open();
      return made;
    },
  },
  {
    kind: "halted",
    lines: [
      /^error halted: memory: event e0 \(test\): failed once: Error: no stock; .*; what is not acknowledged comes again once it is mended and started anew$/,
    ],
    make: async () => runOf(filledFeed(1), failing, { retry: { attempts: 1 } }),
  },
  {
    kind: "stopped",
    lines: ["info stopped (signal) after 2 s: 1 handled, 0 dead letters, 1 dropped, 0 left"],
    make: async () => {
      const handler = ({ id }: FeedEvent) => (id === "e0" ? drop("not ours") : undefined);
      const made = runOf(filledFeed(2), handler);
      await vi.advanceTimersByTimeAsync(2000);
      await made.run.stop();
      return made;
    },
  },
  {
    kind: "stopped",
    // As no line has told of each.
    lines: ["warn stopped (signal) after 2 s: 0 handled, 0 dead letters, 20 dropped, 0 left"],
    make: async () => {
      const made = runOf(filledFeed(20), () => drop("not ours"));
      await vi.advanceTimersByTimeAsync(2000);
      await made.run.stop();
      return made;
    },
  },
];

/** Every kind of report: the compiler wants each. */
const allKinds = Object.keys({
  started: 1,
  pulled: 1,
  handling: 1,
  timedOut: 1,
  handled: 1,
  retried: 1,
  deadLettered: 1,
  dropped: 1,
  duplicate: 1,
  acked: 1,
  ackFailed: 1,
  idle: 1,
  pollFailed: 1,
  storeFailed: 1,
  storeBack: 1,
  windowFull: 1,
  handlerSlow: 1,
  circuitOpened: 1,
  probeFailed: 1,
  circuitClosed: 1,
  leaseAcquired: 1,
  leaseTaken: 1,
  paused: 1,
  resumed: 1,
  stopping: 1,
  halted: 1,
  stopped: 1,
} satisfies Record<Report["kind"], 1>);

/** What begins the lines of each kind, so that a test looks at no others. */
const begins: { readonly [Kind in Report["kind"]]?: RegExp } = {
  pollFailed: /polling/,
  ackFailed: /acknowledging/,
  storeFailed: /store failed/,
  storeBack: /store works/,
  retried: /attempt 1/,
  deadLettered: /dead letter now/,
  dropped: /is dropped/,
  windowFull: /pulling waits/,
  handlerSlow: /with its handler for \d/,
  timedOut: /longer than handlerTimeoutMs/,
  circuitOpened: /have failed and none/,
  probeFailed: /the outage of what the handlers need goes on/,
  circuitClosed: /after an outage/,
  leaseTaken: /lease is held/,
  leaseAcquired: /taken the lease/,
};

describe("a line for a person", () => {
  it.each(kinds)("is made of $kind", async ({ kind, lines: expected, make }) => {
    const { run, lines, reportsOf } = await make(kind);
    await vi.advanceTimersByTimeAsync(10);
    const seen = lines.filter((line) => (begins[kind] ?? new RegExp(` (${kind})`)).test(line));
    const reported = reportsOf(kind).length;
    await ended(run.stop().catch(() => undefined));

    expect(reported).toBeGreaterThanOrEqual(expected.length);
    expect(seen.map((line) => line.replace(/ackloop: memory( \(billing\))?: /, ""))).toEqual(
      expected.map((each) => (typeof each === "string" ? each : expect.stringMatching(each))),
    );
    const prefix = /^(debug|info|warn|error) ackloop: memory( \(billing\))?: \S/;
    expect(lines.filter((line) => !prefix.test(line))).toEqual([]);
  });

  it("has a row for each kind that it is made of", () => {
    const without = ["pulled", "handling", "handled", "duplicate", "acked", "idle"];

    expect([...new Set(kinds.map(({ kind }) => kind)), ...without].toSorted()).toEqual(
      allKinds.toSorted(),
    );
  });
});

describe("polls that fail", () => {
  const wrong = new AckloopError("auth", "refused", { retryable: true });

  it("are told at once, then at growing intervals, with how often and since when, and when they work", async () => {
    const feed = memoryFeed();
    feed.fail({ operation: "pull", error: passing(), count: 500 });
    const { run, of } = runOf(feed, undefined, {
      idle: { minDelayMs: 10_000, maxDelayMs: 10_000 },
    });
    await vi.advanceTimersByTimeAsync(20 * MINUTE);
    feed.heal();
    await vi.advanceTimersByTimeAsync(MINUTE);
    await ended(run.stop());

    expect(of("polling")).toEqual([
      "warn polling failed: the network failed; trying again in 10 s",
      "warn polling has failed 7 times in 1 min: the network failed; trying again in 10 s",
      "warn polling has failed 19 times in 3 min: the network failed; trying again in 10 s",
      "warn polling has failed 43 times in 7 min: the network failed; trying again in 10 s",
      "warn polling has failed 91 times in 15 min: the network failed; trying again in 10 s",
      "info polling works again, after 121 failures in 20 min",
    ]);
  });

  it("are told at once where they fail in another way", async () => {
    const feed = memoryFeed();
    feed.fail({ operation: "pull", error: passing(), count: 2 });
    const { run, of } = runOf(feed);
    await vi.advanceTimersByTimeAsync(1500);
    feed.fail({ operation: "pull", error: wrong, count: 2 });
    await vi.advanceTimersByTimeAsync(MINUTE / 2);
    await ended(run.stop());

    expect(of("polling has").map((line) => line.split(";")[0])).toEqual([
      "warn polling has failed 3 times in 3 s: refused",
    ]);
  });

  it("are not told each time where they come and go", async () => {
    const feed = memoryFeed();
    const pull: Feed["pull"] = (options) => {
      polls += 1;
      return polls % 2 === 0 ? feed.pull(options) : Promise.reject(passing());
    };
    let polls = 0;
    const { run, of } = runOf({ ...feed, pull }, undefined, {
      idle: { minDelayMs: 5000, maxDelayMs: 5000 },
    });
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    await ended(run.stop());

    expect(polls).toBeGreaterThan(500);
    expect(of("polling").length).toBeLessThan(15);
  });

  it("are called a bug where they are one, which needs a person", async () => {
    const pull = (): never => (undefined as never as { readonly items: never }).items;
    const { run, of, details } = runOf({ ...memoryFeed(), pull });
    await vi.advanceTimersByTimeAsync(10);
    await ended(run.stop());

    expect(of("polling")).toEqual([
      "error polling failed: memory pull: TypeError: Cannot read properties of undefined (reading 'items'); " +
        "trying again in 1 s; it looks like a bug, which trying again does not mend",
    ]);
    expect(details[1]).toMatchObject({
      feed: "memory",
      failures: 1,
      error: {
        code: "transport",
        cause: { name: "TypeError", stack: expect.stringContaining("voice.test") },
      },
    });
  });
});

describe("many of one type", () => {
  it("are warned of one by one, then at growing intervals, and are all there for debug", async () => {
    const feed = filledFeed(1000);
    const { run, lines } = runOf(feed, () => drop("not ours"), { concurrency: 10 });
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    feed.publish(testEvent("late"));
    await vi.advanceTimersByTimeAsync(MINUTE);
    await ended(run.stop());

    const dropped = lines.filter((line) => line.includes("is dropped"));
    expect(dropped).toHaveLength(1001);
    expect(dropped.filter((line) => line.startsWith("warn"))).toHaveLength(11);
    expect(dropped.at(-1)).toMatch(/^warn .*event late .*\(990 more since the last line\)$/);
  });
});

describe("what a run of hours has to say", () => {
  it("is nothing, where nothing goes wrong, and no report is made of an event", async () => {
    const feed = filledFeed(3);
    const { logger, lines } = notebook();
    const run = consume(feed, () => {}, { logger });
    for (let minute = 0; minute < 60; minute += 1) {
      feed.publish(testEvent(`m${minute}`));
      await vi.advanceTimersByTimeAsync(MINUTE);
    }
    await ended(run.stop());

    expect(lines.map((line) => line.split(" ").slice(0, 4).join(" "))).toEqual([
      "info ackloop: memory: started;",
      "info ackloop: memory: stopping,",
      "info ackloop: memory: stopped",
    ]);
  });
});

describe("many handlers that hang", () => {
  it("are told of one by one, and then at intervals with how many", async () => {
    const { run, of } = runOf(filledFeed(200), () => new Promise(() => {}), { concurrency: 200 });
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    const lines = of("has been with its handler");
    await ended(run.stop({ withinMs: 0 }));

    const warned = lines.filter((line) => line.startsWith("warn"));
    expect(warned.length).toBeLessThan(20);
    expect(warned.some((line) => /\(\d+ more since the last line\)$/.test(line))).toBe(true);
    expect(lines.length).toBeGreaterThan(600);
  });
});

describe("a webhook", () => {
  it("tells of what it cannot settle at intervals, though each request brings such an event", async () => {
    const { logger, of } = notebook();
    let number = 0;
    const receiver = {
      name: "memory",
      receive: async () => {
        number += 1;
        const deliveries = [{ event: testEvent(`e${number}`), raw: {} }];
        return { kind: "deliveries" as const, deliveries };
      },
      accept: () => new Response(),
      defer: () => new Response(null, { status: 503 }),
    };
    const handle = webhook(receiver, failing, { logger, retry: { attempts: 1 } });

    for (let each = 0; each < 200; each += 1) {
      await handle(new Request("http://localhost/", { method: "POST" }));
    }

    const lines = of("could not be settled");
    expect(lines).toHaveLength(200);
    expect(lines.filter((line) => line.startsWith("error"))).toHaveLength(10);
  });

  it("says why a request is to be sent again, and what became of its events", async () => {
    const { logger, of } = notebook();
    const receiver = {
      name: "memory",
      receive: async (request: Request) => {
        const event = testEvent(await request.text());
        return { kind: "deliveries" as const, deliveries: [{ event, raw: {} }] };
      },
      accept: () => new Response(),
      defer: () => new Response(null, { status: 503 }),
    };
    const handle = webhook(receiver, failing, { logger, retry: { attempts: 1 } });
    const { opened, open } = gate();
    const slow = webhook(receiver, () => opened, { logger, concurrency: 1, replyTimeoutMs: 2000 });
    const post = (id: string) => new Request("http://localhost/", { method: "POST", body: id });

    await handle(post("a"));
    const late = slow(post("b"));
    await vi.advanceTimersByTimeAsync(10);
    await slow(post("c"));
    await vi.advanceTimersByTimeAsync(2000);
    await late;
    open();
    await vi.advanceTimersByTimeAsync(10);

    expect(of("").map((line) => line.replace(/; no dead-letter store.*next start/, "; …"))).toEqual(
      [
        "error an event could not be settled: memory: event a (test): failed once: Error: no stock; …; " +
          "the request was answered 503, and is sent again",
        "warn a request is to be sent again: an event of it is not settled yet; what failed has a line of its own",
        "warn a request is to be sent again: all 1 places are taken (the option concurrency)",
        "warn a request is to be sent again: its events were not done within replyTimeoutMs (2 s)",
      ],
    );
  });
});

describe("a logger that wants the object first", () => {
  it.each(["debug", "info", "warn", "error"] as const)(
    "is turned round, and loses nothing: %s",
    (level) => {
      const lines: unknown[] = [];
      const write = (...line: unknown[]) => lines.push(line);
      const logger = objectFirst({ debug: write, info: write, warn: write, error: write });

      logger[level]("text", { id: "e1" });
      logger[level]("text");

      expect(lines).toEqual([
        [{ id: "e1" }, "text"],
        [{}, "text"],
      ]);
    },
  );
});
