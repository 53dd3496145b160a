import { describe, expect, it } from "vitest";
import type { KekkerEventInput } from "../../src/emulator/kekker/publish.ts";
import { fromEpochMs, parseTime, writeTime } from "../../src/emulator/kekker/times.ts";
import { type KekkerEmulatorOptions, kekkerEmulator } from "../../src/emulator/kekker.ts";
import { serveEmulators } from "../../src/emulator/server.ts";

const basic = `Basic ${btoa("demo-login:demo-password")}`;
const right = {
  authorization: basic,
  channel: "demo-channel",
  "x-api-version": "2.0",
  accept: "application/json",
};

function start(options: KekkerEmulatorOptions = {}) {
  const node = kekkerEmulator(options);
  const ask = (
    method: string,
    path: string,
    headers: Readonly<Record<string, string | undefined>> = {},
  ) => {
    const all = Object.entries({ ...right, ...headers }).filter(([, value]) => value !== undefined);
    return node.fetch(`http://node.test${path}`, {
      method,
      headers: Object.fromEntries(all) as Record<string, string>,
    });
  };
  const list = async (path = "/api/events") => (await ask("GET", path)).json();
  const ids = async (path?: string) => {
    const { data } = await list(path);
    return data.map(({ eventUid }: { eventUid: string }) => eventUid);
  };
  return { node, ask, list, ids };
}

/** An event that happened `number` seconds after noon. */
function event(number: number, members: Readonly<Record<string, unknown>> = {}): KekkerEventInput {
  return {
    category: "Deals",
    event: "DealUpdated",
    eventUid: `e${number}`,
    timestamp: `2020-08-04T12:00:${String(number).padStart(2, "0")}`,
    ...members,
  };
}

function events(count: number): readonly KekkerEventInput[] {
  return Array.from({ length: count }, (_, index) => event(index + 1));
}

