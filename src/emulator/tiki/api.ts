import type { Route } from "../definition.ts";
import { isRecord, Refusal, readJson } from "../exchange.ts";
import type { GrantedCall, Guard, TikiTools } from "./access.ts";
import type { TikiSeller } from "./accounts.ts";
import type { TikiAssumptions } from "./assumptions.ts";
import type { HeldEvent } from "./event-log.ts";
import type { TikiOperation } from "./operation.ts";
import type { Queue, Queues, Subscription } from "./queues.ts";

/** What the calls need. */
export interface ApiState {
  /** Clock and journal. */
  readonly tools: TikiTools;
  /** The queues. */
  readonly queues: Queues;
  /** The sellers. */
  readonly sellers: readonly TikiSeller[];
  /** The sellers who are not active. */
  readonly inactive: ReadonlySet<string>;
  /** How many events a pull gives at most. */
  readonly pageSize: number;
  /** What the documents leave open. */
  readonly assumptions: TikiAssumptions;
  /** The checks around each call. */
  readonly guard: Guard;
}

const toQueueWire = ({ code, name }: Queue) => ({ code, name, status: "ACTIVE" });

const toSubscriptionWire = ({ code, active, eventType, sid }: Subscription) => ({
  code,
  active,
  event_type: eventType,
  sid,
});

/** The body of a call; a missing one counts as `{}`. */
async function readBody({ call }: GrantedCall): Promise<Readonly<Record<string, unknown>>> {
  const body = await readJson(call.request);
  if (body === undefined) return {};
  if (isRecord(body)) return body;
  throw new Refusal(400, "The request body must be an object.");
}

function text(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  if (typeof value === "string" && value !== "") return value;
  throw new Refusal(400, `${name} is required and must be a string.`);
}

/** A queue of the caller's app; another app's is as unknown as one that never was. */
function findQueue({ queues, assumptions }: ApiState, { call, grant }: GrantedCall): Queue {
  const queue = queues.find(call.params["queue"] ?? "");
  if (queue && queue.owner === grant.app.clientId) return queue;
  throw new Refusal(assumptions.unknownCodeStatus, "The queue does not exist.");
}

/** The seller of a call; the guard has refused tokens without one. */
function sellerOf({ sid }: GrantedCall): string {
  if (sid !== undefined) return sid;
  throw new Refusal(401, "The token is not linked to a seller.");
}

/** "Common exceptions" gives 403 where a scope is missing; which type needs which is not said. */
function checkScope({ assumptions }: ApiState, { grant }: GrantedCall, eventType: string): void {
  if (!assumptions.subscriptionNeedsScope) return;
  const wanted = eventType.startsWith("ORDER_")
    ? ["order", "all"]
    : ["product", "inventory", "all"];
  if (wanted.some((scope) => grant.scopes.includes(scope))) return;
  throw new Refusal(403, "The token has no scope for this event type.");
}

function queueCalls(state: ApiState) {
  const { queues, assumptions } = state;
  return {
    list: ({ grant }: GrantedCall) => queues.of(grant.app.clientId).map(toQueueWire),
    async create(granted: GrantedCall) {
      const name = text(await readBody(granted), "name");
      const owner = granted.grant.app.clientId;
      if (queues.of(owner).length >= assumptions.maxQueues) {
        throw new Refusal(400, "The account has its maximum of queues.");
      }
      const isRepeated = queues.of(owner).some((queue) => queue.name === name);
      if (isRepeated && assumptions.repeatedQueueName === "refuse") {
        throw new Refusal(400, "The app has a queue of this name.");
      }
      return toQueueWire(queues.create(name, owner));
    },
  };
}

function subscriptionCalls(state: ApiState) {
  const { queues, assumptions } = state;

  /** The caller's own: a public app's queue has those of many sellers. */
  function own(granted: GrantedCall): readonly Subscription[] {
    const sid = sellerOf(granted);
    const all = [...findQueue(state, granted).subscriptions.values()];
    return all.filter((subscription) => subscription.sid === sid);
  }

  return {
    list(granted: GrantedCall) {
      const all = assumptions.subscriptionsListed === "queue";
      const listed = all ? [...findQueue(state, granted).subscriptions.values()] : own(granted);
      return listed.map(toSubscriptionWire);
    },
    async create(granted: GrantedCall) {
      const queue = findQueue(state, granted);
      const type = text(await readBody(granted), "event_type");
      if (!assumptions.eventTypes.includes(type)) {
        throw new Refusal(400, "event_type is not a known event type.");
      }
      checkScope(state, granted, type);
      const same = own(granted).find(({ eventType }) => eventType === type);
      if (same && assumptions.repeatedSubscription === "refuse") {
        throw new Refusal(400, "The subscription exists already.");
      }
      return toSubscriptionWire(same ?? queues.subscribe(queue, type, sellerOf(granted)));
    },
    async updateActive(granted: GrantedCall) {
      const code = granted.call.params["subscription"];
      const subscription = own(granted).find((each) => each.code === code);
      const { active } = await readBody(granted);
      if (!subscription) {
        throw new Refusal(assumptions.unknownCodeStatus, "The subscription does not exist.");
      }
      if (typeof active !== "boolean") {
        throw new Refusal(400, "active is required and must be a boolean.");
      }
      queues.setActive(subscription, active);
      return toSubscriptionWire(subscription);
    },
  };
}

