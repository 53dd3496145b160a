import type { EmulatorTools } from "../definition.ts";
import { isRecord } from "../exchange.ts";
import { asList, isName } from "../options.ts";
import { randomUuid } from "../random.ts";
import type { EventList, HeldEvent } from "./event-list.ts";
import type { Operations } from "./operations.ts";
import { writeJson } from "./replies.ts";
import { fromEpochMs, parseTime, type StoredTime } from "./times.ts";

/** An event to publish; members beside these stand in the event as they are. */
export interface KekkerEventInput {
  /** The category, such as `Deals`; any other is taken as well. */
  readonly category: string;
  /** The type, such as `DealCreated`; any other is taken as well. */
  readonly event: string;
  /** @default a new one */
  readonly eventUid?: string | undefined;
  /** When it happened; UTC where a text has no zone. @default now, by the emulator's clock */
  readonly timestamp?: string | undefined;
  /** What the list shows in its place: a malformed item, which can be acknowledged all the same. */
  readonly shown?: unknown;
  readonly [member: string]: unknown;
}

/** What a node holds of one channel. */
export interface Channel {
  /** Its name. */
  readonly name: string;
  /** Its events. */
  readonly events: EventList;
  /** Its operations. */
  readonly operations: Operations;
  /** The newest event that was acknowledged: what the fault `duplicate` brings again. */
  lastAcked: HeldEvent | undefined;
}

/** Publishes events, or none where one of them is wrong. */
export function publishTo(
  channel: Channel,
  given: readonly KekkerEventInput[],
  { clock, random, journal }: Pick<EmulatorTools, "clock" | "random" | "journal">,
): readonly string[] {
  const copies = asList("kekker: events", given).map(toCopy);
  const ids = copies.flatMap(({ eventUid }) => eventUid ?? []);
  const taken = ids.find((id, index) => ids.indexOf(id) < index || channel.events.find(id));
  if (taken !== undefined) throw new TypeError("kekker: eventUid is there already");
  return copies.map(({ time, ...event }) => {
    const eventUid = event.eventUid ?? randomUuid(random("event"));
    channel.events.add({ ...event, eventUid, time: time ?? fromEpochMs(clock.now()) });
    journal.add({ kind: "published", queue: channel.name, eventId: eventUid });
    return eventUid;
  });
}

/** An event as it was given, checked. */
interface Checked extends Omit<HeldEvent, "eventUid" | "time"> {
  readonly eventUid: string | undefined;
  readonly time: StoredTime | undefined;
}

function toCopy(given: KekkerEventInput): Checked {
  if (!isRecord(given)) throw new TypeError("kekker: an event must be an object");
  const { category, event, shown, eventUid, timestamp, ...members } = cloned(given);
  checkText("category", category);
  checkText("event", event);
  if (eventUid !== undefined) checkText("eventUid", eventUid);
  return { category, event, shown, eventUid, time: toStoredTime(timestamp), members };
}

/** Not by JSON: a number that JSON cannot be given is written as it is. */
function cloned(event: KekkerEventInput): KekkerEventInput {
  try {
    const copy = structuredClone(event);
    writeJson(copy);
    return copy;
  } catch {
    throw new TypeError("kekker: an event must be JSON, or a bigint in its places");
  }
}

function toStoredTime(timestamp: string | undefined): StoredTime | undefined {
  if (timestamp === undefined) return undefined;
  const parsed = typeof timestamp === "string" && parseTime(timestamp);
  if (!parsed) throw new TypeError("kekker: timestamp must be such as 2020-08-04T21:23:14.813");
  return parsed.time;
}

function checkText(name: string, value: unknown): void {
  if (!isName(value)) throw new TypeError(`kekker: ${name} must be a text that is not empty`);
}
