import { describe, it } from "vitest";
import type { ClientOptions } from "../../src/http/types.ts";
import { discue } from "../../src/providers/discue/index.ts";
import { kekker } from "../../src/providers/kekker/index.ts";
import {
  authorizationCode,
  clientCredentials,
  refreshToken,
  tiki,
} from "../../src/providers/tiki/index.ts";
import { workato } from "../../src/providers/workato/index.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { failures, mark, plainMark, Witness } from "./support.ts";

interface Case {
  readonly name: string;
  /** Every secret that the requests hold, in the form that they were given. */
  readonly secrets: readonly string[];
  readonly calls: (options: ClientOptions) => readonly (() => unknown)[];
}

const app = { clientId: "id", clientSecret: mark, tokenUrl: "https://token.example/token" };
const other = "0ther-secret/of the same";
const hook = `https://me.example/hook?secret=${plainMark}`;
const node = { baseUrl: "https://node.example", channel: "c" };
const basic = Buffer.from(`login:${mark}`).toString("base64");

const cases: readonly Case[] = [
  {
    name: "Tiki with a token",
    secrets: [mark],
    calls: (options) => {
      const shop = tiki({ token: mark, ...options });
      const feed = shop.feed("q");
      return [
        () => shop.queues.list(),
        () => shop.queues.create({ name: "n" }),
        () => shop.subscriptions.setActive("q", "s", true),
        () => shop.events.pull("q", { ackId: "a" }),
        () => feed.pull(),
        () => tiki({ token: () => mark, ...options }).queues.list({ token: () => mark }),
      ];
    },
  },
  ...(["basic", "post"] as const).map((authentication) => ({
    name: `Tiki's token endpoint with ${authentication}`,
    secrets: [mark, other],
    calls: (options: ClientOptions) => {
      const onRefresh = () => undefined;
      const own = { ...app, authentication };
      return [
        clientCredentials(own),
        refreshToken({ ...own, refreshToken: other, onRefresh }),
        authorizationCode({ ...own, code: other, redirectUri: "https://me.example" }),
      ].map((token) => () => tiki({ token, ...options }).queues.list());
    },
  })),
  {
    name: "Kekker with a password",
    secrets: [mark, basic],
    calls: (options) => {
      const client = kekker({ ...options, ...node, login: "login", password: mark });
      return [
        () => client.events.list(),
        () => client.events.ack("e"),
        () => client.queue.get(1),
        () => client.feed().pull({ limit: 9 }),
      ];
    },
  },
  {
    name: "Kekker with a token",
    secrets: [mark, basic],
    calls: (options) => {
      const client = kekker({ ...options, ...node, token: () => basic });
      return [() => client.events.list(), () => client.feed().pull()];
    },
  },
  {
    name: "Workato",
    secrets: [mark],
    calls: (options) => {
      const client = workato({
        token: mark,
        requestsPerMinute: Number.POSITIVE_INFINITY,
        ...options,
      });
      const { cursors } = memoryStores();
      return [
        () => client.topics.list(),
        () => client.topics.create({ name: "n", schema: [] }),
        () => client.messages.publish(1, { a: 1 }),
        () => client.messages.publishBatch(1, [{ a: 1 }]),
        () => client.messages.consume(1),
        () => client.feed(1, { cursor: cursors, consumer: "c" }).pull(),
      ];
    },
  },
  {
    name: "discue",
    secrets: [mark, plainMark],
    calls: (options) => {
      const client = discue({ apiKey: mark, ...options });
      const listener = {
        name: "l",
        notifyUrl: hook,
        livenessUrl: `https://me.example/${plainMark}`,
      };
      return [
        () => client.queues.list(),
        () => client.messages.create("q", { data: 1 }),
        () => client.apiKeys.get("k"),
        () => client.listeners.create("q", listener),
        () => client.listeners.update("q", "l", listener),
        () => discue({ apiKey: () => mark, ...options }).queues.list(),
      ];
    },
  },
];

/** Which calls send the first secret only: no server can repeat what it was not sent. */
const sendFirstOnly: Readonly<Record<string, readonly number[]>> = {
  discue: [0, 1, 2, 5],
  "Tiki's token endpoint with basic": [0],
  "Tiki's token endpoint with post": [0],
};

