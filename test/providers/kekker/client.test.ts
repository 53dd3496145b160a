import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../../src/core/errors.ts";
import { type KekkerOptions, kekker } from "../../../src/providers/kekker/index.ts";
import actionNotFound from "./fixtures/action-not-found.json" with { type: "json" };
import guidePage from "./fixtures/assumed-guide-page.json" with { type: "json" };
import eventNotFound from "./fixtures/event-not-found.json" with { type: "json" };
import page from "./fixtures/events-page.json" with { type: "json" };
import internalError from "./fixtures/internal-error.json" with { type: "json" };
import queueError from "./fixtures/queue-error.json" with { type: "json" };
import queueInQueue from "./fixtures/queue-in-queue.json" with { type: "json" };
import queueSuccess from "./fixtures/queue-success.json" with { type: "json" };
import { deal, deals, pullIds, startNode, timeOf } from "./support.ts";

const credentials = { login: "user", password: "pass word" };
const base = { baseUrl: "https://qrm1.test", channel: "c1", retry: { attempts: 1 } };

/** A client whose every request gets this answer. */
function answering(answer: () => Response, options: Partial<KekkerOptions> = {}) {
  const requests: Request[] = [];
  const client = kekker({
    ...base,
    ...credentials,
    fetch: async (input, init) => {
      requests.push(new Request(input, init));
      return answer();
    },
    ...options,
  } as KekkerOptions);
  return { client, requests };
}

function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => error,
  );
}

describe("every request", () => {
  it("carries the credential, the channel, the version and what it accepts", async () => {
    const { client, requests } = answering(() => Response.json(page), {
      login: "üser",
      password: "p:ä€",
      headers: {
        "X-Api-Version": "1.0",
        channel: "other",
        Accept: "text/html",
        Authorization: "no",
        "x-trace": "t1",
      },
    });

    await client.events.list();

    const headers = requests[0]?.headers;
    expect(headers?.get("authorization")).toBe(
      `Basic ${Buffer.from("üser:p:ä€", "utf8").toString("base64")}`,
    );
    expect(headers?.get("channel")).toBe("c1");
    expect(headers?.get("x-api-version")).toBe("2.0");
    expect(headers?.get("accept")).toBe("application/json");
    expect(headers?.get("x-trace")).toBe("t1");
  });

  it("carries the token that a function gives, and asks again after a 401", async () => {
    const given: (string | undefined)[] = [];
    const answers = [new Response("<html>", { status: 401 }), Response.json(page)];
    const { client, requests } = answering(() => answers.shift() ?? Response.error(), {
      login: undefined,
      password: undefined,
      token: ({ refused }) => {
        given.push(refused);
        return refused ? "new" : "old";
      },
    });

    await client.events.list();

    expect(given).toStrictEqual([undefined, "old"]);
    expect(requests.map(({ headers }) => headers.get("authorization"))).toStrictEqual([
      "Basic old",
      "Basic new",
    ]);
  });

  it.each([
    ["list", "GET", "/api/events"],
    ["listOf", "GET", "/api/events/Deals%2Fx?pageNumber=2&pageSize=50"],
    ["ack", "POST", "/api/events/a%2Fb%3F%20%25/ack"],
    ["reset", "POST", "/api/events/reset/2020-08-04T06%3A38%3A39.2"],
    ["get", "GET", "/api/queue/9007199254740993"],
    ["cancel", "DELETE", "/api/queue/1801"],
  ])("of %s is %s %s", async (call, method, path) => {
    const bodies: Readonly<Record<string, unknown>> = {
      get: queueSuccess,
      list: page,
      listOf: page,
    };
    const { client, requests } = answering(() =>
      call in bodies ? Response.json(bodies[call]) : new Response(null, { status: 200 }),
    );
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      list: () => client.events.list(),
      listOf: () => client.events.list({ category: "Deals/x", pageNumber: 2, pageSize: 50 }),
      ack: () => client.events.ack("a/b? %"),
      reset: () => client.events.reset("2020-08-04T06:38:39.2"),
      get: () => client.queue.get(9_007_199_254_740_993n),
      cancel: () => client.queue.cancel(1_801),
    };

    await calls[call]?.();

    expect(requests.map((request) => `${request.method} ${request.url}`)).toStrictEqual([
      `${method} https://qrm1.test${path}`,
    ]);
  });
});

