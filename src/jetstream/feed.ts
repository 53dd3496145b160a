import { abortable } from "../core/abort.ts";
import type { EventCatalogue, FeedEvent } from "../core/event.ts";
import type { AckVerdict, Feed, Page, Receipt } from "../core/feed.ts";
import { fromReceipt } from "../core/feed.ts";
import { toFailure } from "../core/guard.ts";
import { milliseconds, type Rule, whole } from "../core/options.ts";
import { deliveryOf, partsOf, readPlace } from "./entry.ts";
import { queueError } from "./error.ts";
import { type Brought, Firsts } from "./partitions.ts";
import { toNs } from "./stream.ts";
import type { Workers } from "./workers.ts";

/** What a feed is made of. */
export interface FeedParts<E extends FeedEvent> {
  /** The stream's name, which is the feed's. */
  readonly name: string;
  /** The option `consumer`, where it was given. */
  readonly consumer: string | undefined;
  readonly events: EventCatalogue<E> | undefined;
  /** The engine's consumer, or one for each partition. */
  readonly workers: readonly [Workers, ...Workers[]];
  readonly isPartitioned: boolean;
  readonly ackGroupMs: number;
}

/** Makes the feed of one consumer. */
export function feedOf<E extends FeedEvent>(parts: FeedParts<E>): Feed<E> {
  const { name, consumer, events, workers, isPartitioned, ackGroupMs } = parts;
  const firsts = isPartitioned ? new Firsts(workers) : undefined;
  return {
    name,
    ...(consumer !== undefined && { consumer }),
    pulls: "onward",
    acks: "individual",
    waits: true,
    ackGroupMs,
    events,
    async pull({ limit = 100, waitMs = 0, signal } = {}): Promise<Page<E>> {
      check("limit", limit, whole(1));
      check("waitMs", waitMs, milliseconds(0));
      const brought = firsts
        ? await firsts.pull({ limit, waitMs, signal })
        : await pullAll(workers[0], limit, waitMs, signal);
      return {
        deliveries: brought.map(({ message, known }) => {
          return deliveryOf<E>(message, known.made, known.leaseMs);
        }),
        bytes: brought.reduce((sum, { message }) => sum + message.data.length, 0),
      };
    },
    async ack(receipts, call) {
      const say = sayer(parts, "ack");
      return await abortable(call ?? {}, () =>
        Promise.all(receipts.map((receipt) => verdictOf(say(receipt, "+ACK")))),
      );
    },
    async nack(receipts, { afterMs = 0, signal } = {}) {
      const say = sayer(parts, "nack");
      // For others: nothing of it comes here again to a request of before.
      firsts?.cut();
      await abortable({ signal }, () => sayAll(receipts, (each) => say(each, later(afterMs))));
    },
    async extend(receipts, ms, call) {
      const { leaseMs } = await workers[0].known("extend", call);
      const say = sayer(parts, "extend");
      // The engine's own word lengthens by `ack_wait`; given back for later, an event is hidden for as long.
      const word = ms <= leaseMs ? "+WPI" : later(ms);
      await abortable(call ?? {}, () =>
        sayAll(receipts, (each) => say(each, word, Math.max(ms, leaseMs))),
      );
    },
    async release({ signal } = {}) {
      await abortable({ signal }, async () => {
        await firsts?.release();
        await Promise.all(workers.map((each) => each.released()));
      });
    },
  };
}

async function pullAll(
  workers: Workers,
  limit: number,
  waitMs: number,
  signal: AbortSignal | undefined,
): Promise<readonly Brought[]> {
  const known = await workers.known("pull", { signal });
  const messages = await workers.pull(known, limit, waitMs, signal);
  return messages.map((message) => ({ message, known, workers }));
}

function later(ms: number): string {
  return ms > 0 ? `-NAK ${JSON.stringify({ delay: toNs(ms) })}` : "-NAK";
}

function check(argument: string, value: unknown, { test, must }: Rule<number>): void {
  if (test(value) !== true) throw queueError("config", "pull", `\`${argument}\` must be ${must}`);
}

/** Gives a function that tells the engine a word about a delivery; false where it is gone. */
function sayer<E extends FeedEvent>({ name, workers }: FeedParts<E>, operation: string) {
  return async (receipt: Receipt, word: string, holdMs?: number): Promise<boolean> => {
    const place = readPlace(fromReceipt<unknown>(receipt));
    const said = place && partsOf(place.subject);
    const own = workers.find((each) => each.consumer === said?.consumer);
    if (place === undefined || said?.stream !== name || own === undefined) {
      throw queueError("config", operation, "this receipt is of another queue or consumer");
    }
    const { made } = await own.known(operation);
    // Its stream was made anew and counts from 1 again: the same place is another event's now.
    if (place.made !== made) return false;
    return await own.say(operation, { subject: place.subject, word, holdMs });
  };
}

async function verdictOf(said: Promise<boolean>): Promise<AckVerdict> {
  try {
    return { status: (await said) ? "acked" : "gone" };
  } catch (thrown) {
    return { status: "failed", error: toFailure(thrown, { what: "ack", whom: "jetstream" }) };
  }
}

/** Every one is told, and then the first failure. */
async function sayAll(
  receipts: readonly Receipt[],
  say: (receipt: Receipt) => Promise<boolean>,
): Promise<void> {
  const told = await Promise.allSettled(receipts.map(say));
  const failed = told.find((each) => each.status === "rejected");
  if (failed) throw failed.reason;
}
