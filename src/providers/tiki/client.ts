import { AckloopError, isAckloopError } from "../../core/errors.ts";
import { ignored, type TableOf } from "../../core/options.ts";
import { callOptions, unchecked, withShapes } from "../../http/arguments.ts";
import { wrong } from "../../http/options.ts";
import { pageReply, replyOf, withText } from "../../http/reply.ts";
import type { ClientCallOptions, HttpClient, ReplyReader, Token } from "../../http/types.ts";
import type { TikiEventType } from "./event.ts";
import { checkText } from "./options.ts";
import {
  type WireQueue,
  type WireSubscription,
  wireAck,
  wireAnyAck,
  wireEvent,
  wirePage,
  wireQueue,
  wireQueues,
  wireSubscription,
  wireSubscriptions,
} from "./wire.ts";

/** A queue, which belongs to the app that made it. */
export interface TikiQueue {
  /** Names the queue in every call; opaque. */
  readonly code: string;
  /** The name it was given. Assumed: not unique; a refused second one of a name would show it wrong. */
  readonly name: string | undefined;
  /** Documented is `ACTIVE` alone; an open set. */
  readonly status: string | undefined;
}

/** Sends the events of one type, of one seller, to a queue. */
export interface TikiSubscription {
  /** Names the subscription within its queue; opaque. */
  readonly code: string;
  /** The event type; an open set. */
  readonly eventType: string;
  /** Whether events go to the queue. */
  readonly active: boolean;
  /** The seller, as in the `sid` of each event's `raw`. */
  readonly sid: string | undefined;
}

/**
 * An event as it comes over the wire, in Tiki's own names.
 *
 * The document shows every member in every event. Only `id` and `type` are required here; any other may be
 * absent, null, or odd, which leaves it out. Unknown members are kept.
 *
 * Source: Tiki, "Event queue API", read 2026-11.
 */
export interface TikiWireEvent {
  /** The same again on redelivery. */
  readonly id: string;
  /** An open set. */
  readonly type: TikiEventType | (string & {});
  /** The seller, as in the subscription's `sid`. */
  readonly sid?: string | null | undefined;
  /** When it was made, epoch ms. */
  readonly created_at?: number | null | undefined;
  /** The version of the payload: `v1`; `v2` was seen live. */
  readonly version?: string | null | undefined;
  /** Depends on `type` and `version`. */
  readonly payload?: unknown;
  readonly [member: string]: unknown;
}

/** What one pull brought. */
export interface TikiPage {
  /** Up to 100 events in the queue's order; an empty list when nothing waits. */
  readonly events: readonly TikiWireEvent[];
  /** Items without a readable `id` or `type`, as they came. The page's ack acknowledges them too. */
  readonly unreadable: readonly unknown[];
  /** Acknowledges everything up to the end of this page. */
  readonly ackId: string | undefined;
}

/** What an ack was answered. */
export interface TikiAckReply {
  /** `ok`; absent where the answer had no body. Anything else only with the option `unclearAck: "acked"`. */
  readonly status: string | undefined;
}

/** What a caller may say with a single call. */
export interface TikiCallOptions extends ClientCallOptions {
  /** Instead of the client's own token, such as a seller's for a public app's subscriptions. */
  readonly token?: Token | undefined;
}

/** What a caller may say with a pull. */
export interface TikiPullOptions extends TikiCallOptions {
  /** Acknowledges an earlier page with the same request, which is then never repeated. */
  readonly ackId?: string | null | undefined;
}

/**
 * The seven calls of the event queue API.
 *
 * Each rejects with an `AckloopError`: `auth`, `request`, `rateLimit` (retryable), `transport`
 * (retryable), `timeout` (retryable), `schema`; `config` for an argument that is no text. An abort
 * rejects with the signal's reason.
 *
 * Source: Tiki, "Event queue API", read 2026-11.
 */