describe("events.list", () => {
  it("gives the documented page as events, paging included", async () => {
    const { client } = answering(() => Response.json(page));

    const listed = await client.events.list();

    expect(listed).toMatchObject({ pageNumber: 1, pageSize: 10, totalRecords: 5 });
    expect(listed.events.map(({ event }) => event?.type)).toStrictEqual([
      "ErrorQueueEvent",
      "SuccessQueueEvent",
      "DealUpdated",
      "SuccessQueueEvent",
      "DealUpdated",
    ]);
  });

  it("reads the guide's bare array", async () => {
    const { client } = answering(() => Response.json(guidePage));

    const listed = await client.events.list();

    expect(listed.totalRecords).toBeUndefined();
    expect(listed.events.map(({ event }) => event?.type)).toStrictEqual([
      "DealCreated",
      "DealUpdated",
    ]);
  });

  it("keeps ids past 2^53 exact", async () => {
    const body = `{"data":[{"eventUid":"a","event":"SuccessQueueEvent","category":"Queue",
      "objectId":9007199254740993,"localDealId":9223372036854775807,"timestamp":"2020-08-04T21:41:05.183"}]}`;
    const { client } = answering(() => new Response(body));

    const listed = await client.events.list();

    expect(listed.events[0]?.event).toMatchObject({
      subject: "9007199254740993",
      data: { objectId: "9007199254740993", localDealId: "9223372036854775807" },
    });
  });

  it("rejects what is no page, and never takes it for an empty one", async () => {
    for (const body of ["{}", '"text"', "[", '{"data":0}', "<html></html>", ""]) {
      const { client } = answering(() => new Response(body));

      expect(await failure(client.events.list())).toMatchObject({
        code: body === "[" ? "transport" : "schema",
        operation: "events.list",
      });
    }
  });

  it("refuses bytes that are no UTF-8, in which two ids would become one", async () => {
    const text = JSON.stringify({ data: [deal(1), deal(2, { error: "XY" }), deal(3)] });
    const bytes = new TextEncoder().encode(text);
    bytes.set([0xff, 0xfe], text.indexOf("XY"));
    const { client } = answering(() => new Response(bytes));

    expect(await failure(client.events.list())).toMatchObject({ code: "schema" });
  });

  it.each([{ pageNumber: 0 }, { pageSize: 1.5 }, { pageSize: Number.NaN }])(
    "refuses %o",
    async (options) => {
      const { client, requests } = answering(() => Response.json(page));

      expect(await failure(client.events.list(options))).toMatchObject({
        code: "config",
        message: expect.stringMatching(/^kekker events\.list: page(Number|Size) must be a whole/),
      });
      expect(requests).toHaveLength(0);
    },
  );
});

describe("events.ack", () => {
  it.each([
    ["2020-08-04T21:23:14.813", "application/json", "2020-08-04T21:23:14.813Z"],
    ['"2020-08-04T21:23:14.813"', "application/json", "2020-08-04T21:23:14.813Z"],
    ["2020-08-04T21:23:14.8131234+00:00", "text/plain", "2020-08-04T21:23:14.8131234Z"],
    ["null", "application/json", undefined],
    ["", "application/json", undefined],
  ])("reads the reply %j (%s)", async (body, type, earliestUnprocessed) => {
    const { client } = answering(() => new Response(body, { headers: { "content-type": type } }));

    expect(await client.events.ack("a")).toStrictEqual({ earliestUnprocessed, raw: body });
  });

  it.each(['{"errorMessage":"locked"}', "please log in", "true", "2020-13-01", "[]"])(
    "does not take %j for an acknowledgement",
    async (body) => {
      const { client } = answering(() => new Response(body));

      expect(await failure(client.events.ack("a"))).toMatchObject({
        code: "schema",
        retryable: true,
        outcomeUnknown: true,
      });
    },
  );

  it("takes a 204 for an answer", async () => {
    const { client } = answering(() => new Response(null, { status: 204 }));

    expect(await client.events.ack("a")).toStrictEqual({ earliestUnprocessed: undefined, raw: "" });
  });

  it.each([".", ".."])("refuses the id %j, which no path can hold", async (id) => {
    const { client, requests } = answering(() => new Response(""));

    expect(await failure(client.events.ack(id))).toMatchObject({
      code: "config",
      operation: "ack",
    });
    expect(requests).toHaveLength(0);
  });

  it("takes a proxy's page for no answer, since the event is on the list still", async () => {
    const { node, client } = startNode();
    node.publish(deals(1));
    node.faults.add({ kind: "html", status: 200, operation: "ack" });

    const refused = client.events.ack("e1");

    const facts = { code: "schema", retryable: true, outcomeUnknown: true, operation: "ack" };
    expect(await failure(refused)).toMatchObject(facts);
    expect(node.unprocessed()).toBe(1);
  });
});

