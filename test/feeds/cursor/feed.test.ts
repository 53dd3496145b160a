import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AckloopError, consume, drain } from "ackloop";
import {
  type CursorApi,
  type CursorItem,
  type CursorPage,
  cursorFeed,
  parseJson,
} from "ackloop/feeds";
import { memoryStores } from "ackloop/stores";
import { describe, expect, it } from "vitest";

interface Entry {
  readonly seq: number;
  readonly kind?: string;
  readonly at?: string;
}

const toEvent = ({ seq, kind = "entry", at }: Entry) => ({
  id: String(seq),
  position: String(seq),
  time: at,
  type: kind,
  data: { seq },
});

const readNothing = async () => ({ items: [] });

/** A feed of an API that answers with these pages in order, and with nothing after them. */
function feedOf(pages: readonly CursorPage<Entry>[], more: Partial<CursorApi<Entry>> = {}) {
  const asked: (string | undefined)[] = [];
  const { cursors } = memoryStores();
  const api: CursorApi<Entry> = {
    provider: "ledger",
    path: "eu/entries",
    async read(position: string | undefined) {
      asked.push(position);
      return pages[asked.length - 1] ?? { items: [] };
    },
    toEvent,
    ...more,
  };
  const open = (options: object = {}) =>
    cursorFeed(api, { cursor: cursors, consumer: "billing", ...options });
  const saved = async () => {
    const stored = await cursors.load({ consumer: "billing", feed: "ledger/eu/entries" });
    return stored && JSON.parse(stored.value);
  };
  return { open, asked, saved, cursors };
}

const quick = { idle: { minDelayMs: 10, maxDelayMs: 20 } };

