import type { Call, EmulatorTools, Route } from "../definition.ts";
import { isRecord, json, Refusal } from "../exchange.ts";
import { badRequest, type Guard } from "./access.ts";
import type { WorkatoAssumptions } from "./assumptions.ts";
import type { HeldMessage } from "./message-log.ts";
import type { WorkatoOperation } from "./operation.ts";
import { findUnknown, findViolations } from "./payload-check.ts";
import type { HeldTopic, Topics } from "./topics.ts";

/** What the API that consumes and publishes needs. */
export interface StreamsState {
  readonly tools: Pick<EmulatorTools, "clock" | "journal">;
  readonly topics: Topics;
  readonly guard: Guard;
  readonly assumptions: WorkatoAssumptions;
  /** Why a payload is not published, beside the schema; nothing when it is. */
  readonly refuse: (payload: Body) => string | undefined;
}

type Body = Readonly<Record<string, unknown>>;

/** Who caused a change, for the journal. */
export type Cause = Pick<Call, "number" | "operation">;

/** A consume, checked. */
interface Reading {
  /** Where it begins; looked up again whenever it is woken. */
  readonly start: (topic: HeldTopic) => number;
  readonly batchSize: number;
  readonly timeoutMs: number;
}

const maxBatchSize = 50;
const maxTimeoutSeconds = 60;
const maxPayloads = 100;
/** How many messages that were read already the fault `duplicate` delivers again. */
const repeated = 10;

/** The three calls of the event-streams host. */
export function streamsRoutes(state: StreamsState): readonly Route<WorkatoOperation>[] {
  const { guard, topics, assumptions } = state;
  return [
    {
      operation: "consume",
      method: "POST",
      path: "/api/v1/topics/:topicId/consume",
      handle: guard("streams", "consume", (call, body) => consume(state, call, body)),
    },
    {
      operation: "publish",
      method: "POST",
      path: "/api/v1/topics/:topicId/publish",
      handle: guard("streams", "publish", (call, body) => {
        const topic = topics.find(call.params["topicId"] ?? "");
        const reason = whyNot(state, topic, body);
        if (reason !== undefined) {
          throw new Refusal(assumptions.schemaViolationStatus, reason);
        }
        return json({ message_id: publish(state, topic, body, call).id });
      }),
    },
    {
      operation: "publishBatch",
      method: "POST",
      path: "/api/v1/batch/topics/:topicId/publish",
      handle: guard("streams", assumptions.batchPermission, (call, body) =>
        publishBatch(state, topics.find(call.params["topicId"] ?? ""), body, call),
      ),
    },
  ];
}

/** Puts a message into a topic, and wakes those who wait for it. */
export function publish(
  { tools: { clock, journal } }: Pick<StreamsState, "tools">,
  topic: HeldTopic,
  payload: unknown,
  cause?: Cause,
): HeldMessage {
  const at = clock.now();
  const message = topic.log.append(at, (message_id, time) => ({ message_id, payload, time }));
  topic.activeAt = at;
  journal.add({
    kind: "published",
    queue: String(topic.id),
    eventId: message.id,
    request: cause?.number,
    operation: cause?.operation,
  });
  topic.bell.ring();
  return message;
}

