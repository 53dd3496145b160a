import { describe, expect, it, vi } from "vitest";
import { discue } from "../../src/providers/discue/index.ts";
import { kekker } from "../../src/providers/kekker/index.ts";
import { tiki } from "../../src/providers/tiki/index.ts";
import { workato } from "../../src/providers/workato/index.ts";

/** Callers without types give anything. */
type Call = (...given: unknown[]) => unknown;

const fetch = vi.fn(async () => new Response("{}"));
const retry = { attempts: 1 };
const clients: Readonly<Record<string, object>> = {
  discue: discue({ apiKey: "key-of-a-test", fetch, retry }),
  kekker: kekker({ baseUrl: "https://node.test", channel: "c", login: "l", password: "p", fetch }),
  tiki: tiki({ token: "token-of-a-test", fetch, retry }),
  workato: workato({ token: "token-of-a-test", fetch, retry, requestsPerMinute: Infinity }),
};

/** Arguments of each call that are right, but for what is under test. */
const rightArguments: Readonly<Record<string, readonly unknown[]>> = {
  "tiki subscriptions.create": ["q", { eventType: "T" }],
  "kekker events.reset": [0],
  "tiki subscriptions.setActive": ["q", "s", true],
  "workato messages.publish": [1, {}],
  "workato messages.publishBatch": [1, [{}]],
  "workato topics.create": [{ name: "n", schema: [] }],
  "workato topics.update": [1, { name: "n" }],
};
const counted: readonly (readonly [call: RegExp, ids: number, inputs: number])[] = [
  [/^discue (queues|apiKeys|apiClients|domains)\.create$/, 0, 1],
  [/^discue (queues|apiKeys|apiClients|domains)\.update$/, 1, 1],
  [/^discue (listeners|messages)\.create$/, 1, 1],
  [/^discue (listeners|messages)\.update$/, 2, 1],
  [/^discue ((listeners|messages|schemas)\.(get|delete))$/, 2, 0],
  [/^discue (\w+\.(get|delete)|(listeners|messages)\.list)$/, 1, 0],
  [/^tiki queues\.create$/, 0, 1],
  [/^tiki (subscriptions\.list|events\.pull)$/, 1, 0],
  [/^tiki events\.ack$/, 2, 0],
  [/^kekker (events\.ack|queue\.\w+)$/, 1, 0],
  [/^workato topics\.(get|purge|delete)$|^workato messages\.consume$/, 1, 0],
];

const calls = Object.entries(clients).flatMap(([provider, client]) =>
  Object.entries(client).flatMap(([group, members]: [string, unknown]) =>
    Object.entries(typeof members === "object" ? Object(members) : {}).map(
      ([name, call]) => [`${provider} ${group}.${name}`, call as Call] as const,
    ),
  ),
);

function argumentsOf(call: string): readonly unknown[] {
  const [, ids = 0, inputs = 0] = counted.find(([pattern]) => pattern.test(call)) ?? [];
  const counting = [...Array(ids).fill("7"), ...Array(inputs).fill({ name: "n" })];
  return rightArguments[call] ?? counting;
}

/** Runs a call to its end, also one that gives an iterable. */
async function run(call: Call, given: readonly unknown[]): Promise<unknown> {
  fetch.mockClear();
  const answer = call(...given);
  const isIterable = Object(answer)[Symbol.asyncIterator] !== undefined;
  return await (isIterable ? Object(answer)[Symbol.asyncIterator]().next() : answer);
}

describe("a call without types", () => {
  it("is met in each provider", () => {
    expect(calls.length).toBeGreaterThan(50);
  });

  it.each(calls)("of %s is refused with an option of an unknown name", async (name, call) => {
    const failure = run(call, [...argumentsOf(name), { singal: 1 }]);
    await expect(failure).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("did you mean `signal`"),
    });
    expect(fetch).not.toHaveBeenCalled();
  });

  it.each(calls)("of %s is refused with options that are none", async (name, call) => {
    for (const none of [null, "text", []]) {
      const failure = run(call, [...argumentsOf(name), none]);
      await expect(failure).rejects.toMatchObject({ code: "config" });
    }
    expect(fetch).not.toHaveBeenCalled();
  });

  const withInput = calls.filter(([name]) => /\.(create|update)$/.test(name));

  it.each(withInput)(
    "of %s is refused with an input that is none, or misspelt",
    async (name, call) => {
      const ids = argumentsOf(name).slice(0, -1);
      for (const none of [undefined, null, "text", []]) {
        await expect(run(call, [...ids, none])).rejects.toMatchObject({
          code: "config",
          message: expect.stringMatching(/give an object with (name|eventType)/),
        });
      }
      const misspelt = run(call, [...ids, { retension: 86_400 }]);
      await expect(misspelt).rejects.toMatchObject({
        code: "config",
        message: expect.stringMatching(/`retension` is unknown; known are (name|eventType)/),
      });
      expect(fetch).not.toHaveBeenCalled();
    },
  );

  it("may give back what was read", async () => {
    const { topics } = clients["workato"] as ReturnType<typeof workato>;
    const read = { id: 1, name: "n", schema: undefined, createdAt: "", updatedAt: "" };
    fetch.mockResolvedValueOnce(Response.json({ data: read }));
    await expect(topics.update(1, { ...read, retentionSeconds: 60 })).resolves.toMatchObject({
      id: 1,
    });
  });
});
