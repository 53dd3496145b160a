import { discueEmulator } from "../../../src/emulator/discue.ts";
import type { ClientOptions } from "../../../src/http/types.ts";
import { discue, discueReceiver } from "../../../src/providers/discue/index.ts";
import { fixture } from "../fixture.ts";
import type { Marks, Profile, Secrets } from "../profile.ts";

const queues = (options: ClientOptions) => discue({ apiKey: "k", ...options });
const reply = (name: string) => fixture("discue", name);
const urls = { notifyUrl: "https://me.example", livenessUrl: "https://me.example" };
const listener = { name: "l", ...urls };
const scopes = [{ resource: "queues", access: "read", targets: "*" }] as const;
const receiverSecret = "0123456789abcdef";
const input = { name: "n" };

export const profile: Profile = {
  title: "discue",
  client: (options) => discue({ apiKey: "key-of-a-test", ...options }),
  inputs: [
    [/^(queues|apiKeys|apiClients|domains)\.create$/, input],
    [/^(queues|apiKeys|apiClients|domains)\.update$/, "7", input],
    [/^listeners\.create$/, "7", input],
    [/^messages\.create$/, "7", { ...input, data: 1 }],
    [/^(listeners|messages)\.update$/, "7", "7", input],
    [/^(listeners|messages|schemas)\.(get|delete)$/, "7", "7"],
    [/^\w+\.(get|delete)$|^(listeners|messages)\.list$/, "7"],
  ],
  calls: [
    ["queues.list", { queues: [{ id: 1 }] }, (o) => queues(o).queues.list()],
    ["queues.get", reply("queue"), (o) => queues(o).queues.get("q")],
    ["listeners.list", reply("listeners"), (o) => queues(o).listeners.list("q")],
    ["listeners.get", reply("assumed-listener"), (o) => queues(o).listeners.get("q", "l")],
    ["messages.list", { messages: [{ id: "m" }] }, (o) => queues(o).messages.list("q")],
    ["messages.create", reply("message"), (o) => queues(o).messages.create("q", { data: 1 })],
    ["schemas.get", { schema: { type: "object" } }, (o) => queues(o).schemas.get("q", "s")],
    ["stats.messages", reply("stats"), (o) => queues(o).stats.messages()],
    ["events.list", reply("events"), (o) => queues(o).events.list()],
    ["apiKeys.create", reply("new-api-key"), (o) => queues(o).apiKeys.create({ ...input, scopes })],
    ["apiKeys.get", reply("api-key"), (o) => queues(o).apiKeys.get("k")],
    ["apiKeys.list", { api_keys: [{ id: 1 }] }, (o) => queues(o).apiKeys.list()],
    ["apiKeys.update", reply("api-key"), (o) => queues(o).apiKeys.update("k", input)],
    ["apiClients.create", { api_client: { id: 1 } }, (o) => queues(o).apiClients.create(input)],
    ["domains.get", reply("assumed-domain"), (o) => queues(o).domains.get("d")],
    ["domains.list", { domains: [{ id: 1 }] }, (o) => queues(o).domains.list()],
    ["queues.delete", {}, (o) => queues(o).queues.delete("q")],
  ],
  lists: [
    ["queues", (items) => `{"queues":${items}}`, (o) => queues(o).queues.list()],
    ["listeners", (items) => `{"listeners":${items}}`, (o) => queues(o).listeners.list("q")],
  ],
  failures: [["discue", reply("error-401"), (o) => queues(o).queues.get("q")]],
  paths: [
    ["queues.get", "/v1/queues/{id}", (o, id) => queues(o).queues.get(id)],
    ["queues.update", "/v1/queues/{id}", (o, id) => queues(o).queues.update(id, input)],
    ["queues.delete", "/v1/queues/{id}", (o, id) => queues(o).queues.delete(id)],
    [
      "listeners.create",
      "/v1/queues/{id}/listeners",
      (o, id) => queues(o).listeners.create(id, listener),
    ],
    ["listeners.list", "/v1/queues/{id}/listeners", (o, id) => queues(o).listeners.list(id)],
    ["listeners.get", "/v1/queues/{id}/listeners/{id}", (o, id) => queues(o).listeners.get(id, id)],
    [
      "listeners.update",
      "/v1/queues/{id}/listeners/{id}",
      (o, id) => queues(o).listeners.update(id, id, listener),
    ],
    [
      "listeners.delete",
      "/v1/queues/{id}/listeners/{id}",
      (o, id) => queues(o).listeners.delete(id, id),
    ],
    [
      "messages.create",
      "/v1/queues/{id}/messages",
      (o, id) => queues(o).messages.create(id, { data: 1 }),
    ],
    ["messages.list", "/v1/queues/{id}/messages", (o, id) => queues(o).messages.list(id)],
    ["messages.get", "/v1/queues/{id}/messages/{id}", (o, id) => queues(o).messages.get(id, id)],
    [
      "messages.update",
      "/v1/queues/{id}/messages/{id}",
      (o, id) => queues(o).messages.update(id, id, input),
    ],
    [
      "messages.delete",
      "/v1/queues/{id}/messages/{id}",
      (o, id) => queues(o).messages.delete(id, id),
    ],
    ["schemas.get", "/v1/queues/{id}/schemas/{id}", (o, id) => queues(o).schemas.get(id, id)],
    ["apiKeys.get", "/v1/api_keys/{id}", (o, id) => queues(o).apiKeys.get(id)],
    ["apiKeys.update", "/v1/api_keys/{id}", (o, id) => queues(o).apiKeys.update(id, {})],
    ["apiKeys.delete", "/v1/api_keys/{id}", (o, id) => queues(o).apiKeys.delete(id)],
    ["apiClients.update", "/v1/api_clients/{id}", (o, id) => queues(o).apiClients.update(id, {})],
    ["domains.get", "/v1/domains/{id}", (o, id) => queues(o).domains.get(id)],
    ["domains.update", "/v1/domains/{id}", (o, id) => queues(o).domains.update(id, input)],
    ["domains.delete", "/v1/domains/{id}", (o, id) => queues(o).domains.delete(id)],
  ],
  hosts: [["discue", (o) => queues(o).queues.list()]],
  headers: {
    options: [
      ["apiKey", (apiKey, more) => discue({ apiKey, ...more }).queues.list()],
      ["apiKey function", (text, more) => discue({ apiKey: () => text, ...more }).queues.list()],
    ],
    own: [(o) => queues(o).queues.list(), { "x-api-key": "k" }],
  },
  secrets,
  signals: [
    [
      "a pull of requests",
      (_fetch, signal) =>
        discueReceiver({ secret: receiverSecret }).feed().pull({ signal, waitMs: 5 }),
    ],
    [
      "an ack of requests",
      (_fetch, signal) => discueReceiver({ secret: receiverSecret }).feed().ack([], { signal }),
    ],
    [
      "a receiver",
      (_fetch, signal) => {
        const url = `https://me.example/?secret=${receiverSecret}`;
        const request = new Request(url, { method: "POST", body: "x" });
        return discueReceiver({ secret: receiverSecret }).receive(request, { signal });
      },
    ],
  ],
  program: {
    name: "discue over HTTP, and its webhook",
    imports: { ackloop: ["webhook"], "ackloop/discue": ["discue"] },
    body: `
  const client = discue(given.discue);
  const { id } = await client.queues.create({ name: "orders" });
  const secret = "0123456789abcdef";
  let handled = 0;
  const handle = webhook(client.receiver({ name: id, secret }), () => void handled++);
  const send = () => new Request("https://user.test/?secret=" + secret, { method: "POST", body: "{}" });
  const { status } = await handle(send());
  const queues = await client.queues.list();
  return { handled, status, queues: queues.length };`,
    prints: () => ({ handled: 1, status: 200, queues: 1 }),
    given: () => ({ emulator: discueEmulator() }),
  },
};

