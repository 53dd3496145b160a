import { AckloopError, isAckloopError } from "../../core/errors.ts";
import { flag, ignored, oneOf, type TableOf } from "../../core/options.ts";
import { callOptions, unchecked, withShapes } from "../../http/arguments.ts";
import { wrong } from "../../http/options.ts";
import { replyOf } from "../../http/reply.ts";
import type { ClientCallOptions, HttpClient, ReplyReader } from "../../http/types.ts";
import {
  checkRetention,
  checkSize,
  checkText,
  checkTopicId,
  type WorkatoTopicId,
} from "./arguments.ts";
import type { WorkatoNewTopicField, WorkatoTopicField } from "./topic-schema.ts";
import {
  type WireTopicFields,
  wireDone,
  type wireTopic,
  wireTopicReply,
  wireTopics,
} from "./wire.ts";

/** A topic, the place that messages are published to and read from. */
export interface WorkatoTopic {
  /** Names the topic in every call. */
  readonly id: WorkatoTopicId;
  /** Its name. */
  readonly name: string;
  /** What it is for. */
  readonly description: string | undefined;
  /** How long messages are kept, in seconds. Workato's default is 604,800 (7 days), its maximum 90 days. */
  readonly retentionSeconds: number | undefined;
  /** The fields of its messages, for `topicSchema`; a list gives it only with `includeSchema`. */
  readonly schema: readonly WorkatoTopicField[] | undefined;
  /** When it was made, ISO 8601 with the offset that Workato sends. */
  readonly createdAt: string | undefined;
  /** When it was changed last, in the same form. */
  readonly updatedAt: string | undefined;
}

/** What a new topic is made of. */
export interface WorkatoNewTopic {
  /** Its name. */
  readonly name: string;
  /** The fields of its messages, each with its five members. */
  readonly schema: readonly WorkatoNewTopicField[];
  /** How long messages are kept, in seconds. @default Workato's, 604_800 */
  readonly retentionSeconds?: number | undefined;
  /** What it is for. */
  readonly description?: string | undefined;
}

/** What of a topic changes. */
export interface WorkatoTopicChange {
  /** Its name. */
  readonly name?: string | undefined;
  /** The fields of its messages. Assumed: they replace the whole list, as in the page's sample. */
  readonly schema?: readonly WorkatoTopicField[] | undefined;
  /**
   * How long messages are kept, in seconds. **Left out, Workato sets 604,800 (7 days)**, its page says, so
   * that a change of the name can cut the history. `"keep"` reads what it is first, and sends it again.
   */
  readonly retentionSeconds?: number | "keep" | undefined;
  /** What it is for. */
  readonly description?: string | undefined;
}

