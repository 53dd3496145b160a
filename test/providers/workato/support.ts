import { readFileSync } from "node:fs";
import type { Receipt } from "../../../src/core/feed.ts";
import type { CursorStore } from "../../../src/core/stores.ts";
import { type WorkatoEmulatorOptions, workatoEmulator } from "../../../src/emulator/workato.ts";
import { type WorkatoOptions, workato } from "../../../src/providers/workato/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";

/** A documented or assumed reply of this folder's fixtures. */
export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8"));
}

/** A request as a scripted server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | null;
  readonly body: unknown;
}

/** Answers with the replies in order, and keeps what was asked. */
export function scripted(...replies: readonly (unknown | Response | Error)[]) {
  const seen: SeenRequest[] = [];
  const waiting = [...replies];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const text = await request.text();
    seen.push({
      method: request.method,
      url: request.url,
      authorization: request.headers.get("authorization"),
      body: text === "" ? undefined : JSON.parse(text),
    });
    if (waiting.length === 0) throw new Error("an unexpected request");
    const reply = waiting.shift();
    if (reply instanceof Error) throw reply;
    return reply instanceof Response ? reply : Response.json(reply);
  };
  return { fetch, seen };
}

/** A client on a scripted server. */
export function scriptedClient(replies: readonly unknown[], options: Partial<WorkatoOptions> = {}) {
  const { fetch, seen } = scripted(...replies);
  const retry = { minDelayMs: 0, maxDelayMs: 0 };
  return { client: workato({ token: "a-secret-token", fetch, retry, ...options }), seen };
}

/** An emulator with one topic, and a client on it. */
export function world(
  options: WorkatoEmulatorOptions = {},
  clientOptions: Partial<WorkatoOptions> = {},
) {
  const emulator = workatoEmulator({ requestsPerMinute: Number.POSITIVE_INFINITY, ...options });
  const topicId = emulator.createTopic("orders");
  const client = workato({
    token: "workato-emulator-token",
    region: "eu",
    baseUrl: "http://localhost:1",
    fetch: emulator.fetch,
    requestsPerMinute: Number.POSITIVE_INFINITY,
    retry: { minDelayMs: 0, maxDelayMs: 0 },
    ...clientOptions,
  });
  const cursors = memoryStores().cursors;
  const key = { consumer: "billing", feed: `workato/eu/topics/${topicId}` };
  const feed = (more: object = {}) =>
    client.feed(topicId, { cursor: cursors, consumer: "billing", ...more });
  const publish = (count: number, first = 1) =>
    emulator.publish(
      topicId,
      Array.from({ length: count }, (_, index) => ({ n: first + index })),
    );
  return { emulator, topicId, client, cursors, key, feed, publish };
}

/** The receipt of a delivery, which must be there. */
export function receiptOf(
  delivery: { readonly receipt?: Receipt | undefined } | undefined,
): Receipt {
  if (delivery?.receipt === undefined) throw new Error("the delivery has no receipt");
  return delivery.receipt;
}

/** The numbers of deliveries made by `publish`. */
export function numbers(deliveries: readonly { readonly raw: unknown }[]): readonly unknown[] {
  return deliveries.map(({ raw }) => (raw as { payload?: { n?: unknown } }).payload?.n);
}

/** A store in which something goes wrong once. */
export function spoiltOnce(store: CursorStore, what: "load" | "lostSave" | "save") {
  let spoilt = false;
  const spoil = (): void => {
    if (spoilt) return;
    spoilt = true;
    throw new Error("the store failed");
  };
  const broken: CursorStore = {
    async load(key, options) {
      if (what === "load") spoil();
      return await store.load(key, options);
    },
    async save(key, value, revision, options) {
      if (what === "save") spoil();
      const result = await store.save(key, value, revision, options);
      if (what === "lostSave") spoil();
      return result;
    },
  };
  return broken;
}
