import type * as z from "zod/mini";
import type {
  DiscueApiKey,
  DiscueApiKeyScope,
  DiscueCounters,
  DiscueDomain,
  DiscueListener,
  DiscueMessageSchema,
  DiscueMessageStats,
  DiscueNewApiKey,
  DiscueQueue,
  DiscueReference,
  DiscueUsageEvent,
} from "./types.ts";
import type {
  wireApiKey,
  wireDomain,
  wireListener,
  wireNamed,
  wireQueue,
  wireReplies,
  wireUsageEvent,
} from "./wire.ts";

type Wire<Schema extends z.core.$ZodType> = z.infer<Schema>;

/** Reads a thing that has an id and a name. */
export function toNamed(wire: Wire<typeof wireNamed>): {
  readonly id: string;
  readonly name?: string;
} {
  const name = wire.name ?? wire.alias;
  return { id: String(wire.id), ...(name ? { name } : {}) };
}

/** Reads a queue. */
export function toQueue(wire: Wire<typeof wireQueue>): DiscueQueue {
  const { schema, listeners } = wire;
  return {
    ...toNamed(wire),
    ...(listeners && { listeners: listeners.map(toNamed) }),
    ...(isRecord(schema) ? { schema: schema as DiscueMessageSchema } : {}),
  };
}

/** Reads a listener; what the reply does not hold is absent. */
export function toListener(wire: Wire<typeof wireListener>): DiscueListener {
  const { notify_url: notifyUrl, liveness_url: livenessUrl, status, liveness, messages } = wire;
  return {
    ...toNamed(wire),
    ...present({ notifyUrl, livenessUrl, status }),
    ...(liveness && {
      liveness: {
        ...present({
          state: liveness.state,
          lastSuccessAt: liveness.last_success_at,
          lastFailureAt: liveness.last_failure_at,
          lastFailureStatus: liveness.last_failure_status,
          lastFailureMessage: toText(liveness.last_failure_msg),
        }),
        successCount: liveness.success_count ?? 0,
        failureCount: liveness.failure_count ?? 0,
      },
    }),
    ...(messages && {
      messages: {
        ...present({
          lastSuccessAt: messages.last_success_at,
          lastFailureAt: messages.last_failure_at,
        }),
        acknowledgedCount: messages.acknowledged_count ?? 0,
        missed: (messages.missed ?? []).map(String),
        missedCount: messages.missed_count ?? 0,
      },
    }),
  };
}

/** Reads a list of listeners, each with what the reply knows of it in either place. */
export function toListeners({
  listeners,
  _embedded: embedded,
}: Wire<typeof wireReplies.listeners>): readonly DiscueListener[] {
  const known = new Map(embedded?.listeners?.map((each) => [String(each.id), each]));
  return listeners.map((each) => toListener({ ...each, ...known.get(String(each.id)) }));
}

/** Reads the counters. */
export function toStats({
  aggregated_api_usage_events: wire,
}: Wire<typeof wireReplies.stats>): DiscueMessageStats {
  return {
    last24Hours: toCounters(wire.last_24_hours),
    lastHour: toCounters(wire.last_1_hours),
    todaySoFar: toCounters(wire.today_so_far),
  };
}

/** Reads a usage event. */
export function toUsageEvent(wire: Wire<typeof wireUsageEvent>): DiscueUsageEvent {
  const { type, client, message, api_key: apiKey, queue, listener } = wire;
  return {
    id: String(wire.id),
    ...present({ type, storedAt: toTime(wire.stored_at) }),
    ...present({
      client: toReference(client),
      message: toReference(message),
      apiKey: toReference(apiKey),
      queue: toReference(queue),
      listener: toReference(listener),
    }),
  };
}

function toReference(
  wire:
    | { readonly [Name in keyof Wire<typeof wireNamed>]?: Wire<typeof wireNamed>[Name] | undefined }
    | null
    | undefined,
): DiscueReference | undefined {
  return wire?.id === undefined ? undefined : toNamed({ ...wire, id: wire.id });
}

