import { AckloopError, isAckloopError } from "../../core/errors.ts";
import type { StandardSchemaV1 } from "../../core/standard-schema.ts";
import { callOptions, withShapes } from "../../http/arguments.ts";
import { hasOwnMembers, wrong } from "../../http/options.ts";
import { replyOf } from "../../http/reply.ts";
import type { ClientCallOptions, HttpClient, ReplyFacts, ReplyReader } from "../../http/types.ts";
import { checkSize, checkTopicId, maxBytes, sizeOf, type WorkatoTopicId } from "./arguments.ts";
import type { WorkatoData } from "./event.ts";
import { isJsonObject, wireBatchItem, wireBatchPublish, wirePublish } from "./wire.ts";

/** What became of one message of a batch. */
export type WorkatoPublishResult =
  /** It is in the topic, under this id. */
  | { readonly status: "published"; readonly messageId: string }
  /** It is not in the topic. */
  | {
      readonly status: "failed";
      readonly reason: string;
      readonly error?: AckloopError | undefined;
    }
  /** It may be in the topic: the answer was lost, or did not mention it. */
  | {
      readonly status: "unknown";
      readonly reason: string;
      readonly error?: AckloopError | undefined;
    };

/** One entry of a batch's answer, as Workato sent it. */
export interface WorkatoPublishItem {
  /** The message's id. */
  readonly message_id?: string | null | undefined;
  /** What Workato says of it; the values are not documented. */
  readonly result?: unknown;
}

/** Tells from an entry whether its message was published. */
export type WorkatoIsPublished = (item: WorkatoPublishItem) => boolean;

/** The calls that publish. */
export interface WorkatoPublishCalls {
  /**
   * Publishes one message; `payload` is the whole body, as the topic's schema has it.
   *
   * Not repeated after a failure that leaves its outcome open (`outcomeUnknown` of the error), since
   * publishing twice makes two messages: put an id of your own into the payload.
   */
  publish(
    topicId: WorkatoTopicId,
    payload: object,
    options?: ClientCallOptions,
  ): Promise<{ readonly messageId: string }>;
  /**
   * Publishes many messages, and tells what became of each, in the order they were given.
   *
   * More than 100, or than about 1 MB, go out as several requests, one after the other; the first one
   * that fails is the last one sent, so that no message overtakes an earlier one. Workato answers 200 also
   * when some of a request's messages failed. A request whose outcome is open is not repeated.
   *
   * It rejects as long as nothing was published: with the error of the first request, when that was
   * refused; with the signal's reason after an abort, at any time.
   */
  publishBatch(
    topicId: WorkatoTopicId,
    payloads: readonly object[],
    options?: ClientCallOptions,
  ): Promise<readonly WorkatoPublishResult[]>;
}

/** The documented maximum of one batch. */
const maxPayloads = 100;

/** What stands around the payloads of a batch, in bytes. */
const aroundBytes = '{"payloads":[]}'.length;

/** Makes the calls that publish. */
export function createPublishCalls(
  http: HttpClient,
  isPublished: WorkatoIsPublished,
): WorkatoPublishCalls {
  const calls: WorkatoPublishCalls = {
    async publish(topicId, payload, { signal, onResponse } = {}) {
      const operation = "messages.publish";
      const reply = await http.call({
        operation,
        method: "POST",
        path: ["topics", checkTopicId(operation, topicId), "publish"],
        json: checkSize(operation, "payload", checkPayload(operation, payload, "payload")),
        repeat: "unsent",
        reply: publishedReply(wirePublish),
        signal,
        onResponse,
      });
      return { messageId: reply.message_id };
    },
    async publishBatch(topicId, payloads, options = {}) {
      const operation = "messages.publishBatch";
      const id = checkTopicId(operation, topicId);
      if (!Array.isArray(payloads)) throw wrong("workato", "payloads must be a list", operation);
      for (const [index, payload] of payloads.entries()) {
        checkPayload(operation, payload, `payloads[${index}]`);
      }
      const parts = splitPayloads(payloads);
      return await publishParts(
        parts,
        (part) => publishPart(http, id, part, isPublished, options),
        options,
      );
    },
  };
  const shape = { options: [2, callOptions] } as const;
  return withShapes("workato", "messages", calls, { publish: shape, publishBatch: shape });
}

