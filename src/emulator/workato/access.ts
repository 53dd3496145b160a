import type { Call } from "../definition.ts";
import { isRecord, Refusal, readCredential, saysJson } from "../exchange.ts";
import type { WorkatoAssumptions } from "./assumptions.ts";

/** The permissions of an API client's role. */
export const permissions = [
  "consume",
  "publish",
  "listTopics",
  "createTopic",
  "getTopic",
  "updateTopic",
  "purgeTopic",
  "deleteTopic",
] as const;

/** One permission of an API client's role, for each documented call. */
export type WorkatoPermission = (typeof permissions)[number];

/** An API client: its token, and what its role allows. */
export interface WorkatoApiClient {
  /** The token. */
  readonly token: string;
  /** What it may do. @default everything */
  readonly permissions?: readonly WorkatoPermission[] | undefined;
}

/** Which of the two APIs a call belongs to; each has its own limit. */
export type WorkatoPlane = "streams" | "api";

/** What the checks of a call need. */
export interface AccessState {
  /** Finds the client of a token. */
  readonly findClient: (token: string) => WorkatoApiClient | undefined;
  /** How many requests a minute a token has on each plane. */
  readonly requestsPerMinute: number;
  /** The longest body, in bytes. */
  readonly maxBodyBytes: number;
  /** The provider's clock. */
  readonly now: () => number;
  /** What the documents leave open. */
  readonly assumptions: WorkatoAssumptions;
}

/** Wraps a handler in the checks of its call; `body` is the JSON object, empty when there was none. */
export type Guard = (
  plane: WorkatoPlane,
  permission: string,
  handle: (call: Call, body: Readonly<Record<string, unknown>>) => Response | Promise<Response>,
) => (call: Call) => Promise<Response>;

/** The documented refusal of a wrong request, whose body never says what is wrong. */
export function badRequest(_why: string): Refusal {
  return new Refusal(400, "Bad request");
}

/** Makes the checks that every call passes, in the order 401, 403, 429, then the body. */
export function createGuard(state: AccessState): Guard {
  const { assumptions, maxBodyBytes } = state;
  const { streamsRequestsPerMinute: streams = state.requestsPerMinute } = assumptions;
  const limits = {
    streams: createSlidingLimit(streams, state.now),
    api: createSlidingLimit(state.requestsPerMinute, state.now),
  };

  function checkClient(request: Request, permission: string): WorkatoApiClient {
    const client = state.findClient(readCredential(request, "Bearer") ?? "");
    if (!client) throw new Refusal(401, "Unauthorized");
    const allowed: readonly string[] = client.permissions ?? [permission];
    if (!allowed.includes(permission)) throw new Refusal(assumptions.forbiddenStatus, "Forbidden");
    return client;
  }

  function checkLimit(plane: WorkatoPlane, token: string): void {
    const waitMs = limits[plane](token);
    if (waitMs === undefined) return;
    const headers = { "retry-after": String(Math.ceil(waitMs / 1000)) };
    throw new Refusal(429, "Too many requests", assumptions.retryAfter ? headers : {});
  }

  async function readBody(request: Request): Promise<Readonly<Record<string, unknown>>> {
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.byteLength === 0) return {};
    if (bytes.byteLength > maxBodyBytes) {
      throw new Refusal(assumptions.tooLargeStatus, "Payload too large");
    }
    if (!saysJson(request)) throw new Refusal(assumptions.contentTypeStatus, "Bad request");
    const body = parse(bytes);
    if (!isRecord(body)) throw badRequest("a body is an object");
    return body;
  }

  return (plane, permission, handle) => async (call) => {
    const { token } = checkClient(call.request, permission);
    checkLimit(plane, token);
    return await handle(call, await readBody(call.request));
  };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw badRequest("a body is JSON");
  }
}

/**
 * A limit over every window of a minute, the strictest reading of "60 requests a minute". Undefined:
 * allowed; a number: refused, and how many ms until the next is allowed. A refused call does not count.
 */
function createSlidingLimit(perMinute: number, now: () => number) {
  const taken = new Map<string, number[]>();
  return (key: string): number | undefined => {
    if (perMinute === Number.POSITIVE_INFINITY) return undefined;
    const at = now();
    const recent = taken.get(key) ?? [];
    taken.set(key, recent);
    const open = recent.findIndex((time) => time > at - 60_000);
    recent.splice(0, open === -1 ? recent.length : open);
    const [oldest] = recent;
    if (recent.length >= perMinute && oldest !== undefined) return oldest + 60_000 - at;
    recent.push(at);
    return undefined;
  };
}
