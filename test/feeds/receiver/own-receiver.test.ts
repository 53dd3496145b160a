import { createHmac } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import * as z from "zod/mini";
import { AckloopError } from "../../../src/core/errors.ts";
import { type ReceiverOptions, receiver } from "../../../src/feeds/index.ts";
import { webhook } from "../../../src/index.ts";
import { consume } from "../../../src/loop/consume.ts";
import { oddValues } from "../../http/odd-values.ts";
import { deliveryOf, hookUrl, post, secret } from "./support.ts";

const key = Buffer.from("0123456789abcdef0123456789abcdef");
const signature = { secrets: [key.toString("base64")] };

/** A request that is signed over its bytes. */
function signed(body: string, id = "msg_1", prefix = "webhook-"): Request {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return post(body, "https://example.com/hook", {
    headers: {
      [`${prefix}id`]: id,
      [`${prefix}timestamp`]: timestamp,
      [`${prefix}signature`]: `v1,${mac}`,
      "x-kind": "invoice.paid",
    },
  });
}

const toEvent: ReceiverOptions["toEvent"] = (body) => body as never;
const billing = (make: ReceiverOptions["toEvent"] = toEvent) =>
  receiver({ provider: "acme", name: "billing", signature, toEvent: make });

describe("the event of a signed request", () => {
  it("is what toEvent makes of its body and headers, with the signed id", async () => {
    const made = billing((body, headers) => ({
      type: headers.get("x-kind") ?? "",
      time: "2026-11-01T12:00:00+02:00",
      subject: "inv_7",
      data: body,
    }));
    const body = '{"total":12345678901234567890}';

    const delivery = deliveryOf(await made.receive(signed(body)));

    expect(delivery).toStrictEqual({
      receipt: "answer",
      raw: body,
      event: {
        specversion: "1.0",
        id: "msg_1",
        source: "/acme/billing",
        type: "invoice.paid",
        time: "2026-11-01T10:00:00.000Z",
        subject: "inv_7",
        data: { total: "12345678901234567890" },
      },
    });
  });

  it("has the id of its own that toEvent gives", async () => {
    const body = '{"id":"evt_9","type":"t","data":1}';

    expect(deliveryOf(await billing().receive(signed(body))).event.id).toBe("evt_9");
  });

  it("is made of the text where the body is no JSON", async () => {
    const made = billing((body) => ({ type: "form", data: body }));

    expect(deliveryOf(await made.receive(signed("a=1&b=2"))).event.data).toBe("a=1&b=2");
  });

  it("keeps a time in UTC as it came, with all its digits", async () => {
    const made = billing(() => ({ type: "t", time: "2026-11-01T12:00:00.123456+00:00", data: 1 }));

    const { event } = deliveryOf(await made.receive(signed("{}")));
    expect(event.time).toBe("2026-11-01T12:00:00.123456Z");
  });

  it("can be read anew, whatever a handler did to it", async () => {
    const delivery = deliveryOf(await billing().receive(signed('{"type":"t","data":{"a":1}}')));

    const again = delivery.again?.();

    expect(again).toEqual(delivery);
    expect(again?.event?.data).not.toBe(delivery.event.data);
    expect(again?.again?.()).toEqual(delivery);
  });

  it("has the same shape by the headers of Svix", async () => {
    const { provider, toEvent: make } = { provider: "acme", toEvent };
    const svix = receiver({
      provider,
      toEvent: make,
      signature: { ...signature, headerPrefix: "svix-" },
    });
    const body = '{"type":"t","data":1}';

    expect(deliveryOf(await svix.receive(signed(body, "msg_2", "svix-"))).event.id).toBe("msg_2");
    expect((await svix.receive(signed(body))).kind).toBe("answered");
  });
});

describe("a request that no signature vouches for", () => {
  const plain = receiver({ provider: "acme", secret, toEvent });

  it("has an id made of its content, which suppresses nothing", async () => {
    const delivery = deliveryOf(await plain.receive(post('{"type":"t","data":1}', hookUrl)));

    expect(delivery.event.id).toMatch(/^sha256-[0-9a-f]{64}$/);
    expect(delivery.idDerived).toBe(true);
  });

  it("has the id that toEvent gives", async () => {
    const body = '{"id":"evt_9","type":"t","data":1}';

    const delivery = deliveryOf(await plain.receive(post(body, hookUrl)));

    expect([delivery.event.id, delivery.idDerived]).toStrictEqual(["evt_9", undefined]);
  });
});

