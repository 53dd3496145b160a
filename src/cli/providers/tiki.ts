import type { Feed } from "ackloop";
import type { TikiClient } from "ackloop/tiki";
import { assumptions } from "../../providers/tiki/assumptions.ts";
import { variable } from "../environment.ts";
import type { Account, OwnOptions, OwnPlace, Provider } from "../provider.ts";
import { quick } from "../provider.ts";
import { guide } from "./tiki/guide.ts";
import { probes } from "./tiki/probes.ts";

const { POSITIVE_INFINITY: none } = Number;

export const tiki: Provider = {
  title: "Tiki",
  variables: [
    { name: "TIKI_CLIENT_ID", about: "the app's id", member: "clientId" },
    {
      name: "TIKI_CLIENT_SECRET",
      about: "the app's secret",
      isSecret: true,
      member: "clientSecret",
    },
    {
      name: "TIKI_AUTHENTICATION",
      about: 'how the secret is sent: "basic" or "post", as the app is set',
      isOptional: true,
      member: "authentication",
    },
    {
      name: "TIKI_BASE_URL",
      about: "another root of the API",
      isOptional: true,
      member: "baseUrl",
    },
    {
      name: "TIKI_TOKEN_URL",
      about: "another token endpoint",
      isOptional: true,
      member: "tokenUrl",
    },
  ],
  place: { name: "queue", about: "its code or name" },
  limits: "200 requests a second for each seller",
  async connect(environment, settings) {
    const { clientCredentials, tiki: open } = await import("ackloop/tiki");
    const read = (name: string) => variable(environment, name);
    const token = clientCredentials({
      clientId: read("TIKI_CLIENT_ID") ?? "",
      clientSecret: read("TIKI_CLIENT_SECRET") ?? "",
      // Another text is refused by name.
      authentication: read("TIKI_AUTHENTICATION") as "basic" | undefined,
      tokenUrl: read("TIKI_TOKEN_URL"),
    });
    const baseUrl = read("TIKI_BASE_URL");
    return toAccount(open({ token, baseUrl, ...quick, ...settings }), baseUrl);
  },
  async emulator(options, limits) {
    const { tikiEmulator } = await import("ackloop/emulator");
    return tikiEmulator(limits ? options : { ...options, requestsPerSecond: none });
  },
  guide,
  sample: (number) => ({
    type: "ORDER_CREATED_SUCCESSFULLY",
    payload: { order_code: `ORDER-${number}`, status: "queueing" },
  }),
  program: ({ clientId, clientSecret, tokenUrl, baseUrl }, queue) =>
    [
      'import { drain } from "ackloop";',
      'import { clientCredentials, tiki } from "ackloop/tiki";',
      `const app = ${JSON.stringify({ clientId, clientSecret, tokenUrl })};`,
      `const shop = tiki({ token: clientCredentials(app), baseUrl: ${JSON.stringify(baseUrl)} });`,
      `await drain(shop.feed("${queue}"), (event) => console.log(event.type, event.data));`,
    ].join("\n"),
  examples: {
    tail: ["tail tiki orders", "what waits in the queue of that name, and what comes"],
    drain: ["drain tiki orders --exec './book.sh'", "what waits, by a program of yours"],
    doctor: ["doctor tiki", "one provider alone"],
    probe: ["probe tiki orders", "what can be asked without changing anything"],
  },
  assumptions,
  probes,
};

function toAccount(client: TikiClient, baseUrl = "https://api.tiki.vn/integration/v1"): Account {
  return {
    urls: [baseUrl],
    async check(signal) {
      const { length } = await client.queues.list({ signal });
      return `${length} queues`;
    },
    async places(signal) {
      const queues = await client.queues.list({ signal });
      return queues.map(({ code, name }) => ({ id: code, ...(name !== undefined && { name }) }));
    },
    feed: (queue) => client.feed(queue) as Feed,
    own: (queue, options) => ownQueue(client, queue, options),
  };
}

/** A new queue with the subscriptions of another one. Tiki deletes no queue, so it is emptied of sources. */
async function ownQueue(
  client: TikiClient,
  queue: string,
  { signal }: OwnOptions,
): Promise<OwnPlace> {
  const all = await client.subscriptions.list(queue, { signal });
  const types = [...new Set(all.filter(({ active }) => active).map((each) => each.eventType))];
  const name = "ackloop-tail";
  const known = (await client.queues.list({ signal })).find((each) => each.name === name);
  const { code } = known ?? (await client.queues.create({ name }, { signal }));
  const before = await client.subscriptions.list(code, { signal });
  const end = async (ending: AbortSignal): Promise<string> => {
    for (const each of await client.subscriptions.list(code, { signal: ending })) {
      if (each.active)
        await client.subscriptions.setActive(code, each.code, false, { signal: ending });
    }
    return `its subscriptions are off; the queue ${name} stays, as Tiki deletes none, and is used again next time`;
  };
  try {
    for (const eventType of types) {
      const off = before.find((each) => each.eventType === eventType);
      if (off === undefined) await client.subscriptions.create(code, { eventType }, { signal });
      else if (!off.active) await client.subscriptions.setActive(code, off.code, true, { signal });
    }
  } catch (error) {
    await end(new AbortController().signal);
    throw error;
  }
  const made = `the queue ${name} (${code}), subscribed to ${types.join(", ") || "nothing, as the other one is"}; its first events come after some minutes`;
  return { place: code, made, end };
}
