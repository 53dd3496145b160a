import type { Call } from "../definition.ts";
import { isRecord, Refusal, saysJson, takesJson } from "../exchange.ts";
import type { DiscueApiAssumptions, WebhookAssumptions } from "./assumptions.ts";
import type { KeyState, State } from "./state.ts";

/** Lets a call in, or throws the refusal. Gives the key that it came with. */
export type Door = (call: Call) => KeyState;

/** Resources whose scopes cannot be set through the API. */
const closedResources: readonly string[] = ["api_clients", "api_keys", "subscriptions"];

/**
 * Makes the check of the API key: 401 for a wrong one, 403 for all after several wrong ones, 403 for a
 * call outside of the key's scopes, 415 and 406 for what is not JSON.
 *
 * Source: docs.discue.io/api-overview, "Authentication", read 2026-11.
 */
export function createDoor(
  { keys }: State,
  { badKeyLimit, badKeyWindowMs, lockoutMs }: WebhookAssumptions,
  { outOfScopeStatus }: DiscueApiAssumptions,
  now: () => number,
): Door {
  let badTries: readonly number[] = [];
  let lockedUntil = 0;

  function countBadTry(): void {
    const at = now();
    badTries = [...badTries.filter((time) => at - time < badKeyWindowMs), at];
    if (badTries.length < badKeyLimit) return;
    lockedUntil = at + lockoutMs;
    badTries = [];
  }

  return (call) => {
    if (now() < lockedUntil) throw new Refusal(403, "Several wrong keys came");
    const given = call.request.headers.get("x-api-key");
    const key = [...keys.values()].find(({ secret }) => secret === given);
    if (key?.status !== "enabled") {
      countBadTry();
      throw new Refusal(401, "The key is wrong or disabled");
    }
    key.lastUsedAt = now();
    checkMediaTypes(call.request);
    if (!isAllowed(key.scopes, call))
      throw new Refusal(outOfScopeStatus, "The scopes do not allow it");
    return key;
  };
}

function checkMediaTypes(request: Request): void {
  if (!takesJson(request)) throw new Refusal(406, "Answers are JSON");
  if (request.body === null || request.method === "GET") return;
  if (!saysJson(request)) throw new Refusal(415, "Bodies are JSON");
}

/** What the path is about: the last of its collections, such as `messages`. */
function resourceOf({ url }: Call): string {
  const segments = url.pathname.replace(/^\/v1/, "").split("/");
  return segments[3] ?? segments[1] ?? "";
}

function isAllowed(scopes: unknown, call: Call): boolean {
  const list = scopeList(scopes);
  if (!list) return true;
  const resource = resourceOf(call);
  const needsWrite = call.request.method !== "GET";
  const ids = Object.values(call.params);
  return list.some((scope) => {
    if (scope["resource"] !== resource) return false;
    if (needsWrite && scope["access"] !== "write") return false;
    const { targets } = scope;
    return isEverything(targets) || ids.some((id) => (targets as readonly unknown[]).includes(id));
  });
}

/**
 * Whether targets mean all: `"*"` on two pages, `["*"]` in a sample and in the vendor's own client, whose
 * documents say it of an empty list too, and that targets are optional.
 */
function isEverything(targets: unknown): boolean {
  if (!Array.isArray(targets)) return true;
  return targets.length === 0 || targets.includes("*");
}

/** The scopes as a list; the newer model keys them by resource. Undefined: no restriction. */
function scopeList(scopes: unknown): readonly Readonly<Record<string, unknown>>[] | undefined {
  if (Array.isArray(scopes)) return scopes.filter(isRecord);
  if (!isRecord(scopes)) return undefined;
  return Object.entries(scopes).map(([resource, scope]) => ({
    ...(isRecord(scope) ? scope : {}),
    resource,
  }));
}

/**
 * Checks scopes that are to be set.
 *
 * @throws {Refusal} 400 for a wrong shape or a resource that cannot be set.
 */
export function checkScopes(scopes: unknown): void {
  const list = scopes === undefined ? [] : scopeList(scopes);
  const isRight = list?.every(
    ({ resource, access, targets }) =>
      typeof resource === "string" &&
      !closedResources.includes(resource) &&
      (access === "read" || access === "write") &&
      (targets === undefined || targets === "*" || Array.isArray(targets)),
  );
  if (!isRight) throw new Refusal(400, "Scopes have resource, access and targets");
}