export interface TikiCalls {
  /** Queues. They need the app's own token, never a seller's. */
  readonly queues: {
    /** Lists all queues of the app; an empty list when there are none. */
    list(options?: TikiCallOptions): Promise<readonly TikiQueue[]>;
    /**
     * Makes a queue. Not repeated after a failure that leaves its outcome open, as names need not be
     * unique (assumed); list the queues then. There is no call to delete one.
     */
    create(queue: { readonly name: string }, options?: TikiCallOptions): Promise<TikiQueue>;
  };
  /** Subscriptions. A public app gives the seller's token with each call. */
  readonly subscriptions: {
    /** Lists the subscriptions of a queue; an empty list when there are none. */
    list(queueCode: string, options?: TikiCallOptions): Promise<readonly TikiSubscription[]>;
    /**
     * Subscribes a queue to an event type. The first events come after five seconds to some minutes.
     * Not repeated after a failure that leaves its outcome open.
     */
    create(
      queueCode: string,
      subscription: { readonly eventType: TikiEventType | (string & {}) },
      options?: TikiCallOptions,
    ): Promise<TikiSubscription>;
    /** Switches a subscription on or off. Events of the time when it was off never come. */
    setActive(
      queueCode: string,
      subscriptionCode: string,
      active: boolean,
      options?: TikiCallOptions,
    ): Promise<TikiSubscription>;
  };
  /** Events, one request at a time. `feed` is what a loop wants. */
  readonly events: {
    /**
     * Brings the next page, whose events are read one by one; without `ackId` it acknowledges nothing. An
     * empty page wants a pause, for which the vendor names a minute.
     */
    pull(queueCode: string, options?: TikiPullOptions): Promise<TikiPage>;
    /** Acknowledges everything up to the end of the page that `ackId` came with. */
    ack(queueCode: string, ackId: string, options?: TikiCallOptions): Promise<TikiAckReply>;
  };
}

/** Makes the typed calls on an HTTP client. */
export function createCalls(http: HttpClient, unclearAck: "error" | "acked"): TikiCalls {
  const events = eventCalls(http, unclearAck === "acked" ? readAnyAck : readAck);
  return {
    queues: withShapes("tiki", "queues", queueCalls(http), {
      list: { options: [0, tikiCallOptions] },
      create: { input: [0, queueTable], options: [1, tikiCallOptions] },
    }),
    subscriptions: withShapes("tiki", "subscriptions", subscriptionCalls(http), {
      list: { options: [1, tikiCallOptions] },
      create: { input: [1, subscriptionTable], options: [2, tikiCallOptions] },
      setActive: { options: [3, tikiCallOptions] },
    }),
    events: withShapes("tiki", "events", events, {
      pull: { options: [1, pullOptions] },
      ack: { options: [2, tikiCallOptions] },
    }),
  };
}

const tikiCallOptions = {
  ...callOptions,
  token: unchecked<Token>(),
} satisfies TableOf<TikiCallOptions>;

const pullOptions = {
  ...tikiCallOptions,
  ackId: unchecked<string | null>(),
} satisfies TableOf<TikiPullOptions>;

/** A queue or subscription that was read may be given for another one. */
const queueTable = { name: unchecked<string>(), code: ignored, status: ignored };
const subscriptionTable = {
  eventType: unchecked<string>(),
  code: ignored,
  active: ignored,
  sid: ignored,
};

function queueCalls(http: HttpClient): TikiCalls["queues"] {
  return {
    async list({ signal, onResponse, token } = {}) {
      const wire = await http.call({
        operation: "queues.list",
        method: "GET",
        path: ["queues"],
        repeat: "safe",
        reply: replyOf(wireQueues),
        signal,
        onResponse,
        token,
      });
      return wire.map(toQueue);
    },
    async create({ name }, { signal, onResponse, token } = {}) {
      const operation = "queues.create";
      const wire = await http.call({
        operation,
        method: "POST",
        path: ["queues"],
        json: { name: checkText(operation, "name", name) },
        repeat: "unsent",
        reply: replyOf(wireQueue),
        signal,
        onResponse,
        token,
      });
      return toQueue(wire);
    },
  };
}

function subscriptionCalls(http: HttpClient): TikiCalls["subscriptions"] {
  return {
    async list(queueCode, { signal, onResponse, token } = {}) {
      const operation = "subscriptions.list";
      const wire = await http.call({
        operation,
        method: "GET",
        path: subscriptionsPath(operation, queueCode),
        repeat: "safe",
        reply: replyOf(wireSubscriptions),
        signal,
        onResponse,
        token,
      });
      return wire.map(toSubscription);
    },
    async create(queueCode, { eventType }, { signal, onResponse, token } = {}) {
      const operation = "subscriptions.create";
      const wire = await http.call({
        operation,
        method: "POST",
        path: subscriptionsPath(operation, queueCode),
        json: { event_type: checkText(operation, "eventType", eventType) },
        repeat: "unsent",
        reply: replyOf(wireSubscription),
        signal,
        onResponse,
        token,
      });
      return toSubscription(wire);
    },
    async setActive(queueCode, subscriptionCode, active, { signal, onResponse, token } = {}) {
      const operation = "subscriptions.setActive";
      const code = checkText(operation, "subscriptionCode", subscriptionCode);
      if (typeof active !== "boolean") {
        throw wrong("tiki", "active must be true or false", operation);
      }
      const wire = await http.call({
        operation,
        method: "POST",
        path: [...subscriptionsPath(operation, queueCode), code, "updateActive"],
        json: { active },
        repeat: "safe",
        reply: replyOf(wireSubscription),
        signal,
        onResponse,
        token,
      });
      return toSubscription(wire);
    },
  };
}