/** Reads an API key that was just made. */
export function toNewApiKey({ api_key: key }: Wire<typeof wireReplies.newApiKey>): DiscueNewApiKey {
  return typeof key === "string" ? { secret: key } : { secret: key.key, id: String(key.id) };
}

/** Reads an API key. */
export function toApiKey(wire: Wire<typeof wireApiKey>): DiscueApiKey {
  return {
    ...toNamed(wire),
    ...present({
      createdAt: toTime(wire.created_at),
      updatedAt: toTime(wire.updated_at),
      lastUsedAt: toTime(wire.last_used_at),
      keyPrefix: wire.key,
      status: wire.status,
    }),
    scopes: toScopes(wire.scopes),
  };
}

/** Reads a domain. */
export function toDomain(wire: Wire<typeof wireDomain>): DiscueDomain {
  const { hostname, port, verification } = wire;
  const challenge = wire.challenge?.https;
  return {
    ...toNamed(wire),
    ...present({ hostname, port, createdAt: toTime(wire.created_at) }),
    ...(challenge && {
      challenge: {
        contextPath: challenge.context_path,
        fileName: challenge.file_name,
        fileContent: challenge.file_content,
        ...present({
          createdAt: toTime(challenge.created_at),
          expiresAt: toTime(challenge.expires_at),
        }),
      },
    }),
    verified: verification?.verified ?? false,
    ...present({ verifiedAt: toTime(verification?.verified_at) }),
  };
}

/**
 * Gives the scopes the form that the model wants: a list, or in the newer one an object. All targets are a
 * list too: the vendor's own client cannot read a key with the text.
 */
export function fromScopes(
  scopes: readonly DiscueApiKeyScope[],
  naming: "name" | "alias",
): unknown {
  const listed = scopes.map((scope) =>
    scope.targets === "*" ? { ...scope, targets: ["*"] } : scope,
  );
  if (naming === "name") return listed;
  return Object.fromEntries(
    listed.map(({ resource, access, targets }) => [resource, { access, targets }]),
  );
}

/** Reads scopes of either form; what is of no known form is left out. */
function toScopes(scopes: unknown): readonly DiscueApiKeyScope[] {
  if (Array.isArray(scopes)) return scopes.filter(isScope).map(withTargets);
  if (!isRecord(scopes)) return [];
  return Object.entries(scopes)
    .map(([resource, scope]) => ({ ...(isRecord(scope) ? scope : {}), resource }))
    .filter(isScope)
    .map(withTargets);
}

/** All targets have one form, whichever they came in; they are optional, and none are an empty list. */
function withTargets(scope: DiscueApiKeyScope): DiscueApiKeyScope {
  const targets: unknown = scope.targets;
  if (targets === "*" || (Array.isArray(targets) && targets.includes("*"))) {
    return { ...scope, targets: "*" };
  }
  return { ...scope, targets: Array.isArray(targets) ? targets : [] };
}

function isScope(value: unknown): value is DiscueApiKeyScope {
  return isRecord(value) && typeof value["resource"] === "string" && "access" in value;
}

function toCounters(
  counters: Readonly<Record<string, unknown>> | null | undefined,
): DiscueCounters {
  const entries = Object.entries(counters ?? {});
  return Object.fromEntries(
    entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

/**
 * Turns the API's time into RFC 3339. The pages say milliseconds; the vendor's own test server writes
 * seconds, which are told apart by their size: 10^11 ms is the year 1973.
 */
function toTime(epoch: number | null | undefined): string | undefined {
  if (!epoch) return undefined;
  const date = new Date(epoch < 1e11 ? epoch * 1_000 : epoch);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function toText(value: string | number | null | undefined): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}

/** Leaves out what is null or undefined. */
function present<Value extends object>(
  value: Value,
): { [Key in keyof Value]?: NonNullable<Value[Key]> } {
  const entries = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Value]?: NonNullable<Value[Key]> };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
