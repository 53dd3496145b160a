import type { Call, EmulatorTools } from "../definition.ts";
import { json, Refusal, readCredential, saysJson, takesJson } from "../exchange.ts";
import type { RateLimit } from "../rate-limit.ts";
import type { TikiAssumptions } from "./assumptions.ts";
import type { Grant, TokenStore } from "./tokens.ts";

/** A call by somebody whose token is good. */
export interface GrantedCall {
  /** The call. */
  readonly call: Call;
  /** What its token is for. */
  readonly grant: Grant;
  /** The seller it speaks for; absent for a public app's own token. */
  readonly sid: string | undefined;
}

/**
 * Whose token a call takes. `app`: the app's own. `seller`: one that is linked to a seller.
 * `reader`: the app's own, and by assumption a seller's.
 */
export type Need = "app" | "seller" | "reader";

/** What the checks need. */
export interface AccessState {
  /** The tokens. */
  readonly tokens: TokenStore;
  /** The limit of requests. */
  readonly limit: RateLimit;
  /** The sellers who are not active. */
  readonly inactive: ReadonlySet<string>;
  /** What the documents leave open. */
  readonly assumptions: TikiAssumptions;
}

/** Wraps a handler in the checks of its call. */
export type Guard = (
  need: Need,
  handle: (granted: GrantedCall) => unknown,
) => (call: Call) => Promise<Response>;

/** 401 is also the documented answer to a token that is "not linked to a seller". */
function checkNeed(need: Need, grant: Grant, assumptions: TikiAssumptions): void {
  if (grant.app.kind === "inHouse") return;
  const isSellers = grant.sid !== undefined;
  if (need === "seller") {
    if (!isSellers) throw new Refusal(401, "The token is not linked to a seller.");
    return;
  }
  if (!isSellers || (need === "reader" && assumptions.sellerTokenPulls)) return;
  throw new Refusal(assumptions.sellerTokenStatus, "The queue belongs to the app, not the seller.");
}

/** 406 is the documented answer to what is not JSON, both ways. */
function checkJson(request: Request): void {
  if (!takesJson(request)) throw new Refusal(406, "Only application/json can be accepted.");
  if (request.body && !saysJson(request)) {
    throw new Refusal(406, "The request body must be application/json.");
  }
}

/** Makes the checks that every call of the API passes, in the order 401, 403, 429, 406. */
export function createGuard({ tokens, limit, inactive, assumptions }: AccessState): Guard {
  function readGrant(request: Request): Grant {
    const grant = tokens.find(readCredential(request, "Bearer") ?? "");
    if (grant) return grant;
    throw new Refusal(401, "The access token is missing, wrong or expired.");
  }

  function checkLimit(key: string): void {
    const waitMs = limit.take(key);
    if (waitMs === undefined) return;
    const headers = { "retry-after": String(Math.ceil(waitMs / 1000)) };
    throw new Refusal(429, "Too many requests.", assumptions.retryAfter ? headers : {});
  }

  return (need, handle) => async (call) => {
    const grant = readGrant(call.request);
    const sid = grant.sid ?? grant.app.sid;
    checkNeed(need, grant, assumptions);
    if (sid !== undefined && inactive.has(sid)) throw new Refusal(403, "The seller is inactive.");
    if (sid !== undefined || assumptions.ownTokenLimited) checkLimit(sid ?? grant.app.clientId);
    checkJson(call.request);
    return json(await handle({ call, grant, sid }));
  };
}

/** The tools that the API's own files share. */
export type TikiTools = Pick<EmulatorTools, "clock" | "random" | "journal">;
