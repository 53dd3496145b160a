import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
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

/** What the specification's libraries are tested with: one message, signed in both ways. */
const published = {
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  atMs: 1_614_265_330_000,
  body: '{"test": 2432232314}',
  secret: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  v1: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  publicKey: "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
  v1a: "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
} as const;

describe("the published message", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: published.atMs });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const receive = async (
    secrets: readonly string[],
    header: string,
    { prefix = "webhook-", body = published.body as string } = {},
  ) => {
    const headerPrefix = prefix === "webhook-" ? undefined : prefix;
    const request = post(body, url, {
      headers: {
        [`${prefix}id`]: published.id,
        [`${prefix}timestamp`]: String(published.atMs / 1_000),
        [`${prefix}signature`]: header,
      },
    });
    const received = await receiver({ signature: { secrets, headerPrefix } }).receive(request);
    return received.kind === "deliveries" ? deliveryOf(received).event.id : statusOf(received);
  };
  const { secret, publicKey, v1, v1a } = published;

  it.each<[string, readonly string[], string]>([
    ["a secret without whsec_", [secret], v1],
    ["a secret with whsec_", [`whsec_${secret}`], v1],
    ["a public key", [publicKey], v1a],
    ["a public key, where both ways are sent", [publicKey], `${v1} ${v1a}`],
    ["a secret, where both ways are sent", [secret], `${v1a} ${v1}`],
    ["either of both", [secret, publicKey], v1a],
    ["one of several public keys", [`whpk_${btoa("x".repeat(32))}`, publicKey], v1a],
    ["one of two headers, which are joined", [secret], `v1,${btoa("x".repeat(32))}, ${v1}`],
  ])("is let in by %s", async (_, secrets, header) => {
    expect(await receive(secrets, header)).toBe(published.id);
    expect(await receive(secrets, header, { prefix: "svix-" })).toBe(published.id);
  });

  it.each<[string, readonly string[], string]>([
    ["a secret's signature, said to be a public key's", [publicKey], v1.replace("v1,", "v1a,")],
    ["a public key's signature, said to be a secret's", [secret], v1a.replace("v1a,", "v1,")],
    ["a public key's, where only a secret is known", [secret], v1a],
    ["a secret's, where only a public key is known", [publicKey], v1],
    ["another public key", [`whpk_${btoa("x".repeat(32))}`], v1a],
    ["a public key's that was cut", [publicKey], v1a.slice(0, -4)],
    ["a public key's with one bit changed", [publicKey], v1a.replace("hnO3", "hnO2")],
    ["17 of one version", [secret], `${`v1,${btoa("x".repeat(32))} `.repeat(16)}${v1}`],
  ])("is refused: %s", async (_, secrets, header) => {
    expect(await receive(secrets, header)).toBe(401);
  });

  it("is refused with another body, in both ways", async () => {
    expect(await receive([secret], v1, { body: '{"test":2432232314}' })).toBe(401);
    expect(await receive([publicKey], v1a, { body: '{"test":2432232314}' })).toBe(401);
  });

  it("rejects as config where the runtime has no ed25519, and says so", async () => {
    const importKey = crypto.subtle.importKey.bind(crypto.subtle) as (...args: unknown[]) => never;
    vi.spyOn(crypto.subtle, "importKey").mockImplementation((...args: unknown[]) =>
      args[2] === "Ed25519"
        ? Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"))
        : importKey(...args),
    );

    await expect(receive([publicKey], v1a)).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("takes no ed25519 key"),
    });
  });

  it("rejects as config where the runtime has no WebCrypto, and says so", async () => {
    vi.spyOn(crypto, "subtle", "get").mockReturnValue(undefined as never);

    await expect(receive([secret], v1)).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("has no WebCrypto"),
    });
  });
});

describe("the secrets of signatures", () => {
  it.each([
    [["plain"], "whsec_ and base64"],
    [["whsec_!!"], "whsec_ and base64"],
    [[`whsec_${btoa("short")}`], "16 bytes or more"],
    [[btoa("short")], "16 bytes or more"],
    [["whsec_"], "16 bytes or more"],
    [["whpk_"], "of 32 bytes"],
    [[`whpk_${btoa("x".repeat(31))}`], "of 32 bytes"],
    [[`whpk_${btoa("x".repeat(33))}`], "of 32 bytes"],
    [[`whsk_${btoa("x".repeat(64))}`], "whsk_ is the sender's own key: give its whpk_"],
    [[""], "16 bytes or more"],
    [[7 as never], "16 bytes or more"],
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