describe("events.reset", () => {
  it("brings back acknowledged events of that time and later ones, and no earlier ones", async () => {
    const { node, client } = startNode();
    node.publish(deals(4));
    for (const id of ["e1", "e2", "e3"]) await client.events.ack(id);

    await client.events.reset(timeOf(2));

    expect(await pullIds(client.feed())).toStrictEqual(["e2", "e3", "e4"]);
  });

  it("rounds a Date down, so that the event of that instant comes back", async () => {
    const { node, client } = startNode();
    node.publish([deal(1, { timestamp: "2020-08-04T00:00:01.1230000" })]);
    await client.events.ack("e1");

    await client.events.reset(Date.parse("2020-08-04T00:00:01.123Z") + 0.9);

    expect(await pullIds(client.feed())).toStrictEqual(["e1"]);
  });

  it.each([
    [undefined, "2020-08-04T00:00:01"],
    ["none", "2020-08-04T00:00:01"],
    ["Z", "2020-08-04T00:00:01Z"],
    ["offset", "2020-08-04T00:00:01+00:00"],
  ] as const)("writes the zone as resetZone %s says", async (resetZone, written) => {
    const zone = resetZone ?? "none";
    const { client, requests } = startNode({ resetZones: [zone] }, { resetZone });

    await client.events.reset("2020-08-04T02:00:01+02:00");

    const { pathname } = new URL(requests[0]?.url ?? "");
    expect(decodeURIComponent(pathname)).toBe(`/api/events/reset/${written}`);
    expect(pathname).not.toContain("+");
  });

  it.each([{ errorMessage: "Internal error" }, { ErrorMessage: "no such channel" }])(
    "is not done, nor is a cancel, where a 2xx says %j",
    async (body) => {
      let requests = 0;
      const { client } = startNode(
        {},
        {
          fetch: async () => {
            requests += 1;
            return Response.json(body);
          },
        },
      );
      const refused = {
        code: "schema",
        message: expect.stringContaining("the answer says something"),
      };

      await expect(client.events.reset(0)).rejects.toMatchObject(refused);
      await expect(client.queue.cancel(1)).rejects.toMatchObject(refused);
      expect(requests).toBe(2);
    },
  );

  it("refuses what is no time before any request", async () => {
    const { client, requests } = startNode();

    expect(await failure(client.events.reset("yesterday"))).toMatchObject({ code: "config" });
    expect(requests).toHaveLength(0);
  });
});

