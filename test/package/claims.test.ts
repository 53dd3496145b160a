import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  AckloopError,
  type AckloopErrorCode,
  consume,
  type DrainOptions,
  deadLetter,
  drain,
  drop,
  retry,
} from "ackloop";
import { memoryStores } from "ackloop/stores";
import { memoryFeed, testEvent } from "ackloop/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toPlainText } from "../../src/http/redact.ts";
import { isFatal } from "../../src/loop/engine/settling.ts";
import { toLoopSettings } from "../../src/loop/options.ts";

/** Every code that there is, as the compiler asks. */
const allCodes: Readonly<Record<AckloopErrorCode, true>> = {
  ...{ config: true, auth: true, request: true, notFound: true, conflict: true },
  ...{ rateLimit: true, transport: true, timeout: true, schema: true, signature: true },
  ...{ cursorExpired: true, leaseLost: true, halted: true },
};

const textOf = (file: string) =>
  readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), "utf8");
const readme = textOf("README.md").replace(/\s+/g, " ");

/** The numbers that a sentence of the README says. */
function numbersIn(sentence: RegExp): readonly number[] {
  const [, ...numbers] = readme.match(sentence) ?? [];
  if (numbers.length === 0) throw new Error(`the README does not say ${sentence}`);
  return numbers.map(Number);
}

/** Drains one event, and tells when its handler was started, in ms from the first time. */
async function startsOf(options: DrainOptions, result: () => unknown) {
  const feed = memoryFeed();
  feed.publish(testEvent("1"));
  const at: number[] = [];
  const drained = drain(
    feed,
    async () => {
      at.push(performance.now());
      return result() as undefined;
    },
    { logger: false, consumer: "me", circuitBreaker: false, ...options },
  ).then(
    (summary) => ({ summary, code: undefined }),
    (error: { readonly code: string }) => ({ summary: undefined, code: error.code }),
  );
  await vi.advanceTimersByTimeAsync(3_600_000);
  const { summary, code } = await drained;
  const [first = 0] = at;
  return { summary, code, starts: at.map((each) => Math.round(each - first)), feed };
}

const fails = () => {
  throw new Error("no stock");
};

describe("what the README says of handlers", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    // The longest of the waits that are drawn.
    vi.spyOn(Math, "random").mockReturnValue(1);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is how often one that throws is tried, and how long the waits are", async () => {
    const [attempts = 0, firstSeconds = 0, lastSeconds = 0] = numbersIn(
      /tried again: (\d+) times in all, the first wait up to (\d+) s, each wait twice the last, up to (\d+) s/,
    );
    const { deadLetters } = memoryStores();

    const usual = await startsOf({ deadLetters }, fails);
    const long = await startsOf({ deadLetters, retry: { attempts: 12 } }, fails);

    expect(usual.summary).toMatchObject({ deadLettered: 1 });
    expect(usual.starts).toEqual(
      Array.from({ length: attempts }, (_, n) => firstSeconds * 1_000 * (2 ** n - 1)),
    );
    const [before = 0, last = 0] = long.starts.slice(-2);
    expect(last - before).toBe(lastSeconds * 1_000);
  });

  it("is that a run without dead letters stops with an error, and the event stays", async () => {
    expect(readme).toContain("the run stops with an error, and the event stays at the provider");

    const { code, feed } = await startsOf({ retry: { attempts: 1 } }, fails);

    expect(code).toBe("halted");
    expect(feed.acked).toEqual([]);
  });

  it.each([
    ["returns, with nothing or any object", () => ({ rows: 1 }), { handled: 1, acked: 1 }],
    ["`deadLetter(reason)`", () => deadLetter("no stock"), { deadLettered: 1, acked: 1 }],
    ["`drop(reason)`", () => drop("of no interest"), { dropped: 1, acked: 1 }],
  ])("is what comes of one that %s", async (words, result, expected) => {
    expect(readme).toContain(words);

    const { summary } = await startsOf({ deadLetters: memoryStores().deadLetters }, result);

    expect(summary).toMatchObject(expected);
  });

  it("is that `retry({ afterMs })` waits for that time", async () => {
    expect(readme).toContain("returns `retry({ afterMs })`");
    const { deadLetters } = memoryStores();
    const options = { deadLetters, retry: { attempts: 2 } };

    const { starts } = await startsOf(options, () => retry({ afterMs: 7_000 }));

    expect(starts).toEqual([0, 7_000]);
  });

  it("is how long a stop takes at most", async () => {
    const [seconds = 0] = numbersIn(/their acknowledgements go out, all within (\d+) s/);
    const feed = memoryFeed();
    feed.publish(testEvent("1"));
    const run = consume(feed, () => new Promise(() => undefined), { logger: false });
    await vi.advanceTimersByTimeAsync(100);
    const ended = vi.fn();

    void run.stop();
    void run.then(ended, ended);
    await vi.advanceTimersByTimeAsync(seconds * 1_000 - 2_000);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_000);

    expect(ended).toHaveBeenCalledOnce();
  });

  it("is what a run's health has", async () => {
    const [, names = ""] = readme.match(/`\{ ((?:\w+, )+)… \}`/) ?? [];
    const run = consume(memoryFeed(), () => undefined, { logger: false });

    const stopped = run.stop();
    await vi.runAllTimersAsync();
    await stopped;

    expect(names).toContain("healthy");
    for (const name of names.split(", ").filter(Boolean)) {
      expect(run.health()).toHaveProperty(name);
    }
  });
});