describe("what toEvent makes that is no event", () => {
  it.each<[string, unknown]>([
    ["gave no event with a `type`", null],
    ["gave no event with a `type`", [1]],
    ["gave no event with a `type`", "t"],
    ["gave no event with a `type`", { data: 1 }],
    ["gave no event with a `type`", { type: "", data: 1 }],
    ["gave no event with a `type`", { type: 7, data: 1 }],
    ["gave no `data`", { type: "t" }],
    ["gave an `id`", { type: "t", data: 1, id: "" }],
    ["gave an `id`", { type: "t", data: 1, id: 7 }],
    [
      "threw: TypeError",
      {
        get type() {
          throw new TypeError("mark");
        },
      },
    ],
  ])("is an unreadable delivery: %s", async (words, made) => {
    const received = await billing(() => made as never).receive(signed('{"pin":1234}'));

    const [delivery] = received.kind === "deliveries" ? received.deliveries : [];
    expect(delivery).toMatchObject({ raw: '{"pin":1234}', unreadable: { code: "schema" } });
    expect(String(delivery?.unreadable)).toContain(words);
    expect(String(delivery?.unreadable)).not.toMatch(/1234|mark/);
    expect(delivery?.again?.()).toEqual(delivery);
  });

  it.each(oddValues)("is unreadable where it throws or rejects with %s", async (_name, make) => {
    const throwing = () => {
      throw make();
    };
    for (const toOdd of [throwing, (async () => throwing()) as never]) {
      const received = await billing(toOdd).receive(signed("{}"));

      expect(received).toMatchObject({ deliveries: [{ unreadable: { code: "schema" } }] });
    }
  });

  it("is told by the error that toEvent throws", async () => {
    const error = new AckloopError("schema", "no total", { path: "data.total" });
    const received = await billing(() => {
      throw error;
    }).receive(signed("{}"));

    expect(received).toMatchObject({ deliveries: [{ unreadable: error }] });
  });

  it.each([
    ["null", null, null],
    ["none", 7, 1_700_000_000],
    ["empty", "", ""],
    ["odd", {}, "yesterday"],
    ["impossible", [], "2026-13-01T12:00:00Z"],
  ])("is left out where it may be, as a subject or time that is %s", async (_, subject, time) => {
    const body = JSON.stringify({ type: "t", data: null, id: null, subject, time });

    const { event } = deliveryOf(await billing().receive(signed(body)));

    expect(event).toStrictEqual({
      specversion: "1.0",
      id: "msg_1",
      source: "/acme/billing",
      type: "t",
      data: null,
    });
  });
});

describe("the verbs", () => {
  it("give a handler of requests, which runs the catalogue's handlers", async () => {
    const typed = receiver({
      provider: "acme",
      signature,
      events: { "invoice.paid": z.object({ total: z.number() }) },
      toEvent: (body, headers) => ({ type: headers.get("x-kind") ?? "", data: body }),
    });
    const totals: number[] = [];
    const handle = webhook(typed, { "invoice.paid": ({ data }) => void totals.push(data.total) });

    expect((await handle(signed('{"total":7}'))).status).toBe(200);

    expect(totals).toEqual([7]);
  });

  it("join two requests of one id: it is handled once, and both are answered", async () => {
    const handler = vi.fn(() => new Promise<void>((resolve) => setTimeout(resolve, 20)));
    const handle = webhook(billing(), handler);
    const both = [1, 2].map(() => handle(signed('{"type":"t","data":1}')));

    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await handle(signed('{"type":"t","data":1}'))).status).toBe(200);

    expect(handler).toHaveBeenCalledTimes(1);
  });

  it("consume the feed of the requests", async () => {
    const feed = billing().feed();
    const ids: string[] = [];
    const run = consume(feed, ({ id }) => void ids.push(id));

    const answer = await feed.fetch(signed('{"type":"t","data":1}'));
    await run.stop();

    expect([answer.status, ids]).toEqual([200, ["msg_1"]]);
  });
});

describe("the options", () => {
  const given = { provider: "acme", signature, toEvent };
  it.each<[unknown, string]>([
    [undefined, "receiver: option `provider` is required: who sends"],
    [{ ...given, provider: ".." }, "`provider` must be a text"],
    [{ ...given, provider: "" }, "`provider` must be a text"],
    [{ ...given, name: "\ud800" }, "`name` must be a text"],
    [{ ...given, toEvent: undefined }, "`toEvent` is required: a function that makes the event"],
    [{ ...given, toEvent: "x" }, "`toEvent` must be a function"],
    [{ ...given, schema: {} }, "option `schema` is unknown"],
    [{ ...given, events: { t: {} } }, "`events` must be an object of Standard Schemas"],
    [{ ...given, toEvents: 1 }, "did you mean `toEvent`?"],
    [
      { provider: "acme", toEvent },
      "option `signature` is needed to know who calls, or a `secret`",
    ],
    [{ ...given, signature: {} }, "`signature` must be an object with `secrets`"],
    [{ ...given, signature: { ...signature, headerPrefix: "a b" } }, "the name of a header"],
    [{ ...given, signature: { ...signature, headerPrefix: "" } }, "the name of a header"],
  ])("are refused at creation: %j", (options, words) => {
    expect(() => receiver(options as ReceiverOptions)).toThrowError(words);
  });

  it("name the receiver, and tell whether it asks who calls", () => {
    const odd = receiver({ provider: "acme", name: "a/b", open: true, toEvent });

    expect([odd.name, odd.authenticates]).toStrictEqual(["acme/a%2Fb", false]);
    expect([billing().name, billing().authenticates]).toStrictEqual(["acme/billing", true]);
  });
});
