import { toReceipt } from "../../../src/core/feed.ts";
import { kekkerEmulator } from "../../../src/emulator/kekker.ts";
import type { ClientOptions } from "../../../src/http/types.ts";
import { kekker } from "../../../src/providers/kekker/index.ts";
import { fixture } from "../fixture.ts";
import type { Marks, Profile, Secrets } from "../profile.ts";

const address = { baseUrl: "https://node.example", channel: "c" };
const login = { login: "l", password: "p" };
const node = ({ baseUrl = address.baseUrl, ...options }: ClientOptions) =>
  kekker({ ...options, ...login, channel: address.channel, baseUrl });
const reply = (name: string) => fixture("kekker", name);

export const profile: Profile = {
  title: "Kekker",
  client: node,
  inputs: [
    [/^events\.reset$/, new Date(0)],
    [/^events\.ack$|^queue\./, "7"],
  ],
  calls: [
    ["events.list", reply("events-page"), (o) => node(o).events.list()],
    ["events.ack", "2020-08-04T21:23:14.813", (o) => node(o).events.ack("e")],
    ["events.reset", {}, (o) => node(o).events.reset(0)],
    ["queue.get", reply("queue-success"), (o) => node(o).queue.get(1)],
    ["queue.cancel", {}, (o) => node(o).queue.cancel(1)],
    ["feed.pull", reply("assumed-other-events"), (o) => node(o).feed().pull({ limit: 50 })],
    ["feed.pull of a bare list", reply("assumed-guide-page"), (o) => node(o).feed().pull()],
  ],
  lists: [],
  failures: [["Kekker", reply("event-not-found"), (o) => node(o).events.ack("e")]],
  paths: [
    ["events.list", "/api/events/{id}", (o, id) => node(o).events.list({ category: id })],
    ["events.ack", "/api/events/{id}/ack", (o, id) => node(o).events.ack(id)],
    ["queue.get", "/api/queue/{id}", (o, id) => node(o).queue.get(id)],
    ["queue.cancel", "/api/queue/{id}", (o, id) => node(o).queue.cancel(id)],
    ["feed.pull", "/api/events/{id}", (o, id) => node(o).feed({ category: id }).pull()],
    [
      "feed.ack",
      "/api/events/{id}/ack",
      (o, id) =>
        node(o)
          .feed()
          .ack([toReceipt(id)]),
    ],
  ],
  pathWithoutId: { "/api/events/{id}": "/api/events" },
  hosts: [["kekker", (o) => node(o).events.list()]],
  headers: {
    options: [
      [
        "channel",
        (channel, more) => kekker({ ...more, ...address, ...login, channel }).events.list(),
      ],
      ["token", (token, more) => kekker({ ...more, ...address, token }).events.list()],
    ],
    encoded: (evil, more) => [
      () => kekker({ ...more, ...address, login: "l\r\n", password: evil }).events.list(),
    ],
    own: [(o) => node(o).events.list(), { authorization: `Basic ${btoa("l:p")}`, channel: "c" }],
  },
  secrets,
  feed: {
    open: (o) => node(o).feed(),
    item: (id) => ({
      eventUid: id,
      event: "DealCreated",
      category: "Deals",
      timestamp: "2020-08-04T21:23:14.813",
      objectId: "o",
    }),
    page: (items) => `{"pageNumber":1,"pageSize":9,"totalRecords":9,"data":${items}}`,
    unackable: [".", "..", "\ud800"],
  },
  signals: [
    ["Kekker's pull", (fetch, signal) => node({ fetch }).feed().pull({ signal })],
    [
      "Kekker's ack",
      async (fetch, signal) => {
        const feed = node({ fetch }).feed();
        await feed.ack([], { signal });
        return feed.pull({ signal });
      },
    ],
  ],
  program: {
    name: "kekker over HTTP",
    imports: {
      ackloop: ["drain"],
      "ackloop/kekker": ["kekker"],
      "ackloop/stores": ["memoryStores"],
    },
    body: `
  const feed = kekker(given.kekker).feed({ cursor: memoryStores().cursors, consumer: "billing" });
  const { handled, stopped } = await drain(feed, () => {});
  return { handled, stopped };`,
    prints: (count) => ({ handled: count, stopped: "empty" }),
    given(count) {
      const emulator = kekkerEmulator();
      const deal = { category: "Deal", event: "DealCreated" };
      emulator.publish(Array.from({ length: count }, (_, at) => ({ ...deal, objectId: `${at}` })));
      return { emulator };
    },
  },
};

function secrets({ mark, plainMark }: Marks): Secrets {
  const basic = Buffer.from(`login:${mark}`).toString("base64");
  const withPassword = (o: ClientOptions) =>
    kekker({ ...o, ...address, login: "login", password: mark });
  return {
    cases: [
      {
        name: "Kekker with a password",
        secrets: [mark, basic],
        calls: (options) => {
          const client = withPassword(options);
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
          const client = kekker({ ...options, ...address, token: () => basic });
          return [() => client.events.list(), () => client.feed().pull()];
        },
      },
    ],
    printed: () => [withPassword({}), withPassword({}).feed()],
    wrong: [
      ["a login", () => kekker({ ...address, login: `${plainMark}:x`, password: mark })],
      ["a password", () => kekker({ ...address, login: plainMark, password: [mark] as never })],
    ],
    feeds: [["Kekker", (o) => withPassword(o).feed()]],
    emulator: () => kekkerEmulator({ login: "me", password: plainMark }),
    requests: (o) => {
      const own = { ...o, baseUrl: address.baseUrl, channel: "demo-channel", login: "me" };
      return [
        () => kekker({ ...own, password: mark }).events.list(),
        () => kekker({ ...own, password: plainMark }).events.list(),
      ];
    },
  };
}
