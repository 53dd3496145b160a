import { AckloopError } from "../../core/errors.ts";
import type { FeedEvent } from "../../core/event.ts";
import type { Delivery } from "../../core/feed.ts";
import { readMessage, type WireMessage } from "./wire.ts";

/** The object that was published, as far as Workato promises anything about it. */
export type WorkatoData = Readonly<Record<string, unknown>>;

/** Names the type of an event from its data. */
export type TypeOf = (data: WorkatoData) => string;

/** What makes an event of a message besides the message. */
export interface EventFacts {
  /** The event's `source`. */
  readonly source: string;
  /** Names the type; without it every type is `message`. */
  readonly typeOf?: TypeOf | undefined;
}

/** A message read, and what a cursor behind it needs. */
export interface ReadMessage {
  /** The delivery, still without its receipt. */
  readonly delivery: Delivery;
  /** The message's id; absent when it has none, so that nothing can be read on from it. */
  readonly id?: string | undefined;
  /** The message's time, as it was sent. */
  readonly time?: string | undefined;
}

/** Turns one message of a consume into a delivery; `index` is its place in the answer. */
export function toDelivery(item: unknown, index: number, facts: EventFacts): ReadMessage {
  const message = readMessage(item);
  const { id, time, problem } = message;
  if (problem || id === undefined) {
    const path = `messages[${index}]${problem?.path ?? ""}`;
    const text = problem?.text ?? "the message has no id";
    return { id, time, delivery: { raw: item, unreadable: unreadable(text, path) } };
  }
  const type = nameType(facts.typeOf, message);
  if (type === undefined) {
    const text = "`typeOf` gave no type for this message";
    const path = `messages[${index}].payload`;
    return { id, time, delivery: { raw: item, unreadable: unreadable(text, path) } };
  }
  const event: FeedEvent = {
    specversion: "1.0",
    id,
    source: facts.source,
    type,
    ...(time === undefined ? {} : { time: toUtc(time) }),
    data: message.payload,
  };
  return { id, time, delivery: { raw: item, event } };
}

/** The type, or nothing when `typeOf` threw or gave none: what it says may hold the payload. */
function nameType(typeOf: TypeOf | undefined, { payload }: WireMessage): string | undefined {
  if (!typeOf) return "message";
  try {
    const type: unknown = typeOf(payload);
    return typeof type === "string" && type !== "" ? type : undefined;
  } catch {
    // The event goes where unreadable ones go, and the page's other events are not lost with it.
    return undefined;
  }
}

/** Messages are documented with `+00:00`; any other offset is turned into UTC. */
function toUtc(time: string): string {
  return time.endsWith("+00:00") ? `${time.slice(0, -6)}Z` : new Date(time).toISOString();
}

function unreadable(text: string, path: string): AckloopError {
  return new AckloopError("schema", text, { provider: "workato", operation: "pull", path });
}
