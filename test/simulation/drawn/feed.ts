import { AckloopError } from "../../../src/core/errors.ts";
import type {
  AckVerdict,
  Delivery,
  Feed,
  Page,
  PullOptions,
  Receipt,
} from "../../../src/core/feed.ts";
import { type Call, callLater, isRefused } from "./calls.ts";
import type { DrawnTrouble } from "./plan.ts";
import type { Reader } from "./reader.ts";
import { type Batch, type Item, type Ticket, ticketOf, ticketReceipt } from "./server.ts";
import { toCatalogue, toDelivery } from "./wire.ts";

/** The feed's name, in every run. */
export const FEED = "drawn/feed";

/** Makes the feed that the plan's settings say, as one process has it. */
export function drawnFeed(reader: Reader): Feed {
  const { kind, acksOnPull, waits, extend, nack, latencyMs, leases } = reader.world.plan.settings;
  const isList = kind === "list" || kind === "queue";
  const has = (is: boolean, ability: object): object => (is ? ability : {});
  const feed = {
    name: FEED,
    acks: isList ? "individual" : "cumulative",
    pulls: kind === "list" || kind === "pages" ? "unacked" : "onward",
    events: toCatalogue((data, fits) => validate(reader, data, fits)),
    ...has(acksOnPull, { acksOnPull: true }),
    ...has(waits, { waits: true }),
    ...has(kind === "queue" && leases.every((ms) => ms >= 3_000), { ackGroupMs: 20 }),
    pull: (options: PullOptions = {}) => pull(reader, options),
    ack: (receipts: readonly Receipt[], options: PullOptions = {}) =>
      ack(reader, receipts, options.signal),
    ...has(extend, {
      extend: (receipts: readonly Receipt[], leaseMs: number, options: PullOptions = {}) => {
        if (!(leaseMs > 0)) reader.world.tell("renewals", `a lease of ${leaseMs} ms was extended`);
        return callLater(reader, {
          service: "extend",
          signal: options.signal,
          latencyMs,
          onTrouble: () => reader.extendInTrouble(receipts.map((each) => numberAt(reader, each))),
          effect: () => {
            for (const receipt of receipts) mustBeHidden(reader, ticketOf(receipt));
            hide(reader, receipts, leaseMs);
          },
        });
      },
    }),
    ...has(nack, {
      nack: (receipts: readonly Receipt[], options: { afterMs?: number } & PullOptions = {}) =>
        callLater(reader, {
          service: "nack",
          signal: options.signal,
          latencyMs,
          effect: () => hide(reader, receipts, options.afterMs ?? 0),
        }),
    }),
  };
  return feed as unknown as Feed;
}

function validate(reader: Reader, data: unknown, fits: () => { readonly value: unknown }): unknown {
  const n = (data as { readonly sim: number }).sim;
  const { world } = reader;
  if (!world.mayFail("schema")) return n % 3 === 0 ? ofAnotherRealm(fits()) : fits();
  return callLater(reader, { service: "schema", n, latencyMs: 0, effect: fits });
}

/** A promise that is no instance of this realm's: Jest's are not, nor those of a library. */
function ofAnotherRealm<Value>(value: Value): PromiseLike<Value> {
  const promise = Promise.resolve(value);
  const foreign: object = {};
  Reflect.set(foreign, "then", promise.then.bind(promise));
  return foreign as PromiseLike<Value>;
}

function numberAt({ world }: Reader, receipt: Receipt): number {
  return world.server.items[ticketOf(receipt).place - 1]?.event.n ?? -1;
}

/** An extension that comes when the lease is over comes too late. */
function mustBeHidden({ world }: Reader, { place, delivery }: Ticket): void {
  const item = world.server.items[place - 1];
  if (item?.deliveries !== delivery || item.ackedAt !== undefined) return;
  if (item.hiddenUntil <= world.clock.now()) world.mustHide(item, item.leaseMs);
}

function hide({ world }: Reader, receipts: readonly Receipt[], ms: number): void {
  for (const receipt of receipts) world.server.hide(ticketOf(receipt), ms);
}

function pull(reader: Reader, options: PullOptions) {
  const { world } = reader;
  const { latencyMs } = world.plan.settings;
  const { ack: carried, limit = 1, waitMs = 0, signal } = options;
  if (!(Number.isInteger(limit) && limit > 0 && waitMs >= 0))
    world.tell("asked", `a pull asked for ${limit} events within ${waitMs} ms`);
  reader.pulling(carried && ticketOf(carried).place);
  let brought: readonly Item[] = [];
  return callLater(reader, {
    service: "pull",
    signal,
    latencyMs,
    onAnswered: () => reader.holds(brought),
    effect: async () => {
      if (carried) world.server.ackTo(ticketOf(carried).place);
      if (carried) reader.confirmed(ticketOf(carried).place);
      const batch = await takeOrWait(reader, options);
      const isEmptied = mayBeEmptied(reader);
      // What such a page leaves out was not given to the reader.
      brought = isEmptied ? [] : batch.items;
      reader.pulled(brought, isEmptied ? 0 : batch.place);
      return isEmptied ? { deliveries: [], more: true } : toAnswer(reader, batch);
    },
  });
}