const readPage = withText(pageReply(replyOf(wirePage), { events: null }));

/** A page whose items nobody has looked at. */
export interface PulledPage {
  /** The items as they came. */
  readonly events: readonly unknown[];
  /** Acknowledges the page. */
  readonly ackId: string | undefined;
  /** The whole answer. */
  readonly text: string;
}

/** Brings the next page with its text, from which a feed can read its events anew. */
export async function pullPage(
  http: HttpClient,
  queueCode: string,
  { ackId, signal, onResponse, token }: TikiPullOptions = {},
): Promise<PulledPage> {
  const operation = "pull";
  const acks = ackId !== undefined && ackId !== null;
  const { events, ack_id, text } = await http.call({
    operation,
    method: "POST",
    path: ["queues", checkText(operation, "queueCode", queueCode), "events", "pull"],
    json: { ack_id: acks ? checkText(operation, "ackId", ackId) : null },
    // What a repeated ack does is not documented, so one that may have arrived is not sent again.
    repeat: acks ? "never" : "safe",
    hot: true,
    reply: readPage,
    signal,
    onResponse,
    token,
  });
  return { events, ackId: ack_id || undefined, text };
}

/** Reads a page's items one by one, so that an odd one leaves the others unharmed. */
function toPage({ events: items, ackId }: PulledPage): TikiPage {
  const events: TikiWireEvent[] = [];
  const unreadable: unknown[] = [];
  for (const item of items) {
    const event = wireEvent.safeParse(item);
    if (event.success) events.push(event.data);
    else unreadable.push(item);
  }
  return { events, unreadable, ackId };
}

const ackReply = replyOf(wireAck);
const anyAckReply = replyOf(wireAnyAck);

const readAnyAck: ReplyReader<TikiAckReply> = (body, facts) => ({
  status: anyAckReply(body, facts)?.status,
});

const readAck: ReplyReader<TikiAckReply> = (body, facts) => ({
  status: ackReply(body, facts)?.status,
});

/** Whatever an ack was answered that does not say that it was acknowledged has failed, and may pass. */
function afterAck(error: unknown): unknown {
  if (!isAckloopError(error) || error.code !== "schema") return error;
  const { provider, operation, status, path } = error;
  const known = { provider, operation, status, path, retryable: true, outcomeUnknown: true };
  return new AckloopError("schema", "the answer does not say that it was acknowledged", known);
}

function eventCalls(http: HttpClient, reply: ReplyReader<TikiAckReply>): TikiCalls["events"] {
  return {
    pull: async (queueCode, options) => toPage(await pullPage(http, queueCode, options)),
    async ack(queueCode, ackId, { signal, onResponse, token } = {}) {
      const operation = "ack";
      const call = http.call({
        operation,
        method: "POST",
        path: ["queues", checkText(operation, "queueCode", queueCode), "events", "ack"],
        json: { ack_id: checkText(operation, "ackId", ackId) },
        repeat: "safe",
        hot: true,
        reply,
        signal,
        onResponse,
        token,
      });
      return await call.catch((error: unknown) => {
        throw afterAck(error);
      });
    },
  };
}

function subscriptionsPath(operation: string, queueCode: string): readonly string[] {
  return ["queues", checkText(operation, "queueCode", queueCode), "subscriptions"];
}

function toQueue(wire: WireQueue): TikiQueue {
  return { code: wire.code, name: wire.name ?? undefined, status: wire.status ?? undefined };
}

function toSubscription(wire: WireSubscription): TikiSubscription {
  return {
    code: wire.code,
    eventType: wire.event_type,
    active: wire.active,
    sid: wire.sid ?? undefined,
  };
}
