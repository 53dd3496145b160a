import { once } from "node:events";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import express, { type Express } from "express";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import { silent } from "../../src/core/logger.ts";
import { type InspectorOptions, inspector } from "../../src/inspector/index.ts";
import type { EntryLines, EntryShown } from "../../src/inspector/shown.ts";
import { redrive } from "../../src/loop/redrive.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { eventOf, key, letterOf, open } from "./support.ts";

interface Lines {
  readonly letters: readonly { readonly identity: string; readonly reason: string }[];
  readonly next?: string;
  readonly looked: number;
}

/** Sends letters to a handler. */
const to = (handler: (event: FeedEvent) => unknown): InspectorOptions["redrive"] => {
  return (letters, options) =>
    redrive(letters, key.feed, async (event) => void (await handler(event)), {
      ...options,
      logger: false,
    });
};

describe("inspector", () => {
  it("is not made without `authorize`", () => {
    expect(() => inspector({ runs: [] } as never)).toThrow(/`authorize` is required/);
  });

  const authorize = (): boolean => true;

  it.each([
    [{ authorize }, /`stores` or `runs` must be given/],
    [{ authorize, runs: [{}] }, /`runs` must be a list of runs/],
    [{ authorize, runs: [], path: "inspector" }, /`path` must be a path/],
    [{ authorize, runs: [], redact: [""] }, /`redact` must be/],
    [{ authorize, runs: [], redact: ["email", " phone"] }, /`redact` must be/],
    [{ authorize, runs: [], redact: ["data.email"] }, /paths that begin with event, raw/],
    [{ authorize, runs: [], color: 1 }, /`color` is unknown/],
  ])("refuses %o", (options, text) => {
    expect(() => inspector(options as never)).toThrow(text);
  });

  it("serves its page, with a slash at the end of its address and without one", async () => {
    const { handle, request } = open({ path: "/admin/inspector" });

    const bare = await handle(request("/admin/inspector"));
    const page = await handle(request("/admin/inspector/"));

    // Next takes the slash away: to be led to it would lead in circles.
    expect(bare.status).toBe(200);
    expect(await bare.text()).toContain('src="inspector/page.js"');
    expect(await page.text()).toContain("<!doctype html>");
    expect((await handle(request("/admin/inspector/page.js"))).status).toBe(200);
    expect((await handle(request("/"))).status).toBe(404);
    expect((await handle(request("/admin/inspector/api/constructor"))).status).toBe(404);
  });
});

describe("mounted in Express", () => {
  const page = { "sec-fetch-site": "same-origin", "x-ackloop-page": "1" };
  const { identity } = letterOf("1", {});
  const body = JSON.stringify({ ...key, identities: [identity] });
  const discard = {
    method: "POST",
    body,
    headers: { ...page, "content-type": "application/json" },
  };

  /** Serves an app; gives the address of the inspector in it. */
  async function served(mount: (app: Express, listener: RequestListener) => unknown) {
    const { stores, handle } = open({ path: "/admin/inspector/" });
    await stores.deadLetters.put(letterOf("1", {}));
    const app = express();
    mount(app, getRequestListener(handle));
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    return { stores, url: `http://127.0.0.1:${port}/admin/inspector` };
  }

  it("serves its page, what the page asks for, and changes", async () => {
    const { stores, url } = await served((app, listener) => {
      app.all("/admin/inspector{/*path}", listener);
      app.use(express.json());
    });

    const text = await (await fetch(url)).text();
    const [, script = ""] = /src="([^"]+)"/.exec(text) ?? [];
    const found = await fetch(new URL(script, url));
    const changed = await fetch(`${url}/api/discard`, discard);
    const elsewhere = { ...discard.headers, "sec-fetch-site": "cross-site" };
    const refused = await fetch(`${url}/api/discard`, { ...discard, headers: elsewhere });

    expect([found.status, found.headers.get("content-type")]).toEqual([
      200,
      "text/javascript; charset=utf-8",
    ]);
    expect(await changed.json()).toEqual({ discarded: 1 });
    expect(refused.status).toBe(403);
    expect((await stores.deadLetters.list(key)).letters).toEqual([]);
  });

  it("says so where a body parser was in front of it, or its path was taken away", async () => {
    const parsed = await served((app, listener) => {
      app.use(express.json());
      app.all("/admin/inspector{/*path}", listener);
    });
    const stripped = await served((app, listener) => app.use("/admin/inspector", listener));

    const changed = await fetch(`${parsed.url}/api/discard`, discard);
    const found = await fetch(`${stripped.url}/`);

    expect(changed.status).toBe(400);
    expect((await changed.json()).error).toMatch(/no body parser in front of it/);
    expect(found.status).toBe(404);
    expect((await found.json()).error).toMatch(
      /is under \/admin\/inspector\/, and was asked for \/$/,
    );
    expect((await parsed.stores.deadLetters.list(key)).letters).toHaveLength(1);
  });
});