/** Takes what is there, or holds the request for as long as it may be held. */
async function takeOrWait(reader: Reader, options: PullOptions): Promise<Batch> {
  const { server, plan, clock } = reader.world;
  const { waits, ignoresWait } = plan.settings;
  const { limit = 100, after, waitMs = 0, signal } = options;
  const place = after === undefined ? undefined : ticketOf(after).place;
  const end = clock.now() + (waits && !ignoresWait ? waitMs : 0);
  for (;;) {
    const batch = server.take(limit, place);
    const leftMs = end - clock.now();
    if (batch.items.length > 0 || batch.place > (place ?? 0) || leftMs <= 0) return batch;
    await reader.until(leftMs, signal, (wake) => server.onPublished(wake));
  }
}

/** Whether a page comes with nothing, and says that there is more. */
function mayBeEmptied({ world }: Reader): boolean {
  const { kind, empty } = world.plan.settings;
  return kind !== "queue" && world.server.isMischievous && world.dice.chance(empty);
}

function toAnswer(reader: Reader, batch: Batch): readonly Delivery[] | Page {
  const { settings } = reader.world.plan;
  const { isPage, tellsMore, tellsBytes, receipts, kind } = settings;
  const isCumulative = kind === "pages" || kind === "log";
  const all = batch.items.map((item, index) => {
    const isLast = index === batch.items.length - 1;
    const atLast = isLast && (receipts === "last" || !isPage);
    return deliver(reader, item, !isCumulative || receipts === "each" || atLast);
  });
  if (!isPage) return all;
  const ends = isCumulative && (receipts === "page" || all.length === 0) && batch.place > 0;
  return {
    deliveries: all,
    // Also what lies behind the last delivery and is for another.
    ...(ends || (isCumulative && kind === "log") ? { receipt: ticketReceipt(batch.place, 0) } : {}),
    ...(tellsMore ? { more: !batch.isLast } : {}),
    ...(tellsBytes ? { bytes: JSON.stringify(all).length } : {}),
  };
}

function deliver({ world }: Reader, item: Item, hasReceipt: boolean): Delivery {
  const { server, plan, clock } = world;
  const { kind, resendMs, tellsAttempt, again } = plan.settings;
  if (kind === "queue" && item.deliveries > 0) world.mustHide(item, item.leaseMs);
  item.deliveries += 1;
  const leaseMs = kind === "queue" ? server.nextLease() : -2;
  item.leaseMs = leaseMs;
  if (kind === "queue") item.hiddenUntil = clock.now() + (leaseMs > 0 ? leaseMs : resendMs);
  const { event, place, deliveries } = item;
  return toDelivery(event, {
    receipt: hasReceipt && event.receipt ? ticketReceipt(place, deliveries) : undefined,
    attempt: tellsAttempt ? deliveries : undefined,
    leaseMs: leaseMs === -2 ? undefined : leaseMs,
    again,
  });
}

function ack(reader: Reader, receipts: readonly Receipt[], signal: AbortSignal | undefined) {
  const { world } = reader;
  const { latencyMs, kind } = world.plan.settings;
  const tickets = receipts.map(ticketOf);
  const isCumulative = kind === "pages" || kind === "log";
  const over = reader.acking(isCumulative ? tickets.map(({ place }) => place) : undefined, signal);
  const keyOf = ({ place }: Ticket): number => (isCumulative ? 0 : place);
  const call: Call<readonly AckVerdict[]> = {
    service: "ack",
    signal,
    latencyMs,
    onTrouble: (trouble) => {
      if (isRefused(trouble)) reader.refused(tickets.map(keyOf));
    },
    effect: (trouble) =>
      tickets.map((ticket): AckVerdict => {
        if (trouble?.how === "verdict" && world.dice.chance(0.5)) {
          if (trouble.odd === "request") reader.refused([keyOf(ticket)]);
          return failedVerdict(trouble);
        }
        if (!isCumulative) return { status: world.server.ackOne(ticket) };
        world.server.ackTo(ticket.place);
        reader.confirmed(ticket.place);
        return { status: "acked" };
      }),
  };
  try {
    const answer = callLater(reader, call);
    answer.then(over, over);
    return answer;
  } catch (thrown) {
    over();
    throw thrown;
  }
}

function failedVerdict({ odd }: DrawnTrouble): AckVerdict {
  const error = new AckloopError("transport", "not now", { retryable: odd !== "request" });
  return { status: "failed", error };
}