describe("the list", () => {
  it("is the documented page, with the documented headers", async () => {
    const { node, ask } = start();
    node.publish([
      event(5, { timestamp: "2020-08-04T21:41:05.183", objectId: "1:2", localObjectId: 3487 }),
    ]);

    const reply = await ask("GET", "/api/events");

    expect(reply.status).toBe(200);
    expect(reply.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(reply.headers.get("api-supported-versions")).toBe("1.0, 2.0");
    expect(await reply.json()).toStrictEqual({
      pageNumber: 1,
      pageSize: 10,
      totalRecords: 1,
      data: [
        {
          objectId: "1:2",
          localObjectId: 3487,
          eventUid: "e5",
          event: "DealUpdated",
          category: "Deals",
          timestamp: "2020-08-04T21:41:05.183",
        },
      ],
    });
  });

  it("is paged, and cut to the largest page", async () => {
    const { node, list, ids } = start({ assumptions: { maxPageSize: 3 } });
    node.publish(events(7));

    expect(await list("/api/events?pageSize=50")).toMatchObject({ pageSize: 3, totalRecords: 7 });
    expect(await ids("/api/events?pageSize=2&pageNumber=2")).toStrictEqual(["e3", "e4"]);
    expect(await ids("/api/events?pageSize=3&pageNumber=3")).toStrictEqual(["e7"]);
    expect(await list("/api/events?pageNumber=9")).toMatchObject({ totalRecords: 7, data: [] });
  });

  it.each([
    "pageNumber=0",
    "pageSize=0",
    "pageSize=x",
    "pageNumber=-1",
    "pageSize=1e2",
    "pageSize=",
  ])("refuses %s", async (query) => {
    const reply = await start().ask("GET", `/api/events?${query}`);

    expect(reply.status).toBe(400);
    expect(await reply.json()).toStrictEqual({ errorMessage: "Paging parameters are not valid" });
  });

  it("of a category has its events alone; an unknown one is empty", async () => {
    const { node, list, ids } = start();
    node.publish([event(1), event(2, { category: "Queue" }), event(3)]);

    expect(await ids("/api/events/Queue")).toStrictEqual(["e2"]);
    expect(await ids("/api/events/deals")).toStrictEqual(["e1", "e3"]);
    expect(await list("/api/events/Contracts")).toMatchObject({ totalRecords: 0, data: [] });
  });

  it("is that of the request's channel", async () => {
    const { node, ask, ids } = start({ assumptions: { channels: ["demo-channel", "b"] } });
    node.publish(events(1));
    node.publish([event(2)], "b");

    expect(await ids()).toStrictEqual(["e1"]);
    expect(await (await ask("GET", "/api/events", { channel: "b" })).json()).toMatchObject({
      data: [{ eventUid: "e2" }],
    });
    expect([node.unprocessed(), node.unprocessed("b")]).toStrictEqual([1, 1]);
    expect(node.journal.publishedIds("b")).toStrictEqual(["e2"]);
  });

  it("has another order than that of publishing where none is promised, and stays whole", async () => {
    const { node, ask, ids } = start({ assumptions: { listOrder: "none", maxPageSize: 40 } });
    node.publish(events(40));
    const published = events(40).map(({ eventUid }) => eventUid);

    const listed = await ids("/api/events?pageSize=40");
    expect(listed).not.toStrictEqual(published);
    expect(new Set(listed)).toStrictEqual(new Set(published));

    for (const id of listed.slice(0, 39)) await ask("POST", `/api/events/${id}/ack`);
    expect(await ids()).toStrictEqual(listed.slice(39));
    await ask("POST", "/api/events/reset/2020-08-04T12:00:01");
    expect(new Set(await ids("/api/events?pageSize=40"))).toStrictEqual(new Set(published));
  });

  it("writes other forms where it is told to", async () => {
    const { node, list } = start({
      assumptions: { listForm: "array", memberCase: "pascal", times: "full" },
    });
    node.publish([event(1, { objectId: null, nested: { some: 1 } })]);

    expect(await list()).toStrictEqual([
      {
        ObjectId: null,
        Nested: { Some: 1 },
        EventUid: "e1",
        Event: "DealUpdated",
        Category: "Deals",
        Timestamp: "2020-08-04T12:00:01.0000000+00:00",
      },
    ]);
  });

  it("takes the guide's address and spelling, and the page of its own consumer", async () => {
    const { node, list } = start({ assumptions: { idMember: "eventId" } });
    const many = Array.from({ length: 150 }, (_, at) => event(1, { eventUid: `e${at + 1}` }));
    node.publish(many);

    const { data, pageSize } = await list("/api/events/?pageSize=500");

    expect([data.length, pageSize]).toStrictEqual([150, 500]);
    expect(data[0]).toMatchObject({ eventId: "e1" });
    expect(data[0]).not.toHaveProperty("eventUid");
  });

  it.each([
    ["all", { totalRecords: 3 }],
    ["page", { totalRecords: 2 }],
    ["none", {}],
  ] as const)("counts %s where it is told to", async (totals, counted) => {
    const { node, list } = start({ assumptions: { totals } });
    node.publish(events(3));

    const { data, pageNumber, pageSize, ...rest } = await list("/api/events?pageSize=2");

    expect([data.length, pageNumber, pageSize]).toStrictEqual([2, 1, 2]);
    expect(rest).toStrictEqual(counted);
  });

  it("writes a bigint as the number it is, and a malformed item as it was given", async () => {
    const { node, ask } = start();
    node.publish([event(1, { localObjectId: 9_007_199_254_740_993n }), event(2, { shown: [1] })]);

    const text = await (await ask("GET", "/api/events")).text();

    expect(text).toContain('"localObjectId":9007199254740993,');
    expect(text).toContain(",[1]]");
  });
});

describe("a node", () => {
  it("takes a request that says nothing of what it accepts, as the server is sent none", async () => {
    const node = kekkerEmulator();
    const { baseUrl = "", channel = "", login, password } = node.connection("http://kekker.test");
    const authorization = `Basic ${btoa(`${login}:${password}`)}`;
    const headers = { authorization, channel, "x-api-version": "2.0" };

    expect((await node.fetch(`${baseUrl}/api/events`, { headers })).status).toBe(200);
    const accept = { ...headers, accept: "text/html" };
    expect((await node.fetch(`${baseUrl}/api/events`, { headers: accept })).status).toBe(406);
  });

  it("of a category counts its case, and of an unknown one is refused, where assumed", async () => {
    const lax = start();
    const strict = start({ assumptions: { categoryCase: "exact", unknownCategory: "refuse" } });
    for (const { node } of [lax, strict]) node.publish(events(1));
    const paths = ["Deals", "deals", "Queue", "Contracts"].map((name) => `/api/events/${name}`);

    const statuses = await Promise.all(
      paths.flatMap((path) => [lax.ask("GET", path), strict.ask("GET", path)]),
    );

    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200, 400, 200, 200, 200, 400]);
    expect(await lax.ids("/api/events/deals")).toEqual(["e1"]);
  });

  it.each([
    [{ listForm: "list" }, "listForm cannot have this value; it is one of page, array"],
    [{ maxPageSize: 0 }, "maxPageSize cannot have this value"],
    [{ resetZones: ["UTC"] }, "resetZones cannot have this value"],
    [{ channels: [] }, "channels cannot have this value"],
  ])("refuses the assumption %j", (assumptions, what) => {
    expect(() => kekkerEmulator({ assumptions: assumptions as never })).toThrow(what);
  });

  it("refuses options that nobody knows", () => {
    expect(() => kekkerEmulator({ user: "x" } as never)).toThrow("kekkerEmulator has no user");
    expect(() => kekkerEmulator({ assumptions: { total: 1 } as never })).toThrow("has no total");
  });
});

