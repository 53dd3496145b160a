import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../../src/core/errors.ts";
import { type WorkatoClient, workato } from "../../../src/providers/workato/index.ts";
import { scriptedClient, world } from "./support.ts";

/** Each call, and whether it changes what cannot be changed twice: then it is never sent twice. */
const calls: readonly (readonly [string, boolean, (client: WorkatoClient) => Promise<unknown>])[] =
  [
    ["messages.consume", false, (c) => c.messages.consume(1)],
    ["messages.publish", true, (c) => c.messages.publish(1, {})],
    ["topics.list", false, (c) => c.topics.list()],
    ["topics.get", false, (c) => c.topics.get(1)],
    ["topics.create", true, (c) => c.topics.create({ name: "a", schema: [] })],
    ["topics.update", false, (c) => c.topics.update(1, {})],
    ["topics.purge", true, (c) => c.topics.purge(1)],
    ["topics.delete", true, (c) => c.topics.delete(1)],
  ];

describe.each(calls)("%s", (operation, once, call) => {
  it.each([
    [206, {}],
    [299, { of: "tomorrow" }],
    [304, undefined],
    [418, { message: "I'm a teapot" }],
    [451, "text"],
    [599, null],
  ])(
    "answered %i is a typed error that names the call, and is sent once where it must",
    async (status, body) => {
      let count = 0;
      const fetch = async (): Promise<Response> => {
        count += 1;
        const text = body === undefined ? null : JSON.stringify(body);
        return new Response(text, { status, headers: { "content-type": "application/json" } });
      };
      const client = workato({ token: "a-secret", fetch, retry: { minDelayMs: 0, maxDelayMs: 0 } });

      const failure = await call(client).catch((error: unknown) => error);

      expect(isAckloopError(failure) && failure.operation).toBe(operation);
      expect(count).toBeLessThanOrEqual(once || status < 500 ? 1 : 3);
    },
  );
});

describe("a page of a feed", () => {
  const good = { message_id: "a", payload: { n: 1 }, time: "2026-01-01T00:00:00.000+00:00" };

  it.each([
    [null],
    [7],
    ["text"],
    [[]],
    [{}],
    [{ ...good, message_id: null }],
    [{ ...good, message_id: 7 }],
    [{ ...good, payload: null }],
    [{ ...good, payload: [1] }],
    [{ ...good, time: null }],
    [{ ...good, time: 1_672_531_200 }],
    [{ ...good, partition: "of tomorrow" }],
  ])("with the item %j between others loses neither it nor them", async (odd) => {
    const { emulator, topicId, feed, publish } = world();
    publish(1, 1);
    emulator.publishRaw(topicId, [odd]);
    publish(1, 2);

    const { deliveries } = await feed().pull();

    expect(deliveries.map(({ raw }) => raw)).toEqual([
      expect.objectContaining({ payload: { n: 1 } }),
      odd,
      expect.objectContaining({ payload: { n: 2 } }),
    ]);
  });

  it("of twice the documented size is given whole", async () => {
    const messages = Array.from({ length: 100 }, (_, n) => ({ ...good, message_id: `m-${n}` }));
    const { client } = scriptedClient([{ messages }]);

    expect(await client.messages.consume(1)).toHaveLength(100);
  });
});
