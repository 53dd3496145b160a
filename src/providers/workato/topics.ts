import type { CallOptions } from "../../core/feed.ts";
import { wrong } from "../../http/options.ts";
import { noReply, replyOf } from "../../http/reply.ts";
import type { HttpClient } from "../../http/types.ts";
import { checkText, checkTopicId, type TopicId } from "./arguments.ts";
import type { TopicField } from "./topic-schema.ts";
import { type WireTopicFields, type wireTopic, wireTopicReply, wireTopics } from "./wire.ts";

/** A topic, the place that messages are published to and read from. */
export interface Topic {
  /** Names the topic in every call. */
  readonly id: TopicId;
  /** Its name. */
  readonly name: string;
  /** What it is for. */
  readonly description: string | undefined;
  /** How long messages are kept, in seconds. Workato's default is 604,800 (7 days), its maximum 90 days. */
  readonly retentionSeconds: number | undefined;
  /** The fields of its messages, for `topicSchema`; a list gives it only with `includeSchema`. */
  readonly schema: readonly TopicField[] | undefined;
  /** When it was made, ISO 8601 with the offset that Workato sends. */
  readonly createdAt: string | undefined;
  /** When it was changed last, in the same form. */
  readonly updatedAt: string | undefined;
}

/** What a new topic is made of. */
export interface NewTopic {
  /** Its name. */
  readonly name: string;
  /** The fields of its messages. */
  readonly schema: readonly TopicField[];
  /** How long messages are kept, in seconds. @default Workato's, 604_800 */
  readonly retentionSeconds?: number | undefined;
  /** What it is for. */
  readonly description?: string | undefined;
}

/** What of a topic changes. Whether Workato leaves an absent retention alone is not documented. */
export type TopicChange = { readonly [Field in keyof NewTopic]?: NewTopic[Field] | undefined };

/** Which topics to list, and how. */
export interface TopicQuery extends CallOptions {
  /** Only topics whose name holds this text; case counts. @default all */
  readonly name?: string | undefined;
  /** The order. @default "id" */
  readonly sort?: "activity" | "name" | "id" | undefined;
  /** Whether each topic comes with its schema. @default false */
  readonly includeSchema?: boolean | undefined;
}

/**
 * The six calls of the Developer API about topics. Each needs its own permission of the API client's
 * role, and none is made on the way to consuming or publishing.
 *
 * Each rejects with an `AckloopError`: `auth`, `request`, `notFound`, `rateLimit` (retryable),
 * `transport` (retryable), `timeout` (retryable), `schema`; `config` for a wrong argument. An abort
 * rejects with the signal's reason.
 *
 * Source: docs.workato.com/workato-api/event-streams.html, read 2026-11.
 */
export interface TopicCalls {
  /** Lists the topics; an empty list when there are none. No paging is documented. */
  list(query?: TopicQuery): Promise<readonly Topic[]>;
  /** Makes a topic. Not repeated after a failure that leaves its outcome open. */
  create(topic: NewTopic, options?: CallOptions): Promise<Topic>;
  /** Gives one topic with its schema. */
  get(topicId: TopicId, options?: CallOptions): Promise<Topic>;
  /** Changes a topic. A `schema` replaces the whole list of fields. */
  update(topicId: TopicId, change: TopicChange, options?: CallOptions): Promise<Topic>;
  /**
   * Removes all messages and statistics of a topic; what its readers had not read is gone, and the
   * cursors they keep point at nothing. Not repeated after a failure that leaves its outcome open: by
   * then it might remove messages that were published since.
   */
  purge(topicId: TopicId, options?: CallOptions): Promise<void>;
  /**
   * Deletes a topic. Not repeated after a failure that leaves its outcome open, so that `notFound`
   * always means that it was not there before.
   */
  delete(topicId: TopicId, options?: CallOptions): Promise<void>;
}

const root = "event_streams";

/** Makes the calls about topics. */
export function createTopicCalls(http: HttpClient): TopicCalls {
  const change = (
    operation: string,
    method: "PUT" | "DELETE",
    path: readonly TopicId[],
    { signal }: CallOptions,
  ) =>
    http.call({
      operation,
      method,
      path: [root, "topics", ...path],
      repeat: "unsent",
      reply: noReply,
      signal,
    });

  return {
    ...createReads(http),
    ...createWrites(http),
    async purge(topicId, options = {}) {
      const operation = "topics.purge";
      await change(operation, "PUT", [checkTopicId(operation, topicId), "purge"], options);
    },
    async delete(topicId, options = {}) {
      const operation = "topics.delete";
      await change(operation, "DELETE", [checkTopicId(operation, topicId)], options);
    },
  };
}

function createReads(http: HttpClient): Pick<TopicCalls, "list" | "get"> {
  return {
    async list({ name, sort, includeSchema, signal } = {}) {
      const wire = await http.call({
        operation: "topics.list",
        method: "GET",
        path: [root, "topics"],
        query: { name, sort, include_schema: includeSchema },
        repeat: "safe",
        reply: replyOf(wireTopics),
        signal,
      });
      return wire.data.map(toTopic);
    },
    async get(topicId, { signal } = {}) {
      const operation = "topics.get";
      const wire = await http.call({
        operation,
        method: "GET",
        path: [root, "topics", checkTopicId(operation, topicId)],
        repeat: "safe",
        reply: replyOf(wireTopicReply),
        signal,
      });
      return toTopic(wire.data);
    },
  };
}

function createWrites(http: HttpClient): Pick<TopicCalls, "create" | "update"> {
  return {
    async create(topic, { signal } = {}) {
      const operation = "topics.create";
      checkText(operation, "name", topic.name);
      if (!Array.isArray(topic.schema)) {
        throw wrong("workato", "schema must be a list of fields", operation);
      }
      const wire = await http.call({
        operation,
        method: "POST",
        path: [root, "topics"],
        json: toFields(topic),
        repeat: "unsent",
        reply: replyOf(wireTopicReply),
        signal,
      });
      return toTopic(wire.data);
    },
    async update(topicId, topic, { signal } = {}) {
      const operation = "topics.update";
      const wire = await http.call({
        operation,
        method: "PUT",
        path: [root, "topics", checkTopicId(operation, topicId)],
        json: toFields(topic),
        repeat: "safe",
        reply: replyOf(wireTopicReply),
        signal,
      });
      return toTopic(wire.data);
    },
  };
}

function toFields({ name, schema, retentionSeconds, description }: TopicChange): WireTopicFields {
  return { name, schema, retention: retentionSeconds, description };
}

function toTopic(wire: typeof wireTopic._zod.output): Topic {
  return {
    id: wire.id,
    name: wire.name,
    description: wire.description ?? undefined,
    retentionSeconds: wire.retention ?? undefined,
    schema: (wire.schema as readonly TopicField[] | null | undefined) ?? undefined,
    createdAt: wire.created_at ?? undefined,
    updatedAt: wire.updated_at ?? undefined,
  };
}
