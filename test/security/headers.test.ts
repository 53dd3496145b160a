import { describe, expect, it } from "vitest";
import type { ClientOptions } from "../../src/http/types.ts";
import { discue } from "../../src/providers/discue/index.ts";
import { kekker } from "../../src/providers/kekker/index.ts";
import { clientCredentials, tiki } from "../../src/providers/tiki/index.ts";
import { workato } from "../../src/providers/workato/index.ts";

const evil = "a\r\nX-Evil: 1";
const injections = [evil, "a\nb", "a\rb", "a\u0000b", "a\u007fb", "a\u2028b", "a\u0100b"];
const node = { baseUrl: "https://node.example", channel: "c", login: "l", password: "p" };

/** Every option whose text ends up in a header, and a call that would send it. */
const options: readonly (readonly [string, (text: string, more: ClientOptions) => unknown])[] = [
  ["tiki token", (token, more) => tiki({ token, ...more }).queues.list()],
  ["tiki token function", (text, more) => tiki({ token: () => text, ...more }).queues.list()],
  ["tiki call token", (token, more) => tiki({ token: "t", ...more }).queues.list({ token })],
  [
    "tiki headers",
    (text, more) => tiki({ token: "t", headers: { a: text }, ...more }).queues.list(),
  ],
  [
    "tiki header names",
    (text, more) => tiki({ token: "t", headers: { [text]: "a" }, ...more }).queues.list(),
  ],
  ["kekker channel", (channel, more) => kekker({ ...more, ...node, channel }).events.list()],
  [
    "kekker token",
    (token, more) =>
      kekker({ ...more, baseUrl: "https://node.example", channel: "c", token }).events.list(),
  ],
  ["workato token", (token, more) => workato({ token, ...more }).topics.list()],
  ["discue apiKey", (apiKey, more) => discue({ apiKey, ...more }).queues.list()],
  ["discue apiKey function", (text, more) => discue({ apiKey: () => text, ...more }).queues.list()],
];

function recording() {
  const requests: Request[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    requests.push(new Request(input, init));
    return new Response("{}", { status: 404 });
  };
  return { requests, fetch };
}

describe.each(options)("the option %s", (_name, use) => {
  it.each(injections)("is refused when it would add a header: %j", async (text) => {
    const { requests, fetch } = recording();

    const error = await Promise.resolve()
      .then(() => use(text, { fetch }))
      .catch((reason) => reason);

    expect(error).toMatchObject({ name: "AckloopError", code: "config" });
    expect(requests).toEqual([]);
  });
});

describe("credentials that a header cannot hold", () => {
  it("are encoded: Kekker's login and password, Tiki's app", async () => {
    const { requests, fetch } = recording();
    const app = { clientId: evil, clientSecret: evil, tokenUrl: "https://token.example" };

    await kekker({ ...node, login: "l\r\n", password: evil, fetch })
      .events.list()
      .catch(() => undefined);
    await tiki({ token: clientCredentials(app), fetch })
      .queues.list()
      .catch(() => undefined);

    expect(requests).toHaveLength(2);
    for (const { headers } of requests) {
      expect(headers.get("authorization")).toMatch(/^Basic [A-Za-z0-9+/=]+$/);
      expect(headers.has("x-evil")).toBe(false);
    }
  });

  it("cannot be replaced by a header of the user's", async () => {
    const { requests, fetch } = recording();
    const headers = { Authorization: "mine", "X-API-Key": "mine", Channel: "mine" };
    const clients = [
      () => tiki({ token: "t", headers, fetch }).queues.list(),
      () => kekker({ ...node, headers, fetch }).events.list(),
      () => workato({ token: "t", headers, fetch }).topics.list(),
      () => discue({ apiKey: "k", headers, fetch }).queues.list(),
    ];

    for (const call of clients) await call().catch(() => undefined);

    const sent = requests.map((request) => request.headers);
    expect(sent.slice(0, 3).map((each) => each.get("authorization"))).toEqual([
      "Bearer t",
      `Basic ${btoa("l:p")}`,
      "Bearer t",
    ]);
    expect(sent[1]?.get("channel")).toBe("c");
    expect(sent[3]?.get("x-api-key")).toBe("k");
  });
});
