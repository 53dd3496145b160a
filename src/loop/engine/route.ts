import { AckloopError } from "../../core/errors.ts";
import type { EventCatalogue, FeedEvent } from "../../core/event.ts";
import { expectationOf, pathOf } from "../../core/issue.ts";
import type { Logger } from "../../core/logger.ts";
import { hasHidden, isGroup, isObject, nearestOf } from "../../core/options.ts";
import type { SchemaIssue, StandardSchemaV1 } from "../../core/standard-schema.ts";
import type { BatchHandler, BatchParts, Handler, Handlers } from "../handler.ts";
import { batchParts } from "../handler.ts";

/** Handlers as the loop sees them: the feed's own event type has been matched by the verb. */
export type AnyHandler = Handler<FeedEvent>;

/** Where events go: to one handler by type, or to a batch handler. */
export interface Routes {
  /** The handler of an event type, with the schema its data must fit; or why there is none. */
  readonly find: (type: string) => Route | string;
  /** Takes events together, where the user gave a batch handler. */
  readonly batch: BatchParts | undefined;
}

/** Where events of one type go. */
export interface Route {
  /** Absent where a batch handler alone takes the event. */
  readonly handler: AnyHandler | undefined;
  readonly schema: StandardSchemaV1 | undefined;
}

/**
 * Reads what a user gave as handlers.
 *
 * @throws {AckloopError} `config` when it is no function, map of functions or batch handler.
 */
export function toRoutes<E extends FeedEvent>(
  verb: string,
  handlers: Handlers<E>,
  events: EventCatalogue | undefined,
): Routes {
  const catalogue: ReadonlyMap<string, StandardSchemaV1> | undefined =
    events && new Map(Object.entries(events));
  const one = typeof handlers === "function" ? (handlers as AnyHandler) : undefined;
  if (isBatchHandler(handlers)) {
    const parts = handlers[batchParts] as unknown as BatchParts;
    return { find: findInCatalogue(parts.takesAll ? undefined : catalogue, one), batch: parts };
  }
  if (one) return { find: findInCatalogue(catalogue, one), batch: undefined };
  return { find: findInMap(catalogue, checkMap(verb, handlers, events)), batch: undefined };
}

/**
 * A relay waits for its queue as long as that takes: a time limit would count attempts, and make dead letters of
 * good events.
 *
 * @throws {AckloopError} `config` where a relay is given a time limit.
 */
export function checkTimeLimit(
  verb: string,
  handlers: object,
  { handlerTimeoutMs }: { readonly handlerTimeoutMs?: number | undefined },
): void {
  // One may also be the handler of some types alone.
  const relays = [handlers, ...Object.values(handlers)].filter(isRelay);
  if (relays.length === 0 || handlerTimeoutMs === undefined) return;
  throw new AckloopError(
    "config",
    `${verb}: a relay takes no \`handlerTimeoutMs\`, since it waits for its queue; its own \`callTimeoutMs\` limits each call`,
  );
}

/**
 * Tells of handlers whose type the feed's catalogue does not have: more often a slip than a type that the
 * provider has only now. A handler of that name is called all the same, should such an event come.
 */
export function tellOfStrangers(
  feed: { readonly events?: object | undefined },
  handlers: unknown,
  log: Logger,
): void {
  const { events } = feed;
  if (events === undefined || typeof handlers !== "object" || handlers === null) return;
  if (batchParts in handlers) return;
  for (const type of Object.keys(handlers)) {
    if (type === "other" || Object.hasOwn(events, type)) continue;
    const nearest = nearestOf(type, Object.keys(events));
    const advice = nearest === undefined ? "" : `; did you mean \`${nearest}\`?`;
    const what = `the handler of \`${type}\` is for a type that the catalogue does not have`;
    log.warn(`${what}${advice}`, { type });
  }
}

function isRelay(handler: unknown): boolean {
  const { [batchParts]: parts } = Object(handler) as { readonly [batchParts]?: BatchParts };
  return parts?.takesAll === true;
}

function isBatchHandler<E extends FeedEvent>(handlers: Handlers<E>): handlers is BatchHandler<E> {
  return batchParts in Object(handlers);
}

function checkMap(
  verb: string,
  handlers: unknown,
  events: EventCatalogue = {},
): ReadonlyMap<string, AnyHandler> {
  if (!isObject(handlers) || isGroup(handlers) !== true) {
    throw new AckloopError(
      "config",
      `${verb}: the handlers must be a function, a map from event type to function (a plain object), or batch(...)`,
    );
  }
  const hidden = ["other", ...Object.keys(events)].find(
    (type) => !Object.hasOwn(handlers, type) && hasHidden(handlers, type),
  );
  if (hidden !== undefined) {
    throw new AckloopError(
      "config",
      `${verb}: the handler of \`${hidden}\` must be a member of the object itself, not a method of its class`,
    );
  }
  const map = new Map<string, AnyHandler>();
  for (const [type, handler] of Object.entries(handlers)) {
    if (handler === undefined) continue;
    if (typeof handler !== "function") {
      throw new AckloopError("config", `${verb}: the handler of \`${type}\` must be a function`);
    }
    map.set(type, handler as AnyHandler);
  }
  if (map.size === 0) throw new AckloopError("config", `${verb}: the map of handlers is empty`);
  return map;
}

/** One function takes every type of the catalogue, or every type where there is no catalogue. */
function findInCatalogue(
  catalogue: ReadonlyMap<string, StandardSchemaV1> | undefined,
  handler: AnyHandler | undefined,
): Routes["find"] {
  if (catalogue === undefined) {
    const route: Route = { handler, schema: undefined };
    return () => route;
  }
  const routes = new Map<string, Route>();
  for (const [type, schema] of catalogue) routes.set(type, { handler, schema });
  return (type) => routes.get(type) ?? `the type ${type} is not in the feed's catalogue`;
}

/** A type's own handler gets validated data; `other` gets data of any shape. */
function findInMap(
  catalogue: ReadonlyMap<string, StandardSchemaV1> | undefined,
  handlers: ReadonlyMap<string, AnyHandler>,
): Routes["find"] {
  const routes = new Map<string, Route>();
  for (const [type, handler] of handlers) {
    if (type !== "other") routes.set(type, { handler, schema: catalogue?.get(type) });
  }
  const otherHandler = handlers.get("other");
  const other = otherHandler && { handler: otherHandler, schema: undefined };
  return (type) => routes.get(type) ?? other ?? `no handler for the type ${type}, and no \`other\``;
}

/** Makes the text that names where data does not fit its schema, and what that wants; never the data itself. */
export function describeIssues(type: string, issues: readonly SchemaIssue[]): string {
  const [first] = issues;
  const where = pathOf("data", first?.path ?? []);
  return `${where} of ${type} does not fit its schema: ${expectationOf(first)}`;
}