function secrets({ mark, plainMark }: Marks): Secrets {
  const hook = `https://me.example/hook?secret=${plainMark}`;
  const client = () => discue({ apiKey: mark });
  return {
    cases: [
      {
        name: "discue",
        secrets: [mark, plainMark],
        sendFirstOnly: [0, 1, 2, 5],
        calls: (options) => {
          const own = discue({ apiKey: mark, ...options });
          const secretUrls = { notifyUrl: hook, livenessUrl: `https://me.example/${plainMark}` };
          return [
            () => own.queues.list(),
            () => own.messages.create("q", { data: 1 }),
            () => own.apiKeys.get("k"),
            () => own.listeners.create("q", { name: "l", ...secretUrls }),
            () => own.listeners.update("q", "l", { name: "l", ...secretUrls }),
            () => discue({ apiKey: () => mark, ...options }).queues.list(),
          ];
        },
      },
    ],
    printed: () => {
      const receiver = client().receiver({ secret: plainMark });
      return [client(), receiver, receiver.feed()];
    },
    wrong: [
      ["an API key", () => discue({ apiKey: `${mark}\n` }).queues.list()],
      ["a receiver's secret", () => client().receiver({ secret: mark })],
      ["a signature's secret", () => client().receiver({ signature: { secrets: [mark] } })],
      [
        "a signature's short secret",
        () => {
          const secrets = [`whsec_${btoa(mark.slice(0, 9))}`];
          return client().receiver({ signature: { secrets } });
        },
      ],
    ],
    feeds: [],
    receiver: () => client().receiver({ secret: plainMark }),
    emulator: () => discueEmulator(),
    requests: (o) => [
      () => discue({ apiKey: mark, ...o }).queues.list(),
      () =>
        discue({ apiKey: plainMark, ...o }).listeners.create("q", {
          ...listener,
          notifyUrl: `https://me.example/?secret=${plainMark}`,
        }),
    ],
  };
}
