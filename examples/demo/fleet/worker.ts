/** One worker of the fleet, a process of its own: the providers' own handlers, on the queues. */
import { mkdirSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import {
  type DeadLetterStore,
  drop,
  type EventCatalogue,
  type Feed,
  type FeedEvent,
  fromReceipt,
  group,
  type Handler,
} from "ackloop";
import { providerOf } from "../provider.ts";
import { openPlace } from "./queue.ts";
import { type WorkerTask, workers } from "./task.ts";
import { Writer } from "./writer.ts";

const task: WorkerTask = JSON.parse(process.env["FLEET_TASK"] ?? "{}");
mkdirSync(task.place.folder, { recursive: true });
const writer = new Writer(task.record, task.name);
const { stores, queueOf, close } = await openPlace(task.place);
const isHasty = task.fault === "hasty-worker";

/** A feed with a line before each ack, and one after what the queue has confirmed. */
function watched<E extends FeedEvent>(feed: Feed<E>, provider: string): Feed<E> {
  const ids = new Map<unknown, string>();
  const ack: Feed<E>["ack"] = async (receipts, call) => {
    const each = receipts.map((receipt) => ids.get(fromReceipt(receipt)) ?? "");
    writer.write("acking", provider, each);
    const verdicts = await feed.ack(receipts, call);
    const confirmed = each.filter((_, at) => verdicts[at]?.status === "acked");
    writer.write("acked", provider, confirmed);
    // One that was not confirmed may be acknowledged again.
    receipts.forEach((receipt, at) => {
      if (verdicts[at]?.status === "acked") ids.delete(fromReceipt(receipt));
    });
    return verdicts;
  };
  const pull: Feed<E>["pull"] = async (call) => {
    const page = await feed.pull(call);
    const held = ("deliveries" in page ? page.deliveries : page).flatMap(({ event, receipt }) =>
      event && receipt ? [{ id: event.id, receipt }] : [],
    );
    for (const { id, receipt } of held) ids.set(fromReceipt(receipt), id);
    if (held.length > 0)
      writer.write(
        "pulled",
        provider,
        held.map(({ id }) => id),
      );
    // Acknowledged before any handler has seen it.
    if (isHasty && held.length > 0) await ack(held.map(({ receipt }) => receipt));
    return page;
  };
  const extend: NonNullable<Feed<E>["extend"]> = async (receipts, ms, call) => {
    await feed.extend?.(receipts, ms, call);
    const which = receipts.map((receipt) => ids.get(fromReceipt(receipt)) ?? "");
    writer.write("extended", provider, which);
  };
  return Object.assign(Object.create(feed), { ...feed, pull, ack, extend });
}

/** Where events are set aside, and a line of each that is stored. */
const deadLetters: DeadLetterStore = {
  ...stores.deadLetters,
  async put(letter, call) {
    const put = await stores.deadLetters.put(letter, call);
    if (letter.event) writer.write("setAside", letter.feed, [letter.event.id]);
    return put;
  },
};

/** The work itself: waits, fails sometimes, and always on the poison event. */
const workOf = (provider: string) => async (event: FeedEvent) => {
  const { id, data } = event;
  await wait(task.handlerMs);
  if (task.fails) {
    if (JSON.stringify(data).includes("poison")) throw new Error("cannot make sense of this event");
    if (Math.random() < 0.02) throw new Error("the database is busy");
  }
  writer.write("handled", provider, [id]);
};

const other: Handler = ({ type }) => drop(`${type} is no business of ours`);

const common = {
  concurrency: task.concurrency,
  maxInFlight: task.maxInFlight,
  retry: { attempts: 4, minDelayMs: 50, maxDelayMs: 200 },
  idle: { minDelayMs: 50, maxDelayMs: 500 },
  deadLetters,
  consumer: workers,
  logger: false as const,
};

const providers = await Promise.all(task.providers.map(providerOf));
const runs = providers.map(({ work }, at) => {
  const name = task.providers[at] ?? "";
  const { open } = queueOf(name);
  const opened = <E extends FeedEvent>(events?: EventCatalogue<E>) =>
    task.isWatched ? watched(open(events), name) : open(events);
  return work(opened, { common, work: workOf(name), other });
});
const all = group(runs);
process.once("SIGTERM", () => void all.stop());
writer.ready();
await all;
writer.usage();
await close();
