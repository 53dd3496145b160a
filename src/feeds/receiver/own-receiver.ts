import { AckloopError, isAckloopError } from "../../core/errors.ts";
import type { FeedEvent, Schemas } from "../../core/event.ts";
import type { Delivery } from "../../core/feed.ts";
import { kindOf } from "../../core/foreign.ts";
import { isThenable, settle } from "../../core/guard.ts";
import { aFunction, checkOptions, schemas, type TableOf } from "../../core/options.ts";
import type { SchemaOutput } from "../../core/standard-schema.ts";
import { isTimestamp, toUtc } from "../cursor/instant.ts";
import { answerReceipt, parseText, withAgain } from "./delivery.ts";
import { checkWhoCalls, place, type ReceiverBasics, receiverTable } from "./options.ts";
import { createReceiver, type Message, type WebhookReceiver } from "./receiver.ts";

/** What a request says happened: the parts of an event that only its author knows. */
export interface WebhookEvent<Type extends string = string, Data = unknown> {
  /**
   * What tells the event apart, where the body holds something better than the signed id: equal ids are the same
   * event again. @default the id of the signature's headers
   */
  readonly id?: string | null | undefined;
  /** The sender's word for what happened; not empty. */
  readonly type: Type;
  /** When it happened, RFC 3339 with any offset. What is none is left out. */
  readonly time?: string | null | undefined;
  /** The object that it is about. What is no text is left out. */
  readonly subject?: string | null | undefined;
  /** The payload; `null` where there is none. */
  readonly data: Data;
}

/** The events of a receiver: of a catalogue where there is one, else as `toEvent` makes them. */
export type WebhookEventWith<Events extends Schemas, Made extends WebhookEvent> = [
  keyof Events,
] extends [never]
  ? Made extends WebhookEvent
    ? FeedEvent<Made["type"], Made["data"]>
    : never
  : {
      [Name in keyof Events & string]: FeedEvent<Name, SchemaOutput<Events[Name]>>;
    }[keyof Events & string];

/** What {@link receiver} is told. One of `signature`, `secret` and `open` is needed. */
export interface ReceiverOptions<
  Events extends Schemas = Record<never, never>,
  Made extends WebhookEvent = WebhookEvent,
> extends ReceiverBasics {
  /** Who sends, such as `"resend"`: the first part of the receiver's name and of every event's source. */
  readonly provider: string;
  /**
   * Makes the event of a request that was let in, at once; asked again for the same request where a handler is.
   * `body` is the value of the JSON, or the text where it is none; a number past 2^53 is its text. Of the headers a
   * signature covers the id and the time alone. What throws, or gives a promise or no event, makes the
   * delivery unreadable; an `AckloopError` says why, of anything else only its kind is told.
   */
  readonly toEvent: (body: unknown, headers: Headers) => Made;
  /** What the data is like, by type: any Standard Schemas. */
  readonly events?: Events | undefined;
}

const table = {
  ...receiverTable,
  provider: place.required("who sends, such as `resend`"),
  toEvent: aFunction<ReceiverOptions["toEvent"]>().required("a function that makes the event"),
  events: schemas<Schemas>(),
} satisfies TableOf<ReceiverOptions<Schemas>>;

/**
 * Makes a receiver for any webhook that is signed as Standard Webhooks are, or that has a secret in its address.
 *
 * It goes to `webhook`, to `inbox`, or by its `feed` to `consume`. In this order a request is: a liveness check,
 * refused for its method (405), its secret, what its signature lacks (401), its length (413) or its encoding (415),
 * read and unpacked, refused for its signature, which is of the unpacked body (401), or for what is no UTF-8 (400),
 * or one delivery. An event's id is `toEvent`'s, else the signed one, else a SHA-256 of the body with
 * `idDerived: true`. What is refused is told to the logger, without a secret, an address, a header or a body.
 *
 * @throws {AckloopError} `config` for a wrong option. A request rejects with it where the body was read before, and
 * where the runtime's WebCrypto has no ed25519 and a `whpk_` key was given.
 * Source: Standard Webhooks specification, standardwebhooks.com, version 1, read 2026-11.
 */
export function receiver<
  const Events extends Schemas = Record<never, never>,
  const Made extends WebhookEvent = WebhookEvent,
>(options: ReceiverOptions<Events, Made>): WebhookReceiver<WebhookEventWith<Events, Made>> {
  const settings = checkOptions("receiver", options, table);
  checkWhoCalls(settings, {
    verb: "receiver",
    option: "signature",
    need: "to know who calls, or a `secret` in the address",
  });
  const { provider, events, toEvent } = settings;
  return createReceiver({
    provider,
    settings,
    events,
    toDelivery: toDeliveryBy(toEvent, provider),
  });
}

/** The members of an event that `toEvent` gave. */
type EventParts = Omit<FeedEvent, "id" | "specversion" | "source"> & Partial<Pick<FeedEvent, "id">>;

function toDeliveryBy(toEvent: ReceiverOptions["toEvent"], provider: string) {
  return async ({
    text,
    body,
    headers,
    signedId,
    source,
    deriveId,
  }: Message): Promise<Delivery> => {
    const make = (value: unknown) => toParts(() => toEvent(value, headers), provider);
    const made = make(body);
    const isDerived = signedId === undefined && !isAckloopError(made) && made.id === undefined;
    const id = signedId ?? (isDerived ? await deriveId() : "");
    const facts = { receipt: answerReceipt, raw: text };
    const read = (own: EventParts | AckloopError): Delivery => {
      const delivery: Delivery = isAckloopError(own)
        ? { ...facts, unreadable: own }
        : {
            ...facts,
            event: { specversion: "1.0", id, source, ...own },
            ...(isDerived && { idDerived: true }),
          };
      return withAgain(delivery, () => read(make(parseText(text))));
    };
    return read(made);
  };
}

/** The parts of an event that an author's function made, or the `schema` error in their place. */
function toParts(make: () => unknown, provider: string): EventParts | AckloopError {
  const wrong = (what: string) => {
    const where = { provider, operation: "receive", path: "body" };
    return new AckloopError("schema", `\`toEvent\` ${what}`, where);
  };
  let parts: EventParts | AckloopError = wrong("gave a promise");
  settle<EventParts | AckloopError>(
    () => {
      const made = make();
      // A promise is waited for by nobody, and its rejection goes nowhere.
      return isThenable(made) ? (made as PromiseLike<never>) : readParts(made, wrong);
    },
    (read) => {
      parts = read;
    },
    (thrown) => {
      // What is no error of ours may repeat in its text what stands in the body.
      parts = isAckloopError(thrown) ? thrown : wrong(`threw: ${kindOf(thrown)}`);
    },
  );
  return parts;
}

function readParts(
  made: unknown,
  wrong: (what: string) => AckloopError,
): EventParts | AckloopError {
  const { id, type, time, subject, data } = Object(made) as Partial<WebhookEvent>;
  if (!isWord(type)) return wrong("gave no event with a `type`");
  if (data === undefined) return wrong("gave no `data`");
  if (!isWord(id ?? type)) return wrong("gave an `id` that is no text, or empty");
  return {
    ...(isWord(id) && { id }),
    type,
    ...(isTimestamp(time) && { time: toUtc(time) }),
    ...(isWord(subject) && { subject }),
    data,
  };
}

function isWord(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