describe("who may ask", () => {
  it("asks `authorize` for every request, and says what is wanted", async () => {
    const authorize = vi.fn(() => false);
    const { handle, request, change } = open({ authorize });

    for (const path of ["/", "/page.js", "/api/live", "/api/letters"]) {
      expect((await handle(request(path))).status, path).toBe(403);
    }
    expect((await change("discard", {})).status).toBe(403);

    const wishes = authorize.mock.calls.map((call: readonly unknown[]) => call[1]);
    expect(wishes[0]).toEqual({ changes: false, name: "" });
    expect(wishes.at(-1)).toEqual({ changes: true, name: "api/discard" });
  });

  it("gives the answer that `authorize` gives", async () => {
    const headers = { "www-authenticate": "Basic" };
    const { handle, request } = open({
      authorize: async () => new Response("who?", { status: 401, headers }),
    });

    const answer = await handle(request("/"));

    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Basic"]);
  });

  it("lets nobody in where `authorize` throws, or gives something else than true", async () => {
    const error = vi.fn();
    const broken = open({
      authorize: () => {
        throw new Error("secret-of-the-directory");
      },
      logger: { ...silent, error },
    });
    const odd = open({ authorize: (() => "yes") as never });

    const answer = await broken.look("about");

    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toContain("secret-of-the-directory");
    expect(error).toHaveBeenCalledOnce();
    expect((await odd.look("about")).status).toBe(403);
  });

  it("answers 503, and lets nobody in, where `authorize` never answers, and tells the logger", async () => {
    vi.useFakeTimers();
    const error = vi.fn();
    let answerLate = (_: boolean): void => {};
    const authorize = () =>
      new Promise<boolean>((resolve) => {
        answerLate = resolve;
      });
    const { stores, change, look } = open({ authorize, logger: { ...silent, error } });
    await stores.deadLetters.put(letterOf("1", {}));
    const { identity } = letterOf("1", {});

    const asked = [change("discard", { ...key, identities: [identity] }), look("about")];
    await vi.advanceTimersByTimeAsync(30_000);
    const answers = await Promise.all(asked);
    answerLate(true);
    await vi.advanceTimersByTimeAsync(1000);
    vi.useRealTimers();

    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
    expect(error).toHaveBeenCalledTimes(2);
    expect((await stores.deadLetters.list(key)).letters).toHaveLength(1);
  });

  it("refuses other sites, other names, and changes without the page's header", async () => {
    const authorize = vi.fn(() => true);
    const { handle, request, change } = open({ authorize, hosts: ["127.0.0.1:4010"] });
    const asked = (headers: Record<string, string>) => handle(request("/api/letters", { headers }));

    expect((await asked({ "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await asked({ origin: "https://evil.example" })).status).toBe(403);
    expect((await asked({ host: "evil.example:4010" })).status).toBe(421);
    expect((await change("discard", {}, { "sec-fetch-site": "cross-site" })).status).toBe(403);
    const bare = await handle(request("/api/discard", { method: "POST", body: "{}", headers: {} }));
    expect(bare.status).toBe(403);
    expect(authorize).not.toHaveBeenCalled();
  });

  it("answers to a name with any port where none is given", async () => {
    const { handle, request } = open({ hosts: ["LocalHost"] });
    const headers = { host: "localhost:8123" };

    expect((await handle(request("/", { headers }))).status).toBe(200);
  });

  it("changes nothing by GET, by a form, or by another method", async () => {
    const { stores, handle, request, change } = open();
    await stores.deadLetters.put(letterOf("1", {}));
    const { identity } = letterOf("1", {});

    expect((await handle(request("/api/discard?identity=1"))).status).toBe(404);
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect((await change("discard", { ...key, identities: [identity] }, form)).status).toBe(415);
    expect(
      (
        await handle(
          request("/api/discard", { method: "DELETE", headers: { "x-ackloop-page": "1" } }),
        )
      ).status,
    ).toBe(405);
    expect((await stores.deadLetters.list(key)).letters).toHaveLength(1);
  });

  it("refuses a body that is too long, or no JSON object", async () => {
    const { change } = open();

    expect((await change("discard", { text: "x".repeat(9_000_000) })).body.error).toMatch(/long/);
    expect((await change("discard", "text")).status).toBe(400);
    expect((await change("discard", { ...key, identities: [1] })).status).toBe(400);
    expect((await change("discard", { consumer: "a" })).body.error).toBe("feed is missing");
  });
});

describe("dead letters", () => {
  it("are listed page by page, and searched through, 100,000 of them", async () => {
    const { stores, look } = open();
    for (let at = 0; at < 100_000; at += 1)
      await stores.deadLetters.put(letterOf(`o${at}`, at === 99_990 ? { name: "Ünïque" } : {}));

    const first = await look<Lines>("letters", key);
    expect(first.body.letters).toHaveLength(25);

    let next: string | undefined;
    let looked = 0;
    let longestMs = 0;
    const found: string[] = [];
    do {
      const began = performance.now();
      const query = { ...key, text: "ünïque", ...(next && { after: next }) };
      const { body } = await look<Lines>("letters", query);
      longestMs = Math.max(longestMs, performance.now() - began);
      found.push(...body.letters.map(({ identity }) => identity));
      looked += body.looked;
      next = body.next;
    } while (next !== undefined);

    expect(found).toEqual([letterOf("o99990", {}).identity]);
    expect(looked).toBe(100_000);
    expect(longestMs).toBeLessThan(5_000);
    const places = await look<{ items: readonly object[] }>("places");
    expect(places.body.items).toMatchObject([{ ...key, letters: 100_000 }]);
  });

  it("of 5 MB are shown by their beginning, and exported whole", async () => {
    const { stores, look, handle, request } = open();
    const large = letterOf("large", { text: "é".repeat(5_000_000) });
    await stores.deadLetters.put(large);
    const which = { ...key, identity: large.identity };

    const { body } = await look<{ eventText: string; size: number; isCut: boolean }>(
      "letter",
      which,
    );
    const file = await handle(request(`/api/export?${new URLSearchParams(which)}`));

    expect(body.isCut).toBe(true);
    expect(body.eventText.length).toBe(100_000);
    expect(body.size).toBeGreaterThan(10_000_000);
    expect(file.headers.get("content-disposition")).toBe('attachment; filename="letters.jsonl"');
    expect(JSON.parse(await file.text())).toEqual(large);
  });

  it("are sent again, and taken off when that is done", async () => {
    const handled: unknown[] = [];
    const { stores, change } = open({ redrive: to((event) => handled.push(event.data)) });
    const letter = letterOf("1", { total: 5 });
    await stores.deadLetters.put(letter);

    const answer = await change("redrive", { ...key, identity: letter.identity });

    expect(answer.body).toEqual({ status: "done" });
    expect(handled).toEqual([{ total: 5 }]);
    expect((await stores.deadLetters.list(key)).letters).toEqual([]);
  });

  it("are sent with another event, and keep their own where that fails", async () => {
    const { stores, change } = open({
      redrive: to((event) => {
        throw new Error(`no customer ${JSON.stringify(event.data)}`);
      }),
    });
    const letter = letterOf("1", { customer: "" });
    await stores.deadLetters.put(letter);
    const event = { ...letter.event, data: { customer: "c7" } };

    const answer = await change("redrive", { ...key, identity: letter.identity, event });

    const reason = 'failed once: Error: no customer {"customer":"c7"}';
    expect(answer.body).toEqual({ status: "failed", reason });
    const [kept] = (await stores.deadLetters.list(key)).letters;
    expect(kept).toMatchObject({ event: letter.event, raw: letter.raw, attempts: 2, reason });
  });

  it.each([
    ["another id", { id: "2" }, /`id` must stay/],
    ["another source", { source: "/other" }, /`source` must stay/],
    ["no type", { type: "" }, /`type`/],
    ["no data", { data: undefined }, /`data`/],
    ["a time that is none", { time: 5 }, /`time`/],
    ["another version", { specversion: "2" }, /`specversion`/],
    ["what was exported with a mask", { data: { email: "[masked]" } }, /holds \[masked\]/],
  ])("are not sent with an event of %s", async (_, part, text) => {
    const handler = vi.fn();
    const { stores, change } = open({ redrive: to(handler) });
    const letter = letterOf("1", {});
    await stores.deadLetters.put(letter);

    const event = { ...letter.event, ...part };
    const answer = await change("redrive", { ...key, identity: letter.identity, event });

    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatch(text);
    expect(handler).not.toHaveBeenCalled();
  });

  it("are sent once where two people do it at a time", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const handler = vi.fn(() => held);
    const { stores, change } = open({ redrive: to(handler) });
    const letter = letterOf("1", {});
    await stores.deadLetters.put(letter);
    const wish = { ...key, identity: letter.identity };

    const first = change("redrive", wish);
    await vi.waitFor(() => expect(handler).toHaveBeenCalledOnce());
    const second = await change("redrive", wish);
    const third = await change("discard", { ...key, identities: [letter.identity] });
    release();

    expect(second.status).toBe(409);
    expect(second.body.error).toMatch(/by another person/);
    expect(third.status).toBe(409);
    expect((await first).body).toEqual({ status: "done" });
    expect((await change("redrive", wish)).body.error).toMatch(/another has dealt with it/);
    expect(handler).toHaveBeenCalledOnce();
  });

  it("that another takes off while they fail are said to be gone", async () => {
    const letter = letterOf("1", {});
    const stores = memoryStores();
    const handler = async () => {
      await stores.deadLetters.remove(letter);
      throw new Error("no");
    };
    const { change } = open({ stores, redrive: to(handler) });
    await stores.deadLetters.put(letter);

    const answer = await change("redrive", { ...key, identity: letter.identity });

    expect(answer).toMatchObject({ status: 404 });
    expect(answer.body.error).toContain("another has taken the letter off");
    expect(await stores.deadLetters.get(letter)).toBeUndefined();
  });

  it("are sent once where two inspectors show one store", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const handler = vi.fn(() => held);
    const one = open({ redrive: to(handler) });
    const other = open({ redrive: to(handler), stores: one.stores });
    const letter = letterOf("1", {});
    await one.stores.deadLetters.put(letter);
    const wish = { ...key, identity: letter.identity };

    const first = one.change("redrive", wish);
    await vi.waitFor(() => expect(handler).toHaveBeenCalledOnce());
    const second = await other.change("redrive", wish);
    release();

    expect(second.status).toBe(409);
    expect((await first).body).toEqual({ status: "done" });
  });

  it.each(['say "hi"', "C:\\Temp", "two\nlines", '\\"HI'])("are found by %j", async (text) => {
    const { stores, look } = open();
    await stores.deadLetters.put(letterOf("1", { note: 'Say "hi" to C:\\temp, in two\nlines' }));

    const { body } = await look<Lines>("letters", { ...key, text });

    expect(body.letters).toHaveLength(1);
  });

  it("are not sent while another process has them at work", async () => {
    const handler = vi.fn();
    const { stores, change } = open({ redrive: to(handler) });
    await stores.deadLetters.put(letterOf("1", {}));
    const { identity } = letterOf("1", {});
    let end = (): void => {};
    const wait = new Promise<void>((resolve) => {
      end = resolve;
    });
    const other = redrive(stores.deadLetters, key.feed, () => wait, {
      ...{ consumer: key.consumer, dedupe: { store: stores.dedupe }, logger: false },
    });
    await new Promise((resolve) => setTimeout(resolve, 50));

    const during = await change("redrive", { ...key, identity });
    end();
    await other;
    const after = await change("redrive", { ...key, identity });

    expect([during.status, after.status]).toEqual([409, 404]);
    expect(during.body.error).toMatch(/is being sent just now, or was, by another/);
    expect(handler).not.toHaveBeenCalled();
  });

  it("are looked through a few at a time, however small those before were", async () => {
    const { stores, look } = open();
    for (let at = 0; at < 200; at += 1) await stores.deadLetters.put(letterOf(`${at}`, {}));
    const list = vi.spyOn(stores.deadLetters, "list");

    await look("letters", { ...key, text: "none" });

    const limits = list.mock.calls.map(([, query]) => query?.limit ?? 0);
    expect(limits.length).toBeGreaterThan(1);
    expect(Math.max(...limits)).toBeLessThanOrEqual(50);
  });

  it("are not sent where the program takes no letters of the feed, or gave no `redrive`", async () => {
    const other = open({
      redrive: (letters, options) =>
        redrive(letters, "other", () => {}, { ...options, logger: false }),
    });
    const none = open();
    for (const { stores } of [other, none]) await stores.deadLetters.put(letterOf("1", {}));
    const wish = { ...key, identity: letterOf("1", {}).identity };

    expect((await other.change("redrive", wish)).body.error).toMatch(/does not take letters of/);
    expect((await none.change("redrive", wish)).body.error).toMatch(/was given no `redrive`/);
  });

  it("that could not be read are shown, and not sent", async () => {
    const { stores, look, change } = open({ redrive: to(() => {}) });
    const letter = letterOf("1", {}, { event: undefined, identity: "odd", code: "schema" });
    await stores.deadLetters.put(letter);
    const which = { ...key, identity: "odd" };

    expect((await look<object>("letter", which)).body).toMatchObject({
      code: "schema",
      isCut: false,
    });
    expect((await change("redrive", which)).body.error).toMatch(/has no event to send/);
  });

  it("are discarded, and exported all", async () => {
    const { stores, change, handle, request } = open();
    for (const id of ["1", "2", "3"]) await stores.deadLetters.put(letterOf(id, {}));

    const identities = [letterOf("1", {}).identity, "gone already"];
    expect((await change("discard", { ...key, identities })).body).toEqual({ discarded: 2 });
    const file = await handle(request(`/api/export?${new URLSearchParams(key)}`));

    const ids = (await file.text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).event.id);
    expect(ids).toEqual(["2", "3"]);
  });

  it("are skipped and not skipped any more", async () => {
    const { stores, change, look } = open();

    const skipped = await change<{ identity: string }>("skip", {
      ...key,
      id: "7",
      source: "/shop",
    });
    const listed = await look("skips", key);
    const { identity } = skipped.body;

    expect(listed.body).toMatchObject({ items: [{ event: { id: "7", source: "/shop" } }] });
    expect((await change("skip", { ...key, id: "8" })).body.error).toMatch(/give its source/);
    expect((await change("unskip", { ...key, identity })).status).toBe(200);
    expect((await stores.deadLetters.skips(key)).items).toEqual([]);
  });
});

describe("a store", () => {
  it("that is away is said to be, and the logger is told of what is not ours", async () => {
    const error = vi.fn();
    const away = new AckloopError("transport", "postgres list: the database is away", {
      retryable: true,
    });
    const failing = (thrown: Error) => {
      const list = () => Promise.reject(thrown);
      const deadLetters = { list, put: list, get: list, remove: list, places: list };
      return open({ stores: { deadLetters } as never, logger: { ...silent, error } });
    };

    const ours = await failing(away).look("letters", key);
    const theirs = await failing(new Error("password=hunter2")).look("places");

    expect([ours.status, ours.body.error]).toEqual([503, "postgres list: the database is away"]);
    expect(theirs.status).toBe(500);
    expect(JSON.stringify(theirs.body)).not.toContain("hunter2");
    expect(error).toHaveBeenCalledOnce();
  });

  it("that hangs is waited for no longer than 30 s", async () => {
    vi.useFakeTimers();
    try {
      const places = () => new Promise(() => {});
      const { deadLetters } = open().stores;
      const { look } = open({ stores: { deadLetters: { ...deadLetters, places } } as never });

      const answer = look("places");
      await vi.advanceTimersByTimeAsync(30_000);

      expect(await answer).toMatchObject({
        status: 503,
        body: { error: "stores places: no answer within 30 s" },
      });
    } finally {
      vi.useRealTimers();
    }
  });

  it("that hangs is not waited for by an export of one letter either", async () => {
    vi.useFakeTimers();
    try {
      const get = () => new Promise(() => {});
      const { deadLetters } = open().stores;
      const { look } = open({ stores: { deadLetters: { ...deadLetters, get } } as never });

      const answer = look("export", { ...key, identity: "1" });
      await vi.advanceTimersByTimeAsync(30_000);

      expect((await answer).status).toBe(503);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is not read for whoever asks for the head alone", async () => {
    const { stores, handle, request } = open();
    const list = vi.spyOn(stores.deadLetters, "list");

    const answer = await handle(
      request(`/api/export?${new URLSearchParams(key)}`, { method: "HEAD" }),
    );

    expect([answer.status, answer.body]).toEqual([200, null]);
    expect(list).not.toHaveBeenCalled();
  });

  it("that is not there, or lists nothing, is said to", async () => {
    const { look } = open({ stores: { cursors: { load: async () => undefined } } as never });

    expect((await look("places")).body.error).toBe("there is no store of deadLetters");
    expect((await look("cursors")).body.error).toBe("this store lists nothing");
    expect((await look("about")).body).toMatchObject({ cursors: false, deadLetters: false });
  });
});

describe("places, leases and inboxes", () => {
  it("are listed, and a place is moved on its revision", async () => {
    const { stores, look, change } = open();
    await stores.cursors.save(key, "2026-11-30", 0);

    expect((await look("cursors")).body).toMatchObject({
      items: [{ ...key, value: "2026-11-30", revision: 1, canRewind: false }],
    });
    const wish = { ...key, value: "2026-11-29", revision: 1 };
    expect((await change("move", wish)).status).toBe(200);
    expect((await change("move", { ...wish, value: "other" })).status).toBe(409);
    expect((await change("rewind", { ...key, time: 0 })).body.error).toMatch(
      /no place that can be/,
    );
    expect((await stores.cursors.load(key))?.value).toBe("2026-11-29");
  });

  it("are moved back to a time", async () => {
    const { stores, change, look } = open();
    const value = JSON.stringify({
      version: 1,
      since: "2026-11-30T08:00:00Z",
      run: "a",
      sequence: 0,
    });
    await stores.cursors.save(key, value, 0);

    const time = Date.parse("2026-11-29T00:00:00Z");
    expect((await change("rewind", { ...key, time })).body).toEqual({
      to: "2026-11-29T00:00:00.000Z",
    });
    expect((await look("cursors", key)).body).toMatchObject({ time: "2026-11-29T00:00:00.000Z" });
  });

  it.each([null, "", " ", false, [], "1e3", -1, 1.5])(
    "are not moved to %j, which is no time",
    async (time) => {
      const { stores, change } = open();
      const since = "2026-11-30T08:00:00Z";
      const value = JSON.stringify({ version: 1, since, run: "a", sequence: 0 });
      await stores.cursors.save(key, value, 0);

      expect((await change("rewind", { ...key, time })).body.error).toBe(
        "time must be a whole number",
      );
      expect((await stores.cursors.load(key))?.value).toBe(value);
    },
  );

  it("a lease is ended on its fence", async () => {
    const { stores, look, change } = open();
    await stores.leases.acquire(key, "worker-1", 60_000);

    const { body } = await look<{ items: readonly { fence: number }[] }>("leases");
    const fence = body.items[0]?.fence ?? 0;
    expect(body.items).toMatchObject([{ ...key, holder: "worker-1" }]);
    expect((await change("release", { ...key, fence: fence + 1 })).status).toBe(409);
    expect((await change("release", { ...key, fence })).status).toBe(200);
    expect((await stores.leases.acquire(key, "worker-2", 60_000)).status).toBe("held");
    expect((await change("release", { ...key, feed: "none", fence: 0 })).status).toBe(404);
  });

  it("an inbox shows its entries, and each whole: what waits, is held, comes later or is unreadable", async () => {
    const { stores, look } = open();
    const { inbox } = stores;
    const entries = ["1", "2", "3", "4"].map((id) => ({ event: eventOf(id), raw: { id } }));
    await inbox.add("orders", [...entries, { raw: "<x>", unreadable: { message: "no JSON" } }]);
    const [first, second, third] = await inbox.claim("orders", 3, 600_000);
    await inbox.finish("orders", [first?.token ?? ""]);
    await inbox.release("orders", [third?.token ?? ""], 60_000);

    const { body } = await look<EntryLines>("entries", { inbox: "orders" });

    expect(body).toMatchObject({ inbox: "orders", looked: 4 });
    expect(body.next).toBeUndefined();
    expect(body.entries).toMatchObject([
      { at: 0, event: { id: "2" }, state: "held", attempts: 1 },
      { at: 1, event: { id: "3" }, state: "later", attempts: 1 },
      { at: 2, event: { id: "4" }, state: "waits", attempts: 0, hiddenMs: 0 },
      { at: 3, unreadable: "no JSON", state: "waits" },
    ]);
    expect(body.entries[0]?.hiddenMs).toBeGreaterThan(590_000);
    expect(JSON.stringify(body)).not.toContain("data");

    const wish = { inbox: "orders", at: "2", id: "4", source: "/shop" };
    const whole = await look<EntryShown>("entry", wish);
    const unread = { inbox: "orders", at: "3", unreadable: "no JSON" };
    const broken = await look<EntryShown>("entry", unread);
    expect(JSON.parse(whole.body.eventText ?? "")).toEqual(eventOf("4"));
    expect(whole.body).toMatchObject({ rawText: '{"id":"4"}', isCut: false, isMasked: false });
    expect(broken.body).toMatchObject({ rawText: '"<x>"', unreadable: "no JSON" });
    expect(broken.body.eventText).toBeUndefined();

    // Others are finished: it has moved on, and then is gone.
    await inbox.finish("orders", [second?.token ?? ""]);
    expect((await look<EntryShown>("entry", wish)).body).toMatchObject({ at: 1, state: "waits" });
    const [fourth] = await inbox.claim("orders", 1, 600_000);
    await inbox.finish("orders", [fourth?.token ?? ""]);
    expect((await look("entry", wish)).status).toBe(404);
    expect((await look("entry", { ...wish, at: "1000" })).status).toBe(400);
    expect((await look("entries")).status).toBe(400);
  });

  it("a large inbox is paged and searched, and each entry that was found is there whole", async () => {
    const stores = memoryStores({ inboxMaxEntries: 100_000 });
    const { look } = open({ stores });
    const wordOf = (at: number): string => (at % 100 === 7 ? "needle" : "hay");
    const entries = Array.from({ length: 3_000 }, (_, at) => {
      return { event: eventOf(`${at}`), raw: { word: wordOf(at) } };
    });
    await stores.inbox.add("orders", entries);

    const first = await look<EntryLines>("entries", { inbox: "orders" });
    const next = { inbox: "orders", after: first.body.next ?? "" };
    const second = await look<EntryLines>("entries", next);
    const found: EntryLines["entries"][number][] = [];
    let after: string | undefined;
    do {
      const query = { inbox: "orders", text: "NEEDLE", ...(after !== undefined && { after }) };
      const { body } = await look<EntryLines>("entries", query);
      found.push(...body.entries);
      after = body.next;
    } while (after !== undefined);
    const texts = [];
    for (const { event, at, after: page } of found) {
      const wish = { inbox: "orders", at: `${at}`, id: event?.id ?? "", source: "/shop" };
      const paged = page === undefined ? wish : { ...wish, after: page };
      texts.push((await look<EntryShown>("entry", paged)).body.rawText);
    }

    expect(first.body.entries).toHaveLength(25);
    expect(second.body.entries[0]?.event?.id).toBe("25");
    expect(found.map(({ event }) => event?.id)).toEqual(
      entries.flatMap(({ event }, at) => (at % 100 === 7 ? [event.id] : [])),
    );
    expect(new Set(texts)).toEqual(new Set(['{"word":"needle"}']));
  });

  it("entries are not listed where the store cannot, and the page is told so", async () => {
    const { entries: _, ...inbox } = memoryStores().inbox;
    const { look } = open({ stores: { inbox } });

    expect((await look("about")).body).toMatchObject({ inbox: true, entries: false });
    expect((await look("entries", { inbox: "orders" })).status).toBe(404);
  });

  it("an inbox shows how much waits", async () => {
    const { stores, look } = open();
    const { event, raw } = letterOf("1", {});
    if (event) await stores.inbox.add("orders", [{ event, raw }]);

    expect((await look("inbox")).body).toMatchObject({
      items: [{ name: "orders", waiting: 1, held: 0, oldest: { id: "1" } }],
    });
  });
});