/** Which topics to list, and how. */
export interface WorkatoTopicQuery extends ClientCallOptions {
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
export interface WorkatoTopicCalls {
  /**
   * Lists the topics; an empty list when there are none.
   *
   * No paging is documented, but the number of all topics is. Where the answer holds fewer, the next pages
   * are asked for. Assumed: by `page` and `per_page`, as a public program does; one that brings nothing
   * new is a `schema` error, never a list that is silently cut.
   */
  list(query?: WorkatoTopicQuery): Promise<readonly WorkatoTopic[]>;
  /** Makes a topic. Not repeated after a failure that leaves its outcome open. */
  create(topic: WorkatoNewTopic, options?: ClientCallOptions): Promise<WorkatoTopic>;
  /** Gives one topic with its schema. */
  get(topicId: WorkatoTopicId, options?: ClientCallOptions): Promise<WorkatoTopic>;
  /** Changes a topic; mind the retention of {@link WorkatoTopicChange}. */
  update(
    topicId: WorkatoTopicId,
    change: WorkatoTopicChange,
    options?: ClientCallOptions,
  ): Promise<WorkatoTopic>;
  /**
   * Removes all messages and statistics of a topic; what its readers had not read is gone, and the
   * cursors they keep point at nothing. Not repeated after a failure that leaves its outcome open: by
   * then it might remove messages that were published since.
   */
  purge(topicId: WorkatoTopicId, options?: ClientCallOptions): Promise<void>;
  /**
   * Deletes a topic. Not repeated after a failure that leaves its outcome open, so that `notFound`
   * always means that it was not there before.
   */
  delete(topicId: WorkatoTopicId, options?: ClientCallOptions): Promise<void>;
}

const root = "event_streams";

/** How many pages of topics are read at most: far more than a workspace has. */
const mostPages = 1000;

/** Makes the calls about topics. */
export function createTopicCalls(http: HttpClient): WorkatoTopicCalls {
  const change = (
    operation: string,
    method: "PUT" | "DELETE",
    path: readonly WorkatoTopicId[],
    { signal, onResponse }: ClientCallOptions,
  ) =>
    http.call({
      operation,
      method,
      path: [root, "topics", ...path],
      repeat: "unsent",
      reply: doneReply,
      signal,
      onResponse,
    });

  const reads = createReads(http);
  const calls: WorkatoTopicCalls = {
    ...reads,
    ...createWrites(http, reads.get),
    async purge(topicId, options = {}) {
      const operation = "topics.purge";
      await change(operation, "PUT", [checkTopicId(operation, topicId), "purge"], options);
    },
    async delete(topicId, options = {}) {
      const operation = "topics.delete";
      await change(operation, "DELETE", [checkTopicId(operation, topicId)], options);
    },
  };
  return withShapes("workato", "topics", calls, {
    list: { options: [0, queryTable] },
    create: { input: [0, { ...newTopicTable, ...readAlone }], options: [1, callOptions] },
    get: { options: [1, callOptions] },
    update: { input: [1, { ...changeTable, ...readAlone }], options: [2, callOptions] },
    purge: { options: [1, callOptions] },
    delete: { options: [1, callOptions] },
  });
}

const queryTable = {
  ...callOptions,
  name: unchecked<string>(),
  sort: oneOf("id", "name", "activity"),
  includeSchema: flag,
} satisfies TableOf<WorkatoTopicQuery>;

/** A topic that was read may be given back. */
const readAlone = { id: ignored, createdAt: ignored, updatedAt: ignored };

const newTopicTable = {
  name: unchecked<string>(),
  schema: unchecked<readonly WorkatoNewTopicField[]>(),
  retentionSeconds: unchecked<number>(),
  description: unchecked<string>(),
} satisfies TableOf<Partial<WorkatoNewTopic>>;

const changeTable = {
  name: unchecked<string>(),
  schema: unchecked<readonly WorkatoTopicField[]>(),
  retentionSeconds: unchecked<number | "keep">(),
  description: unchecked<string>(),
} satisfies TableOf<WorkatoTopicChange>;

/** The first page is asked for as documented, without a size. */
function readPage(
  http: HttpClient,
  { name, sort, includeSchema, signal, onResponse }: WorkatoTopicQuery,
  page: number,
  perPage: number | undefined,
): Promise<typeof wireTopics._zod.output> {
  const paging = perPage === undefined ? {} : { page, per_page: perPage };
  return http.call({
    operation: "topics.list",
    method: "GET",
    path: [root, "topics"],
    query: { name, sort, include_schema: includeSchema, ...paging },
    repeat: "safe",
    reply: replyOf(wireTopics),
    signal,
    onResponse,
  });
}

function createReads(http: HttpClient): Pick<WorkatoTopicCalls, "list" | "get"> {
  return {
    async list(query = {}) {
      const topics = new Map<WorkatoTopicId, WorkatoTopic>();
      let perPage: number | undefined;
      for (let page = 1; page <= mostPages; page += 1) {
        const known = topics.size;
        const { count, data } = await readPage(http, query, page, perPage);
        for (const wire of data) topics.set(wire.id, toTopic(wire));
        if (topics.size >= (count ?? 0)) return [...topics.values()];
        if (topics.size === known) break;
        perPage ??= data.length;
      }
      const what = "the list is cut: the answer counts more topics than could be read";
      throw new AckloopError("schema", what, { provider: "workato", operation: "topics.list" });
    },
    async get(topicId, { signal, onResponse } = {}) {
      const operation = "topics.get";
      const wire = await http.call({
        operation,
        method: "GET",
        path: [root, "topics", checkTopicId(operation, topicId)],
        repeat: "safe",
        reply: replyOf(wireTopicReply),
        signal,
        onResponse,
      });
      return toTopic(wire.data);
    },
  };
}

function createWrites(
  http: HttpClient,
  get: WorkatoTopicCalls["get"],
): Pick<WorkatoTopicCalls, "create" | "update"> {
  return {
    async create(topic, { signal, onResponse } = {}) {
      const operation = "topics.create";
      checkText(operation, "name", topic.name);
      if (!Array.isArray(topic.schema)) {
        throw wrong("workato", "schema must be a list of fields", operation);
      }
      checkRetention(operation, topic.retentionSeconds);
      const fields = checkSize(operation, "the topic", toFields(topic, topic.retentionSeconds));
      const wire = await http.call({
        operation,
        method: "POST",
        path: [root, "topics"],
        json: fields,
        repeat: "unsent",
        reply: replyOf(wireTopicReply),
        signal,
        onResponse,
      });
      return toTopic(wire.data);
    },
    async update(topicId, topic, { signal, onResponse } = {}) {
      const operation = "topics.update";
      const id = checkTopicId(operation, topicId);
      const { retentionSeconds: wanted } = topic;
      if (wanted !== "keep") checkRetention(operation, wanted);
      const retention =
        wanted === "keep" ? (await get(id, { signal, onResponse })).retentionSeconds : wanted;
      const wire = await http.call({
        operation,
        method: "PUT",
        path: [root, "topics", id],
        json: checkSize(operation, "the change", toFields(topic, retention)),
        repeat: "safe",
        reply: replyOf(wireTopicReply),
        signal,
        onResponse,
      });
      return toTopic(wire.data);
    },
  };
}

function toFields(
  { name, schema, description }: Omit<WorkatoTopicChange, "retentionSeconds">,
  retention: number | undefined,
): WireTopicFields {
  return { name, schema, retention, description };
}

const readDone = replyOf(wireDone);

/** Anything but the documented words leaves open whether it was done. */
const doneReply: ReplyReader<void> = (body, facts) => {
  try {
    readDone(body, facts);
  } catch (error) {
    if (!isAckloopError(error)) throw error;
    const { provider, operation, status } = facts;
    const what = "the answer does not say that it was done";
    throw new AckloopError("schema", what, { provider, operation, status, outcomeUnknown: true });
  }
};

function toTopic(wire: typeof wireTopic._zod.output): WorkatoTopic {
  return {
    id: wire.id,
    name: wire.name,
    description: wire.description ?? undefined,
    retentionSeconds: wire.retention ?? undefined,
    schema: (wire.schema as readonly WorkatoTopicField[] | null | undefined) ?? undefined,
    createdAt: wire.created_at ?? undefined,
    updatedAt: wire.updated_at ?? undefined,
  };
}