describe("an ack", () => {
  it("that comes again is told with its event, whatever it is answered", async () => {
    const { node, ask } = start();
    node.publish(events(1));

    await ask("POST", "/api/events/e1/ack");
    await ask("POST", "/api/events/e1/ack");

    expect(node.journal.event("e1")).toMatchObject({ acks: 2 });
    expect(node.journal.entries({ kinds: ["ackedAgain"] })).toMatchObject([{ eventId: "e1" }]);
  });

  it("takes one event off the list, and answers the earliest time that is left, without quotes", async () => {
    const { node, ask, ids } = start();
    node.publish([event(3), event(1), event(2)]);

    const replies = [];
    for (const id of ["e2", "e1", "e3"]) {
      const reply = await ask("POST", `/api/events/${id}/ack`);
      replies.push([reply.status, await reply.text()]);
    }

    expect(replies).toStrictEqual([
      [200, "2020-08-04T12:00:01"],
      [200, "2020-08-04T12:00:03"],
      [200, ""],
    ]);
    expect(await ids()).toStrictEqual([]);
    expect(new Set(node.journal.ackedIds())).toStrictEqual(new Set(["e1", "e2", "e3"]));
  });

  it("names an earlier event that came late", async () => {
    const { node, ask } = start();
    node.publish([event(5), event(6)]);
    await ask("POST", "/api/events/e5/ack");
    node.publish([event(2), event(7)]);

    expect(await (await ask("POST", "/api/events/e7/ack")).text()).toBe("2020-08-04T12:00:02");
  });

  it("is quoted, or has a body at the end, where it is told to", async () => {
    const { node, ask } = start({ assumptions: { ackReply: "quoted", ackReplyWhenEmpty: "null" } });
    node.publish(events(2));

    expect(await (await ask("POST", "/api/events/e1/ack")).text()).toBe('"2020-08-04T12:00:02"');
    expect(await (await ask("POST", "/api/events/e2/ack")).text()).toBe("null");
  });

  it("of an unknown event, or a second one, is 400", async () => {
    const { node, ask } = start();
    node.publish(events(1));
    await ask("POST", "/api/events/e1/ack");

    for (const id of ["e1", "e9"]) {
      const reply = await ask("POST", `/api/events/${id}/ack`);
      expect([reply.status, await reply.json()]).toStrictEqual([
        400,
        { errorMessage: "Event not found" },
      ]);
    }
    expect(node.journal.totals().acked).toBe(1);
  });

  it("a second time succeeds where it is told to, without a second effect", async () => {
    const { node, ask } = start({ assumptions: { secondAck: "accept" } });
    node.publish(events(1));

    const statuses = [];
    for (const id of ["e1", "e1", "e9"]) {
      statuses.push((await ask("POST", `/api/events/${id}/ack`)).status);
    }

    expect(statuses).toStrictEqual([200, 200, 400]);
    expect(node.journal.totals().acked).toBe(1);
  });

  it("finds ids that need escaping", async () => {
    const { node, ask, ids } = start();
    node.publish([event(1, { eventUid: "a/b? #%" }), event(2)]);

    await ask("POST", `/api/events/${encodeURIComponent("a/b? #%")}/ack`);

    expect(await ids()).toStrictEqual(["e2"]);
  });

  it("is a POST, although the page's sample shows a GET", async () => {
    const { node, ask } = start();
    node.publish(events(1));

    expect((await ask("GET", "/api/events/e1/ack")).status).toBe(405);
    expect((await ask("GET", "/api/events/reset/2020-08-04T12:00:01")).status).toBe(405);
    expect(node.unprocessed()).toBe(1);
  });
});

