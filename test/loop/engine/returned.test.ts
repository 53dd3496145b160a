import { afterEach, describe, expect, it } from "vitest";
import { batch } from "../../../src/loop/batch.ts";
import { drain } from "../../../src/loop/consume.ts";
import { toSaid, toSaidOfEach } from "../../../src/loop/engine/returned.ts";
import { deadLetter, done, retry } from "../../../src/loop/outcome.ts";
import { filledFeed } from "../support.ts";

const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);
afterEach(() => {
  process.off("unhandledRejection", note);
});

it("acks no event of a batch before the promises that its handler gave for each have settled", async () => {
  const feed = filledFeed(3);
  let saved = 0;
  const save = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    saved += 1;
  };
  const summary = await drain(
    feed,
    batch({ size: 10 }, async (events) => events.map(() => save())),
  );

  expect({ acked: summary.acked, saved }).toEqual({ acked: 3, saved: 3 });
});

it("takes a promise in a batch's list that rejects for a failed attempt of its event", async () => {
  process.on("unhandledRejection", note);
  const feed = filledFeed(2);
  let tries = 0;
  await drain(
    feed,
    batch({ size: 10 }, async (events) =>
      events.map(async ({ id }) => {
        if (id !== "e1" || ++tries > 1) return;
        throw new Error("not saved");
      }),
    ),
    { retry: { minDelayMs: 10 } },
  );
  await new Promise((resolve) => setTimeout(resolve, 50));

  expect({ tries, unhandled: unhandled.length }).toEqual({ tries: 2, unhandled: 0 });
});

it("takes what `Promise.allSettled` gives of one that has rejected for a failed attempt of its event", async () => {
  const tried: string[] = [];
  const save = async (id: string): Promise<void> => {
    tried.push(id);
    if (id === "e1" && tried.length <= 2) throw new Error("not saved");
  };
  const summary = await drain(
    filledFeed(2),
    batch({ size: 10 }, async (events) => Promise.allSettled(events.map(({ id }) => save(id)))),
    { retry: { minDelayMs: 10 } },
  );

  expect(tried).toEqual(["e0", "e1", "e1"]);
  expect(summary).toMatchObject({ handled: 2, acked: 2 });
});

it("reads what `Promise.allSettled` gives as what its promises gave, however deep", async () => {
  const rejected = Promise.reject(new Error("not saved"));
  const settled = await Promise.allSettled([retry(), Promise.allSettled([rejected]), undefined]);

  const [again, failed, bare] = await toSaidOfEach(settled, 3);

  expect(again).toMatchObject({ decision: { kind: "retry" } });
  expect(failed).toMatchObject({ failure: expect.stringContaining("not saved") });
  expect(bare).toEqual({ decision: undefined });
});

it("takes a row that a handler saved for done, whatever its status is called", () => {
  const row = { id: 7, status: "rejected", reason: "out of stock" };

  expect(toSaidOfEach([row], 1)).toEqual([{ decision: undefined }]);
});

it("acks no event before the promises in the list that its handler gave have settled", async () => {
  const feed = filledFeed(1);
  let saved = 0;
  const summary = await drain(feed, async () =>
    [1, 2].map(async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      saved += 1;
    }),
  );

  expect({ acked: summary.acked, saved }).toEqual({ acked: 1, saved: 2 });
});

it("does not take a generator that nobody has run for done", async () => {
  const feed = filledFeed(1);
  let ran = false;
  const handler = async function* () {
    ran = true;
    yield 1;
  };
  const run = drain(feed, handler as never, { retry: { minDelayMs: 1 } });
  await expect(run).rejects.toThrow("is it a generator");

  expect({ ran, acked: feed.acked.length }).toEqual({ ran: false, acked: 0 });
});

describe("what a handler gave", () => {
  const lazy = { failure: expect.stringContaining("iterator") };
  const bare = { decision: undefined };

  it.each([
    ["nothing", undefined, bare],
    ["an outcome", deadLetter("bad"), { decision: expect.objectContaining({ reason: "bad" }) }],
    ["a saved row", { id: 5 }, bare],
    ["rows", [{ id: 5 }, [6]], bare],
    ["a set", new Set([1]), bare],
    ["a revoked proxy", revoked(), bare],
    ["done for each", [done(), undefined], bare],
    ["a retry in a list", [done(), retry()], { failure: expect.stringContaining("for one event") }],
    ["an iterator", [1].values(), lazy],
    ["a generator in a list", [naturals()], lazy],
    ["a stream", new ReadableStream(), lazy],
    ["a function", () => {}, { failure: expect.stringContaining("function") }],
    ["a list that throws", [throwing], { failure: "Error: odd", thrown: new Error("odd") }],
  ])("is read where it is %s", (_, returned, said) => {
    expect(toSaid(returned)).toEqual(said);
  });

  it("is read when all promises in it have settled, however deep", async () => {
    let over = 0;
    const work = async (ms: number) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      over += 1;
    };
    const said = await toSaid([Promise.reject(new Error("first")), work(5), [[work(20)]]]);
    expect({ said, over }).toMatchObject({ said: { failure: "Error: first" }, over: 2 });
    expect(await toSaid([Promise.resolve(naturals())])).toEqual(lazy);
  });

  it("is one for each event of a batch, or stands for all", async () => {
    const again = { decision: expect.objectContaining({ kind: "retry" }) };
    expect(toSaidOfEach(retry(), 2)).toEqual([again, again]);
    expect(toSaidOfEach({ rows: 2 }, 2)).toEqual([bare, bare]);
    expect(toSaidOfEach([{ id: 1 }], 2)).toEqual([bare, bare]);
    expect(toSaidOfEach([retry(), { id: 1 }], 2)).toEqual([again, bare]);
    expect(toSaidOfEach(naturals(), 2)).toEqual([lazy, lazy]);
    expect(await toSaidOfEach([Promise.resolve(retry()), 1], 2)).toEqual([again, bare]);
    expect(toSaidOfEach([retry()], 2)).toEqual([
      { failure: "the batch handler gave 1 outcomes for 2 events" },
      { failure: "the batch handler gave 1 outcomes for 2 events" },
    ]);
    const lost = { failure: "lost", thrown: "lost" };
    expect(await toSaidOfEach([Promise.reject("lost")], 2)).toEqual([lost, lost]);
  });
});

function* naturals() {
  yield 1;
}

function revoked() {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
}

/** Nothing of it can be read. */
const throwing = new Proxy(() => {}, {
  get() {
    throw new Error("odd");
  },
});

it("takes the holes of a batch's list for bare returns, and a list of holes for done", async () => {
  const outcomes = new Array<unknown>(3);
  outcomes[1] = deadLetter("odd");
  const bare = { decision: undefined };

  const each = await toSaidOfEach(outcomes, 3);

  expect(each.map((said) => ("decision" in said ? said.decision?.kind : said))).toEqual([
    undefined,
    "deadLetter",
    undefined,
  ]);
  expect(await toSaidOfEach(new Array(3), 3)).toEqual([bare, bare, bare]);
  expect(await toSaid(new Array(2))).toEqual(bare);
});

it("reads a promise of a list once, whatever its own `then` calls", async () => {
  const odd = Object.assign(Promise.resolve(), {
    // biome-ignore lint/suspicious/noThenProperty: it is what is tried.
    then: (ok: (value: unknown) => void) => {
      ok(retry());
      ok(undefined);
    },
  });

  expect(await toSaidOfEach([odd], 1)).toMatchObject([{ decision: { kind: "retry" } }]);
});
