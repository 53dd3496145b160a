import { describe, expect, it } from "vitest";
import { fixture, scriptedClient, world } from "./support.ts";

const topic = fixture("assumed-topic") as { data: Record<string, unknown> };
const field = {
  control_type: "text",
  label: "Order",
  name: "order",
  optional: false,
  type: "string",
} as const;

describe("the calls about topics", () => {
  it("may be given back what was read", async () => {
    const { client } = scriptedClient([topic]);
    const read = { id: 1, name: "n", schema: undefined, createdAt: "", updatedAt: "" };

    const updated = client.topics.update(1, { ...read, retentionSeconds: 60 });

    await expect(updated).resolves.toMatchObject({ name: topic.data["name"] });
  });

  it("go to the Developer API of the region, with the token", async () => {
    const { client, seen } = scriptedClient(
      [{ count: 1, data: [topic.data] }, topic, topic, topic, fixture("done"), fixture("done")],
      { region: "jp" },
    );

    await client.topics.list({ name: "or d", sort: "name", includeSchema: true });
    await client.topics.create({ name: "orders", schema: [field], retentionSeconds: 3600 });
    await client.topics.get(334525);
    await client.topics.update("334525", { description: "new" });
    await client.topics.purge(334525);
    await client.topics.delete(334525);

    const root = "https://app.jp.workato.com/api/event_streams/topics";
    expect(seen.map(({ method, url, body }) => ({ method, url, body }))).toEqual([
      { method: "GET", url: `${root}?name=or%20d&sort=name&include_schema=true`, body: undefined },
      { method: "POST", url: root, body: { name: "orders", schema: [field], retention: 3600 } },
      { method: "GET", url: `${root}/334525`, body: undefined },
      { method: "PUT", url: `${root}/334525`, body: { description: "new" } },
      { method: "PUT", url: `${root}/334525/purge`, body: undefined },
      { method: "DELETE", url: `${root}/334525`, body: undefined },
    ]);
    expect(new Set(seen.map(({ authorization }) => authorization))).toEqual(
      new Set(["Bearer a-secret-token"]),
    );
  });

  it("give a topic with its schema and its times as Workato sends them", async () => {
    const { client } = scriptedClient([topic]);

    expect(await client.topics.get(334525)).toEqual({
      id: 334525,
      name: "orders",
      description: "Orders of the shop",
      retentionSeconds: 604_800,
      schema: topic.data["schema"],
      createdAt: "2024-09-25T09:47:54.089-07:00",
      updatedAt: "2024-09-25T09:47:54.089-07:00",
    });
  });

  it("give a topic without the fields that are absent or null", async () => {
    const { client } = scriptedClient([{ data: [{ id: 1, name: "a", description: null }] }]);

    expect(await client.topics.list()).toEqual([{ id: 1, name: "a" }]);
  });

  it("take both bodies that the pages show for done, and nothing else", async () => {
    const { client } = scriptedClient([{ Success: true }, fixture("done")]);
    await client.topics.purge(1);
    await client.topics.delete(1);

    for (const body of [{ data: { status: "error" } }, { Success: false }, new Response("")]) {
      for (const operation of ["purge", "delete"] as const) {
        const reply = body instanceof Response ? new Response("") : body;
        await expect(scriptedClient([reply]).client.topics[operation](1)).rejects.toMatchObject({
          code: "schema",
          operation: `topics.${operation}`,
          outcomeUnknown: true,
        });
      }
    }
  });

  it("list all that the answer counts, page by page, or say that they cannot", async () => {
    const { client, emulator } = world({ assumptions: { topicsPerPage: 2 }, maxTopics: 9 });
    for (const name of ["a", "b", "c", "d"]) emulator.createTopic(name);

    const names = (await client.topics.list()).map(({ name }) => name);
    expect(names).toEqual(["orders", "a", "b", "c", "d"]);
    expect(emulator.journal.calls("listTopics")).toBe(3);

    const cut = { count: 3, data: [topic.data] };
    const other = scriptedClient([cut, cut]);
    await expect(other.client.topics.list()).rejects.toMatchObject({ code: "schema" });
    expect(other.seen.map(({ url }) => url.split("?")[1])).toEqual([
      undefined,
      "page=2&per_page=1",
    ]);
  });

  it("keep a topic's retention where an update says so; left out, Workato sets its own", async () => {
    const { client } = world();
    const made = await client.topics.create({ name: "a", schema: [field], retentionSeconds: 60 });

    const kept = await client.topics.update(made.id, { name: "b", retentionSeconds: "keep" });
    const reset = await client.topics.update(made.id, { name: "c" });

    expect([kept.retentionSeconds, reset.retentionSeconds]).toEqual([60, 604_800]);
  });

  it("refuse what Workato would not take for its size before any request", async () => {
    const { client, seen } = scriptedClient([]);
    const description = "x".repeat(1_000_000);

    const calls = [
      client.topics.create({ name: "a", schema: [], description }),
      client.topics.update(1, { description }),
      client.messages.publish(1, { description }),
      client.messages.publishBatch(1, [{}, { description }]),
    ];

    for (const call of calls) await expect(call).rejects.toThrow(/has \d+ bytes as JSON/);
    await expect(client.messages.publish(1, { big: 1n })).rejects.toMatchObject({ code: "config" });
    expect(seen).toEqual([]);
  });

  it.each(["purge", "delete"] as const)(
    "do not repeat a %s whose outcome is open",
    async (operation) => {
      const { client, seen } = scriptedClient([new Response("", { status: 500 })]);

      await expect(client.topics[operation](1)).rejects.toMatchObject({
        code: "transport",
        outcomeUnknown: true,
      });
      expect(seen).toHaveLength(1);
    },
  );

  it("refuse a topic without a name, a schema or an id before any request", async () => {
    const { client, seen } = scriptedClient([]);

    const calls = [
      client.topics.create({ name: "", schema: [] }),
      client.topics.create({ name: "a", schema: undefined as unknown as [] }),
      client.topics.get(undefined as unknown as number),
      client.topics.delete(".."),
    ];

    for (const call of calls) await expect(call).rejects.toMatchObject({ code: "config" });
    expect(seen).toEqual([]);
  });

  it("tell the documented errors by their codes, without the token", async () => {
    for (const [status, code] of [
      [400, "request"],
      [401, "auth"],
      [404, "notFound"],
    ] as const) {
      const reply = Response.json(fixture(`error-${status}`), { status });
      const { client } = scriptedClient([reply]);

      const error = await client.topics.get(1).catch((thrown: unknown) => thrown);

      expect(error).toMatchObject({ code, status, retryable: false, operation: "topics.get" });
      expect(String(error)).not.toContain("secret");
    }
  });

  it("give the request's id of a server error", async () => {
    const reply = () => Response.json(fixture("error-500"), { status: 500 });
    const { client } = scriptedClient([reply()], { retry: { attempts: 1 } });

    await expect(client.topics.list()).rejects.toMatchObject({
      code: "transport",
      requestId: "00000000-0000-4000-8000-000000000001",
    });
  });

  it.each([0, -1, 1.5, Number.NaN, "604800", null])("send no retention of %j", async (seconds) => {
    const { client, emulator } = world();
    const retentionSeconds = seconds as number;
    const refused = { code: "config", message: expect.stringContaining("retentionSeconds") };
    const create = client.topics.create({ name: "deals", schema: [field], retentionSeconds });

    await expect(create).rejects.toMatchObject(refused);
    await expect(client.topics.update(1, { retentionSeconds })).rejects.toMatchObject(refused);
    expect(emulator.journal.calls()).toBe(0);
  });

  it("live through a topic's whole life on the emulator", async () => {
    const { client, emulator } = world();

    const made = await client.topics.create({ name: "deals", schema: [field] });
    await client.messages.publish(made.id, { order: "1" });
    await client.topics.purge(made.id);
    const changed = await client.topics.update(made.id, { retentionSeconds: 86_400 });
    const listed = await client.topics.list({ name: "deal" });
    await client.topics.delete(made.id);

    expect(made.retentionSeconds).toBe(604_800);
    expect(changed).toMatchObject({ name: "deals", retentionSeconds: 86_400 });
    expect(listed.map(({ id, schema }) => ({ id, schema }))).toEqual([{ id: made.id }]);
    await expect(client.topics.get(made.id)).rejects.toMatchObject({ code: "notFound" });
    expect(emulator.journal.calls("deleteTopic")).toBe(1);
  });
});