describe("a reset", () => {
  it("brings back all events from the time on, acknowledged ones too, in the list's order", async () => {
    const { node, ask, ids } = start();
    node.publish([...events(5), event(6, { category: "Queue" })]);
    for (const id of ["e1", "e2", "e4", "e6"]) await ask("POST", `/api/events/${id}/ack`);

    const reply = await ask("POST", "/api/events/reset/2020-08-04T12:00:02");

    expect([reply.status, await reply.text()]).toStrictEqual([200, ""]);
    expect(await ids()).toStrictEqual(["e2", "e3", "e4", "e5", "e6"]);
    expect(await ids("/api/events/Queue")).toStrictEqual(["e6"]);
    expect(await (await ask("POST", "/api/events/e3/ack")).text()).toBe("2020-08-04T12:00:02");
  });

  it("reaches every channel, and takes earlier events off, where assumed", async () => {
    const { node, ask } = start({
      assumptions: { resetScope: "node", resetBefore: "process", channels: ["demo-channel", "b"] },
    });
    node.publish(events(3));
    node.publish(events(3), "b");
    await ask("POST", "/api/events/e3/ack");

    await ask("POST", "/api/events/reset/2020-08-04T12:00:02");

    expect([node.unprocessed(), node.unprocessed("b")]).toEqual([2, 2]);
  });

  it("leaves older events that are still unprocessed", async () => {
    const { node, ask, ids } = start();
    node.publish(events(2));

    await ask("POST", "/api/events/reset/2020-08-04T12:00:02");

    expect(await ids()).toStrictEqual(["e1", "e2"]);
  });

  it.each([
    ["2020-08-04T12:00:01.5", "none"],
    ["2020-08-04T12:00:01.5Z", "Z"],
    ["2020-08-04T14:00:01.5000000+02:00", "offset"],
  ] as const)("takes %s, unless its zone is not taken", async (time, zone) => {
    const strict = start({
      assumptions: {
        resetZones: (["none", "Z", "offset"] as const).filter((each) => each !== zone),
      },
    });
    const { node, ask, ids } = start();
    node.publish([event(1), event(2, { timestamp: "2020-08-04T12:00:01.5" })]);
    for (const id of ["e1", "e2"]) await ask("POST", `/api/events/${id}/ack`);
    const path = `/api/events/reset/${encodeURIComponent(time)}`;

    expect((await strict.ask("POST", path)).status).toBe(400);
    expect((await ask("POST", path)).status).toBe(200);
    expect(await ids()).toStrictEqual(["e2"]);
  });

  it("of what is no time is 400", async () => {
    for (const time of ["yesterday", "2020-08-04", "2020-99-04T12:00:01"]) {
      const reply = await start().ask("POST", `/api/events/reset/${time}`);
      expect([reply.status, await reply.json()]).toStrictEqual([
        400,
        { errorMessage: "DateTimeUTC is not valid" },
      ]);
    }
  });
});

describe("a request", () => {
  it.each([
    ["no credential", { authorization: undefined }],
    ["another password", { authorization: `Basic ${btoa("demo-login:no")}` }],
    ["another login", { authorization: `Basic ${btoa("no:demo-password")}` }],
    ["another scheme", { authorization: "Bearer demo-password" }],
    ["a broken credential", { authorization: "Basic %%%" }],
  ])("with %s is 401 with the page of a proxy", async (_what, headers) => {
    const reply = await start().ask("GET", "/api/events", headers);

    expect(reply.status).toBe(401);
    expect(reply.headers.get("content-type")).toBe("text/html");
    expect(reply.headers.get("api-supported-versions")).toBeNull();
    expect(await reply.text()).toMatch(/^<html>/);
  });

  it.each([
    [{ channel: undefined }, 400, "Channel is required"],
    [{ channel: "other" }, 400, "Channel not found"],
    [{ "x-api-version": "3.0" }, 400, "Unsupported API version"],
    [{ accept: "text/html" }, 406, ""],
  ])("with the headers %j is refused", async (headers, status, errorMessage) => {
    const reply = await start().ask("GET", "/api/events", headers);

    expect([reply.status, await reply.json()]).toStrictEqual([status, { errorMessage }]);
  });

  it("with a login in UTF-8 is let in", async () => {
    const { ask } = start({ login: "üser", password: "a:b€" });
    const authorization = `Basic ${Buffer.from("üser:a:b€").toString("base64")}`;

    expect((await ask("GET", "/api/events", { authorization })).status).toBe(200);
  });

  it("beyond the documented calls is 404", async () => {
    expect((await start().ask("GET", "/api/nothing")).status).toBe(404);
  });

  it("that fails inside is an Internal error", async () => {
    const { node, ask } = start();
    node.faults.add({ kind: "status", status: 500 });

    const reply = await ask("GET", "/api/events");

    expect([reply.status, await reply.json()]).toStrictEqual([
      500,
      { errorMessage: "Internal error" },
    ]);
  });
});

