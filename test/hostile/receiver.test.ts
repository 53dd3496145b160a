import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { webhook } from "../../src/loop/webhook.ts";
import { type DiscueReceiverOptions, discue } from "../../src/providers/discue/index.ts";
import { inbox, memoryStores } from "../../src/stores/index.ts";
import { expectCleanPrototypes, holds, spoiltBytes } from "./support.ts";

const secret = "0123456789abcdef";
const whsec = `whsec_${Buffer.from("0123456789abcdef").toString("base64")}`;
const message = { message: { id: "m", name: "n", data: '{"order":7}' } };

const { receiver: receiverOf } = discue({ apiKey: "key" });
const kinds: readonly (readonly [string, DiscueReceiverOptions])[] = [
  ["a secret in the query", { secret }],
  ["a secret in the path", { secret, secretIn: "path" }],
  ["a signature", { signature: { secrets: [whsec] } }],
  ["an open door", { open: true, maxBodyBytes: 50_000, messageIdHeader: "x-id" }],
];

const signatures = fc.oneof(
  fc.string(),
  fc.constantFrom("v1,", "v1,,", `v1,${"A".repeat(5_000)}`, "v1,AAAA ".repeat(2_000), "v2,AAAA"),
);
const times = fc.oneof(
  fc.constantFrom("", "0", "-1", "1e9", "999999999999", "NaN", "0x10"),
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
  const taken = Object.entries(headers).filter(([, value]) => /^[\x20-\x7e]*$/.test(value));
  const init = { method, headers: Object.fromEntries(taken) };
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(`https://me.example${path}`, hasBody ? { ...init, body } : init);
}

const requests = fc
  .record({ path: paths, method: methods, headers, body: spoiltBytes(message) })
  .map((parts) => ({ parts, make: () => toRequest(parts) }));

describe.each(kinds)("a request to a receiver with %s", (_kind, options) => {
  it("is one delivery or one answer, whatever it holds", async () => {
    const receiver = receiverOf(options);

    await holds(
      requests,
      async ({ make }) => {
        const received = await receiver.receive(make());

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
    const receiver = receiverOf(options);
    const handle = webhook(receiver, () => undefined, { unprocessable: "drop" });
    const { fetch } = inbox(memoryStores().inbox, receiver);

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
    const strangers = kinds.slice(0, 3).map(([, options]) =>
      webhook(receiverOf(options), (event) => {
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