describe("a cursor feed", () => {
  it("is named after provider and path, and is a log", () => {
    expect(feedOf([]).open()).toMatchObject({
      name: "ledger/eu/entries",
      consumer: "billing",
      acks: "cumulative",
      pulls: "onward",
    });
    expect(feedOf([]).open()).not.toHaveProperty("waits");
  });

  it("makes events of items, whose time is in UTC", async () => {
    const { open } = feedOf([{ items: [{ seq: 1, at: "2026-01-02T03:04:05+02:00" }, { seq: 2 }] }]);

    const { deliveries } = await open().pull();

    expect(deliveries.map(({ event }) => event)).toEqual([
      {
        specversion: "1.0",
        id: "1",
        source: "/ledger/eu/entries",
        type: "entry",
        time: "2026-01-02T01:04:05.000Z",
        data: { seq: 1 },
      },
      expect.not.objectContaining({ time: expect.anything() }),
    ]);
  });

  it("reads on behind what was acknowledged, also after a restart", async () => {
    const { open, asked } = feedOf([{ items: [{ seq: 1 }, { seq: 2 }] }]);
    const feed = open();
    const { deliveries } = await feed.pull();
    const [first] = deliveries;

    await feed.ack([first?.receipt ?? expect.unreachable()]);
    await open().pull();

    expect(asked).toEqual([undefined, "1"]);
  });

  it("hands a limit within its page size, and a wait, to the API", async () => {
    const wishes: unknown[] = [];
    const { open } = feedOf([], {
      pageSize: 40,
      async read(_position, { limit, waitMs }) {
        wishes.push([limit, waitMs]);
        return { items: [] };
      },
    });

    for (const wish of [{}, { limit: 7, waitMs: 50 }, { limit: 999 }, { limit: -1, waitMs: -1 }]) {
      await open().pull(wish);
    }

    expect(wishes).toEqual([
      [40, 0],
      [7, 50],
      [40, 0],
      [1, 0],
    ]);
    await expect(open().pull({ limit: Number.NaN })).rejects.toMatchObject({ code: "config" });
  });

  it("makes one unreadable delivery of an item that cannot be read, and repeats nothing of it", async () => {
    const items = [{ seq: 1 }, null, { seq: 3, kind: "" }, { seq: 4 }] as readonly Entry[];
    const { open } = feedOf([{ items }]);

    const { deliveries } = await open().pull();

    expect(deliveries.map(({ event, unreadable }) => event?.id ?? unreadable?.message)).toEqual([
      "1",
      "ledger pull: the item cannot be read: TypeError",
      "ledger pull: the item has no type",
      "4",
    ]);
    expect(deliveries.map(({ receipt }) => receipt !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  it("says of an item what its author did wrong, and lets no promise of his end the process", async () => {
    const rejected: unknown[] = [];
    const note = (reason: unknown) => rejected.push(reason);
    process.on("unhandledRejection", note);
    const given: readonly unknown[] = [
      Promise.reject(new Error("later")),
      { ...toEvent({ seq: 2 }), position: 2 },
      { ...toEvent({ seq: 3 }), position: 0 },
      { ...toEvent({ seq: 4 }), id: 4 },
      { ...toEvent({ seq: 5 }), type: {} },
      { ...toEvent({ seq: 6 }), position: null },
      toEvent({ seq: 7 }),
    ];
    const items = given.map((_, index) => ({ seq: index }));
    const again = () => Promise.reject(new Error("too late")) as never;
    const { open } = feedOf([{ items, again }], { toEvent: ({ seq }) => given[seq] as CursorItem });

    const { deliveries } = await open().pull();
    deliveries.at(-1)?.again?.();
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off("unhandledRejection", note);

    expect(rejected).toEqual([]);
    expect(deliveries.map(({ event, unreadable }) => event?.id ?? unreadable?.message)).toEqual([
      "ledger pull: `toEvent` gave a promise",
      "ledger pull: the item's position is no text",
      "ledger pull: the item's position is no text",
      "ledger pull: the item's id is no text",
      "ledger pull: the item's type is no text",
      "6",
      "7",
    ]);
  });

  it("reads a delivery anew where the API can, and leaves it to the loop where it cannot", async () => {
    const text = '{"entries":[{"seq":1}]}';
    const again = () => (parseJson(text) as { entries: Entry[] }).entries;
    const { open } = feedOf([{ items: again(), again, bytes: text.length }, { items: again() }]);

    const [one, two] = [await open().pull(), await open().pull()];

    expect(one).toMatchObject({ bytes: text.length });
    expect(one.deliveries[0]?.again?.()).toEqual(one.deliveries[0]);
    expect(two.deliveries[0]).not.toHaveProperty("again");
  });

  it("passes over a nameless item that nests too deep to be written", async () => {
    let deep: unknown = [];
    for (let depth = 0; depth < 20_000; depth += 1) deep = [deep];
    const { open } = feedOf([{ items: [deep as Entry] }, { items: [deep as Entry] }], {
      toEvent: () => ({ unreadable: new AckloopError("schema", "no") }),
    });
    const feed = open();

    const first = await feed.pull();
    const second = await feed.pull({ after: first.receipt });

    expect([first.deliveries.length, second.deliveries.length]).toEqual([1, 0]);
  });
});

describe("an item whose time is to come", () => {
  it.each([undefined, Date.parse("2026-01-02T00:00:02Z")])(
    "has nothing skipped by a restart by time (server's clock: %s)",
    async (sentAt) => {
      const at = (second: number) => `2026-01-02T00:00:0${second}Z`;
      const log = [at(1), "2999-01-01T00:00:00Z", at(3), at(4)].map((time, index) => {
        return { seq: index + 1, at: time };
      });
      let purged = 0;
      let published = 2;
      const behind = (from: (entry: Entry) => boolean) => ({
        items: log.slice(0, published).filter((entry) => entry.seq > purged && from(entry)),
        sentAt,
      });
      const { open } = feedOf([], {
        read: async (position = "0") => {
          if (purged > Number(position) && position !== "0") {
            throw new AckloopError("request", "no such position", { status: 410 });
          }
          return behind(({ seq }) => seq > Number(position));
        },
        seek: async (time) => behind((entry) => Date.parse(entry.at ?? "") >= Date.parse(time)),
      });
      const handled: string[] = [];
      const drainAll = () =>
        drain(open({ onCursorExpired: "fromTime" }), ({ id }) => void handled.push(id));

      await drainAll();
      published = 4;
      purged = 2.5;
      await drainAll();

      expect(handled).toEqual(["1", "2", "3", "4"]);
    },
  );
});

describe("a position that is answered with nothing for long", () => {
  it.each([
    ["whose API seeks by whole seconds", ["00:00:01.500", "00:00:02.700"]],
    ["whose items are not in the order of their times", ["00:00:05.000", "00:00:01.000"]],
    ["behind an item whose time is to come", ["00:00:01.000", "00:00:02.000", "2999"]],
  ])("is not taken for unknown in a log %s", async (_, times) => {
    const log = times.map((time, index) => {
      const at = time === "2999" ? "2999-01-01T00:00:00Z" : `2026-01-02T${time}Z`;
      return { seq: index + 1, at };
    });
    const second = (time: string) => Math.floor(Date.parse(time) / 1_000);
    const { open } = feedOf([], {
      read: async (position = "0") => ({ items: log.filter(({ seq }) => seq > Number(position)) }),
      seek: async (time) => ({ items: log.filter(({ at }) => second(at) >= second(time)) }),
    });
    const handled: string[] = [];
    const drainAll = () => drain(open({ checkEmptyAfterMs: 0 }), ({ id }) => void handled.push(id));

    await drainAll();
    await drainAll();

    expect(handled).toEqual(log.map(({ seq }) => String(seq)));
  });
});

describe("an API that answers with what stands at the position, not behind it", () => {
  it.each([{ items: [{ seq: 1 }, {}], position: "1" }, { items: [{}, { seq: 1 }] }])(
    "is asked at the loop's pace, also where an item cannot be read: %j",
    async (page) => {
      let count = 0;
      const { open } = feedOf([], {
        read: async () => {
          count += 1;
          return page as CursorPage<Entry>;
        },
        toEvent: ({ seq }) => ({
          id: String(seq ?? ""),
          position: page.position || !seq ? undefined : String(seq),
          type: "entry",
          data: {},
        }),
      });

      const run = consume(open(), () => undefined, { deadLetters: memoryStores().deadLetters });
      await new Promise((resolve) => setTimeout(resolve, 200));
      await run.stop();

      expect(count).toBeLessThan(10);
    },
  );
});

describe("an API whose pages alone have a position", () => {
  const withoutOwn = ({ seq }: Entry) => ({ id: String(seq), type: "entry", data: { seq } });

  it("is acknowledged with the last item of the page, and read on from its end", async () => {
    const pages = [
      { items: [{ seq: 1 }, { seq: 2 }], position: "a" },
      { items: [{ seq: 3 }], position: "b" },
    ];
    const { open, asked, saved } = feedOf(pages, { toEvent: withoutOwn });
    const handled: string[] = [];

    const summary = await drain(open(), ({ id }) => void handled.push(id), quick);

    expect(summary.stopped).toBe("empty");
    expect(handled).toEqual(["1", "2", "3"]);
    expect(asked.slice(0, 3)).toEqual([undefined, "a", "b"]);
    expect(await saved()).toMatchObject({ id: "b" });
  });

  it("is read on over empty pages that move, which are acknowledged too", async () => {
    const pages = [
      { items: [], position: "a", more: true },
      { items: [], position: "b", more: true },
      { items: [{ seq: 1 }], position: "c", more: false },
    ];
    const { open, asked, saved } = feedOf(pages, { toEvent: withoutOwn });
    const handled: string[] = [];

    await drain(open(), ({ id }) => void handled.push(id), quick);

    expect(handled).toEqual(["1"]);
    expect(asked.slice(0, 3)).toEqual([undefined, "a", "b"]);
    expect(await saved()).toMatchObject({ id: "c" });
  });

  it("passes twenty empty pages at once, and leaves it to the loop to go on", async () => {
    let pages = 0;
    const { open } = feedOf([], {
      toEvent: withoutOwn,
      async read() {
        pages += 1;
        return { items: [], position: `p${pages}`, more: true };
      },
    });

    const page = await open().pull();

    expect(pages).toBe(20);
    expect(page).toMatchObject({ deliveries: [], more: true });
    expect(page.receipt).toBeDefined();
  });

  it("has nothing to acknowledge on an empty page that ends where it began", async () => {
    const pages = [
      { items: [{ seq: 1 }], position: "a" },
      { items: [], position: "a" },
    ];
    const { open } = feedOf(pages, { toEvent: withoutOwn });
    const feed = open();
    const { deliveries } = await feed.pull();
    const last = deliveries[0]?.receipt;

    expect(await feed.pull({ after: last })).not.toHaveProperty("receipt");
  });

  it.each([
    [{ items: "none" }, "gave no list of items"],
    [undefined, "gave no list of items"],
    [{ items: [], position: 7 }, "gave a position that is no text, or an empty one"],
    [{ items: [], position: "" }, "gave a position that is no text, or an empty one"],
  ])("is a schema error for %j", async (page, text) => {
    const { open } = feedOf([], { read: async () => page as CursorPage<Entry> });

    await expect(open().pull()).rejects.toMatchObject({
      code: "schema",
      message: `ledger pull: ${text}`,
    });
  });
});

describe("what an API throws", () => {
  const thrownBy = (error: unknown) =>
    feedOf([], { read: () => Promise.reject(error) })
      .open()
      .pull()
      .catch((thrown: unknown) => thrown);

  it("is what a fetch is refused with by the network: a failed poll", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const read = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/entries`);
      return (await answer.json()) as CursorPage<Entry>;
    };
    const failures: unknown[] = [];
    const run = consume(feedOf([], { read }).open(), () => undefined, {
      ...quick,
      onReport: (report) => {
        if (report.kind === "pollFailed") failures.push(report.error);
      },
    });

    await expect.poll(() => failures.length).toBeGreaterThan(1);
    await run.stop();

    expect(failures[0]).toMatchObject({ code: "transport", retryable: true });
  });

  it.each([
    ["undici's", new TypeError("fetch failed", { cause: { code: "UND_ERR_SOCKET" } })],
    ["Node's", Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })],
    ["a driver's own", new Error("HTTP 502")],
  ])("becomes transport where it is %s", async (_whose, error) => {
    expect(await thrownBy(error)).toMatchObject({ code: "transport", retryable: true });
  });

  it("stays as it is where it is an error of ours, or a bug", async () => {
    for (const error of [new AckloopError("auth", "no"), new TypeError("x is not a function")]) {
      expect(await thrownBy(error)).toBe(error);
    }
  });

  it("is the signal's reason once that has fired", async () => {
    const stop = new AbortController();
    const reason = new Error("stop");
    const read = async () => {
      stop.abort(reason);
      throw new Error("an abort error of another library");
    };

    await expect(feedOf([], { read }).open().pull({ signal: stop.signal })).rejects.toBe(reason);
  });
});

describe("what an API says of itself", () => {
  it.each([
    [{ provider: "" }, "provider"],
    [{ path: "" }, "path"],
    [{ path: "/eu" }, "path"],
    [{ path: "a b" }, "path"],
    [{ pageSize: 0 }, "pageSize"],
    [{ read: undefined }, "read"],
    [{ toEvent: "none" }, "toEvent"],
    [{ sek: readNothing }, "sek"],
  ])("is refused where it is wrong: %j", (wrong, option) => {
    const { open } = feedOf([], wrong as object);

    expect(open).toThrow(`cursorFeed: option \`${option}\``);
  });
});