describe("a request without the version's header", () => {
  it.each([undefined, "", "1.0"])("(%j) means all events, in another shape", async (version) => {
    const { node, ask } = start();
    node.publish([
      event(1, { dealId: "d" }),
      event(2, { event: "StatusChangedEvent", objectId: "o" }),
    ]);
    await ask("POST", "/api/events/e1/ack");
    const headers = { "x-api-version": version };

    const first = {
      $type: "DealUpdatedEvent",
      eventName: "DealUpdatedEvent",
      eventUid: "e1",
      dealUid: "d",
      timestamp: "2020-08-04T12:00:01",
      active: false,
    };
    const second = {
      $type: "StatusChangedEvent",
      eventName: "StatusChangedEvent",
      eventUid: "e2",
      dealUid: "o",
      timestamp: "2020-08-04T12:00:02",
      active: true,
    };
    expect(await (await ask("GET", "/api/events", headers)).json()).toStrictEqual([first, second]);
    expect(await (await ask("GET", "/api/events/new", headers)).json()).toStrictEqual([second]);
  });

  it("acknowledges with an empty body, and knows no reset and no categories", async () => {
    const { node, ask } = start();
    node.publish(events(2));
    const headers = { "x-api-version": "1.0" };

    expect(await (await ask("POST", "/api/events/e1/ack", headers)).text()).toBe("");
    expect((await ask("POST", "/api/events/reset/2020-08-04T12:00:01", headers)).status).toBe(404);
    expect((await ask("GET", "/api/events/Deals", headers)).status).toBe(404);
  });

  it("means version 2.0 where it is told to", async () => {
    const { ask } = start({ assumptions: { defaultVersion: "2.0" } });

    const reply = await ask("GET", "/api/events", { "x-api-version": undefined });

    expect(await reply.json()).toMatchObject({ totalRecords: 0 });
  });
});

describe("the queue", () => {
  it("gives the state of operations", async () => {
    const { node, list } = start();
    const waiting = node.setOperation({ status: "InQueue" });
    const done = node.setOperation({ status: "Success", dealId: "d", localDealId: 146 });

    expect(await list(`/api/queue/${waiting}`)).toStrictEqual({ queueId: 1801, status: "InQueue" });
    expect(await list(`/api/queue/${done}`)).toStrictEqual({
      status: "Success",
      dealId: "d",
      localDealId: 146,
      queueId: 1802,
    });
    node.setOperation({ status: "Error", error: "no" }, waiting);
    expect(await list(`/api/queue/${waiting}`)).toMatchObject({ status: "Error", error: "no" });
  });

  it.each([
    ["InQueue", 200, "", 400],
    ["Error", 200, "", 400],
    [
      "InProgress",
      400,
      '{"errorMessage":"Only an action with status InQueue or Error can be deleted"}',
      200,
    ],
    [
      "Success",
      400,
      '{"errorMessage":"Only an action with status InQueue or Error can be deleted"}',
      200,
    ],
  ] as const)("deletes an operation that is %s: %i", async (status, answer, body, after) => {
    const { node, ask } = start();
    const id = node.setOperation({ status });

    const reply = await ask("DELETE", `/api/queue/${id}`);

    expect([reply.status, await reply.text()]).toStrictEqual([answer, body]);
    expect((await ask("GET", `/api/queue/${id}`)).status).toBe(after);
  });

  it("knows no operation of another id", async () => {
    for (const id of ["1", "x", "-1", "99999999999999999999"]) {
      const reply = await start().ask("GET", `/api/queue/${id}`);
      expect([reply.status, await reply.json()]).toStrictEqual([
        400,
        { errorMessage: "Deals action not found" },
      ]);
    }
  });
});

