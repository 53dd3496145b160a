import { Webhook } from "standardwebhooks";
import { describe, expect, it, vi } from "vitest";
import { deliveryOf, post, receiver, statusOf } from "./support.ts";

const key = `whsec_${btoa("a key of thirty-two bytes, enough")}`;
const otherKey = `whsec_${btoa("another key of thirty-two bytes.")}`;
const url = "https://example.com/acme";

interface Sending {
  readonly body?: string;
  readonly key?: string;
  readonly at?: Date;
  readonly headers?: Readonly<Record<string, string>>;
  readonly sent?: string;
}

/** A request as a relay sends it, signed by the reference library. */
function signed({ body = "hello", key: used = key, at = new Date(), headers, sent }: Sending = {}) {
  return post(sent ?? body, url, {
    headers: {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
      "webhook-signature": new Webhook(used).sign("msg_1", at, body),
      ...headers,
    },
  });
}

const relay = receiver({ signature: { secrets: [key] } });

describe("a Standard Webhooks signature", () => {
  it.each(["hello", "", ' { "b" : 1,\n"a":2 }\r\n', '{"name":"\u00e9\u{1f600}\u4e2d"}'])(
    "made by the reference library is accepted: %j",
    async (body) => {
      const delivery = deliveryOf(await relay.receive(signed({ body })));

      expect(delivery.event.id).toBe("msg_1");
      expect(delivery.idDerived).toBeUndefined();
    },
  );

  it("covers the message's own id, which is then the event's", async () => {
    const body = JSON.stringify({ id: "m-1", data: "x" });

    expect(deliveryOf(await relay.receive(signed({ body }))).event.id).toBe("m-1");
  });

  it.each<[string, Sending]>([
    ["a body with one more blank", { body: '{"a":1}', sent: '{"a": 1}' }],
    ["another key", { key: otherKey }],
    ["another id", { headers: { "webhook-id": "msg_2" } }],
    [
      "another time",
      { headers: { "webhook-timestamp": String(Math.floor(Date.now() / 1_000) - 9) } },
    ],
    ["no id", { headers: { "webhook-id": "" } }],
    ["no time", { headers: { "webhook-timestamp": "" } }],
    ["no signature", { headers: { "webhook-signature": "" } }],
    ["a time that is no number", { headers: { "webhook-timestamp": "now" } }],
    ["a version that is not known", { headers: { "webhook-signature": "v2,aGVsbG8=" } }],
    ["a signature that is not base64", { headers: { "webhook-signature": "v1,!!!" } }],
    ["a signature that is empty", { headers: { "webhook-signature": "v1," } }],
  ])("is refused with 401: %s", async (_, sending) => {
    expect(statusOf(await relay.receive(signed(sending)))).toBe(401);
  });

  it("is good for five minutes both ways, and not a second longer", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
    const at = (offsetMs: number) => signed({ at: new Date(Date.now() + offsetMs) });

    const kinds = [];
    for (const offsetMs of [-300_000, 300_000, -301_000, 301_000]) {
      kinds.push((await relay.receive(at(offsetMs))).kind);
    }

    vi.useRealTimers();
    expect(kinds).toStrictEqual(["deliveries", "deliveries", "answered", "answered"]);
  });

  it("has the tolerance that was asked for", async () => {
    const strict = receiver({ signature: { secrets: [key], toleranceMs: 1_000 } });

    const old = await strict.receive(signed({ at: new Date(Date.now() - 10_000) }));

    expect(statusOf(old)).toBe(401);
  });

  it("is enough as one of several, so that the sender can change its key", async () => {
    const at = new Date();
    const both = [otherKey, key].map((each) => new Webhook(each).sign("msg_1", at, "hello"));
    const headers = { "webhook-signature": `v1a,xyz ${both.join(" ")}` };

    expect((await relay.receive(signed({ at, headers }))).kind).toBe("deliveries");
  });

  it("is enough by one of several secrets, so that the receiver can change its key", async () => {
    const changing = receiver({ signature: { secrets: [key, otherKey] } });

    expect((await changing.receive(signed())).kind).toBe("deliveries");
    expect((await changing.receive(signed({ key: otherKey }))).kind).toBe("deliveries");
  });

  it("is wanted beside the secret of the address, not in its place", async () => {
    const both = receiver({
      secret: "s3cret-of-the-listener",
      signature: { secrets: [key] },
    });

    expect(statusOf(await both.receive(signed()))).toBe(401);
  });

  it("is not wanted of a liveness check", async () => {
    expect(statusOf(await relay.receive(new Request(url)))).toBe(200);
  });

  it("imports each key once", async () => {
    const importKey = vi.spyOn(crypto.subtle, "importKey");
    const fresh = receiver({ signature: { secrets: [key] } });

    await fresh.receive(signed());
    await fresh.receive(signed());

    expect(importKey).toHaveBeenCalledTimes(1);
  });
});

describe("the secrets of signatures", () => {
  it.each([
    [["plain"], "whsec_ and base64"],
    [["whsec_!!"], "whsec_ and base64"],
    [[`whsec_${btoa("short")}`], "16 bytes or more"],
    [[], "must be a list that holds a secret"],
  ])("are refused at creation: %j", (secrets, words) => {
    expect(() => receiver({ signature: { secrets } })).toThrowError(words);
  });

  it("are not in the error", () => {
    const create = () => receiver({ signature: { secrets: ["whsec_!mark!"] } });

    expect(create).not.toThrowError(/mark/);
  });

  it("need a tolerance above 0", () => {
    const create = () => receiver({ signature: { secrets: [key], toleranceMs: 0 } });

    expect(create).toThrowError("`signature.toleranceMs` must be a number of milliseconds from 1");
  });
});
