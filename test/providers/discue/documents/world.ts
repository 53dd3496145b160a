import {
  type DiscueEmulator,
  type DiscueEmulatorOptions,
  discueEmulator,
} from "../../../../src/emulator/index.ts";
import {
  type DiscueClient,
  type DiscueOptions,
  discue,
} from "../../../../src/providers/discue/index.ts";
import type { Ledger, Names, Row, WireRequest, World } from "../../ledger.ts";

/** A row of discue's ledger. */
export type DiscueRow = Row<DiscueEmulator, DiscueClient, DiscueEmulatorOptions>;
/** What its functions get. */
export type DiscueWorld = World<DiscueEmulator, DiscueClient>;
type DiscueLedger = Ledger<DiscueEmulator, DiscueClient, DiscueEmulatorOptions>;

/** The id and names of the getting-started page. */
export const sample = {
  queueId: "180994c-b6b2-4d0e-b7ad-414716e83386",
  queue: "myapp.io/deletion-request-queue",
  listenerId: "36a650fc-9594-47d3-9c36-26b89b464858",
  listener: "myapp.io/deletion-request-listener",
  notifyUrl: "https://myapp.io/deletion/listener",
  livenessUrl: "https://myapp.io/live",
  messageId: "8476f9ea-e457-4fed-8fbd-347a96237a96",
  message: "myapp.io/delete-user-message-24abcd9",
  data: '{ "userId": "481512342" }',
} as const;

/** What a listener is made of on that page. */
export const listenerBody = {
  name: sample.listener,
  notify_url: sample.notifyUrl,
  liveness_url: sample.livenessUrl,
} as const;

/** A POST or PUT of JSON. */
export const put = (path: string, body?: unknown): WireRequest => ({
  method: "PUT",
  url: `{baseUrl}/v1${path}`,
  ...(body !== undefined && { body }),
});
/** The same by POST. */
export const post = (path: string, body?: unknown): WireRequest => ({
  ...put(path, body),
  method: "POST",
});
/** A GET. */
export const get = (path: string): WireRequest => ({ method: "GET", url: `{baseUrl}/v1${path}` });
/** A DELETE. */
export const remove = (path: string): WireRequest => ({ ...get(path), method: "DELETE" });

/** Where one thing is linked to. */
export const linked = (path: string) => ({ self: { href: `https://api.discue.io${path}` } });

/** A queue. */
export async function withQueue({ client }: DiscueWorld): Promise<{ readonly queueId: string }> {
  const { id } = await client.queues.create({ name: sample.queue });
  return { queueId: id };
}

/** A queue with a listener. */
export async function withListener(world: DiscueWorld) {
  const { queueId } = await withQueue(world);
  const { notifyUrl, livenessUrl, listener: name } = sample;
  const { id } = await world.client.listeners.create(queueId, { name, notifyUrl, livenessUrl });
  return { queueId, listenerId: id };
}

/** A queue with a message. */
export async function withMessage(world: DiscueWorld) {
  const { queueId } = await withQueue(world);
  const { id } = await world.client.messages.create(queueId, { name: "m-1", data: sample.data });
  return { queueId, messageId: id };
}

/** The status that a plain request is answered. */
export async function statusOf(
  world: DiscueWorld,
  request: WireRequest,
  names: Names = {},
): Promise<number> {
  return (await world.send(request, names)).status;
}

/** A listener's side that answers each call with the next status, and the last one again. */
export function answering(...statuses: readonly number[]) {
  const calls: { readonly url: string; readonly method: string; readonly body: string }[] = [];
  const deliver = async (url: string, init: RequestInit): Promise<Response> => {
    calls.push({ url, method: init.method ?? "GET", body: `${init.body ?? ""}` });
    const status = statuses[Math.min(calls.length, statuses.length) - 1] ?? 204;
    return new Response(null, { status });
  };
  return { calls, deliver };
}

/** A ledger of one of discue's documents, with a client of the given options. */
export function ledgerOf(
  rows: readonly DiscueRow[],
  least: number,
  options: Pick<DiscueOptions, "createBy" | "naming"> = {},
): DiscueLedger {
  const { naming } = options;
  return {
    provider: "discue",
    least,
    // Nothing is checked or called that a row does not ask for.
    emulate: ({ webhook, ...given } = {}) =>
      discueEmulator({
        naming,
        deliver: answering().deliver,
        ...given,
        webhook: { livenessIntervalMs: 0, ...webhook },
      }),
    connect: (fetch, { apiKey = "k", baseUrl } = {}) =>
      discue({ ...options, apiKey, baseUrl, fetch, retry: { attempts: 1 } }),
    headers: ({ apiKey = "" }) => ({ "x-api-key": apiKey }),
    rows,
  };
}
