import type { Feed, Receipt } from "../../../src/core/feed.ts";
import { toPage, toReceipt } from "../../../src/core/feed.ts";
import { type KekkerEmulatorOptions, kekkerEmulator } from "../../../src/emulator/kekker.ts";
import { type KekkerOptions, kekker } from "../../../src/providers/kekker/index.ts";

/** A node, a client of it, and what a test needs to publish. */
export function startNode(
  assumptions: KekkerEmulatorOptions["assumptions"] = {},
  options: Partial<KekkerOptions> = {},
) {
  const node = kekkerEmulator({ assumptions });
  const requests: Request[] = [];
  const credentials = { login: "demo-login", password: "demo-password" };
  const client = kekker({
    baseUrl: "https://qrm1.test",
    channel: "demo-channel",
    ...credentials,
    retry: { minDelayMs: 0, maxDelayMs: 0 },
    fetch: (input, init) => {
      requests.push(new Request(input, { ...init, signal: null }));
      return node.fetch(input, init);
    },
    ...options,
  } as KekkerOptions);
  return { node, client, requests };
}

/** Deals that are new: `deal(1)`, `deal(2)` and so on happen one second after the other. */
export function deals(count: number, first = 1) {
  return Array.from({ length: count }, (_, index) => deal(first + index));
}

/** One of {@link deals}. */
export function deal(number: number, members: Readonly<Record<string, unknown>> = {}) {
  return {
    category: "Deals",
    event: "DealCreated",
    eventUid: `e${number}`,
    timestamp: timeOf(number),
    objectId: `deal-${number}`,
    localObjectId: number,
    ...members,
  };
}

/** When `deal(number)` happened, as an ack's reply becomes in UTC, without its `Z`. */
export function timeOf(number: number): string {
  return new Date(Date.UTC(2020, 7, 4) + number * 1_000).toISOString().slice(0, 19);
}

/** Receipts of events by id, as a pull would have brought them. */
export function receiptsOf(...ids: readonly string[]): readonly Receipt[] {
  return ids.map((id) => toReceipt(id));
}

/** The ids that a pull brings; of an unreadable item its path. */
export async function pullIds(
  feed: Feed,
  limit?: number,
): Promise<readonly (string | undefined)[]> {
  const deliveries = toPage(await feed.pull({ limit })).deliveries;
  return deliveries.map(({ event, unreadable }) => event?.id ?? unreadable?.path);
}
