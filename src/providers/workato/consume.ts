import { AckloopError } from "../../core/errors.ts";
import type { TableOf } from "../../core/options.ts";
import { isTimestamp } from "../../feeds/cursor/instant.ts";
import { callOptions, unchecked, withShapes } from "../../http/arguments.ts";
import { wrong } from "../../http/options.ts";
import { pageReply, replyOf } from "../../http/reply.ts";
import type { ClientCallOptions, HttpClient, ReplyReader } from "../../http/types.ts";
import {
  checkText,
  checkTopicId,
  toRfc3339,
  type WorkatoInstant,
  type WorkatoTopicId,
} from "./arguments.ts";
import type { WorkatoData } from "./event.ts";
import { type ConsumeRequest, readMessage, wireConsume } from "./wire.ts";

/** A message of a topic. */
export interface WorkatoMessage {
  /** Its id, opaque: never parsed, compared for order or made up. */
  readonly id: string;
  /** What was published. */
  readonly payload: WorkatoData;
  /** When it was published, as Workato sent it; absent when that is no instant. */
  readonly time: string | undefined;
  /** The whole object, as it came. */
  readonly raw: unknown;
}

/** From where and how much to consume. */
export interface WorkatoConsumeOptions extends ClientCallOptions {
  /** Messages behind the one with this id, which must exist. Not together with `since`. */
  readonly afterMessageId?: string | undefined;
  /** Messages from this time on; one that is to come means now. For a first read. */
  readonly since?: WorkatoInstant | undefined;
  /** How many, 1-50; clamped. @default 50 */
  readonly limit?: number | undefined;
  /**
   * How long Workato may hold the request while there is no message, in ms, 0-60,000; clamped, and
   * rounded up to whole seconds. @default 0
   */
  readonly waitMs?: number | undefined;
}

/** The call that reads. */
export interface WorkatoConsumeCalls {
  /**
   * Reads messages in the order they were published; the oldest retained ones without a cursor. An
   * empty list when there are none, after `waitMs`.
   *
   * It moves nothing at Workato: each consumer keeps the id of the last message it has processed,
   * which is what `feed` does. Repeated by the transport when it fails.
   *
   * @throws {AckloopError} `schema` when a message of the page is malformed (a feed gives the others).
   */
  consume(
    topicId: WorkatoTopicId,
    options?: WorkatoConsumeOptions,
  ): Promise<readonly WorkatoMessage[]>;
}

/** What one consume of a feed asks for, cursors in their wire form. */
export interface PageRequest extends ClientCallOptions {
  /** The topic. */
  readonly topicId: WorkatoTopicId;
  /** The operation, for errors. */
  readonly operation: string;
  /** Behind this message. */
  readonly afterMessageId?: string | undefined;
  /** From this time on, RFC 3339. */
  readonly since?: string | undefined;
  /** How many. */
  readonly limit?: number | undefined;
  /** How long the request may be held, in ms. */
  readonly waitMs?: number | undefined;
}

/** One page: its messages unread, and its text, from which they can be read anew. */
export interface ConsumedPage {
  readonly messages: readonly unknown[];
  readonly text: string;
  /** When it was sent by Workato's own clock, epoch ms; absent where the answer does not say. */
  readonly sentAt?: number | undefined;
}

/** Reads one page. */
export type ConsumePage = (request: PageRequest) => Promise<ConsumedPage>;

/** The most messages that one consume gives. */
export const maxMessages = 50;
const maxWaitMs = 60_000;

/**
 * Makes the reading of pages.
 *
 * @param longPollMarginMs How much longer than Workato holds a request it may take, in ms.
 */
export function createConsumePage(http: HttpClient, longPollMarginMs: number): ConsumePage {
  return async ({
    topicId,
    operation,
    afterMessageId,
    since,
    limit,
    waitMs,
    signal,
    onResponse,
  }) => {
    const request: ConsumeRequest = {
      // Never both: which one counts then is not documented.
      ...(afterMessageId === undefined
        ? { since_time: since }
        : { after_message_id: afterMessageId }),
      batch_size: clamp(operation, "limit", limit ?? maxMessages, 1, maxMessages),
      timeout_secs: clamp(operation, "waitMs", waitMs ?? 0, 0, maxWaitMs) / 1_000,
    };
    const { timeout_secs: waitSeconds } = request;
    return await http.call({
      operation,
      method: "POST",
      path: ["topics", topicId, "consume"],
      json: request,
      // A POST that moves nothing.
      repeat: "safe",
      hot: true,
      timeoutMs: waitSeconds > 0 ? waitSeconds * 1_000 + longPollMarginMs : undefined,
      reply: readConsume,
      signal,
      onResponse,
    });
  };
}

const readPage = pageReply(replyOf(wireConsume), { messages: null });

const readConsume: ReplyReader<ConsumedPage> = (body, facts) => {
  const { messages } = readPage(body, facts);
  return { messages, text: facts.text, sentAt: facts.sentAt };
};

/** Makes the call that reads. */
export function createConsumeCalls(consumePage: ConsumePage): WorkatoConsumeCalls {
  const operation = "messages.consume";
  const calls: WorkatoConsumeCalls = {
    async consume(topicId, { afterMessageId, since, ...options } = {}) {
      if (afterMessageId !== undefined && since !== undefined) {
        throw wrong("workato", "give afterMessageId or since, not both", operation);
      }
      const { messages } = await consumePage({
        ...options,
        topicId: checkTopicId(operation, topicId),
        operation,
        afterMessageId:
          afterMessageId === undefined
            ? undefined
            : checkText(operation, "afterMessageId", afterMessageId),
        since: since === undefined ? undefined : toRfc3339(operation, "since", since),
      });
      return messages.map((item, index) => toMessage(operation, item, index));
    },
  };
  return withShapes("workato", "messages", calls, { consume: { options: [1, consumeTable] } });
}

const consumeTable = {
  ...callOptions,
  afterMessageId: unchecked<string>(),
  since: unchecked<WorkatoInstant>(),
  limit: unchecked<number>(),
  waitMs: unchecked<number>(),
} satisfies TableOf<WorkatoConsumeOptions>;

function toMessage(operation: string, item: unknown, index: number): WorkatoMessage {
  const { id, payload, time, problem } = readMessage(item);
  if (problem || id === undefined) {
    const path = `messages[${index}]${problem?.path ?? ""}`;
    const text = problem?.text ?? "the message has no id";
    throw new AckloopError("schema", `${text} (${path})`, { provider: "workato", operation, path });
  }
  return { id, payload, time: isTimestamp(time) ? time : undefined, raw: item };
}

/** Brings a wish into range, in whole ones; a wait is whole seconds, or the answer would be too early. */
function clamp(
  operation: string,
  name: "limit" | "waitMs",
  value: number,
  lowest: number,
  highest: number,
): number {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw wrong("workato", `${name} must be a number`, operation);
  }
  const unit = name === "waitMs" ? 1_000 : 1;
  return Math.min(Math.max(Math.ceil(value / unit) * unit, lowest), highest);
}