describe("what the README says of the package", () => {
  const manifest = JSON.parse(textOf("package.json")) as {
    readonly exports: Readonly<Record<string, unknown>>;
    readonly engines: { readonly node: string };
  };

  it("names every entry in a table, and no other", () => {
    const entries = Object.keys(manifest.exports)
      .filter((path) => path !== "./package.json")
      .map((path) => path.replace(/^\./, "ackloop"));
    const named = [...textOf("README.md").matchAll(/^\| `(ackloop[\w/-]*)` \|/gm)];

    expect(named.map(([, name]) => name).sort()).toEqual(entries.sort());
  });

  it("names the Node that the package asks for", () => {
    const [major = 0] = numbersIn(/Node (\d+) or newer/);

    expect(manifest.engines.node).toBe(`>=${major}`);
  });

  it("says how much of a provider's words an error has", () => {
    const [characters = 0] = numbersIn(/of a provider's own words, at most (\d+) characters/);

    expect(toPlainText("w".repeat(10_000), []).length).toBe(characters);
  });

  it.each([
    ["RESULTS.md", 1.5, 2.5],
    ["RESULTS.node24.md", 2.2, 3.8],
  ])(
    "says of the CPU what the last run of the benchmarks has measured: %s",
    (file, least, most) => {
      expect(readme.replace(/\s+/g, " ")).toContain(
        "A polled event costs about the CPU that it costs in a loop by hand, and a webhook about twice that, on Node 24 about three times",
      );
      const rows = textOf(`bench/${file}`).matchAll(/^\| (\S+) cpu \/ hand-written \| ([\d.]+) /gm);
      const ratios = [...rows].map(([, row = "", ratio]) => ({ row, ratio: Number(ratio) }));
      const [webhooks, polled] = [true, false].map((wanted) =>
        ratios.filter(({ row }) => row.startsWith("webhook") === wanted),
      );

      expect(polled?.length).toBeGreaterThan(2);
      expect(polled?.filter(({ ratio }) => ratio > 1.25)).toEqual([]);
      expect(webhooks).toHaveLength(1);
      expect(webhooks?.[0]?.ratio).toBeGreaterThan(least);
      expect(webhooks?.[0]?.ratio).toBeLessThan(most);
    },
  );
});

describe("what the guide to failures says of errors", () => {
  const guide = textOf("docs/failures.md");
  const table = guide.split("## Which errors end a run")[1] ?? "";
  const named = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
  const codes = Object.keys(allCodes) as AckloopErrorCode[];

  it("names the codes that end a run, and no other", () => {
    const ends = codes.filter((code) => isFatal(new AckloopError(code, "it is refused")));

    expect([...named].sort()).toEqual([...ends, "halted"].sort());
  });

  it("names the codes that are waited out", () => {
    const [, list = ""] = /All other codes \((.*?)\)/.exec(table.replace(/\s+/g, " ")) ?? [];
    const told = [...list.matchAll(/`(\w+)`/g)].map(([, code]) => code);

    // What a webhook refuses is no poll's.
    const others = codes.filter((code) => ![...named, "signature"].includes(code));
    expect([...told].sort()).toEqual(others.sort());
  });

  it("says how long the waits are", () => {
    const [, first, second, third, fourth] =
      /waits of about (\d+), (\d+), (\d+) and (\d+) seconds/.exec(guide) ?? [];

    const { minMs, maxMs } = toLoopSettings("consume", {}, 1).retry;
    expect([first, second, third, fourth].map(Number)).toEqual(
      [0, 1, 2, 3].map((n) => Math.min(minMs * 2 ** n, maxMs) / 1_000),
    );
  });

  it("says what becomes of an event that no handler takes", async () => {
    const feed = () => {
      const made = memoryFeed({ events: { known: undefined } as never });
      made.publish(testEvent("1", { type: "strange" }));
      return made;
    };
    const { deadLetters } = memoryStores();
    const none = { known: () => undefined } as never;
    const options = { consumer: "me", logger: false } as const;

    const kept = await drain(feed(), none, { ...options, deadLetters });
    const halted = await drain(feed(), none, options).catch((error: AckloopError) => error.code);
    const taken = await drain(feed(), { other: () => undefined }, options);

    expect([kept.deadLettered, halted, taken.handled]).toEqual([1, "halted", 1]);
  });
});

describe("what the guide to shutdown says", () => {
  const guide = textOf("docs/shutdown.md").replace(/\s+/g, " ");
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is how long handlers get, and that an outcome counts after their signal", async () => {
    const [, all = 0, theirs = 0] = /of (\d+) s they get (\d+)/.exec(guide) ?? [];
    const feed = memoryFeed();
    feed.publish(testEvent("1"), testEvent("2"));
    const firedAt: number[] = [];
    const begun = performance.now();
    const handler = (
      { id }: { readonly id: string },
      { signal }: { readonly signal: AbortSignal },
    ) =>
      new Promise<ReturnType<typeof drop> | undefined>((resolve) => {
        signal.addEventListener("abort", () => {
          firedAt.push(performance.now() - begun);
          resolve(id === "1" ? drop("not ours") : undefined);
        });
      });
    const run = consume(feed, handler, { logger: false, concurrency: 2 });
    await vi.advanceTimersByTimeAsync(0);

    void run.stop({ withinMs: Number(all) * 1_000 });
    await vi.advanceTimersByTimeAsync(Number(all) * 1_000);

    expect(firedAt.map((ms) => Math.round(ms / 1_000))).toEqual([Number(theirs), Number(theirs)]);
    expect(await run).toMatchObject({ dropped: 1, unsettled: 1 });
  });
});
