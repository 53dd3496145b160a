/**
 * A Cloudflare Worker: takes what a discue queue sends, and reads a Kekker node by a cron trigger.
 *
 * Wants the secrets DISCUE_SECRET, KEKKER_BASE_URL, KEKKER_CHANNEL, KEKKER_LOGIN and KEKKER_PASSWORD. What fails
 * is not acknowledged: discue sends it again, the node keeps it on its list.
 */
import { drain, drop, webhook } from "ackloop";
import { discueReceiver } from "ackloop/discue";
import { kekker } from "ackloop/kekker";

type Env = Readonly<
  Record<
    "DISCUE_SECRET" | "KEKKER_BASE_URL" | "KEKKER_CHANNEL" | "KEKKER_LOGIN" | "KEKKER_PASSWORD",
    string
  >
>;

// Made by the first request, which brings the secrets, and kept for the next ones.
let handle: ((request: Request) => Promise<Response>) | undefined;

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    handle ??= webhook(
      discueReceiver({ secret: env.DISCUE_SECRET, logger: console }),
      ({ data }) => console.log(`a message: ${JSON.stringify(data)}`),
      { retry: { attempts: 1 } }, // discue's next try is a better wait than ours
    );
    return handle(request);
  },

  async scheduled(_controller: unknown, env: Env): Promise<void> {
    const node = kekker({
      baseUrl: env.KEKKER_BASE_URL,
      channel: env.KEKKER_CHANNEL,
      login: env.KEKKER_LOGIN,
      password: env.KEKKER_PASSWORD,
    });
    const { handled } = await drain(
      node.feed(),
      {
        DealCreated: ({ data }) => console.log(`a deal: ${data.objectId}`),
        other: ({ type }) => drop(`${type} is no business of ours`),
      },
      { deadline: Date.now() + 25_000 },
    );
    console.log(`handled ${handled} events of the node`);
  },
};
