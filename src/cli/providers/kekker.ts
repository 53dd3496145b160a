import type { Feed } from "ackloop";
import { assumptions } from "../../providers/kekker/assumptions.ts";
import { variable } from "../environment.ts";
import { type Provider, quick } from "../provider.ts";
import { guide } from "./kekker/guide.ts";
import { probes } from "./kekker/probes.ts";

export const kekker: Provider = {
  title: "Kekker",
  variables: [
    {
      name: "KEKKER_BASE_URL",
      about: "the node, such as https://qrm1.kekker.com",
      member: "baseUrl",
    },
    { name: "KEKKER_CHANNEL", about: "the id of your channel", member: "channel" },
    { name: "KEKKER_LOGIN", about: "the login", member: "login" },
    { name: "KEKKER_PASSWORD", about: "the password", isSecret: true, member: "password" },
  ],
  limits: "none is documented",
  async connect(environment, settings) {
    const { kekker: open } = await import("ackloop/kekker");
    const read = (name: string) => variable(environment, name) ?? "";
    const baseUrl = read("KEKKER_BASE_URL");
    const client = open({
      ...{ baseUrl, channel: read("KEKKER_CHANNEL") },
      ...{ login: read("KEKKER_LOGIN"), password: read("KEKKER_PASSWORD") },
      ...quick,
      ...settings,
    });
    return {
      urls: [baseUrl],
      async check(signal) {
        const { totalRecords, events } = await client.events.list({ pageSize: 1, signal });
        return `${totalRecords ?? events.length} unprocessed events`;
      },
      feed: () => client.feed() as Feed,
    };
  },
  emulator: async (options) => (await import("ackloop/emulator")).kekkerEmulator(options),
  guide,
  sample: (number) => ({
    category: "Deals",
    event: "DealCreated",
    objectId: `${String(number).padStart(32, "0")}:${String(number).padStart(32, "0")}`,
    localObjectId: number,
  }),
  program: ({ baseUrl, channel, login, password }) =>
    [
      'import { drain } from "ackloop";',
      'import { kekker } from "ackloop/kekker";',
      `const node = kekker(${JSON.stringify({ baseUrl, channel, login, password })});`,
      "const feed = node.feed();",
      "await drain(feed, (event) => console.log(event.type, event.data));",
    ].join("\n"),
  examples: {
    tail: ["tail kekker --once --json", "the unprocessed events, for a script"],
  },
  assumptions,
  probes,
};
