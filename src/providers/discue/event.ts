import { AckloopError } from "../../core/errors.ts";
import type { FeedEvent } from "../../core/event.ts";
import type { Delivery } from "../../core/feed.ts";
import { answerAtOnce } from "../../core/foreign.ts";
import type { MaybePromise } from "../../core/guard.ts";
import { identityOf } from "../../core/identity.ts";
import { answerReceipt, parseText, withAgain } from "../../feeds/receiver/delivery.ts";
import { fingerprint } from "./fingerprint.ts";

/**
 * The shapes that the body of a webhook request may have.
 *
 * `"message"`: `{"message": {"id", "name", "data"}}`. `"data"`: `{"data"}`, with nothing beside it but
 * the fields of a message. `"raw"`: the `data` string itself.
 */
export type DiscueBodyForm = "message" | "data" | "raw";

/** Names the type of an event from its data; nothing, or an empty text, means `"message"`. */
export type DiscueTypeOf<Type extends string = string> = (data: unknown) => Type | undefined;

/** What a receiver knows about a request besides its body. */
export interface RequestFacts {
  /** The event's `source`. */
  readonly source: string;
  /** The body as text. */
  readonly text: string;
  /** What `parseText` makes of it. @default it is made when it is needed */
  readonly body?: unknown;
  /** The forms that the body may have. */
  readonly forms: readonly DiscueBodyForm[];
  /** Whether `data` that is JSON is parsed. */
  readonly parseData: boolean;
  /** Names the type. */
  readonly typeOf?: DiscueTypeOf | undefined;
  /** An id found outside of the body, used when the body has none. */
  readonly outerId?: string | undefined;
  /** Makes an id from the content, where there is no other. */
  readonly deriveId: () => MaybePromise<string>;
}

/** A message as the body of a request holds it. */
interface BodyMessage {
  readonly form: DiscueBodyForm;
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly data: string;
  /** What `data` is as JSON, where reading the body has told already. */
  readonly value?: unknown;
  readonly raw: unknown;
}

/**
 * The fields that may stand beside `data` in the form `"data"`. With any other field the body is a
 * user's own JSON object that happens to have a `data`, and is taken whole.
 */
const messageFields: readonly string[] = ["id", "name", "alias", "data", "_links"];

/** Turns a request that was let in into its one delivery. */
export async function toDelivery({ deriveId, body, ...facts }: RequestFacts): Promise<Delivery> {
  const message = readMessage(facts.text, facts.forms, body);
  const known = message && (await toKnown(message, facts, deriveId));
  const read = (found: BodyMessage | undefined): Delivery =>
    withAgain(readDelivery(found, facts, known), () => read(readMessage(facts.text, facts.forms)));
  return read(message);
}

/** What a message is known by. */
interface Known {
  readonly id: string;
  /** Set where the id tells nothing apart. */
  readonly idDerived?: true;
  /** Set where the id alone tells too little. */
  readonly identity?: string;
}

/**
 * Says what tells a message apart. Where the body may as well be a user's own data, its id may be a user's
 * too, and come again with other content: then what the sender says outside of the body counts, or
 * else the whole content; and an id beside `data`, which no page shows, suppresses nothing.
 */
async function toKnown(
  { id, form, raw }: BodyMessage,
  { forms, outerId, source }: Omit<RequestFacts, "deriveId" | "body">,
  deriveId: RequestFacts["deriveId"],
): Promise<Known> {
  if (id === undefined) {
    return outerId === undefined ? { id: await deriveId(), idDerived: true } : { id: outerId };
  }
  if (!forms.includes("raw")) return { id };
  const further = outerId ?? (form === "message" ? fingerprint(JSON.stringify(raw)) : undefined);
  if (further === undefined) return { id, idDerived: true };
  return { id, identity: `${identityOf({ source, id })} ${further}` };
}

function readDelivery(
  message: BodyMessage | undefined,
  { text, forms, parseData, typeOf, source }: Omit<RequestFacts, "deriveId" | "body">,
  known: Known | undefined,
): Delivery {
  const receipt = answerReceipt;
  if (!message || !known) {
    const what = `the body has none of the forms ${forms.join(", ")}`;
    return { receipt, raw: text, unreadable: unreadable(what, "body") };
  }
  const { id, ...facts } = known;
  const data = parseData ? (message.value ?? parseText(message.data)) : message.data;
  const type = nameType(typeOf, data);
  if (type instanceof AckloopError) return { receipt, raw: message.raw, unreadable: type };
  const subject = message.name ? { subject: message.name } : {};
  const event: FeedEvent = { specversion: "1.0", id, source, type, ...subject, data };
  return { receipt, raw: message.raw, event, ...facts };
}

/** Finds the message in a body, in the first of the forms that fits; `undefined` when none does. */
function readMessage(
  text: string,
  forms: readonly DiscueBodyForm[],
  body: unknown = parseText(text),
): BodyMessage | undefined {
  if (isObject(body)) {
    const { message } = body;
    if (forms.includes("message") && isObject(message) && typeof message["data"] === "string") {
      return { form: "message", ...messageFacts(message), data: message["data"], raw: body };
    }
    if (forms.includes("data") && typeof body["data"] === "string" && hasMessageFieldsOnly(body)) {
      return { form: "data", ...messageFacts(body), data: body["data"], raw: body };
    }
  }
  return forms.includes("raw") ? { form: "raw", data: text, value: body, raw: text } : undefined;
}

function messageFacts(message: Readonly<Record<string, unknown>>): {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
} {
  const { id, name, alias } = message;
  return { id: toId(id), name: toText(name) ?? toText(alias) };
}

function toId(id: unknown): string | undefined {
  return Number.isSafeInteger(id) ? String(id) : toText(id);
}

function toText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function hasMessageFieldsOnly(body: object): boolean {
  return Object.keys(body).every((field) => messageFields.includes(field));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameType(typeOf: DiscueTypeOf | undefined, data: unknown): string | AckloopError {
  if (!typeOf) return "message";
  const answer = answerAtOnce(() => typeOf(data));
  if (answer) return toText(answer.value) ?? "message";
  // What it says may hold the payload. The event goes where unreadable ones go, and is not lost.
  return unreadable("`typeOf` threw, or gave a promise, for the data of this message", "data");
}

function unreadable(what: string, path: string): AckloopError {
  return new AckloopError("schema", what, { provider: "discue", operation: "receive", path });
}
