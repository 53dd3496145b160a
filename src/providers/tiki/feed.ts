import { AckloopError, isAckloopError } from "../../core/errors.ts";
import type { EventCatalogue, FeedEvent } from "../../core/event.ts";
import { EventPage } from "../../core/event-page.ts";
import {
  type AckSink,
  type EventSource,
  fromReceipt,
  type Page,
  type PullOptions,
  type Receipt,
  toReceipt,
} from "../../core/feed.ts";
import { parseJson } from "../../core/json.ts";
import { checkOptions, oneOf, schemas, type TableOf } from "../../core/options.ts";
import { isTooLong } from "../../core/page-limit.ts";
import type { SchemaOutput, StandardSchemaV1 } from "../../core/standard-schema.ts";
import { tokenRule, wrong } from "../../http/options.ts";
import { toUrl } from "../../http/request.ts";
import type { HttpClient, Token } from "../../http/types.ts";
import { type PulledPage, pullPage, type TikiCalls, type TikiPullOptions } from "./client.ts";
import { type TikiEvent, tikiEvents, toEvent } from "./event.ts";
import { checkText } from "./options.ts";

/** Schemas by event type, as a user adds or replaces them. */
export type TikiSchemas = { readonly [type: string]: StandardSchemaV1 };

/** The events of a feed whose catalogue was extended: a type of one's own replaces Tiki's. */
export type TikiEventWith<Schemas extends TikiSchemas> = [keyof Schemas] extends [never]
  ? TikiEvent
  :
      | Exclude<TikiEvent, { readonly type: keyof Schemas }>
      | {
          [Type in keyof Schemas & string]: FeedEvent<Type, SchemaOutput<Schemas[Type]>>;
        }[keyof Schemas & string];

/** What a feed may be told. */
export interface TikiFeedOptions<Schemas extends TikiSchemas = Record<never, never>> {
  /** Schemas of further event types, or in place of those of `tikiEvents`; any Standard Schema. */
  readonly events?: Schemas | undefined;
  /** For pulls and acks, instead of the client's own token. */
  readonly token?: Token | undefined;
  /**
   * What a 400 to an ack means. The documents do not say what becomes of an `ack_id` that is sent
   * twice, as after a lost answer. Assumed: it is accepted, so a 400 is an error. `"gone"`: it was
   * acknowledged before. @default "error"
   */
  readonly refusedAck?: "error" | "gone" | undefined;
}

/**
 * The feed of one queue: pages in the queue's order, the same until they are acknowledged.
 *
 * `more` is never told: a page says nothing of what is behind it, and how full one is has no documented
 * meaning.
 */
export interface TikiFeed<E extends FeedEvent = TikiEvent> extends EventSource<E>, AckSink {
  readonly acks: "cumulative";
  readonly pulls: "unacked";
  readonly acksOnPull: true;
  readonly waits?: never;
  readonly nack?: never;
  readonly extend?: never;
  readonly release?: never;
  pull(options?: PullOptions): Promise<Page<E>>;
}

/**
 * Makes the feed of one queue.
 *
 * A pull brings the whole page, whatever `limit` says: up to 100 deliveries, of which the last alone
 * has a receipt. The feed keeps no state, and nobody but the transport repeats a request.
 *
 * @throws {AckloopError} `config` for a queue code that no path can hold, or a wrong option.
 */
export function tikiFeed<Schemas extends TikiSchemas>(
  http: HttpClient,
  calls: TikiCalls["events"],
  queueCode: string,
  options: TikiFeedOptions<Schemas> = {},
): TikiFeed<TikiEventWith<Schemas>> {
  const { token, refusedAck } = checkOptions("tiki feed", options, table);
  const { events } = options;
  const source = toSource(queueCode);
  /** Which `ack_id` of an empty page is known to be behind us. Forgetting it costs one request. */
  let passed: string | undefined;
  /** Which was refused once: by one odd answer nothing is behind us, and events may be behind it. */
  let doubted: string | undefined;
  const refuse = (ackId: string): void => {
    if (doubted === ackId) passed = ackId;
    doubted = ackId;
  };
  const pull = async (
    wish: TikiPullOptions,
    isBehindEmpty = false,
  ): Promise<Page<TikiEventWith<Schemas>>> => {
    const page = await readPage(http, queueCode, wish);
    if (page.events.length > 0) return toPage(page, source);
    const isNew = ![passed, wish.ackId].includes(page.ackId);
    return isNew ? toEmptyPage(page, isBehindEmpty) : { deliveries: [], bytes: page.text.length };
  };
  return {
    name: source.slice(1),
    pulls: "unacked",
    acks: "cumulative",
    acksOnPull: true,
    events: { ...tikiEvents, ...events } as EventCatalogue<TikiEventWith<Schemas>>,
    async pull({ ack, signal } = {}) {
      if (ack === undefined) return await pull({ signal, token });
      const { ackId, isEmpty } = toPosition(ack);
      try {
        const page = await pull({ ackId, signal, token }, isEmpty);
        if (isEmpty) passed = ackId;
        return page;
      } catch (error) {
        if (!isEmpty || !isRefused(error)) throw afterAck(error);
        refuse(ackId);
        return await pull({ signal, token }, true);
      }
    },
    async ack(receipts, { signal } = {}) {
      const { ackId, isEmpty } = toPosition(onlyOne(receipts));
      try {
        await calls.ack(queueCode, ackId, { signal, token });
      } catch (error) {
        if (!isRefused(error) || !(isEmpty || refusedAck === "gone")) throw error;
        if (isEmpty) refuse(ackId);
        return [{ status: "gone" }];
      }
      if (isEmpty) passed = ackId;
      return [{ status: "acked" }];
    },
  };
}

