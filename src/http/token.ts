import { AckloopError } from "../core/errors.ts";
import { ask, describeThrown, isThenable, toFailure } from "../core/guard.ts";
import type { Logger } from "../core/logger.ts";
import { fromTimeout } from "./fail.ts";
import { foreignLimitMs } from "./foreign.ts";
import { wrong } from "./options.ts";
import { toPlainText } from "./redact.ts";
import type { Token, TokenRequest } from "./types.ts";

/** Gives the credential of one client to its calls. */
export interface Credential {
  /** Counts the renewals: what a call must have seen when it took its token. */
  renewals(): number;
  /** Gives the token; at once where the source has it at hand. */
  current(): string | Promise<string>;
  /** Whether a refused token can be got anew. */
  readonly renewable: boolean;
  /** Gives a newer token than the one taken when the count was `seen`: one flight for all callers. */
  renew(seen: number): Promise<string>;
}

/** Makes calls without the client's credential. */
type Call = TokenRequest["call"];

/**
 * Makes the credential of a token.
 *
 * Calls that need a token at the same time share one question, and so do calls whose token was
 * refused; a caller that gives up takes nothing from the others. Whatever a user's function throws, and
 * no answer within 30 s, may pass: the error is retryable. Only the provider refuses for good.
 */
export function createCredential(
  provider: string,
  token: Token,
  call: Call,
  logger?: Logger | undefined,
): Credential {
  if (typeof token === "string") return createFixedCredential(checkToken(provider, token));
  if (typeof token !== "function") throw wrong(provider, tokenRule);
  let asked: Promise<string> | undefined;
  let renewing: Promise<string> | undefined;
  let renewed: Promise<string> | undefined;
  let renewals = 0;
  const askNow = (refused: boolean): string | Promise<string> => {
    let given: unknown;
    let isLater: boolean;
    try {
      given = token({ refused, call, logger });
      isLater = isThenable(given);
    } catch (thrown) {
      throw toTokenFailure(provider, thrown);
    }
    return isLater ? waitForToken(provider, given) : checkToken(provider, given);
  };
  const askCurrent = (): string | Promise<string> => {
    const given = askNow(false);
    if (typeof given === "string") return given;
    asked = given.finally(() => {
      asked = undefined;
    });
    return asked;
  };
  const askAnew = async () => askNow(true);
  const begin = (): Promise<string> => {
    const flight = askAnew().then(
      (text) => {
        renewals += 1;
        renewed = flight;
        renewing = undefined;
        return text;
      },
      (error) => {
        renewing = undefined;
        throw error;
      },
    );
    renewing = flight;
    return flight;
  };
  return {
    renewable: true,
    renewals: () => renewals,
    current: () => renewing ?? asked ?? askCurrent(),
    renew: (seen) => renewing ?? (renewed !== undefined && renewals !== seen ? renewed : begin()),
  };
}

async function waitForToken(provider: string, given: unknown): Promise<string> {
  const asking = { what: "token", whom: provider, limitMs: foreignLimitMs };
  const answer = await ask(asking, () => given);
  if (answer.kind === "answered") return checkToken(provider, answer.value);
  if (answer.kind === "failed" && "thrown" in answer) throw toTokenFailure(provider, answer.thrown);
  const context = { provider, operation: "token", uncertain: false };
  throw fromTimeout(foreignLimitMs, context, false);
}

/** What a grant's call was refused with stays as it is. */
function toTokenFailure(provider: string, thrown: unknown): AckloopError {
  const failure = toFailure(thrown, { what: "token", whom: provider });
  if (failure === thrown) return failure;
  const said = toPlainText(describeThrown(thrown), []);
  return new AckloopError("auth", `the token function failed: ${said}`, {
    provider,
    operation: "token",
    retryable: true,
  });
}

/** What a grant gives: a token, and for how long it is good. */
export interface IssuedToken {
  /** The token. */
  readonly token: string;
  /** For how long it is good, in ms from now; absent: until it is refused. */
  readonly expiresInMs?: number | undefined;
}

/** How {@link cachedToken} keeps a token. */
export interface TokenCacheOptions {
  /**
   * How long before its end a token is no longer given, in ms; never more than half of its life.
   * By `Date.now()`, which also counts the time that a process is frozen. @default 30_000
   */
  readonly marginMs?: number | undefined;
}

/**
 * Makes a token source of a grant: it keeps the token until shortly before it ends or until it is
 * refused, and asks once for all who need one meanwhile.
 *
 * A failed question is not kept: the next caller asks again. Who repeats: the calls that the grant
 * makes with `request.call`, as their `repeat` says.
 */
export function cachedToken(
  fetchToken: (request: TokenRequest) => Promise<IssuedToken>,
  { marginMs = 30_000 }: TokenCacheOptions = {},
): (request: TokenRequest) => string | Promise<string> {
  let cached: { readonly token: string; readonly endsAt: number } | undefined;
  let flight: Promise<string> | undefined;
  const ask = async (request: TokenRequest): Promise<string> => {
    const askedAt = Date.now();
    const { token, expiresInMs = Number.POSITIVE_INFINITY } = await fetchToken(request);
    cached = { token, endsAt: askedAt + expiresInMs - Math.min(marginMs, expiresInMs / 2) };
    return token;
  };
  return (request) => {
    if (request.refused || (cached !== undefined && Date.now() >= cached.endsAt)) {
      cached = undefined;
    }
    if (cached !== undefined) return cached.token;
    flight ??= ask(request).finally(() => {
      flight = undefined;
    });
    return flight;
  };
}

const tokenRule = "the token must be text of printable characters in one line, or a function";

function createFixedCredential(token: string): Credential {
  return {
    renewable: false,
    renewals: () => 0,
    current: () => token,
    renew: () => Promise.resolve(token),
  };
}

/** The message never repeats the token. */
function checkToken(provider: string, token: unknown): string {
  if (typeof token === "string" && /^[\x21-\x7e\x80-\xff][\x20-\x7e\x80-\xff]*$/.test(token)) {
    return token;
  }
  throw wrong(provider, tokenRule);
}
