import { toReceipt } from "../../../src/core/feed.ts";
import { tikiEmulator } from "../../../src/emulator/tiki.ts";
import type { ClientOptions } from "../../../src/http/types.ts";
import {
  authorizationCode,
  clientCredentials,
  refreshToken,
  tiki,
} from "../../../src/providers/tiki/index.ts";
import { fixture } from "../fixture.ts";
import type { Marks, Profile, Secrets } from "../profile.ts";

const app = { clientId: "id", clientSecret: "secret", tokenUrl: "https://token.example" };
const shop = (options: ClientOptions) => tiki({ token: "t", ...options });
const withApp = (options: ClientOptions, more: object = {}) =>
  tiki({ token: clientCredentials({ ...app, ...more }), ...options });
const reply = (name: string) => fixture("tiki", name);
const v1 = "/integration/v1/queues/{id}";

export const profile: Profile = {
  title: "Tiki",
  client: shop,
  inputs: [
    [/^queues\.create$/, { name: "n" }],
    [/^subscriptions\.list$|^events\.pull$/, "7"],
    [/^subscriptions\.create$/, "q", { eventType: "T" }],
    [/^subscriptions\.setActive$/, "q", "s", true],
    [/^events\.ack$/, "7", "7"],
  ],
  calls: [
    ["queues.list", reply("queues"), (o) => shop(o).queues.list()],
    ["queues.create", reply("queue"), (o) => shop(o).queues.create({ name: "n" })],
    ["subscriptions.list", [reply("subscription")], (o) => shop(o).subscriptions.list("q")],
    [
      "subscriptions.create",
      reply("subscription"),
      (o) => shop(o).subscriptions.create("q", { eventType: "X" }),
    ],
    [
      "subscriptions.setActive",
      reply("subscription"),
      (o) => shop(o).subscriptions.setActive("q", "s", true),
    ],
    ["events.pull", reply("assumed-live-page"), (o) => shop(o).events.pull("q")],
    ["events.ack", { status: "ok" }, (o) => shop(o).events.ack("q", "a")],
    ["feed.pull", reply("assumed-documented-page"), (o) => shop(o).feed("q").pull()],
    ["clientCredentials", reply("assumed-token"), (o) => withApp(o).queues.list()],
    [
      "refreshToken",
      reply("assumed-token"),
      (o) => {
        const token = refreshToken({ ...app, refreshToken: "r", onRefresh: () => undefined });
        return tiki({ ...o, token }).queues.list();
      },
    ],
  ],
  lists: [
    ["queues", (items) => items, (o) => shop(o).queues.list()],
    ["subscriptions", (items) => items, (o) => shop(o).subscriptions.list("q")],
  ],
  failures: [
    [
      "Tiki",
      { errors: ["a", "b"], error: "invalid_client", error_description: "c", message: "d" },
      (o) => shop(o).queues.list(),
    ],
    [
      "Tiki's token endpoint",
      { error: "invalid_grant", error_description: "c", status_code: 400 },
      (o) => withApp(o).queues.list(),
    ],
  ],
  paths: [
    ["subscriptions.list", `${v1}/subscriptions`, (o, id) => shop(o).subscriptions.list(id)],
    [
      "subscriptions.create",
      `${v1}/subscriptions`,
      (o, id) => shop(o).subscriptions.create(id, { eventType: "T" }),
    ],
    [
      "subscriptions.setActive",
      `${v1}/subscriptions/{id}/updateActive`,
      (o, id) => shop(o).subscriptions.setActive(id, id, true),
    ],
    ["events.pull", `${v1}/events/pull`, (o, id) => shop(o).events.pull(id)],
    ["events.ack", `${v1}/events/ack`, (o, id) => shop(o).events.ack(id, "a")],
    ["feed.pull", `${v1}/events/pull`, (o, id) => shop(o).feed(id).pull()],
    [
      "feed.ack",
      `${v1}/events/ack`,
      (o, id) =>
        shop(o)
          .feed(id)
          .ack([toReceipt("a")]),
    ],
  ],
  hosts: [
    ["tiki", (o) => shop(o).events.pull("q")],
    ["tiki's token endpoint", (o) => withApp(o, { tokenUrl: `${o.baseUrl}/t` }).queues.list()],
  ],
  headers: {
    options: [
      ["token", (token, more) => tiki({ token, ...more }).queues.list()],
      ["token function", (text, more) => tiki({ token: () => text, ...more }).queues.list()],
      ["call token", (token, more) => shop(more).queues.list({ token })],
      ["headers", (text, more) => shop({ headers: { a: text }, ...more }).queues.list()],
      ["header names", (text, more) => shop({ headers: { [text]: "a" }, ...more }).queues.list()],
    ],
    encoded: (evil, more) => [
      () => withApp(more, { clientId: evil, clientSecret: evil }).queues.list(),
    ],
    own: [(o) => shop(o).queues.list(), { authorization: "Bearer t" }],
  },
  secrets,
  feed: {
    open: (o) => shop(o).feed("q"),
    item: (id) => ({
      id,
      sid: "s",
      created_at: 1_600_000_000_000,
      type: "ORDER_CREATED_SUCCESSFULLY",
      payload: { order_code: "o" },
      version: "v1",
    }),
    page: (items) => `{"events":${items},"ack_id":"a"}`,
  },
  signals: [["Tiki's pull", (fetch, signal) => shop({ fetch }).feed("q").pull({ signal })]],
  program: {
    name: "tiki over HTTP",
    imports: { ackloop: ["drain"], "ackloop/tiki": ["clientCredentials", "tiki"] },
    body: `
  const { baseUrl, tokenUrl, clientId, clientSecret, queue } = given.tiki;
  const shop = tiki({ token: clientCredentials({ clientId, clientSecret, tokenUrl }), baseUrl });
  const { handled, stopped } = await drain(shop.feed(queue), () => {});
  return { handled, stopped };`,
    prints: (count) => ({ handled: count, stopped: "empty" }),
    given(count) {
      const emulator = tikiEmulator();
      const queue = emulator.createQueue("orders");
      const type = "ORDER_CREATED_SUCCESSFULLY";
      const events = Array.from({ length: count }, (_, at) => ({
        type,
        payload: { order_code: String(at) },
      }));
      emulator.publish(queue, events);
      return { emulator, more: { queue } };
    },
  },
};

