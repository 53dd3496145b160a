import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Receiver } from "../../src/core/receiver.ts";
import { receiver } from "../../src/feeds/index.ts";
import { webhook } from "../../src/loop/webhook.ts";
import { discue } from "../../src/providers/discue/index.ts";
import { inbox, memoryStores } from "../../src/stores/index.ts";
import { expectCleanPrototypes, holds, spoiltBytes } from "./support.ts";

const secret = "0123456789abcdef";
const whsec = `whsec_${Buffer.from("0123456789abcdef").toString("base64")}`;
const message = { message: { id: "m", name: "n", data: '{"order":7}' } };

const { receiver: receiverOf } = discue({ apiKey: "key" });
const own = (secrets: readonly string[]) =>
  receiver({
    provider: "acme",
    signature: { secrets },
    toEvent: (body) => ({ type: "t", data: (body as { readonly message: unknown }).message }),
  });
const publicKey = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
const kinds: readonly (readonly [string, Receiver])[] = [
  ["a secret in the query", receiverOf({ secret })],
  ["a secret in the path", receiverOf({ secret, secretIn: "path" })],
  ["a signature", receiverOf({ signature: { secrets: [whsec] } })],
  ["a secret of its own author's", own([whsec])],
  ["a public key", own([publicKey])],
  ["both", own([publicKey, whsec, publicKey])],
  ["an open door", receiverOf({ open: true, maxBodyBytes: 50_000, messageIdHeader: "x-id" })],
];

const signatures = fc.oneof(
  fc.string(),
  fc.constantFrom("v1,", "v1,,", `v1,${"A".repeat(5_000)}`, "v1,AAAA ".repeat(2_000), "v2,AAAA"),
  fc.constantFrom("v1a,", "v1a", `v1a,${"A".repeat(86)}==`, `v1a,${"A".repeat(86)}== `.repeat(150)),
  fc.constantFrom(
    `v1,${"A".repeat(43)}=`,
    `v1,${"A".repeat(43)}= `.repeat(16),
    "v1,\u00e9",
    "\u00ff",
  ),
);
const times = fc.oneof(
  fc.constantFrom("", "0", "-1", "1e9", "999999999999", "NaN", "0x10", "1.5", "9".repeat(400)),
  fc.constant("now").map(() => String(Math.floor(Date.now() / 1_000))),
  fc.string(),
  fc.date({ noInvalidDate: true }).map((date) => String(Math.floor(date.getTime() / 1_000))),
);
const headers = fc.record(
  {
    "webhook-id": fc.string(),
    "webhook-timestamp": times,
    "webhook-signature": signatures,
    "content-length": fc.constantFrom("-1", "1e9", "abc", "0"),
    "content-type": fc.string(),
    "x-id": fc.string(),
  },
  { requiredKeys: [] },
);
const paths = fc.oneof(
  fc.webPath(),
  fc.constantFrom(`/${secret}`, `/hook?secret=${secret}`, `?secret=${secret}`),
  fc.constantFrom(
    "/%",
    "/%ff",
    "/%2e%2e/",
    "//x//",
    "/?secret=%ff",
    "/?secret",
    `/?${"a=".repeat(999)}`,
  ),
  fc.webQueryParameters().map((query) => `/hook?${query}&secret=${secret}`),
);
const methods = fc.constantFrom("POST", "POST", "POST", "PUT", "GET", "HEAD", "DELETE", "PATCH");

interface Parts {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

function toRequest({ path, method, headers, body }: Parts): Request {
  const taken = Object.entries(headers).filter(([, value]) =>
    /^[\x20-\x7e\xa0-\xff]*$/.test(value),
  );
  const init = { method, headers: Object.fromEntries(taken) };
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(`https://me.example${path}`, hasBody ? { ...init, body } : init);
}

const requests = fc
  .record({ path: paths, method: methods, headers, body: spoiltBytes(message) })
  .map((parts) => ({ parts, make: () => toRequest(parts) }));

describe.each(kinds)("a request to a receiver with %s", (_kind, receiving) => {
  it("is one delivery or one answer, whatever it holds", async () => {
    await holds(
      requests,
      async ({ make }) => {
        const received = await receiving.receive(make());

        expectCleanPrototypes();
        if (received.kind === "answered") {
          expect([200, 400, 401, 405, 413, 415]).toContain(received.response.status);
          return;
        }
        const [delivery, ...others] = received.deliveries;
        expect(others).toEqual([]);
        expect(delivery?.event?.id ?? delivery?.unreadable?.code).not.toBe("");
        // What came in can be written by any store.
        expect(JSON.stringify(delivery?.raw)).toBeTypeOf("string");
        expect(JSON.stringify(delivery?.event ?? null)).toBeTypeOf("string");
      },
      150,
    );
  });

  it("never makes `webhook` or `inbox` reject", async () => {
    const handle = webhook(receiving, () => undefined, { unprocessable: "drop" });
    const { fetch } = inbox(memoryStores().inbox, receiving);

    await holds(
      requests,
      async ({ make }) => {
        expect((await handle(make())).status).toBeGreaterThanOrEqual(200);
        expect((await fetch(make())).status).toBeGreaterThanOrEqual(200);
        expectCleanPrototypes();
      },
      60,
    );
  });
});

describe("the name of the id's header", () => {
  it.each(["x id", "x\r\n", "é", ""])("is refused at creation where none can be: %j", (name) => {
    expect(() => receiverOf({ secret, messageIdHeader: name })).toThrow("`messageIdHeader`");
  });
});

describe("a request without the secret", () => {
  it("never reaches a handler", async () => {
    const handled: unknown[] = [];
    const strangers = kinds.slice(0, -1).map(([, receiving]) =>
      webhook(receiving, (event) => {
        handled.push(event);
      }),
    );

    await holds(requests, async ({ parts, make }) => {
      if (parts.path.includes(secret)) return;
      for (const handle of strangers) await handle(make());
    });

    expect(handled).toEqual([]);
  });
});
