import type { FeedEvent } from "../../src/core/event.ts";
import { identityOf } from "../../src/core/identity.ts";
import type { DeadLetter, FullStoreSet } from "../../src/core/stores.ts";
import { type InspectorOptions, inspector } from "../../src/inspector/index.ts";
import { memoryStores } from "../../src/stores/index.ts";

/** Whose letters they are. */
export const key = { consumer: "billing", feed: "shop:orders" };

/** An event. */
export function eventOf(id: string, data: unknown = {}): FeedEvent {
  return { specversion: "1.0", id, source: "/shop", type: "order_created", data };
}

/** A letter of an event. */
export function letterOf(id: string, data: unknown, more: Partial<DeadLetter> = {}): DeadLetter {
  const event = eventOf(id, data);
  return {
    ...{ ...key, identity: identityOf(event), event, raw: { id, data } },
    ...{ reason: "failed once: Error: no such customer", attempts: 1 },
    failedAt: "2026-12-01T08:00:00.000Z",
    ...more,
  };
}

/** An inspector, and what asks it as its page does. */
export function open(options: Partial<InspectorOptions> = {}) {
  const stores: FullStoreSet = memoryStores();
  const handle = inspector({ stores, authorize: () => true, logger: false, ...options });
  const origin = "http://127.0.0.1:4010";
  const page = { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" };
  const request = (path: string, init: RequestInit = {}): Request =>
    new Request(`${origin}${path}`, { headers: page, ...init });
  /** Asks for JSON. */
  async function look<Value>(name: string, query: Readonly<Record<string, string>> = {}) {
    const text = new URLSearchParams(query).toString();
    const response = await handle(request(`/api/${name}?${text}`));
    return { status: response.status, body: (await response.json()) as Value & { error?: string } };
  }
  /** Asks for a change. */
  async function change<Value>(name: string, body: unknown, headers = {}) {
    const response = await handle(
      request(`/api/${name}`, {
        method: "POST",
        headers: { ...page, "content-type": "application/json", "x-ackloop-page": "1", ...headers },
        body: JSON.stringify(body),
      }),
    );
    return { status: response.status, body: (await response.json()) as Value & { error?: string } };
  }
  return { stores, handle, request, look, change };
}