describe.each(cases)("$name", ({ name, secrets, calls }) => {
  it.each(failures)("tells no secret that is repeated by %s", async (_failure, answer) => {
    const witness = new Witness();
    const count = calls({}).length;

    for (let index = 0; index < count; index += 1) {
      const sent = sendFirstOnly[name]?.includes(index) ? secrets.slice(0, 1) : secrets;
      const fetch: typeof globalThis.fetch = async () => answer(sent);
      const retry = { attempts: 2, minDelayMs: 0, maxDelayMs: 0 };
      const call = calls({ fetch, retry, logger: witness.logger })[index];
      await witness.watch(() => call?.());
    }
    witness.see("watched");

    witness.expectNothingOf(...secrets);
  });

  it("tells no secret when no answer comes in time", async () => {
    const witness = new Witness();
    const fetch: typeof globalThis.fetch = (input, init) =>
      new Promise((_resolve, reject) => {
        const { signal } = new Request(input, init);
        signal.addEventListener("abort", () => reject(signal.reason));
      });

    const options = { fetch, timeoutMs: 5, retry: { attempts: 1 }, logger: witness.logger };
    await Promise.all(calls(options).map((call) => witness.watch(call)));

    witness.expectNothingOf(...secrets);
  });

  it("shows no secret when its clients, feeds and tokens are printed", () => {
    const witness = new Witness();
    const node = { baseUrl: "https://node.example", channel: "c", login: "l" };
    const client = discue({ apiKey: mark });
    for (const value of [
      tiki({ token: mark }),
      tiki({ token: mark }).feed("q"),
      clientCredentials(app),
      kekker({ ...node, password: mark }),
      kekker({ ...node, password: mark }).feed(),
      workato({ token: mark }),
      client,
      client.receiver({ secret: plainMark }),
      client.receiver({ secret: plainMark }).feed(),
    ]) {
      witness.see(value);
    }

    witness.expectNothingOf(mark, plainMark, ...secrets);
  });
});

describe("a wrong option", () => {
  const broken = `${mark}\n`;
  const calls: readonly (readonly [string, () => unknown])[] = [
    ["a token of two lines", () => tiki({ token: broken }).queues.list()],
    ["a token function's", () => tiki({ token: () => broken }).queues.list()],
    ["a token of another type", () => tiki({ token: [mark] as never })],
    ["an API key", () => discue({ apiKey: broken }).queues.list()],
    [
      "a base URL with a password",
      () => tiki({ token: mark, baseUrl: `https://u:${plainMark}@h` }),
    ],
    ["a base URL with a query", () => tiki({ token: mark, baseUrl: `https://h?key=${plainMark}` })],
    ["a base URL that is none", () => tiki({ token: mark, baseUrl: plainMark })],
    ["a header", () => tiki({ token: mark, headers: { "x-key": broken } })],
    ["a region", () => workato({ token: mark, region: plainMark as never })],
    ["a login", () => kekker({ ...node, login: `${plainMark}:x`, password: mark })],
    ["a password", () => kekker({ ...node, login: plainMark, password: [mark] as never })],
    ["a client secret", () => clientCredentials({ ...app, clientSecret: [mark] as never })],
    ["a token endpoint", () => clientCredentials({ ...app, tokenUrl: mark })],
    [
      "a token endpoint with a password",
      () =>
        tiki({
          token: clientCredentials({ ...app, tokenUrl: `https://u:${plainMark}@h` }),
        }).queues.list(),
    ],
    ["a receiver's secret", () => discue({ apiKey: mark }).receiver({ secret: mark })],
    [
      "a signature's secret",
      () => discue({ apiKey: mark }).receiver({ signature: { secrets: [mark] } }),
    ],
    [
      "a signature's short secret",
      () =>
        discue({ apiKey: mark }).receiver({
          signature: { secrets: [`whsec_${btoa(mark.slice(0, 9))}`] },
        }),
    ],
  ];

  it.each(calls)("is told without its value: %s", async (_name, call) => {
    const witness = new Witness();

    await witness.watch(call);

    witness.expectNothingOf(mark, plainMark, btoa(mark.slice(0, 9)));
  });
});

describe("what a function of the user's does", () => {
  it("is told by its name alone when it fails to store a refresh token", async () => {
    const witness = new Witness();
    const fetch: typeof globalThis.fetch = async () =>
      Response.json({ access_token: "a", refresh_token: mark, expires_in: 60 });
    const onRefresh = () => {
      throw new Error(`insert into tokens values ('${mark}')`);
    };
    const token = refreshToken({ ...app, refreshToken: "r", onRefresh });

    await witness.watch(() => tiki({ token, fetch, logger: witness.logger }).queues.list());

    witness.expectNothingOf(mark);
  });
});
