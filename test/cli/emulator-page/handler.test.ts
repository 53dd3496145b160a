import { request as httpRequest } from "node:http";
import { describe, expect, it } from "vitest";
import { kept } from "../../../src/cli/emulator-page/records.ts";
import type {
  EventRow,
  EventView,
  GuideView,
  Page,
  StateView,
} from "../../../src/cli/emulator-page/views.ts";
import { providers } from "../../../src/cli/providers.ts";
import { servePage } from "./serve-page.ts";

/** All emulators with their page, and what asks it as the page itself does. */
async function opened(options: Parameters<typeof servePage>[0] = {}) {
  const { emulators, server } = await servePage(options);
  const read = async <Value>(path: string): Promise<Value> =>
    (await fetch(`${server.origin}/api/${path}`)).json();
  const change = async (path: string, body: unknown) => {
    const headers = { "content-type": "application/json", "x-ackloop-page": "1" };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const reply = await fetch(`${server.origin}/api/${path}`, init);
    return { status: reply.status, body: await reply.json() };
  };
  const publish = (provider: string, text: unknown, more: object = {}) =>
    change("publish", { provider, text: JSON.stringify(text), ...more });
  return { ...server, emulators, read, change, publish };
}

/** The ids of all events that the page shows of one provider, newest first. */
async function allIds(read: Awaited<ReturnType<typeof opened>>["read"]) {
  const seen: string[] = [];
  let path: string | undefined = "events?provider=kekker";
  while (path !== undefined) {
    const { rows, more }: Page<EventRow> = await read(path);
    seen.push(...rows.map(({ id }) => id));
    path = more ? `events?provider=kekker&before=${rows.at(-1)?.order}` : undefined;
  }
  return seen;
}