/** Sends part after part, and stops at the first that fails. */
async function publishParts(
  parts: readonly (readonly object[])[],
  publish: (part: readonly object[]) => Promise<readonly WorkatoPublishResult[]>,
  { signal }: ClientCallOptions,
): Promise<readonly WorkatoPublishResult[]> {
  const results: WorkatoPublishResult[] = [];
  for (const [index, part] of parts.entries()) {
    const outcome = await publish(part).catch((error: unknown) => {
      if (signal?.aborted || !isAckloopError(error)) throw error;
      if (index === 0 && !error.outcomeUnknown) throw error;
      const failure = toFailure(error);
      return part.map(() => failure);
    });
    results.push(...outcome);
    if (!outcome.every(isOut)) break;
  }
  return [
    ...results,
    ...parts
      .flat()
      .slice(results.length)
      .map(() => notSent),
  ];
}

const notSent: WorkatoPublishResult = Object.freeze({
  status: "failed",
  reason: "not sent, since an earlier part of the batch failed",
});

function toFailure(error: AckloopError): WorkatoPublishResult {
  const status = error.outcomeUnknown ? "unknown" : "failed";
  return { status, reason: error.message, error };
}

async function publishPart(
  http: HttpClient,
  topicId: WorkatoTopicId,
  payloads: readonly object[],
  isPublished: WorkatoIsPublished,
  { signal, onResponse }: ClientCallOptions,
): Promise<readonly WorkatoPublishResult[]> {
  const read = publishedReply(wireBatchPublish);
  return await http.call({
    operation: "messages.publishBatch",
    method: "POST",
    path: ["batch", "topics", topicId, "publish"],
    json: { payloads },
    repeat: "unsent",
    reply: (body, facts) => {
      const { message_ids, is_partial_error } = read(body, facts);
      const results = payloads.map((_, index) =>
        toResult(message_ids?.[index], isPublished, facts.plain),
      );
      const contradicts = is_partial_error && results.every(isOut);
      return contradicts ? results.map(() => someFailed) : results;
    },
    signal,
    onResponse,
  });
}

const isOut = ({ status }: WorkatoPublishResult): boolean => status === "published";

/** The values of an entry's `result` are not documented, so that the flag is believed. */
const someFailed: WorkatoPublishResult = Object.freeze({
  status: "unknown",
  reason: "Workato says that some messages of the request failed, and not which",
});

/** Reads an answer that says "published" by its status: one that does not fit leaves the outcome open. */
function publishedReply<Output>(schema: StandardSchemaV1<unknown, Output>): ReplyReader<Output> {
  const read = replyOf(schema);
  return (body, facts) => {
    try {
      return read(body, facts);
    } catch (error) {
      if (!isAckloopError(error)) throw error;
      const { provider, operation, status } = facts;
      const known = { provider, operation, status, path: error.path, outcomeUnknown: true };
      throw new AckloopError("schema", "the answer does not tell what was published", known);
    }
  };
}

function toResult(
  entry: unknown,
  isPublished: WorkatoIsPublished,
  plain: ReplyFacts["plain"],
): WorkatoPublishResult {
  const item = wireBatchItem.safeParse(entry);
  if (!item.success) {
    return { status: "unknown", reason: "the answer does not tell what became of this message" };
  }
  const { message_id: messageId, result } = item.data;
  if (messageId && isPublished(item.data)) return { status: "published", messageId };
  return { status: "failed", reason: toReason(result, plain) };
}

function toReason(result: unknown, plain: ReplyFacts["plain"]): string {
  if (result === undefined || result === null || result === "") return "Workato gave no reason";
  if (typeof result === "string") return plain(result);
  try {
    return plain(JSON.stringify(result));
  } catch {
    // It nests deeper than JSON can be written.
    return "Workato's reason cannot be shown";
  }
}

/**
 * Cuts a list of payloads into requests, in order.
 *
 * @throws {AckloopError} `config` for a payload that no request can hold.
 */
export function splitPayloads(payloads: readonly object[]): readonly (readonly object[])[] {
  const parts: object[][] = [];
  let part: object[] = [];
  let leftBytes = 0;
  for (const [index, payload] of payloads.entries()) {
    // With the comma behind it.
    const bytes = sizeOf("messages.publishBatch", `payloads[${index}]`, payload) + 1;
    if (part.length === 0 || part.length === maxPayloads || bytes > leftBytes) {
      part = [];
      parts.push(part);
      leftBytes = maxBytes - aroundBytes;
    }
    part.push(payload);
    leftBytes -= bytes;
  }
  return parts;
}

function checkPayload(operation: string, payload: unknown, name: string): WorkatoData {
  if (isJsonObject(payload) && hasOwnMembers(payload)) return payload;
  throw wrong("workato", `${name} must be an object, and no promise, Map or Set`, operation);
}
