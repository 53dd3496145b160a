import type { Receiver } from "ackloop";
import type { DiscueClient } from "ackloop/discue";
import { assumptions } from "../../providers/discue/assumptions.ts";
import { variable } from "../environment.ts";
import { UsageError } from "../failure.ts";
import { type Account, type OwnOptions, type OwnPlace, type Provider, quick } from "../provider.ts";
import { guide } from "./discue/guide.ts";
import { probes } from "./discue/probes.ts";

export const discue: Provider = {
  title: "discue",
  variables: [
    { name: "DISCUE_API_KEY", about: "the API key", isSecret: true, member: "apiKey" },
    {
      name: "DISCUE_BASE_URL",
      about: "another root of the API",
      isOptional: true,
      member: "baseUrl",
    },
    {
      name: "DISCUE_NAMING",
      about: '"alias" for the newer model of the API',
      isOptional: true,
    },
  ],
  calls: true,
  place: { name: "queue", about: "its id or name" },
  limits: "none yet; rate limits are announced",
  async connect(environment, settings) {
    const { discue: open, discueReceiver } = await import("ackloop/discue");
    const read = (name: string) => variable(environment, name);
    const baseUrl = read("DISCUE_BASE_URL");
    const naming = read("DISCUE_NAMING") as "name" | undefined;
    const client = open({
      apiKey: read("DISCUE_API_KEY") ?? "",
      baseUrl,
      naming,
      ...quick,
      ...settings,
    });
    return toAccount(client, baseUrl, discueReceiver);
  },
  emulator: async (options) => (await import("ackloop/emulator")).discueEmulator(options),
  guide,
  sample: (number) => ({ data: JSON.stringify({ order: `ORDER-${number}`, total: number }) }),
  program: (_, queue, port) =>
    [
      'import { createServer } from "node:http";',
      'import { webhook } from "ackloop";',
      'import { discueReceiver } from "ackloop/discue";',
      `const handle = webhook(discueReceiver({ name: "${queue}", open: true }), (event) => console.log(event.type, event.data));`,
      `createServer(async (call, reply) => reply.writeHead((await handle(new Request("http://localhost", { method: call.method, headers: call.headers, body: (await call.toArray()).join("") || null }))).status).end()).listen(${port}, "127.0.0.1");`,
    ].join("\n"),
  examples: {
    tail: ["tail discue orders --port 8080", "answer the calls of a listener"],
    publish: ["publish discue orders --data '{\"order\": 7}'", "a message"],
    drain: ["drain discue orders --port 8080 --exec './book.sh'", "what comes, until Ctrl+C"],
    probe: ["probe discue --write --url https://me.example --port 8080", "what its calls are like"],
  },
  assumptions,
  probes,
};

function toAccount(
  client: DiscueClient,
  baseUrl = "https://api.discue.io",
  open: (options: { name: string; secret: string }) => Receiver,
): Account {
  return {
    urls: [baseUrl],
    async check(signal) {
      const { length } = await client.queues.list({ signal });
      return `${length} queues`;
    },
    async places(signal) {
      const queues = await client.queues.list({ signal });
      return queues.map(({ id, name }) => ({ id, ...(name !== undefined && { name }) }));
    },
    receiver: (name, secret) => open({ name, secret }),
    own: (queue, options) => ownListener(client, queue, options),
    async publish(queue, data, signal) {
      const message = await client.messages.create(queue, { data }, { signal });
      return message.id;
    },
  };
}

/** A listener of the reader's own: each gets every message, whatever the others answer. */
async function ownListener(
  client: DiscueClient,
  queue: string,
  { url, signal }: OwnOptions,
): Promise<OwnPlace> {
  if (url === undefined) {
    throw new UsageError("--own-queue needs --url here: the address under which this is reached");
  }
  const urls = { notifyUrl: url, livenessUrl: url };
  const { id } = await client.listeners.create(
    queue,
    { name: "ackloop-tail", ...urls },
    { signal },
  );
  const end = async (ending: AbortSignal): Promise<string> => {
    await client.listeners.delete(queue, id, { signal: ending });
    return "its listener was deleted";
  };
  return { place: queue, made: `the listener ackloop-tail (${id})`, end };
}
