import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { sha256 } from "../core/digest.ts";
import { entryOf, isEntry, toPlainEntry } from "../core/entry.ts";
import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Delivery, ReadableDelivery } from "../core/feed.ts";
import { toReceipt } from "../core/feed.ts";
import { hasOwnId, identityOf } from "../core/identity.ts";
import { queueError } from "./error.ts";

/** A message on its way in. */
export interface Draft {
  readonly delivery: ReadableDelivery;
  readonly payload: Uint8Array;
  /** By what the engine knows it again; absent where that is not known. */
  readonly msgID: string | undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @throws {AckloopError} `config` for what is no event, or cannot be written as JSON. */
export async function draftOf(delivery: ReadableDelivery): Promise<Draft> {
  const entry = entryOf(delivery);
  if (!isEntry(entry)) {
    const text = "what has no `id`, `source` and `type`, each a text, is no event";
    throw queueError("config", "send", text);
  }
  const payload = encoder.encode(toJson(toPlainEntry(entry)));
  if (entry.event === undefined || !hasOwnId(entry)) return { delivery, payload, msgID: undefined };
  // A digest, since an id may hold what a header cannot; written as JSON, which escapes lone surrogates.
  const identity = encoder.encode(JSON.stringify(identityOf(entry.event)));
  return { delivery, payload, msgID: await sha256(identity) };
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    // The error of the engine would quote the payload's field names.
    const text = "`raw` or the event cannot be written as JSON (a BigInt or a cycle?)";
    throw queueError("config", "send", text);
  }
}

/**
 * What an acknowledgement needs: the subject that the engine listens on for it, and which making of the
 * stream it is of, since a stream that is made anew counts from 1 again.
 */
export interface Place {
  readonly made: string;
  readonly subject: string;
}

function writePlace({ made, subject }: Place): string {
  return `${made} ${subject}`;
}

export function readPlace(receipt: unknown): Place | undefined {
  if (typeof receipt !== "string") return undefined;
  const [made = "", subject = "", more] = receipt.split(" ");
  return partsOf(subject) && more === undefined ? { made, subject } : undefined;
}

/** What the subject of an acknowledgement says. */
export interface AckSubject {
  readonly stream: string;
  readonly consumer: string;
  readonly attempt: number;
  /** The event's place in the stream. */
  readonly sequence: number;
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.…`, or the form with a domain and an account in front.
 *
 * Source: NATS, ADR-15, read 2026-11.
 */
export function partsOf(subject: string): AckSubject | undefined {
  const tokens = subject.split(".");
  if (tokens[0] !== "$JS" || tokens[1] !== "ACK" || tokens.length < 9) return undefined;
  const [stream = "", consumer = "", delivered, at] = tokens.slice(tokens.length === 9 ? 2 : 4);
  const [attempt, sequence] = [Number(delivered), Number(at)];
  if (!Number.isSafeInteger(attempt)) return undefined;
  return { stream, consumer, attempt, sequence };
}

/** Makes a delivery of a message. What is no entry of ours is unreadable, so that it blocks no other. */
export function deliveryOf<E extends FeedEvent>(
  message: Msg,
  made: string,
  leaseMs: number,
): Delivery<E> {
  const { data, reply = "" } = message;
  const attempt = partsOf(reply)?.attempt;
  const receipt = toReceipt(writePlace({ made, subject: reply }));
  const text = decoder.decode(data);
  const facts = { receipt, attempt, leaseMs };
  const read = (): Delivery<E> => {
    const value = parsed(text);
    if (!isEntry(value) || value.event === undefined) {
      const error = new AckloopError("schema", "the message is no event that a relay has sent");
      return { ...facts, unreadable: error, raw: value === undefined ? text : value };
    }
    const { event, raw, idDerived } = value;
    // The relay's feed made the event, and the loop validates it: its type is the caller's word.
    return { ...facts, event: event as E, raw, ...(idDerived && { idDerived }), again: read };
  };
  return read();
}

/** Reads JSON; `undefined` for what is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Gives messages back that nobody waits for any more. If that fails, their leases end by themselves. */
export function sayGivenBack(connection: NatsConnection, messages: readonly Msg[]): void {
  try {
    for (const { reply } of messages) if (reply !== undefined) connection.publish(reply, "-NAK");
  } catch {
    // The connection is closed, or about to be.
  }
}