describe("the page of the emulators", () => {
  it("is served at the root, and leaves the emulators' own paths alone", async () => {
    const { origin } = await opened();

    const page = await fetch(`${origin}/`);
    const script = await fetch(`${origin}/page.js`);
    const health = await fetch(`${origin}/_emulator/health`);
    const nothing = await fetch(`${origin}/api/nothing`);
    const inherited = await fetch(`${origin}/api/constructor`);

    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect((await script.text()).length).toBeGreaterThan(10_000);
    expect([health.status, nothing.status, inherited.status]).toEqual([200, 404, 404]);
  });

  it.each(Object.keys(providers))(
    "masks what is not to be shown of %s, and finds it not",
    async (name) => {
      const redact = ["card", "event.data.of.secret"];
      const { emulators, origin, read, publish } = await opened({ redact });
      const data = { card: "4111-1111", of: { card: ["4111-1111"], open: "hello" } };
      const [sample] = Object.values(providers[name]?.guide.samples ?? {});
      const item =
        name === "tiki" ? { ...Object(sample), payload: data } : { ...Object(sample), ...data };
      const { status } = await publish(name, item);

      const { rows }: Page<EventRow> = await read("events");
      const [row] = rows;
      const which = new URLSearchParams({
        provider: name,
        place: row?.place ?? "",
        id: row?.id ?? "",
      });
      const one: EventView = await read(`event?${which}`);
      const found: Page<EventRow> = await read("events?q=4111");
      const open: Page<EventRow> = await read("events?q=hello");
      const live = await (await fetch(`${origin}/api/requests`)).text();

      expect([status, rows.length, found.rows, open.rows.length]).toEqual([200, 1, [], 1]);
      expect(row?.words).toContain("[masked]");
      expect(one.text).toContain("[masked]");
      expect(one.text).toContain("hello");
      expect(one.isMasked).toBe(true);
      expect(JSON.stringify([rows, one]) + live).not.toContain("4111");
      expect(JSON.stringify(emulators[name]?.held(row?.place ?? "", row?.id ?? ""))).toContain(
        "4111",
      );
    },
  );

  it("masks by a path that begins with the event", async () => {
    const { read, publish } = await opened({
      redact: ["event.data.order_code", "raw.payload.order_code"],
    });
    await publish("tiki", { type: "A", payload: { order_code: "SECRET-7", note: "order_code" } });

    const { rows }: Page<EventRow> = await read("events");
    const [{ place = "", id = "" } = {}] = rows;
    const one: EventView = await read(
      `event?${new URLSearchParams({ provider: "tiki", place, id })}`,
    );

    expect(rows[0]?.words).toContain('"order_code":"[masked]","note":"order_code"');
    expect(JSON.stringify([rows, one])).not.toContain("SECRET-7");
  });

  it.each([
    ["another name", 403, { host: "evil.example" }],
    ["another port", 421, { host: "127.0.0.1:1" }],
    ["another origin", 403, { origin: "https://evil.example" }],
    ["another site's script", 403, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" }],
  ])("refuses %s with %i", async (_, status, headers) => {
    const { port } = await opened();
    const statusOf = (path: string) =>
      new Promise((resolve) => {
        httpRequest({ port, path, headers }, (reply) => resolve(reply.resume().statusCode)).end();
      });

    expect([await statusOf("/"), await statusOf("/api/events")]).toEqual([status, status]);
  });

  it("changes nothing for a request of another site, or one without its header", async () => {
    const { origin, emulators } = await opened();
    const body = JSON.stringify({ provider: "kekker", text: '{"category":"a","event":"b"}' });
    const own = { "x-ackloop-page": "1", "content-type": "application/json" };
    const post = async (headers: Record<string, string>) =>
      (await fetch(`${origin}/api/publish`, { method: "POST", headers, body })).status;

    const statuses = [
      await post({ "content-type": "text/plain" }),
      await post({ ...own, origin: "https://evil.example" }),
      await post({ ...own, origin: "null" }),
      await post({ ...own, "sec-fetch-site": "cross-site" }),
    ];

    expect(statuses).toEqual([403, 403, 403, 403]);
    expect(emulators["kekker"]?.journal.totals().published).toBe(0);
    expect(await post(own)).toBe(200);
  });

  it("refuses in words what has too many levels, and answers who asks for the head alone", async () => {
    const { origin, emulators, change } = await opened();
    const text = `${"[".repeat(5000)}${"]".repeat(5000)}`;

    for (const provider of Object.keys(emulators)) {
      const { status, body } = await change("publish", { provider, text });
      expect([status, typeof body.error], provider).toEqual([400, "string"]);
    }
    const heads = ["", "page.js", "api/live"].map((path) =>
      fetch(`${origin}/${path}`, { method: "HEAD" }),
    );
    expect((await Promise.all(heads)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it("publishes every sample of every provider, and each can be read again", async () => {
    const { read, publish } = await opened();
    const guide = await read<GuideView>("guide");

    for (const { name, samples } of guide.providers) {
      for (const [type, sample] of Object.entries(samples)) {
        const { body } = await publish(name, sample);
        expect(body, type).toMatchObject({ count: 1 });
        const page = await read<Page<EventRow>>(`events?provider=${name}`);
        const [row] = page.rows;
        const query = new URLSearchParams({
          provider: name,
          place: row?.place ?? "",
          id: row?.id ?? "",
        });
        const event = await read<EventView>(`event?${query}`);
        expect(event.steps, type).toMatchObject([{ kind: "published" }]);
        expect(event.text, type).toBeTypeOf("string");
        expect(row?.words, type).not.toBe("");
      }
    }
  });

  it.each([
    ["no JSON", "{", "this is no JSON: "],
    ["an empty text", "", "text must be a text"],
    ["what is no event", "7", "publish takes"],
    ["an empty list", "[]", "publish 1 to 1000 events at once"],
    ["one of two that is none", '[{"category":"a","event":"b"},{}]', "category"],
  ])("publishes nothing for %s, and says why", async (_, text, message) => {
    const { change, emulators } = await opened();

    const { status, body } = await change("publish", { provider: "kekker", text });

    expect([status, body.error]).toEqual([400, expect.stringContaining(message)]);
    expect(emulators["kekker"]?.journal.totals().published).toBe(0);
  });

  it.each([
    ["place", { provider: "kekker", name: "x" }, "Kekker has no more"],
    ["place", { provider: "tiki", name: "" }, "name must be a text"],
    ["place", { provider: "sqs", name: "x" }, "the emulators here are tiki"],
    ["listener", { provider: "tiki", place: "x", url: "http://127.0.0.1" }, "Tiki calls nobody"],
    ["listener", { provider: "discue", place: "x", url: "http://127.0.0.1" }, "no such queue"],
    ["publish", { provider: "kekker", text: "{}", times: 1e9 }, "publish 1 to 1000"],
    ["fault", { provider: "tiki", fault: { kind: "fire" } }, "kind must be one of"],
    ["fault", { provider: "tiki" }, "fault: it must be an object"],
    ["reset", {}, "the emulators here are"],
  ])("says what is wrong with a change: %s %j", async (path, body, message) => {
    const { change } = await opened();

    const answer = await change(path, body);

    expect([answer.status, answer.body.error]).toEqual([400, expect.stringContaining(message)]);
  });

  it("shows no header, no body, and no credential of a query or a path", async () => {
    const { origin, read, emulators } = await opened();
    const secret = "hunter2-hunter2";
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    const ask = (path: string, body: string) =>
      fetch(`${origin}${path}`, { method: "POST", headers, body });

    await ask(`/tiki/sc/oauth2/token?client_secret=${secret}`, `client_secret=${secret}`);
    await ask("/discue/queues/discue-test-key/messages?api_key=discue-test-key", `"${secret}"`);
    await ask("/workato/api/v1/topics/1/consume", JSON.stringify({ password: secret }));
    await fetch(`${origin}/kekker/nowhere?x=${secret}`, { headers });
    emulators["kekker"]?.faults.add({ kind: "status", status: 500, body: { secret } });

    const requests = JSON.stringify(await read("requests"));
    expect(requests).toContain("client_secret=•••");
    expect(requests).toContain("/queues/•••/messages?api_key=•••");
    expect(requests).not.toContain("discue-test-key");
    expect(requests).not.toContain(secret);
    const live = await (await fetch(`${origin}/api/live`)).body?.getReader().read();
    expect(new TextDecoder().decode(live?.value)).not.toContain(secret);
  });

  it("keeps so many events, steps and requests, and pages through them", async () => {
    const { origin, emulators, read } = await opened();
    const { journal, admin } = emulators["kekker"] ?? {};
    const many = Array.from({ length: 3_000 }, (_, at) => ({
      ...{ category: "Deals", event: "DealCreated", eventUid: `event-${at}` },
    }));
    await admin?.["publish"]?.({ events: many });
    const headers = {
      authorization: `Basic ${btoa("demo-login:demo-password")}`,
      "x-api-version": "2.0",
      channel: emulators["kekker"]?.places()[0]?.id ?? "",
    };
    for (let at = 0; at < 60; at += 1) {
      await fetch(`${origin}/kekker/api/events?pageSize=1&pageNumber=3000`, { headers });
    }

    const seen = await allIds(read);
    const newest = await read<EventView>(
      `event?provider=kekker&place=${headers.channel}&id=event-2999`,
    );
    const requests = await read<Page<{ readonly number: number }>>("requests?number=7");

    expect(journal?.totals().published).toBe(3_000);
    expect(seen).toHaveLength(kept.events);
    expect([seen[0], seen.at(-1)]).toEqual(["event-2999", "event-2000"]);
    expect(newest).toMatchObject({ delivered: 60, state: "delivered" });
    expect(newest.steps).toHaveLength(kept.steps);
    expect(newest.left).toBe(61 - kept.steps);
    expect(requests.rows).toMatchObject([{ number: 7, delivered: 1 }]);
    expect((await read<Page<unknown>>("requests?q=nothing-like-it")).rows).toEqual([]);
  });

  it("shows the beginning of an event of 5 MB", async () => {
    const { read, publish } = await opened();
    await publish("kekker", { category: "a", event: "Big", text: "x".repeat(5_000_000) });

    const page = await read<Page<EventRow>>("events?q=big");
    const [{ place = "", id = "" } = {}] = page.rows;
    const event = await read<EventView>(`event?provider=kekker&place=${place}&id=${id}`);

    expect(JSON.stringify(page).length).toBeLessThan(1_000);
    expect(event.text).toHaveLength(20_000);
    expect(event.length).toBeGreaterThan(5_000_000);
  });

  it("tells of changes as they come, and of nothing while there is none", async () => {
    const { origin, publish, change, emulators } = await opened();
    const reader = (await fetch(`${origin}/api/live`)).body?.getReader();
    const next = async (): Promise<StateView> => {
      const text = new TextDecoder().decode((await reader?.read())?.value);
      return JSON.parse(text.replace(/^event: state\ndata: /, ""));
    };

    const first = await next();
    await publish("tiki", { type: "X", payload: {} });
    const second = await next();
    await change("fault", { provider: "tiki", fault: { kind: "cut", count: 2 } });
    const third = await next();
    await change("fault/clear", { provider: "tiki", id: "1" });
    await change("reset", { provider: "tiki" });
    const last = await next();

    const of = ({ providers: [tiki] }: StateView) => [
      tiki?.places.length,
      tiki?.published,
      tiki?.faults.length,
    ];
    expect([first, second, third, last].map(of)).toEqual([
      [0, 0, 0],
      [1, 1, 0],
      [1, 1, 1],
      [0, 0, 0],
    ]);
    expect(emulators["tiki"]?.faults.list()).toEqual([]);
    await reader?.cancel();
  });
});
