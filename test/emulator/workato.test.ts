import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { serveEmulators } from "../../src/emulator/server.ts";
import { type WorkatoEmulatorOptions, workatoEmulator } from "../../src/emulator/workato.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 2, 3, 4, 5, 678) });
});

afterEach(() => {
  vi.useRealTimers();
});

type Json = Record<string, unknown>;
interface Wire {
  readonly message_id: string;
  readonly payload: unknown;
  readonly time: string;
}

const token = "workato-emulator-token";
const field = {
  control_type: "text",
  label: "Order",
  name: "order",
  optional: false,
  type: "string",
};

/** An emulator with one topic, and plain requests to it. */
function setUp(options: WorkatoEmulatorOptions = {}) {
  const emulator = workatoEmulator(options);
  const id = emulator.createTopic("orders");
  const send = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const response = await emulator.fetch(`http://localhost${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Json,
    };
  };
  const consume = async (body: Json = {}) => {
    const reply = await send("POST", `/api/v1/topics/${id}/consume`, body);
    return reply.body["messages"] as readonly Wire[];
  };
  const status = async (...args: Parameters<typeof send>) => (await send(...args)).status;
  return { emulator, id, send, status, consume };
}

const topics = "/api/event_streams/topics";

describe("access", () => {
  it.each([
    ["no token", {}],
    ["another scheme", { authorization: `Basic ${token}` }],
    ["a token of another data centre", { authorization: "Bearer somebody-else" }],
  ])("is refused with 401 to %s", async (_, headers) => {
    const { emulator } = setUp();

    const response = await emulator.fetch(`http://localhost${topics}`, { headers });

    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ message: "Unauthorized" });
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  });

  it("is given call by call: who may consume may not list", async () => {
    const { id, status } = setUp();
    const consumer = { authorization: "Bearer workato-emulator-consumer-token" };

    expect(await status("POST", `/api/v1/topics/${id}/consume`, {}, consumer)).toBe(200);
    expect(await status("GET", topics, undefined, consumer)).toBe(403);
    expect(await status("POST", `/api/v1/topics/${id}/publish`, {}, consumer)).toBe(403);
  });

  it("ends for a token that was revoked", async () => {
    const { emulator, status } = setUp();

    emulator.revoke(token);

    expect(await status("GET", topics)).toBe(401);
  });

  it("is limited to sixty requests in any minute, on each host", async () => {
    const { id, status } = setUp();
    const consume = () => status("POST", `/api/v1/topics/${id}/consume`, {});
    for (let call = 0; call < 59; call += 1) await consume();
    vi.advanceTimersByTime(59_000);

    expect([await consume(), await consume()]).toEqual([200, 429]);
    expect(await status("GET", topics)).toBe(200);
    vi.advanceTimersByTime(1_000);
    expect(await consume()).toBe(200);
    expect(await consume()).toBe(200);
  });

  it("is limited on the streams' host as told, where that is another number", async () => {
    const { id, status } = setUp({ assumptions: { streamsRequestsPerMinute: 1 } });
    const consume = () => status("POST", `/api/v1/topics/${id}/consume`, {});

    expect([await consume(), await consume()]).toEqual([200, 429]);
    expect([await status("GET", topics), await status("GET", topics)]).toEqual([200, 200]);
  });

  it("says Retry-After by option alone", async () => {
    const silent = setUp({ requestsPerMinute: 1 });
    const telling = setUp({ requestsPerMinute: 1, assumptions: { retryAfter: true } });
    for (const { status } of [silent, telling]) await status("GET", topics);

    expect((await silent.send("GET", topics)).headers.get("retry-after")).toBeNull();
    expect((await telling.send("GET", topics)).headers.get("retry-after")).toBe("60");
  });

  it.each([
    ["not JSON", "{", {}],
    ["a list", [], {}],
    ["not said to be JSON", "{}", { "content-type": "text/plain" }],
  ])("answers 400 to a body that is %s", async (_, body, headers) => {
    const { id, send } = setUp();

    const reply = await send("POST", `/api/v1/topics/${id}/publish`, body, headers);

    expect(reply).toMatchObject({ status: 400, body: { message: "Bad request" } });
  });

  it("answers 413 to a body of more than a megabyte", async () => {
    const { id, status } = setUp();

    expect(await status("POST", `/api/v1/topics/${id}/publish`, { a: "x".repeat(2 ** 20) })).toBe(
      413,
    );
  });

  it.each(["consume", "publish"])(
    "answers 404 to %s of a topic that is not there",
    async (call) => {
      const { send } = setUp();

      const reply = await send("POST", `/api/v1/topics/1/${call}`, {});

      expect(reply).toMatchObject({ status: 404, body: { message: "Not found" } });
    },
  );

  it("answers a server error as documented", async () => {
    const { emulator, send } = setUp();
    emulator.faults.add({ kind: "status", status: 500 });

    const { status, body } = await send("GET", topics);

    expect(status).toBe(500);
    expect(body).toEqual({
      message: "Server error",
      id: expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
    });
  });
});