function secrets({ mark, plainMark }: Marks): Secrets {
  const other = "0ther-secret/of the same";
  const secretApp = { ...app, clientSecret: mark, tokenUrl: "https://token.example/token" };
  const broken = `${mark}\n`;
  return {
    cases: [
      {
        name: "Tiki with a token",
        secrets: [mark],
        calls: (options) => {
          const own = tiki({ token: mark, ...options });
          const feed = own.feed("q");
          return [
            () => own.queues.list(),
            () => own.queues.create({ name: "n" }),
            () => own.subscriptions.setActive("q", "s", true),
            () => own.events.pull("q", { ackId: "a" }),
            () => feed.pull(),
            () => tiki({ token: () => mark, ...options }).queues.list({ token: () => mark }),
          ];
        },
      },
      ...(["basic", "post"] as const).map((authentication) => ({
        name: `Tiki's token endpoint with ${authentication}`,
        secrets: [mark, other],
        sendFirstOnly: [0],
        calls: (options: ClientOptions) => {
          const onRefresh = () => undefined;
          const own = { ...secretApp, authentication };
          return [
            clientCredentials(own),
            refreshToken({ ...own, refreshToken: other, onRefresh }),
            authorizationCode({ ...own, code: other, redirectUri: "https://me.example" }),
          ].map((token) => () => tiki({ token, ...options }).queues.list());
        },
      })),
    ],
    printed: () => [
      tiki({ token: mark }),
      tiki({ token: mark }).feed("q"),
      clientCredentials(secretApp),
    ],
    wrong: [
      ["a token of two lines", () => tiki({ token: broken }).queues.list()],
      ["a token function's", () => tiki({ token: () => broken }).queues.list()],
      ["a token of another type", () => tiki({ token: [mark] as never })],
      [
        "a base URL with a password",
        () => tiki({ token: mark, baseUrl: `https://u:${plainMark}@h` }),
      ],
      [
        "a base URL with a query",
        () => tiki({ token: mark, baseUrl: `https://h?key=${plainMark}` }),
      ],
      ["a base URL that is none", () => tiki({ token: mark, baseUrl: plainMark })],
      ["a header", () => tiki({ token: mark, headers: { "x-key": broken } })],
      ["a client secret", () => clientCredentials({ ...app, clientSecret: [mark] as never })],
      ["a token endpoint", () => clientCredentials({ ...secretApp, tokenUrl: mark })],
      [
        "a token endpoint with a password",
        () => {
          const tokenUrl = `https://u:${plainMark}@h`;
          return tiki({ token: clientCredentials({ ...secretApp, tokenUrl }) }).queues.list();
        },
      ],
    ],
    feeds: [
      ["Tiki", (o) => tiki({ token: mark, ...o }).feed("q")],
      [
        "Tiki with an app",
        (o) => tiki({ token: clientCredentials({ ...app, clientSecret: mark }), ...o }).feed("q"),
      ],
    ],
    emulator: () =>
      tikiEmulator({
        apps: [
          {
            clientId: "own",
            clientSecret: plainMark,
            kind: "inHouse",
            authentication: "basic",
            redirectUri: "https://me.example",
            scopes: ["all"],
          },
        ],
      }),
    requests: (o) => {
      const tokenUrl = "https://api.example/sc/oauth2/token";
      const stranger = { clientId: plainMark, clientSecret: mark, tokenUrl };
      const known = { clientId: "own", clientSecret: plainMark, tokenUrl };
      return [
        () => tiki({ token: mark, ...o }).queues.list(),
        () => tiki({ token: clientCredentials(stranger), ...o }).queues.list(),
        () => tiki({ token: clientCredentials(known), ...o }).queues.create({ name: "n" }),
      ];
    },
  };
}
