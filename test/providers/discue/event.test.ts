import { CloudEvent } from "cloudevents";
import { describe, expect, it } from "vitest";
import { drain } from "../../../src/index.ts";
import { consume } from "../../../src/loop/consume.ts";
import { webhook } from "../../../src/loop/webhook.ts";
import { inbox, memoryStores } from "../../../src/stores/index.ts";
import { call, deliveryOf, post, receiver } from "./support.ts";

describe("an event of discue", () => {
  it.each([
    ["with an id", () => call("m-1", { order: 7 })],
    ["with an id in need of escaping", () => call("a/b ?\u{1f600}", null)],
    ["with a derived id", () => post("not JSON")],
    ["of an empty body", () => post(null)],
  ])("is a valid CloudEvent: %s", async (_, request) => {
    const { event } = deliveryOf(await receiver().receive(request()));

    expect(new CloudEvent({ ...event }, true).validate()).toBe(true);
    expect(JSON.parse(JSON.stringify(event))).toStrictEqual(event);
  });

  it("keeps a property called __proto__ as data, and changes no prototype", async () => {
    const body = '{"message":{"id":"m-1","data":"{\\"__proto__\\":{\\"polluted\\":1}}"}}';

    const { event } = deliveryOf(await receiver().receive(post(body)));

    expect(Object.keys(event.data as object)).toStrictEqual(["__proto__"]);
    expect("polluted" in {}).toBe(false);
  });

  it("keeps JSON that nests too deeply to be written again as its text", async () => {
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

    const usual = deliveryOf(await receiver().receive(post(nested(500))));
    const deep = deliveryOf(await receiver().receive(post(nested(100_000))));

    expect(JSON.stringify(usual.event.data)).toBe(nested(500));
    expect(deep.event.data).toBe(nested(100_000));
  });
});

/** Two bodies that a user may have published, with one id and different contents. */
const pairs = [
  ["data", { id: "order-7", data: "created" }, { id: "order-7", data: "paid" }],
  [
    "message",
    { message: { id: "order-7", data: "created" } },
    { message: { id: "order-7", data: "paid" } },
  ],
] as const;

/** What came through to a handler, by each way there is from a request to one. */
const ways: Readonly<
  Record<string, (requests: readonly Request[]) => Promise<readonly unknown[]>>
> = {
  webhook: async (requests) => {
    const handled: unknown[] = [];
    const handle = webhook(receiver(), ({ data }) => void handled.push(data));
    for (const request of requests) expect((await handle(request)).status).toBe(200);
    return handled;
  },
  "a webhook with dedupe": async (requests) => {
    const handled: unknown[] = [];
    const store = memoryStores().dedupe;
    const options = { dedupe: { store }, consumer: "billing", rememberMs: 0 };
    const handle = webhook(receiver(), ({ data }) => void handled.push(data), options);
    for (const request of requests) expect((await handle(request)).status).toBe(200);
    return handled;
  },
  inbox: async (requests) => {
    const { fetch, feed } = inbox(memoryStores().inbox, receiver());
    const handled: unknown[] = [];
    for (const request of requests) expect((await fetch(request)).status).toBe(200);
    await drain(feed, ({ data }) => void handled.push(data));
    return handled;
  },
  feed: async (requests) => {
    const orders = receiver().feed();
    const handled: unknown[] = [];
    const store = memoryStores().dedupe;
    const run = consume(orders, ({ data }) => void handled.push(data), {
      dedupe: { store },
      consumer: "billing",
    });
    const answers = await Promise.all(requests.map((request) => orders.fetch(request)));
    await run.stop();
    expect(answers.map(({ status }) => status)).toEqual(requests.map(() => 200));
    return handled;
  },
};

describe("an id in a body that may be a user's own", () => {
  for (const [form, first, second] of pairs) {
    it.each(Object.entries(ways))(
      `suppresses no other body of the form ${form}: %s`,
      async (_, run) => {
        const requests = [first, second].map((body) => post(JSON.stringify(body)));

        expect([...(await run(requests))].toSorted()).toEqual(["created", "paid"]);
      },
    );
  }

  it("suppresses nothing beside `data`, where not even an equal body is the same for sure", async () => {
    const on = () => post('{"id":"sensor-7","data":"on"}');
    const handled = await ways["webhook"]?.([on(), on()]);

    expect(handled).toEqual(["on", "on"]);
  });

  it("knows a resend of a message, whose body is the same but for blanks", async () => {
    const again = (indent: number) => post(JSON.stringify(pairs[1][1], undefined, indent));

    expect(await ways["webhook"]?.([again(0), again(2)])).toEqual(["created"]);
  });

  it("counts once the form is named", async () => {
    const named = receiver({ bodyForms: ["message", "data"] });
    const read = async (body: object) =>
      deliveryOf(await named.receive(post(JSON.stringify(body))));

    const both = [await read(pairs[0][1]), await read(pairs[1][1])];

    expect(both.map(({ event }) => event.id)).toEqual(["order-7", "order-7"]);
    expect(both.map(({ idDerived, identity }) => [idDerived, identity])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it("is told apart by what the sender says outside of the body, where it says something", async () => {
    const headed = receiver({ messageIdHeader: "x-id" });
    const read = async (id: string, body: object) =>
      deliveryOf(
        await headed.receive(post(JSON.stringify(body), undefined, { headers: { "x-id": id } })),
      ).identity;

    expect(await read("1", pairs[0][1])).toBe(await read("1", pairs[0][2]));
    expect(await read("1", pairs[1][1])).not.toBe(await read("2", pairs[1][1]));
  });
});