describe("the queue", () => {
  it.each([
    [queueInQueue, { queueId: "893", status: "InQueue" }],
    [
      queueSuccess,
      {
        queueId: "894",
        status: "Success",
        dealId: "abb755c40618426ead3384f81807586d:72538934179c4ad293adf4795ae6a0ef",
        localDealId: "146",
      },
    ],
    [queueError, { queueId: "892", status: "Error", error: "Values check failed" }],
    [
      { QueueId: 1, Status: "Paused", Error: null },
      { queueId: "1", status: "Paused" },
    ],
  ])("gives the state %j", async (body, expected) => {
    const { client } = answering(() => Response.json(body));

    expect(await client.queue.get(893)).toEqual(expected);
  });

  it("rejects a state without its status", async () => {
    const { client } = answering(() => Response.json({ queueId: 1 }));

    expect(await failure(client.queue.get(1))).toMatchObject({ code: "schema", path: "status" });
  });

  it("gets and cancels operations of the node, by ids past 2^53 too", async () => {
    const { node, client } = startNode();
    const id = node.setOperation({ status: "Error", error: "no" }, 9_007_199_254_740_993n);

    expect(await client.queue.get(id)).toEqual({
      queueId: "9007199254740993",
      status: "Error",
      error: "no",
    });
    await client.queue.cancel("9007199254740993");

    expect(await failure(client.queue.get(id))).toMatchObject({ code: "notFound", status: 400 });
  });

  it("tells a running operation, which cannot be cancelled, from one that is not there", async () => {
    const { node, client } = startNode();
    const id = node.setOperation({ status: "InProgress" });

    expect(await failure(client.queue.cancel(id))).toMatchObject({ code: "request", status: 400 });
    expect(await failure(client.queue.cancel(1))).toMatchObject({ code: "notFound", status: 400 });
  });

  it("refuses a number that has lost its last digits", async () => {
    const { client } = startNode();

    expect(await failure(client.queue.cancel(2 ** 53))).toMatchObject({
      code: "config",
      message: "kekker queue.cancel: a queueId past 2^53 must be given as text or bigint",
    });
  });
});

describe("an error", () => {
  it.each([
    [400, eventNotFound, "notFound", false],
    [400, actionNotFound, "notFound", false],
    [400, { ErrorMessage: "event not found." }, "notFound", false],
    [400, { errorMessage: "Channel not found" }, "request", false],
    [400, { errorMessage: null }, "request", false],
    [500, internalError, "transport", true],
    [401, eventNotFound, "auth", false],
    [401, "User not found", "auth", false],
    [401, [1], "auth", false],
    [404, "<html>", "transport", true],
    [404, "no such path", "transport", true],
  ])("of status %i with %j is %s", async (status, body, code, retryable) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const { client } = answering(() => new Response(text, { status }));

    const error = await failure(client.events.ack("a"));

    expect(isAckloopError(error)).toBe(true);
    expect(error).toMatchObject({ code, retryable, status, provider: "kekker", operation: "ack" });
  });

  it("repeats the node's text, and neither credential nor address", async () => {
    const { client } = answering(() =>
      Response.json(
        { errorMessage: "pass word is wrong for dXNlcjpwYXNzIHdvcmQ=" },
        { status: 400 },
      ),
    );

    const error = await failure(client.events.ack("secret-id"));

    expect(String(error)).toContain("wrong for");
    expect(String(error)).not.toMatch(/dXNlcjpwYXNzIHdvcmQ|secret-id|qrm1/);
  });

  it("is a refusal of the credential, when the proxy sends a page", async () => {
    const { client } = startNode({}, { password: "wrong" });

    expect(await failure(client.events.list())).toMatchObject({ code: "auth", status: 401 });
  });

  it("is a refusal of the request, when the channel is unknown", async () => {
    const { client } = startNode({}, { channel: "other" });

    expect(await failure(client.feed().pull())).toMatchObject({ code: "request", status: 400 });
  });
});

describe("the options", () => {
  it.each([
    [{ channel: "" }, /`channel` (must be|is required:) the id/],
    [{ channel: undefined }, /`channel` (must be|is required:) the id/],
    [{ channel: " c1" }, /`channel` (must be|is required:) the id/],
    [{ channel: "c\n1" }, /`channel` (must be|is required:) the id/],
    [{ channel: "канал" }, /`channel` (must be|is required:) the id/],
    [{ login: "" }, /`login` must be a text without a colon/],
    [{ password: undefined }, /`token` is required, or `login` and `password`/],
    [{ login: "a:b" }, /`login` must be a text without a colon/],
    [{ baseUrl: undefined }, /baseUrl/],
    [{ baseUrl: "http://qrm1.kekker.com" }, /https/],
    [{ resetZone: "utc" }, /`resetZone` must be "none", "Z" or "offset"/],
    [{ pasword: "x" }, /`pasword` is unknown; did you mean `password`/],
  ])("%j are refused", (wrong, message) => {
    const options = { ...base, ...credentials, ...wrong } as KekkerOptions;

    expect(() => kekker(options)).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringMatching(message) }),
    );
  });

  it("must be an object", () => {
    expect(() => kekker(undefined as never)).toThrow(expect.objectContaining({ code: "config" }));
  });
});
