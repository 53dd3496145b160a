import { workatoEmulator } from "../../../src/emulator/workato.ts";
import type { ClientOptions } from "../../../src/http/types.ts";
import { workato } from "../../../src/providers/workato/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { fixture } from "../fixture.ts";
import type { Marks, Profile, Secrets } from "../profile.ts";

const unlimited = { requestsPerMinute: Number.POSITIVE_INFINITY };
const topics = (options: ClientOptions) => workato({ token: "t", ...unlimited, ...options });
const place = () => ({ cursor: memoryStores().cursors, consumer: "c" });
const reply = (name: string) => fixture("workato", name);
const topic = reply("assumed-topic");
const admin = "/api/event_streams/topics/{id}";
const v1 = "/api/v1/topics/{id}";

export const profile: Profile = {
  title: "Workato",
  client: topics,
  inputs: [
    [/^topics\.create$/, { name: "n", schema: [] }],
    [/^topics\.update$/, 1, { name: "n" }],
    [/^topics\.(get|purge|delete)$|^messages\.consume$/, "7"],
    [/^messages\.publish$/, 1, {}],
    [/^messages\.publishBatch$/, 1, [{}]],
  ],
  calls: [
    ["topics.list", { count: 1, data: [topic] }, (o) => topics(o).topics.list()],
    ["topics.get", { data: topic }, (o) => topics(o).topics.get(1)],
    ["topics.create", { data: topic }, (o) => topics(o).topics.create({ name: "n", schema: [] })],
    ["topics.update", { data: topic }, (o) => topics(o).topics.update(1, { name: "n" })],
    ["topics.purge", reply("done"), (o) => topics(o).topics.purge(1)],
    ["topics.delete", reply("done"), (o) => topics(o).topics.delete(1)],
    ["messages.consume", reply("assumed-consume"), (o) => topics(o).messages.consume(1)],
    ["messages.publish", { message_id: "m" }, (o) => topics(o).messages.publish(1, { a: 1 })],
    [
      "messages.publishBatch",
      reply("assumed-batch-publish"),
      (o) => topics(o).messages.publishBatch(1, [{ a: 1 }, { a: 2 }]),
    ],
    ["feed.pull", reply("assumed-consume"), (o) => topics(o).feed(1, place()).pull()],
  ],
  lists: [["topics", (items) => `{"data":${items}}`, (o) => topics(o).topics.list()]],
  failures: [["Workato", reply("error-400"), (o) => topics(o).topics.get(1)]],
  paths: [
    ["topics.get", admin, (o, id) => topics(o).topics.get(id)],
    ["topics.update", admin, (o, id) => topics(o).topics.update(id, { name: "n" })],
    ["topics.purge", `${admin}/purge`, (o, id) => topics(o).topics.purge(id)],
    ["topics.delete", admin, (o, id) => topics(o).topics.delete(id)],
    ["messages.consume", `${v1}/consume`, (o, id) => topics(o).messages.consume(id)],
    ["messages.publish", `${v1}/publish`, (o, id) => topics(o).messages.publish(id, { a: 1 })],
    [
      "messages.publishBatch",
      "/api/v1/batch/topics/{id}/publish",
      (o, id) => topics(o).messages.publishBatch(id, [{ a: 1 }]),
    ],
    ["feed.pull", `${v1}/consume`, (o, id) => topics(o).feed(id, place()).pull()],
  ],
  hosts: [
    ["workato", (o) => topics(o).messages.consume(1)],
    ["workato's topics", (o) => topics(o).topics.list()],
  ],
  headers: {
    options: [["token", (token, more) => workato({ token, ...more }).topics.list()]],
    own: [(o) => topics(o).topics.list(), { authorization: "Bearer t" }],
  },
  secrets,
  feed: {
    open: (o) => topics(o).feed(1, place()),
    item: (id) => ({ message_id: id, payload: { a: 1 }, time: "2023-04-14T15:07:14.437+00:00" }),
    page: (items) => `{"messages":${items}}`,
    place: {
      saved: {
        version: 1,
        id: "m",
        time: "2023-04-14T15:07:14.437+00:00",
        run: "r",
        sequence: 1,
        checkedAt: 0,
      },
      open: (["halt", "oldest", "fromTime"] as const).map((onCursorExpired) => [
        onCursorExpired,
        (o, cursor) => topics(o).feed(1, { cursor, consumer: "c", onCursorExpired }),
      ]),
    },
  },
  signals: [
    ["Workato's consume", (fetch, signal) => topics({ fetch }).messages.consume(1, { signal })],
    ["Workato's pull", (fetch, signal) => topics({ fetch }).feed(1, place()).pull({ signal })],
  ],
  program: {
    name: "workato over HTTP",
    imports: {
      ackloop: ["drain"],
      "ackloop/workato": ["workato"],
      "ackloop/stores": ["memoryStores"],
    },
    body: `
  const { topic, baseUrl, token } = given.workato;
  const feed = workato({ baseUrl, token }).feed(topic, { cursor: memoryStores().cursors, consumer: "billing" });
  const { handled, stopped } = await drain(feed, () => {});
  return { handled, stopped };`,
    prints: (count) => ({ handled: count, stopped: "empty" }),
    given(count) {
      const emulator = workatoEmulator();
      const topic = emulator.createTopic("orders");
      emulator.publish(
        topic,
        Array.from({ length: count }, (_, at) => ({ order: at })),
      );
      return { emulator, more: { topic: String(topic) } };
    },
  },
};

function secrets({ mark, plainMark }: Marks): Secrets {
  const own = (o: ClientOptions) => workato({ token: mark, ...unlimited, ...o });
  return {
    cases: [
      {
        name: "Workato",
        secrets: [mark],
        calls: (options) => {
          const client = own(options);
          return [
            () => client.topics.list(),
            () => client.topics.create({ name: "n", schema: [] }),
            () => client.messages.publish(1, { a: 1 }),
            () => client.messages.publishBatch(1, [{ a: 1 }]),
            () => client.messages.consume(1),
            () => client.feed(1, place()).pull(),
          ];
        },
      },
    ],
    printed: () => [workato({ token: mark })],
    wrong: [["a region", () => workato({ token: mark, region: plainMark as never })]],
    feeds: [["Workato", (o) => own(o).feed(1, place())]],
    emulator: () => workatoEmulator(),
    requests: (o) => [
      () => workato({ token: mark, ...o }).topics.list(),
      () => workato({ token: plainMark, ...o }).messages.consume(1),
    ],
  };
}