describe("publishing", () => {
  it("makes ids and times where none are given, by the clock of the node", async () => {
    const { node, list } = start({ seed: 7 });
    node.faults.add({ kind: "skew", ms: 3_600_000 });
    const before = Date.now();

    const [eventUid] = node.publish([{ category: "System", event: "SystemConfigurationUpdated" }]);

    const { data } = await list();
    expect(data).toMatchObject([{ eventUid, category: "System" }]);
    expect(eventUid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(data[0].timestamp).not.toMatch(/Z|\+/);
    expect(Date.parse(`${data[0].timestamp}Z`)).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(node.journal.publishedIds("demo-channel")).toStrictEqual([eventUid]);
  });

  it.each([
    [[event(1), event(1)], undefined, /eventUid is there already/],
    [[{ event: "X" } as KekkerEventInput], undefined, /category must be a text/],
    [[{ category: "X" } as KekkerEventInput], undefined, /event must be a text/],
    [[event(1, { timestamp: "now" })], undefined, /timestamp must be such as/],
    [[event(1)], "other", /there is no such channel/],
    [[event(1, { eventUid: "" })], undefined, /eventUid must be a text/],
    [[null as never], undefined, /an event must be an object/],
    [event(1) as never, undefined, /events must be a list/],
  ])("refuses %j to channel %s", (wrong, channel, message) => {
    expect(() => start().node.publish(wrong, channel)).toThrow(message);
  });

  it.each([
    [{ login: "a:b" }, "login cannot have this value"],
    [{ assumptions: { defaultPageSize: 1.5 } }, "defaultPageSize cannot have this value"],
    [null, "an object of"],
  ])("is not to be had with %j", (options, what) => {
    expect(() => kekkerEmulator(options as never)).toThrow(what);
  });

  it("gives an operation an id that no other has, and takes a number for one", () => {
    const { node } = start();
    const { setOperation } = node.admin;

    expect(node.setOperation({ status: "InQueue" }, 1801n)).toBe(1801n);
    expect(node.setOperation({ status: "InQueue" })).toBe(1802n);
    expect(node.setOperation({ status: "InQueue" }, 7 as never)).toBe(7n);
    expect(() => node.setOperation({ status: "InQueue" }, -7n)).toThrow("queueId must be");
    expect(() => node.setOperation({} as never)).toThrow("operation needs status");
    const operation = { status: "Success", localDealId: "9007199254740993" };
    expect(setOperation?.({ operation })).toEqual({ queueId: "1803" });
    expect(() => setOperation?.({ operation, chanel: "x" })).toThrow("has no chanel");
  });

  it("takes events whole or not at all, as they were when they were given", async () => {
    const { node, ids, list } = start();
    const other = start();
    const tags = ["a"];
    node.publish([event(1, { tags })]);
    tags.push("b");
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    for (const wrong of [{ event: 1 }, { eventUid: "e1" }, circular, { run: () => {} }]) {
      expect(() => node.publish([event(2, { eventUid: undefined }), event(3, wrong)])).toThrow(
        TypeError,
      );
    }

    expect(await ids()).toEqual(["e1"]);
    expect((await list()).data[0].tags).toEqual(["a"]);
    expect(node.publish([event(4, { eventUid: undefined })])).toEqual(
      other.node.publish([event(4, { eventUid: undefined })]),
    );
  });

  it("refuses operations of no known shape, and keeps what it was given", async () => {
    const { node, ask } = start();
    const operation = { status: "InQueue" as string, localDealId: 1n };
    const queueId = node.setOperation(operation as never);
    operation.status = "Error";

    expect(await (await ask("GET", `/api/queue/${queueId}`)).json()).toMatchObject({
      status: "InQueue",
    });
    for (const wrong of [{}, { status: "Queued" }, { status: "Error", eror: "e" }]) {
      expect(() => node.setOperation(wrong as never)).toThrow(/kekker: operation/);
    }
    expect(() => kekkerEmulator({ login: 5 as never })).toThrow("login cannot have this value");
  });

  it("is steered by commands as by its methods", async () => {
    const { node, ask } = start();
    const { publish, setOperation, unprocessed } = node.admin;

    publish?.({ events: [event(1)] });
    const made = setOperation?.({ operation: { status: "Error" }, queueId: "9007199254740993" });

    expect(made).toEqual({ queueId: "9007199254740993" });
    expect((await ask("GET", "/api/queue/9007199254740993")).status).toBe(200);
    expect(unprocessed?.({})).toEqual({ unprocessed: 1 });
    for (const wrong of [
      () => setOperation?.({ operation: 1 }),
      () => setOperation?.({ operation: { status: "Error" }, queueId: "x" }),
      () => unprocessed?.({ channel: "other" }),
      () => unprocessed?.(1),
    ]) {
      expect(wrong).toThrow(TypeError);
    }
  });

  it("works from another process, over real HTTP, as a client would see it", async () => {
    const node = kekkerEmulator();
    const server = await serveEmulators([node]);
    try {
      const { baseUrl, channel, login, password } = server.connection("kekker");
      const publish = (body: unknown) =>
        fetch(`${server.origin}/_emulator/kekker/publish`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        });

      const published = await publish({ channel, events: [event(1), { ...event(2), extra: 1 }] });
      expect(await published.json()).toStrictEqual({ eventUids: ["e1", "e2"] });
      for (const wrong of [
        undefined,
        { events: 1 },
        { events: [1] },
        { events: [{ category: "a", event: 1 }] },
        { events: [], channel: 1 },
        { events: [{ ...event(3), eventUid: 3 }] },
      ]) {
        expect((await publish(wrong)).status).toBe(400);
      }

      const authorization = `Basic ${btoa(`${login}:${password}`)}`;
      const headers = { ...right, channel: `${channel}`, authorization };
      const reply = await fetch(`${baseUrl}/api/events`, { headers });
      expect(await reply.json()).toMatchObject({ data: [{ eventUid: "e1" }, { extra: 1 }] });
    } finally {
      await server.close();
      await node.close();
    }
  });
});