describe("consume", () => {
  it("gives messages in the documented form, from the oldest on, with no body at all", async () => {
    const { emulator, id, send } = setUp();
    const [first] = emulator.publish(id, [{ n: 1 }, { n: 2 }]);

    const { body } = await send("POST", `/api/v1/topics/${id}/consume`);

    expect((body["messages"] as readonly Wire[])[0]).toEqual({
      message_id: first,
      payload: { n: 1 },
      time: "2026-01-02T03:04:05.678+00:00",
    });
    expect(body["messages"]).toHaveLength(2);
  });

  it("gives fifty at most, and fewer at once", async () => {
    const { emulator, id, consume } = setUp();
    emulator.publish(
      id,
      Array.from({ length: 51 }, () => ({})),
    );

    expect(await consume()).toHaveLength(50);
    expect(await consume({ batch_size: 3, timeout_secs: 60 })).toHaveLength(3);
  });

  it("reads on behind a message", async () => {
    const { emulator, id, consume } = setUp();
    const [first, second] = emulator.publish(id, [{ n: 1 }, { n: 2 }]);

    expect(await consume({ after_message_id: first })).toMatchObject([{ message_id: second }]);
    expect(await consume({ after_message_id: second })).toEqual([]);
  });

  it("reads from a time on, that very time included unless said otherwise", async () => {
    for (const sinceInclusive of [true, false]) {
      const { emulator, id, consume } = setUp({ assumptions: { sinceInclusive } });
      emulator.publish(id, [{ n: 1 }]);
      const since_time = new Date().toISOString();
      vi.advanceTimersByTime(1);
      emulator.publish(id, [{ n: 2 }]);

      expect(await consume({ since_time })).toHaveLength(sinceInclusive ? 2 : 1);
    }
  });

  it("takes a time to come for now", async () => {
    const { emulator, id, consume } = setUp();
    emulator.publish(id, [{ n: 1 }]);
    const polling = consume({ since_time: "2030-01-01T00:00:00+00:00", timeout_secs: 10 });
    await vi.advanceTimersByTimeAsync(5_000);

    emulator.publish(id, [{ n: 2 }]);

    expect(await polling).toMatchObject([{ payload: { n: 2 } }]);
  });

  it("holds a long poll until a message comes", async () => {
    const { emulator, id, consume } = setUp();
    const done = vi.fn();
    const polling = consume({ timeout_secs: 30 }).then(done);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(done).not.toHaveBeenCalled();

    emulator.publish(id, [{ n: 1 }]);
    await vi.advanceTimersByTimeAsync(0);

    await polling;
    expect(done).toHaveBeenCalledWith([expect.objectContaining({ payload: { n: 1 } })]);
  });

  it("ends a long poll with an empty list", async () => {
    const { consume } = setUp();
    const polling = consume({ timeout_secs: 60 });

    await vi.advanceTimersByTimeAsync(60_000);

    expect(await polling).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends a long poll at a topic that is deleted", async () => {
    const { id, send } = setUp();
    const polling = send("POST", `/api/v1/topics/${id}/consume`, { timeout_secs: 60 });
    await vi.advanceTimersByTimeAsync(0);

    await send("DELETE", `${topics}/${id}`);

    expect((await polling).status).toBe(404);
  });

  it("ends a long poll whose caller goes away, and leaves no timer", async () => {
    const { emulator, id } = setUp();
    const controller = new AbortController();
    const polling = emulator.fetch(`http://localhost/api/v1/topics/${id}/consume`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: '{"timeout_secs":60}',
      signal: controller.signal,
    });
    const settled = expect(polling).rejects.toThrow("gone");
    await vi.advanceTimersByTimeAsync(10);
    expect(vi.getTimerCount()).toBe(1);

    controller.abort(new Error("gone"));

    await settled;
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    [{ batch_size: 0 }],
    [{ batch_size: 51 }],
    [{ batch_size: "5" }],
    [{ batch_size: 1.5 }],
    [{ timeout_secs: -1 }],
    [{ timeout_secs: 61 }],
    [{ since_time: "2026-01-02T03:04:05" }],
    [{ since_time: "yesterday" }],
    [{ since_time: 5 }],
    [{ after_message_id: 5 }],
    [{ after_message_id: "" }],
    [{ after_message_id: "nobody's" }],
    [{ after_message_id: "a", since_time: "2026-01-02T03:04:05Z" }],
  ])("refuses %j with 400", async (body) => {
    const { id, status } = setUp();

    expect(await status("POST", `/api/v1/topics/${id}/consume`, body)).toBe(400);
  });

  it("brings numbers into range by option", async () => {
    const { emulator, id, consume } = setUp({ assumptions: { outOfRange: "clamp" } });
    emulator.publish(
      id,
      Array.from({ length: 51 }, () => ({})),
    );

    expect(await consume({ batch_size: 100 })).toHaveLength(50);
    expect(await consume({ batch_size: 0 })).toHaveLength(1);
  });

  it("prefers the message's id of both cursors by option", async () => {
    const { emulator, id, consume } = setUp({ assumptions: { bothCursors: "id" } });
    const [first] = emulator.publish(id, [{ n: 1 }, { n: 2 }]);

    const messages = await consume({ after_message_id: first, since_time: "2026-01-01T00:00:00Z" });

    expect(messages).toHaveLength(1);
  });

  it.each([
    ["refuse", undefined],
    ["empty", 0],
    ["oldest", 1],
  ] as const)("answers a purged message as the option says: %s", async (unknownCursor, count) => {
    const { emulator, id, send } = setUp({ assumptions: { unknownCursor } });
    const [first] = emulator.publish(id, [{ n: 1 }]);
    emulator.purge(id);
    emulator.publish(id, [{ n: 2 }]);

    const { status, body } = await send("POST", `/api/v1/topics/${id}/consume`, {
      after_message_id: first,
    });

    expect(status).toBe(count === undefined ? 400 : 200);
    expect((body["messages"] as unknown[] | undefined)?.length).toBe(count);
  });

  it("lets messages go when the retention is over", async () => {
    const { emulator, consume, id } = setUp();
    const [first] = emulator.publish(id, [{ n: 1 }]);
    vi.advanceTimersByTime(604_800_000);
    emulator.publish(id, [{ n: 2 }]);
    expect(await consume()).toHaveLength(2);
    vi.advanceTimersByTime(1);

    expect(await consume()).toMatchObject([{ payload: { n: 2 } }]);
    expect(await consume({ after_message_id: first })).toBeUndefined();
  });

  it("gives what was put in raw, and never goes back in time", async () => {
    const { emulator, id, consume } = setUp();
    emulator.publishRaw(id, ["text", { payload: 1 }]);
    const [later] = [emulator.faults.add({ kind: "skew", ms: -60_000 })];
    emulator.publish(id, [{}]);
    emulator.faults.clear(later);

    const messages = await consume();

    expect(messages.slice(0, 2)).toEqual(["text", { payload: 1 }]);
    expect(messages[2]?.time).toBe("2026-01-02T03:04:05.678+00:00");
  });

  it("delivers messages again under the fault duplicate", async () => {
    const { emulator, id, consume } = setUp();
    const ids = emulator.publish(
      id,
      Array.from({ length: 15 }, () => ({})),
    );
    emulator.faults.add({ kind: "duplicate", count: 2 });

    expect(await consume({ after_message_id: ids[12] })).toHaveLength(12);
    const messages = await consume({ batch_size: 3 });

    expect(messages.map(({ message_id }) => message_id)).toEqual([ids[0], ids[0], ids[1]]);
  });

  it("notes how far its reader has read, which is the only ack there is", async () => {
    const { emulator, id, consume } = setUp();
    const [first = "", second = ""] = emulator.publish(id, [{ n: 1 }, { n: 2 }]);
    await consume();
    await consume({ after_message_id: first });
    await consume({ after_message_id: second });

    const read = emulator.journal.entries({ kinds: ["read"], queue: String(id) });
    expect(read.map(({ cursor, request }) => [cursor, request])).toEqual([
      [first, 2],
      [second, 3],
    ]);
  });

  it("ends a long poll also where only timers are faked", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { consume } = setUp();

    const polling = consume({ timeout_secs: 60 });
    await vi.advanceTimersByTimeAsync(60_000);

    expect(await polling).toEqual([]);
  });

  it("notes what was delivered, by topic and message", async () => {
    const { emulator, id, consume } = setUp();
    const [first] = emulator.publish(id, [{}]);

    await consume();
    await consume();

    expect(emulator.journal.event(first ?? "", String(id))).toMatchObject({
      published: 1,
      delivered: 2,
    });
  });
});