async function consume(state: StreamsState, call: Call, body: Body): Promise<Response> {
  const { topics, tools } = state;
  const topicId = call.params["topicId"] ?? "";
  const first = topics.find(topicId);
  const { bell } = first;
  const reading = toReading(state, first, body);
  noteCursor(tools, call, body);
  let isOver = reading.timeoutMs === 0;
  // The one timer of a poll, so that a clock that stands still under fake timers keeps nobody waiting.
  const timer = setTimeout(() => {
    isOver = true;
    bell.ring();
  }, reading.timeoutMs);
  try {
    for (;;) {
      const topic = topics.find(topicId);
      const messages = read(topic, reading, call.duplicate);
      if (messages.length > 0 || isOver) {
        for (const { id } of messages) {
          tools.journal.add({
            kind: "delivered",
            queue: String(topic.id),
            eventId: id,
            request: call.number,
            operation: call.operation,
          });
        }
        return json({ messages: messages.map(({ wire }) => wire) });
      }
      await bell.wait(call.signal);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** How far the reader says that it has read, which is the only ack there is. */
function noteCursor({ journal }: StreamsState["tools"], call: Call, body: Body): void {
  const cursor = body["after_message_id"];
  if (typeof cursor !== "string") return;
  const { number: request, operation, params } = call;
  const queue = params["topicId"] ?? "";
  journal.add({ kind: "read", queue, eventId: cursor, cursor, request, operation });
}

function read(
  topic: HeldTopic,
  { start, batchSize }: Reading,
  duplicate: boolean,
): readonly HeldMessage[] {
  const place = start(topic);
  if (!duplicate) return topic.log.page(place, batchSize);
  const earlier = Math.max(place - repeated, topic.log.first());
  if (earlier < place) return topic.log.page(earlier, batchSize);
  const messages = topic.log.page(place, batchSize);
  return [...messages.slice(0, 1), ...messages].slice(0, batchSize);
}

function toReading(state: StreamsState, topic: HeldTopic, body: Body): Reading {
  const { assumptions } = state;
  const batchSize = toWhole(body["batch_size"], maxBatchSize, 1, maxBatchSize, assumptions);
  const timeoutSeconds = toWhole(body["timeout_secs"], 0, 0, maxTimeoutSeconds, assumptions);
  return { start: toStart(state, topic, body), batchSize, timeoutMs: timeoutSeconds * 1_000 };
}

function toStart(
  { tools, assumptions }: StreamsState,
  topic: HeldTopic,
  body: Body,
): Reading["start"] {
  const { after_message_id: after, since_time: since } = body;
  const isAfter = after !== undefined && after !== null;
  if (isAfter && since !== undefined && since !== null && assumptions.bothCursors === "refuse") {
    throw badRequest("one cursor at a time");
  }
  if (isAfter) return toStartAfter(assumptions, topic, after);
  if (since === undefined || since === null) return ({ log }) => log.first();
  const time = toTime(since);
  // A time to come means now: what is there already is older.
  const end = topic.log.end();
  if (time > tools.clock.now()) return () => end;
  return ({ log }) => log.startAt(time, assumptions.sinceInclusive);
}

function toStartAfter(
  { unknownCursor, unknownCursorStatus }: WorkatoAssumptions,
  topic: HeldTopic,
  after: unknown,
): Reading["start"] {
  if (typeof after !== "string" || after === "") throw badRequest("after_message_id is text");
  const place = topic.log.startAfter(after);
  if (place !== "unknown") return () => place;
  if (unknownCursor === "refuse") {
    throw new Refusal(unknownCursorStatus, "after_message_id does not exist in the topic");
  }
  return ({ log }) => (unknownCursor === "oldest" ? log.first() : log.end());
}

/** An RFC 3339 time; one without an offset is none. */
function toTime(value: unknown): number {
  const form = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
  const time = typeof value === "string" && form.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw badRequest("since_time is RFC 3339");
  return time;
}

function toWhole(
  value: unknown,
  absent: number,
  min: number,
  max: number,
  { outOfRange }: WorkatoAssumptions,
): number {
  if (value === undefined || value === null) return absent;
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw badRequest("batch_size and timeout_secs are whole numbers");
  }
  if (value >= min && value <= max) return value;
  if (outOfRange === "refuse") throw badRequest("batch_size and timeout_secs have a range");
  return Math.min(Math.max(value, min), max);
}

function publishBatch(state: StreamsState, topic: HeldTopic, body: Body, cause: Cause): Response {
  const { payloads } = body;
  const { emptyBatch, batchFailure, batchSuccess, noPartialError } = state.assumptions;
  const fewest = emptyBatch === "refuse" ? 1 : 0;
  if (!Array.isArray(payloads) || payloads.length < fewest || payloads.length > maxPayloads) {
    throw badRequest("a batch has 1 to 100 payloads");
  }
  let failed = false;
  const items = payloads.map((payload: unknown, index) => {
    const reason = isRecord(payload) ? whyNot(state, topic, payload) : "must be an object";
    if (reason !== undefined) {
      failed = true;
      return [String(index), { result: batchFailure ?? reason }] as const;
    }
    const message_id = publish(state, topic, payload, cause).id;
    return [String(index), { message_id, result: batchSuccess }] as const;
  });
  return json({
    is_partial_error: failed || noPartialError,
    message_ids: Object.fromEntries(items),
  });
}

function whyNot(
  { refuse, assumptions }: StreamsState,
  { schema }: HeldTopic,
  payload: Body,
): string | undefined {
  const unknown = assumptions.unknownFields === "refuse" ? findUnknown(schema, payload) : [];
  const [violation] = [...findViolations(schema, payload), ...unknown];
  return violation ?? refuse(payload);
}
