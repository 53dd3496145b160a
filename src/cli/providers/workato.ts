import type { Feed } from "ackloop";
import type { WorkatoClient } from "ackloop/workato";
import { assumptions } from "../../providers/workato/assumptions.ts";
import { regions } from "../../providers/workato/regions.ts";
import { variable } from "../environment.ts";
import { Failure } from "../failure.ts";
import { type Account, type Provider, quick } from "../provider.ts";
import { toTypeScript } from "./workato/generate.ts";
import { guide } from "./workato/guide.ts";
import { probes } from "./workato/probes.ts";

const { POSITIVE_INFINITY: none } = Number;

export const workato: Provider = {
  title: "Workato",
  variables: [
    { name: "WORKATO_TOKEN", about: "the token of an API client", isSecret: true, member: "token" },
    {
      name: "WORKATO_REGION",
      about: `the data centre: ${Object.keys(regions).join(", ")}`,
      isOptional: true,
    },
    {
      name: "WORKATO_BASE_URL",
      about: "another root of both APIs",
      isOptional: true,
      member: "baseUrl",
    },
  ],
  place: { name: "topic", about: "its id or name" },
  limits: "60 requests a minute, which the client keeps by itself",
  async connect(environment, settings) {
    const { workato: open } = await import("ackloop/workato");
    const token = variable(environment, "WORKATO_TOKEN") ?? "";
    const baseUrl = variable(environment, "WORKATO_BASE_URL");
    const region = variable(environment, "WORKATO_REGION") as keyof typeof regions | undefined;
    const client = open({ token, baseUrl, region, ...quick, ...settings });
    const known = regions[region ?? "us"];
    const root = baseUrl?.replace(/\/+$/, "");
    const urls =
      root === undefined ? [known.streams, known.api] : [`${root}/api/v1`, `${root}/api`];
    return toAccount(client, urls);
  },
  async emulator(options, limits) {
    const { workatoEmulator } = await import("ackloop/emulator");
    return workatoEmulator(limits ? options : { ...options, requestsPerMinute: none });
  },
  guide,
  sample: (number) => ({ order: `ORDER-${number}`, total: number }),
  program: ({ token, streamsUrl, apiUrl }, topic) =>
    [
      'import { drain } from "ackloop";',
      'import { memoryStores } from "ackloop/stores";',
      'import { workato } from "ackloop/workato";',
      `const topic = workato(${JSON.stringify({ token, streamsUrl, apiUrl })}).feed("${topic}", { cursor: memoryStores().cursors, consumer: "me" });`,
      "await drain(topic, (event) => console.log(event.type, event.data));",
    ].join("\n"),
  generate: toTypeScript,
  examples: {
    generate: ["generate workato --topic orders --out orders.ts", "its type and its schema"],
    tail: ["tail workato orders --from 2h --out seen.jsonl", "two hours, kept in a file"],
    publish: ["publish workato orders < messages.jsonl", "a message for each line"],
    drain: [
      "drain workato orders --state state.db --consumer me --exec './book.sh'",
      "what came since the last time",
    ],
  },
  assumptions,
  probes,
};

function toAccount(client: WorkatoClient, urls: readonly string[]): Account {
  return {
    urls,
    async check(signal) {
      const { length } = await client.topics.list({ signal });
      return `${length} topics`;
    },
    async places(signal) {
      const topics = await client.topics.list({ signal });
      return topics.map(({ id, name }) => ({ id: String(id), name: String(name) }));
    },
    feed: (topic, { cursor, consumer, from }) =>
      client.feed(topic, { cursor, consumer, from }) as Feed,
    describe: (topic, signal) => client.topics.get(topic, { signal }),
    async publish(topic, data, signal) {
      if (typeof data !== "object" || data === null || Array.isArray(data)) {
        throw new Failure("Workato takes an object as a message: give --data as one");
      }
      return (await client.messages.publish(topic, data, { signal })).messageId;
    },
  };
}