describe("the fault duplicate", () => {
  it("lists the first event twice, and the newest acknowledged one again", async () => {
    const { node, ask, ids } = start();
    node.publish(events(3));
    await ask("POST", "/api/events/e1/ack");
    node.faults.add({ kind: "duplicate", operation: "list", count: 1 });

    expect(await ids()).toStrictEqual(["e2", "e3", "e2", "e1"]);
    expect(await ids()).toStrictEqual(["e2", "e3"]);
  });
});

describe("ten thousand events", () => {
  it.each(["published", "none"] as const)(
    "are listed and acknowledged in a time that grows with their number alone (order: %s)",
    async (listOrder) => {
      const { node, ask, ids } = start({ assumptions: { listOrder }, journal: "events" });
      const minutes = (count: number) =>
        new Date(Date.UTC(2020, 0, 1) + count * 60_000).toISOString().slice(0, -1);
      const count = 10_000;
      node.publish(
        Array.from({ length: count }, (_, index) => event(index, { timestamp: minutes(index) })),
      );
      const startedAt = performance.now();

      while (node.unprocessed() > 0) {
        const page: readonly string[] = await ids("/api/events/Deals?pageSize=100");
        await Promise.all(page.map((id) => ask("POST", `/api/events/${id}/ack`)));
      }

      expect(node.journal.totals().acked).toBe(count);
      // One request takes about 0.2 ms here; with a walk over all events in each it is minutes.
      expect(performance.now() - startedAt).toBeLessThan(30_000);
    },
    60_000,
  );
});

describe("a time of the emulator", () => {
  it.each([
    ["2020-08-04T12:00:10", "2020-08-04T12:00:10.0000000", "2020-08-04T12:00:10"],
    ["2020-08-04T12:00:10.280", "2020-08-04T12:00:10.2800000", "2020-08-04T12:00:10.28"],
    [
      "2020-08-04T14:00:10.1234567+02:00",
      "2020-08-04T12:00:10.1234567",
      "2020-08-04T12:00:10.1234567",
    ],
  ])("%s is kept in full and written short", (text, kept, short) => {
    const time = parseTime(text)?.time ?? "";

    expect(time).toBe(kept);
    expect(writeTime(time, "short")).toBe(short);
    expect(writeTime(time, "full")).toBe(`${kept}+00:00`);
  });

  it("comes from the clock with its milliseconds", () => {
    expect(fromEpochMs(Date.UTC(2020, 7, 4, 12, 0, 10, 183))).toBe("2020-08-04T12:00:10.1830000");
  });
});