function eventCalls(state: ApiState) {
  const { queues, assumptions, pageSize, tools } = state;

  function note(
    kind: "delivered" | "acked",
    events: readonly HeldEvent[],
    queue: Queue,
    { call: { number: request, operation } }: GrantedCall,
  ): void {
    for (const { eventId } of events) {
      tools.journal.add({ kind, queue: queue.code, eventId, request, operation });
    }
  }

  /** Everything up to the place of `ackId` is acknowledged; the place never moves back. */
  function acknowledge(queue: Queue, ackId: string, granted: GrantedCall): void {
    if (assumptions.olderAckId === "refuse" && queue.log.isOlder(ackId)) {
      throw new Refusal(400, "ack_id is not that of the previous pull.");
    }
    const { verdict, acked } = queue.log.ack(ackId);
    if (verdict === "unknown" && assumptions.unknownAckId === "refuse") {
      throw new Refusal(400, "ack_id is not one of this queue.");
    }
    if (verdict === "stale" && assumptions.staleAckId === "refuse") {
      throw new Refusal(400, "ack_id was acknowledged before.");
    }
    const { number: request, operation } = granted.call;
    const kind = verdict === "stale" ? "ackedAgain" : "read";
    tools.journal.add({ kind, queue: queue.code, cursor: ackId, request, operation });
    note("acked", acked, queue, granted);
  }

  return {
    async pull(granted: GrantedCall) {
      const queue = findQueue(state, granted);
      if (!granted.call.request.body && assumptions.missingBody === "refuse") {
        throw new Refusal(400, "The request body is missing.");
      }
      const body = await readBody(granted);
      const { ack_id: ackId = null } = body;
      const isBlank = ackId === "" && assumptions.blankAckId === "null";
      queues.expire(queue);
      if (ackId !== null && !isBlank) acknowledge(queue, text(body, "ack_id"), granted);
      const { events, end } = queue.log.page(pageSize, granted.call.duplicate);
      note("delivered", events, queue, granted);
      const empty = queue.log.waiting() === 0 && assumptions.emptyPullAckId === "null";
      return {
        events: events.map(({ wire }) => wire),
        ack_id: empty ? null : queue.log.toAckId(end, assumptions.ackIds === "pull"),
      };
    },
    async ack(granted: GrantedCall) {
      const queue = findQueue(state, granted);
      const ackId = text(await readBody(granted), "ack_id");
      queues.expire(queue);
      acknowledge(queue, ackId, granted);
      return { status: "ok" };
    },
  };
}

/** Assumed: `active` is 1 or 0; the page names the field and not its type. A true reply would show it. */
function readSeller({ sellers, inactive }: ApiState, granted: GrantedCall): unknown {
  const seller = sellers.find(({ sid }) => sid === sellerOf(granted));
  if (!seller) throw new Refusal(401, "The token is not linked to a seller.");
  return { ...seller, active: inactive.has(seller.sid) ? 0 : 1 };
}

/** The calls of the event queue API, and the one that tells which seller a token is of. */
export function apiRoutes(state: ApiState): readonly Route<TikiOperation>[] {
  const { guard } = state;
  const queues = queueCalls(state);
  const subscriptions = subscriptionCalls(state);
  const events = eventCalls(state);
  const root = "/integration/v1/queues";
  const subscribed = `${root}/:queue/subscriptions`;
  const lister = state.assumptions.subscriptionsListed === "queue" ? "app" : "seller";
  const table = [
    ["listQueues", "GET", root, guard("app", queues.list)],
    ["createQueue", "POST", root, guard("app", queues.create)],
    ["createSubscription", "POST", subscribed, guard("seller", subscriptions.create)],
    ["listSubscriptions", "GET", subscribed, guard(lister, subscriptions.list)],
    [
      "updateActive",
      "POST",
      `${subscribed}/:subscription/updateActive`,
      guard("seller", subscriptions.updateActive),
    ],
    ["pull", "POST", `${root}/:queue/events/pull`, guard("reader", events.pull)],
    ["ack", "POST", `${root}/:queue/events/ack`, guard("reader", events.ack)],
    [
      "me",
      "GET",
      "/integration/v2/sellers/me",
      guard("seller", (granted) => readSeller(state, granted)),
    ],
  ] as const;
  return table.map(([operation, method, path, handle]) => ({ operation, method, path, handle }));
}
