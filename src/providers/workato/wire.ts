import * as z from "zod/mini";
import { anyItems, listOf } from "../../http/list.ts";

/**
 * The JSON of Workato's event streams, in Workato's own words.
 *
 * Sources, read 2026-11: docs.workato.com/workato-api/pubsub (consume, publish, batch publish) and
 * docs.workato.com/workato-api/event-streams.html (topics). Fields that are not used here are let
 * through, and a field that the pages do not promise for every call may be absent or null.
 */

/**
 * The answer to a consume. Each message is read by itself, by {@link readMessage}, so that a malformed
 * one does not hide the good ones around it.
 */
export const wireConsume = z.object({
  messages: anyItems,
});

/** The answer to a publish. */
export const wirePublish = z.object({ message_id: z.string().check(z.minLength(1)) });

/**
 * The answer to a batch publish: an object keyed by the index as a string, 200 also when some of the
 * messages failed. The values of `result` are not documented.
 */
export const wireBatchPublish = z.object({
  is_partial_error: z.nullish(z.boolean()),
  message_ids: z.nullish(z.looseObject({})),
});

/** One entry of {@link wireBatchPublish}. */
export const wireBatchItem = z.object({
  message_id: z.nullish(z.string()),
  result: z.nullish(z.unknown()),
});

/** A topic. `created_at` and `updated_at` carry a local offset; `retention` is in seconds. */
export const wireTopic = z.object({
  id: z.union([z.number(), z.string()]),
  name: z.string(),
  description: z.nullish(z.string()),
  retention: z.nullish(z.number()),
  // A field without a name is one that an update left without it, and no reason to refuse its topic.
  schema: z.nullish(listOf(z.looseObject({}))),
  created_at: z.nullish(z.string()),
  updated_at: z.nullish(z.string()),
});

/** The answer to create, get and update. */
export const wireTopicReply = z.object({ data: wireTopic });

/** The answer to a purge or a deletion, as the event streams' page has it, or the page of the whole API. */
export const wireDone = z.union([
  z.object({ data: z.object({ status: z.literal("success") }) }),
  z.object({ Success: z.literal(true) }),
]);

/** The answer to list. */
export const wireTopics = z.object({ count: z.nullish(z.number()), data: listOf(wireTopic) });

/**
 * The body of a failed call: `message` on both hosts' pages; the validation errors of the platform
 * add `errors`. The event-streams host documents none, so nothing is required.
 */
export const wireError = z.object({
  message: z.nullish(z.string()),
  id: z.nullish(z.string()),
  errors: z.optional(z.unknown()),
});

/** What a consume asks for. At most one of the two cursors is ever sent. */
export interface ConsumeRequest {
  /** Messages after this one, which must exist in the topic. */
  readonly after_message_id?: string | undefined;
  /** Messages from this time on, RFC 3339; a time to come is treated as now. */
  readonly since_time?: string | undefined;
  /** 1-50. */
  readonly batch_size: number;
  /** 0-60. */
  readonly timeout_secs: number;
}

/** What a topic is made of, or changed to. A `schema` replaces the one before. */
export interface WireTopicFields {
  readonly name?: string | undefined;
  readonly schema?: readonly unknown[] | undefined;
  /** In seconds. */
  readonly retention?: number | undefined;
  readonly description?: string | undefined;
}

/** A message as far as it could be read. */
export interface WireMessage {
  /** The message's id, opaque; absent when it is no text. */
  readonly id?: string | undefined;
  /** The message's time as it was sent, which may be no instant; absent when it is no text. */
  readonly time?: string | undefined;
  /** The published object; meaningless when there is a `problem`. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** What is wrong, and where in the message. */
  readonly problem?: { readonly path: string; readonly text: string } | undefined;
}

const nothing: Readonly<Record<string, unknown>> = Object.freeze({});

/** Tells whether a value is a JSON object. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads one message of a consume, whatever it is.
 *
 * By hand and not by a schema: it runs for every message, and a schema costs as much for a page as a
 * third of the request. Documented: `{"message_id": string, "payload": object, "time": string}`.
 */
export function readMessage(item: unknown): WireMessage {
  if (!isJsonObject(item)) {
    return { payload: nothing, problem: { path: "", text: "the message is not an object" } };
  }
  const { message_id: id, payload, time: sent } = item;
  const time = typeof sent === "string" ? sent : undefined;
  if (typeof id !== "string" || id === "") {
    const problem = { path: ".message_id", text: "the message has no id" };
    return { time, payload: nothing, problem };
  }
  if (!isJsonObject(payload)) {
    const problem = { path: ".payload", text: "the payload is not an object" };
    return { id, time, payload: nothing, problem };
  }
  return { id, time, payload };
}