describe("publish", () => {
  it("takes the body as the message", async () => {
    const { emulator, id, send, consume } = setUp();

    const { body } = await send("POST", `/api/v1/topics/${id}/publish`, { payloads: [1] });

    expect(await consume()).toMatchObject([{ ...body, payload: { payloads: [1] } }]);
    expect(emulator.journal.publishedIds(String(id))).toEqual([body["message_id"]]);
  });

  it.each([422, 400])("refuses what does not fit the schema with %i", async (violation) => {
    const { emulator, status } = setUp({ assumptions: { schemaViolationStatus: violation } });
    const id = emulator.createTopic("typed", { schema: [field] });
    const publish = (body: unknown) => status("POST", `/api/v1/topics/${id}/publish`, body);

    expect(await publish({ order: "1", more: true })).toBe(200);
    expect(await publish({ order: 1 })).toBe(violation);
    expect(await publish({})).toBe(violation);
  });

  it("checks nested objects and lists", async () => {
    const { emulator, send } = setUp();
    const id = emulator.createTopic("typed", {
      schema: [
        { name: "at", type: "date_time", optional: true },
        { name: "who", type: "object", properties: [field] },
        { name: "lines", type: "array", of: "object", properties: [field] },
        { name: "tags", type: "array", of: "string" },
        { name: "any", type: "array" },
        { name: "what", type: "unheard of" },
        "no field",
      ],
    });
    const reasons = async (payloads: readonly unknown[]) => {
      const { body } = await send("POST", `/api/v1/batch/topics/${id}/publish`, { payloads });
      return Object.values(body["message_ids"] as Json).map((item) => (item as Json)["result"]);
    };

    const good = { at: "2026-01-02", who: { order: "1" }, lines: [{ order: "1" }], tags: ["a"] };
    expect(await reasons([good, { ...good, at: null, any: [1], what: 1 }])).toEqual([
      "success",
      "success",
    ]);
    expect(
      await reasons([
        { at: "soon" },
        { who: {} },
        { lines: [{ order: "1" }, {}] },
        { lines: ["x"] },
        { tags: [1] },
        { tags: "a" },
      ]),
    ).toEqual([
      "at: must be date_time",
      "who.order: is required",
      "lines.1.order: is required",
      "lines.0: must be object",
      "tags.0: must be string",
      "tags: must be array",
    ]);
  });

  it("answers a batch with 200 and one entry for each index, also when some fail", async () => {
    const { id, send, consume } = setUp({
      refuse: ({ n }) => (n === 2 ? "the shop is closed" : undefined),
    });

    const { status, body } = await send("POST", `/api/v1/batch/topics/${id}/publish`, {
      payloads: [{ n: 1 }, { n: 2 }, "text", { n: 3 }],
    });

    const [first, third] = await consume();
    expect(status).toBe(200);
    expect(body).toEqual({
      is_partial_error: true,
      message_ids: {
        0: { message_id: first?.message_id, result: "success" },
        1: { result: "the shop is closed" },
        2: { result: "must be an object" },
        3: { message_id: third?.message_id, result: "success" },
      },
    });
  });

  it.each([[0], [101]])("refuses a batch of %i", async (count) => {
    const { id, status } = setUp();
    const payloads = Array.from({ length: count }, () => ({}));

    expect(await status("POST", `/api/v1/batch/topics/${id}/publish`, { payloads })).toBe(400);
  });

  it("answers as an option says where nothing is documented", async () => {
    const { emulator, id, send, status } = setUp({
      refuse: ({ n }) => (n === 2 ? "the shop is closed" : undefined),
      assumptions: {
        emptyBatch: "accept",
        batchFailure: "failed",
        noPartialError: null,
        unknownFields: "refuse",
        contentTypeStatus: 415,
      },
    });
    const typed = emulator.createTopic("typed", { schema: [field] });
    const batch = `/api/v1/batch/topics/${id}/publish`;

    const failed = await send("POST", batch, { payloads: [{ n: 2 }] });
    const empty = await send("POST", batch, { payloads: [] });
    const path = `/api/v1/topics/${typed}/publish`;

    expect(failed.body).toEqual({
      is_partial_error: true,
      message_ids: { 0: { result: "failed" } },
    });
    expect([empty.status, empty.body]).toEqual([200, { is_partial_error: null, message_ids: {} }]);
    expect(await status("POST", path, { order: "1", more: 1 })).toBe(422);
    expect(await status("POST", path, { order: "1" }, { "content-type": "text/plain" })).toBe(415);
  });

  it("wants the batch under its own path", async () => {
    const { id, status } = setUp();

    expect(await status("POST", `/api/v1/topics/${id}/batch`, { payloads: [{}] })).toBe(404);
  });

  it("throws for a topic that is not there, and moves ten thousand messages quickly", async () => {
    const { emulator, id, consume } = setUp({ requestsPerMinute: Number.POSITIVE_INFINITY });
    expect(() => emulator.publish(1, [{}])).toThrow(TypeError);
    vi.useRealTimers();
    const startedAt = performance.now();

    emulator.publish(
      id,
      Array.from({ length: 10_000 }, (_, n) => ({ n })),
    );
    let read = 0;
    for (let page = await consume(); page.length > 0; ) {
      read += page.length;
      page = await consume({ after_message_id: page.at(-1)?.message_id });
    }

    expect(read).toBe(10_000);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe("topics", () => {
  it("keep their retention, and show the time from before, only where an option says so", async () => {
    const { send } = setUp({ assumptions: { retentionLeftOut: "kept", updatedAt: "before" } });
    const input = { name: "deals", schema: [field], retention: 3600 };
    const made = (await send("POST", topics, input)).body["data"] as Json;
    vi.advanceTimersByTime(1_000);

    const changed = await send("PUT", `${topics}/${made["id"]}`, { name: "renamed" });

    expect(changed.body["data"]).toEqual({ ...made, name: "renamed" });
  });

  it.each([
    [{ ...field, type: "bogus" }, 422, 422],
    [{ ...field, label: "" }, 422, 422],
    [{ ...field, optional: "no" }, 422, 422],
    [{ name: "order", type: "integer" }, 422, 200],
    [{}, 422, 200],
  ])(
    "take the field %j in a new topic with %i, in an update with %i",
    async (one, asNew, changed) => {
      const { send } = setUp();
      const made = (await send("POST", topics, { name: "deals", schema: [field] })).body[
        "data"
      ] as Json;

      const created = await send("POST", topics, { name: "others", schema: [one] });
      const updated = await send("PUT", `${topics}/${made["id"]}`, { schema: [one] });
      const twice = await send("PUT", `${topics}/${made["id"]}`, { schema: [field, field] });

      expect([created.status, updated.status, twice.status]).toEqual([asNew, changed, 422]);
    },
  );

  it("have no activity any more once they were purged", async () => {
    const { send, emulator, id } = setUp();
    vi.advanceTimersByTime(1_000);
    const other = emulator.createTopic("other");
    vi.advanceTimersByTime(1_000);
    emulator.publish(id, [{}]);
    const order = async () =>
      ((await send("GET", `${topics}?sort=activity`)).body["data"] as Json[]).map(
        (one) => one["id"],
      );

    const before = await order();
    await send("PUT", `${topics}/${id}/purge`);

    expect([before, await order()]).toEqual([
      [id, other],
      [other, id],
    ]);
  });

  it("have no activity any more once a test purged them", async () => {
    const { send, emulator, id } = setUp();
    vi.advanceTimersByTime(1_000);
    const other = emulator.createTopic("other");
    vi.advanceTimersByTime(1_000);
    emulator.publish(id, [{}]);

    emulator.purge(id);

    const { body } = await send("GET", `${topics}?sort=activity`);
    expect((body["data"] as Json[]).map((one) => one["id"])).toEqual([other, id]);
  });

  it("are one of a name, merge their fields, and count a change as activity by option", async () => {
    const { send, status, id } = setUp({
      assumptions: {
        topicNames: "unique",
        updatedSchema: "merges",
        activity: "changed",
        noDescription: null,
      },
    });
    const other = { ...field, name: "other" };
    vi.advanceTimersByTime(1_000);
    const made = (await send("POST", topics, { name: "deals", schema: [field] })).body["data"];
    const path = `${topics}/${(made as Json)["id"]}`;
    vi.advanceTimersByTime(1_000);

    expect(await status("POST", topics, { name: "orders", schema: [] })).toBe(422);
    expect(await status("PUT", path, { name: "orders" })).toBe(422);
    expect(await status("PUT", path, { name: "deals" })).toBe(200);
    const changed = { ...field, label: "Deal" };
    const { body } = await send("PUT", path, { schema: [changed, other] });
    expect(body["data"]).toMatchObject({ schema: [changed, other], description: null });
    const kept = (await send("PUT", path, { schema: [other] })).body["data"];
    expect(kept).toMatchObject({ schema: [changed, other] });
    vi.advanceTimersByTime(1_000);
    await send("PUT", `${topics}/${id}`, { description: "x" });
    const listed = (await send("GET", `${topics}?sort=activity`)).body["data"] as Json[];
    expect(listed.map((one) => one["id"])).toEqual([id, (made as Json)["id"]]);
  });

  it.each(["sort=size", "include_schema=yes", "page=0", "per_page=few"])(
    "are not listed by %s, unless an option says so",
    async (query) => {
      const strict = setUp();
      const lenient = setUp({ assumptions: { wrongQuery: "ignore" } });

      expect(await strict.status("GET", `${topics}?${query}`)).toBe(400);
      expect(await lenient.status("GET", `${topics}?${query}`)).toBe(200);
      const { body } = await lenient.send("GET", `${topics}?${query}`);
      expect(body).toMatchObject({ count: 1, data: [{ name: "orders" }] });
    },
  );

  it("are made, read, changed, purged and deleted", async () => {
    const { send, status } = setUp();
    const input = { name: "deals", schema: [field], retention: 3600, description: "of all shops" };

    const made = (await send("POST", topics, input)).body["data"] as Json;
    vi.advanceTimersByTime(1_000);
    const path = `${topics}/${made["id"]}`;
    const changed = await send("PUT", path, { schema: [], unknown: 1 });

    expect(made).toEqual({
      id: 334_526,
      ...input,
      created_at: "2026-01-01T20:04:05.678-07:00",
      updated_at: "2026-01-01T20:04:05.678-07:00",
    });
    expect(changed.body["data"]).toEqual({
      ...made,
      schema: [],
      retention: 604_800,
      updated_at: "2026-01-01T20:04:06.678-07:00",
    });
    expect((await send("GET", path)).body).toEqual(changed.body);
    expect((await send("PUT", `${path}/purge`)).body).toEqual({ data: { status: "success" } });
    expect((await send("DELETE", path)).body).toEqual({ data: { status: "success" } });
    expect(await status("DELETE", path)).toBe(404);
    expect(await status("GET", path)).toBe(404);
  });

  it("are listed by a part of the name, sorted, with their schemas when asked", async () => {
    const { emulator, send } = setUp();
    const bees = emulator.createTopic("bees");
    emulator.createTopic("Bears");
    vi.advanceTimersByTime(1);
    emulator.publish(bees, [{}]);
    const names = async (query: string) => {
      const { body } = await send("GET", `${topics}?${query}`);
      const data = body["data"] as readonly Json[];
      expect(body["count"]).toBe(data.length);
      return data.map(({ name }) => name);
    };

    expect(await names("")).toEqual(["orders", "bees", "Bears"]);
    expect(await names("name=ee")).toEqual(["bees"]);
    expect(await names("name=be")).toEqual(["bees"]);
    expect(await names("sort=name")).toEqual(["Bears", "bees", "orders"]);
    expect(await names("sort=activity")).toEqual(["bees", "orders", "Bears"]);
    const plain = (await send("GET", topics)).body["data"] as readonly Json[];
    const full = (await send("GET", `${topics}?include_schema=true`)).body["data"] as Json[];
    expect(plain[0]).not.toHaveProperty("schema");
    expect(full[0]).toHaveProperty("schema", []);
  });

  it.each([
    [{ schema: [] }, "name"],
    [{ name: "", schema: [] }, "name"],
    [{ name: "a" }, "schema"],
    [{ name: "a", schema: [{ name: "b" }] }, "schema"],
    [{ name: "a", schema: [], retention: 0 }, "retention"],
    [{ name: "a", schema: [], retention: 7_776_001 }, "retention"],
    [{ name: "a", schema: [], description: 5 }, "description"],
  ])("refuse %j, naming the field %s", async (body, name) => {
    const { id, send } = setUp();

    const made = await send("POST", topics, body);
    const changed = await send("PUT", `${topics}/${id}`, { ...body, name: "a", [name]: 0 });

    expect(made).toMatchObject({ status: 422, body: { message: "Validation failed" } });
    expect(Object.keys(made.body["errors"] as Json)).toEqual([name]);
    expect(Object.keys(changed.body["errors"] as Json)).toEqual([name]);
  });

  it.each([
    { type: "object", properties: [{ name: "x", type: "bogus" }] },
    { type: "object", properties: "x" },
    { type: "array", of: "bogus" },
  ])("are refused a field that holds %j", async (held) => {
    const { send } = setUp();
    const field = { control_type: "text", label: "A", name: "a", optional: true, ...held };

    const topic = { name: "orders", schema: [field] };
    expect((await send("POST", "/api/event_streams/topics", topic)).status).toBe(422);
  });

  it("are twenty at most", async () => {
    const { status } = setUp();
    const create = () => status("POST", topics, { name: "a", schema: [] });

    for (let count = 1; count < 20; count += 1) expect(await create()).toBe(200);

    expect(await create()).toBe(422);
  });
});

describe("the emulator for other processes", () => {
  it("is created, filled and purged through its admin commands, over real HTTP", async () => {
    vi.useRealTimers();
    const emulator = workatoEmulator();
    const server = await serveEmulators([emulator], { port: 0 });
    const command = (name: string, body: unknown) => emulator.admin[name]?.(body);
    const { baseUrl, streamsUrl, apiUrl, token: given } = server.connection("workato");

    const { id } = command("createTopic", { name: "deals", retention: 60 }) as Json;
    command("publish", { topicId: id, payloads: [{ n: 1 }] });
    const consume = async () => {
      const response = await fetch(`${streamsUrl}/topics/${id}/consume`, {
        method: "POST",
        headers: { authorization: `Bearer ${given}`, "content-type": "application/json" },
        body: "{}",
      });
      return (await response.json()) as Json;
    };

    expect((await consume())["messages"]).toMatchObject([{ payload: { n: 1 } }]);
    command("purge", { topicId: id });
    expect(await consume()).toEqual({ messages: [] });
    expect([streamsUrl, apiUrl]).toEqual([`${baseUrl}/api/v1`, `${baseUrl}/api`]);
    await server.close();
  });

  it("gets the same ids of a topic however much is published to another", () => {
    const idsOf = (others: number) => {
      const { emulator, id } = setUp();
      const other = emulator.createTopic("other");
      emulator.publish(
        other,
        Array.from({ length: others }, () => ({})),
      );
      return emulator.publish(id, [{}, {}]);
    };

    expect(idsOf(5)).toEqual(idsOf(0));
  });

  it.each([
    [{ requestsPerMinute: 0 }, "requestsPerMinute cannot have this value"],
    [{ clients: [{}] }, "a client needs token"],
    [{ clients: [] }, "clients must not be empty"],
    [{ clients: [{ token: "a", permissions: ["consum"] }] }, "permissions cannot have this value"],
    [{ maxTopics: 1.5 }, "maxTopics cannot have this value"],
    [null, "an object of"],
    [{ refuse: "all" }, "refuse cannot have this value"],
    [{ assumptions: { unknownCursor: "skip" } }, "it is one of refuse, empty, oldest"],
    [{ assumptions: { forbiddenStatus: 200 } }, "forbiddenStatus cannot have this value"],
    [{ maxTopic: 1 }, "has no maxTopic"],
  ])("is refused the options %j", (options, words) => {
    expect(() => workatoEmulator(options as WorkatoEmulatorOptions)).toThrow(words);
  });

  it("makes no topic past the most, without a name, or of what is no topic", () => {
    const { emulator } = setUp({ maxTopics: 2 });
    const create = emulator.admin["createTopic"] ?? expect.fail();

    expect(() => emulator.createTopic("")).toThrow("needs a name");
    expect(() => create({ name: "b", schema: "text" })).toThrow("schema cannot have this value");
    expect(() => create({ name: "b", retention: "1" })).toThrow("retention cannot have this value");
    expect(() => create({ name: "b", description: 1 })).toThrow("description cannot have");
    expect(() => create({ name: "b", retentionSeconds: 5 })).toThrow("has no retentionSeconds");
    expect(() => emulator.createTopic("b", { retention: -1 })).toThrow("retention cannot have");
    expect(() => emulator.createTopic("b", { retention: 1.5 })).toThrow("retention cannot have");
    create({ name: "b", description: "told" });
    expect(() => emulator.createTopic("c")).toThrow("there are 2 topics, as maxTopics says");
  });

  it("tells how far each reader has read, and takes raw items and tokens away", () => {
    const emulator = workatoEmulator();
    const topic = emulator.createTopic("deals");

    emulator.admin["publishRaw"]?.({ topicId: topic, items: [{ odd: true }] });
    emulator.admin["revoke"]?.({ token: "workato-emulator-token" });

    expect(() => emulator.admin["publishRaw"]?.({ topicId: topic })).toThrow(
      "items must be a list",
    );
    expect(() => emulator.admin["revoke"]?.({})).toThrow("token must be text");
    expect(() => emulator.revoke("nobody's")).toThrow("no client has this token");
    expect(() => emulator.publish(topic, {} as never)).toThrow("payloads must be a list");
    expect(() => emulator.publish(topic, [{}, 1n])).toThrow("must be JSON");
    expect(emulator.journal.publishedIds()).toEqual([]);
  });

  it.each([
    ["createTopic", {}],
    ["createTopic", null],
    ["publish", { topicId: 1 }],
    ["publish", { topicId: 1, payloads: [{}] }],
    ["purge", {}],
  ])("refuses a wrong command: %s %j", (name, body) => {
    const { emulator } = setUp();

    expect(() => emulator.admin[name]?.(body)).toThrow();
  });

  it.each([{ requestsPerMinute: 0 }, { maxBodyBytes: 0 }, { maxTopics: 0 }, { clients: [] }])(
    "refuses the options %j",
    (options) => {
      expect(() => workatoEmulator(options)).toThrow(TypeError);
    },
  );
});