/** Writes the queue as a URI reference, encoded and checked like the path of a call. */
function toSource(queueCode: string): string {
  const path = ["tiki", "queues", checkText("feed", "queueCode", queueCode)];
  return toUrl("tiki", "", { operation: "feed", path });
}

const table = {
  events: schemas<TikiSchemas>(),
  token: tokenRule,
  refusedAck: oneOf("error", "gone").or("error"),
} satisfies TableOf<TikiFeedOptions>;

function toPage<E extends FeedEvent>({ events, ackId, text }: PulledPage, source: string): Page<E> {
  const bytes = text.length;
  if (ackId === undefined) throw pageWithoutAckId();
  const last = events.length - 1;
  // The type is one of the catalogue, or unknown to it: the loop sorts these out.
  const read = (item: unknown, index: number) => toEvent(item, index, source) as E | AckloopError;
  const page = new EventPage<E>({ items: () => itemsOf(parseJson(text)), toEvent: read });
  const deliveries = events.map((raw, index) =>
    page.deliver(index, raw, read(raw, index), index === last ? toReceipt(ackId) : undefined),
  );
  return { deliveries, bytes };
}

/**
 * Events may stand behind an empty page that was never acknowledged, so its `ack_id` is carried on: the
 * loop pulls again at once with it, unless an empty page was carried on to this one already: a server may
 * give each a new one, for ever.
 */
function toEmptyPage<E extends FeedEvent>(
  { ackId, text }: PulledPage,
  isBehindEmpty: boolean,
): Page<E> {
  const page: Page<E> = { deliveries: [], bytes: text.length };
  if (ackId === undefined) return page;
  const position: Position = { ackId, isEmpty: true };
  return { ...page, receipt: toReceipt(position), ...(!isBehindEmpty && { more: true }) };
}

/**
 * Reads a page. Tiki gives no smaller ones, so that a page that is too long twice ends the run: it is
 * asked for once more, as it was, since a gateway may have made it so. Not with an ack, which is never repeated.
 */
async function readPage(
  http: HttpClient,
  queueCode: string,
  wish: TikiPullOptions,
): Promise<PulledPage> {
  const read = () => pullPage(http, queueCode, wish);
  if (wish.ackId !== undefined) return await read();
  return await read().catch((first: unknown) => {
    if (!isTooLong(first)) throw first;
    return read().catch((error: unknown) => {
      throw isTooLong(error) ? pageTooLong() : error;
    });
  });
}

function pageTooLong(): AckloopError {
  const what = "the next page is longer than maxBodyBytes, and there are no smaller ones; raise it";
  return new AckloopError("config", what, { provider: "tiki", operation: "pull" });
}

/** What a receipt holds: text for a page of events, this for an empty one. */
interface Position {
  readonly ackId: string;
  /** Nothing is lost where Tiki refuses it: there was nothing to acknowledge. */
  readonly isEmpty: boolean;
}

function toPosition(receipt: Receipt): Position {
  const held = fromReceipt<string | Position>(receipt);
  return typeof held === "string" ? { ackId: held, isEmpty: false } : held;
}

function isRefused(error: unknown): boolean {
  return isAckloopError(error) && error.status === 400;
}

function itemsOf(body: unknown): readonly unknown[] {
  return (body as { readonly events: readonly unknown[] }).events;
}

/** Events that could never be acknowledged are not delivered; they wait at Tiki for the next pull. */
function pageWithoutAckId(): AckloopError {
  return new AckloopError("schema", "ack_id is missing from a page with events", {
    provider: "tiki",
    operation: "pull",
    path: "ack_id",
    retryable: true,
  });
}

/**
 * Tells of a failed pull with an ack. Such a pull is not repeated with a new token after a 401, so its
 * token may only have expired: the next pull, which carries no ack, finds out.
 */
function afterAck(error: unknown): unknown {
  if (!isAckloopError(error) || error.status !== 401) return error;
  return new AckloopError("auth", "the token was refused; the next pull asks for a new one", {
    provider: "tiki",
    operation: "pull",
    status: 401,
    requestId: error.requestId,
    retryable: true,
  });
}

/** An ack is a position in the queue, so there is one at a time. */
function onlyOne(receipts: readonly Receipt[]): Receipt {
  const [receipt] = receipts;
  if (receipt === undefined || receipts.length > 1) {
    throw wrong("tiki", `ack takes exactly one receipt, not ${receipts.length}`, "ack");
  }
  return receipt;
}
