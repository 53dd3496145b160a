import { onAbort } from "../core/abort.ts";
import { AckloopError } from "../core/errors.ts";
import { foreignLimitMs } from "../core/foreign.ts";
import { ask, describeThrown, isThenable, toFailure } from "../core/guard.ts";
import type { Logger } from "../core/logger.ts";
import { between, checkOptions, LONGEST_TIMER_MS, type TableOf } from "../core/options.ts";
import { fromTimeout } from "./fail.ts";
import { Flight } from "./flight.ts";
import { isToken, tokenRule, wrong } from "./options.ts";
import { toPlainText } from "./redact.ts";
import type { Token, TokenRequest } from "./types.ts";

/** Gives the credential of one client to its calls. */
export interface Credential {
  /** Gives the token; at once where the source has it at hand. */
  current(): string | Flight<string>;
  /** Whether a refused token can be got anew. */
  readonly renewable: boolean;
  /** Gives a newer token than the one that was refused: one flight for all callers. */
  renew(refused: string): string | Flight<string>;
  /** A token that {@link Credential.renew} gave was refused as well: it is not given again. */
  forget(refused: string): void;
}

/** Makes calls without the client's credential. */
type Call = TokenRequest["call"];

/**
 * Makes the credential of a token.
 *
 * Calls that need a token at the same time share one question, and so do calls whose token was
 * refused; a caller that gives up takes nothing from the others, and the last one ends the question.
 * Whatever a user's function throws, and no answer within 30 s, may pass: the error is retryable. Only
 * the provider refuses for good.
 */
export function createCredential(
  provider: string,
  token: Token,
  call: Call,
  logger?: Logger | undefined,
): Credential {
  if (typeof token === "string") return createFixedCredential(checkToken(provider, token));
  if (typeof token !== "function") throw wrong(provider, `the token must be ${tokenRule.must}`);
  return new AskedCredential({ provider, token, call, logger });
}

interface TokenSource {
  readonly provider: string;
  readonly token: Exclude<Token, string>;
  readonly call: Call;
  readonly logger: Logger | undefined;
}

class AskedCredential implements Credential {
  readonly renewable = true;
  readonly #source: TokenSource;
  #asked: Flight<string> | undefined;
  #renewing: Flight<string> | undefined;
  /** What the last renewal gave. */
  #renewed: string | undefined;

  constructor(source: TokenSource) {
    this.#source = source;
  }

  current(): string | Flight<string> {
    const flight = this.#renewing ?? this.#asked;
    if (flight) return flight;
    const question = new Question(this.#source, undefined);
    const given = question.ask();
    if (typeof given === "string") return this.#passOn(given);
    const asked = given.then((text) => this.#passOn(text));
    this.#asked = question.fly(asked, () => {
      this.#asked = undefined;
    });
    return this.#asked;
  }

  /** Where the source gives another one by itself, what the last renewal gave is an old one. */
  #passOn(given: string): string {
    if (given !== this.#renewed) this.#renewed = undefined;
    return given;
  }

  renew(refused: string): string | Flight<string> {
    if (this.#renewing) return this.#renewing;
    // Another call has renewed it meanwhile: what was refused is the old one.
    if (this.#renewed !== undefined && this.#renewed !== refused) return this.#renewed;
    const question = new Question(this.#source, refused);
    const given = (async () => await question.ask())();
    this.#renewing = question.fly(
      given.then((text) => {
        this.#renewed = text;
        return text;
      }),
      () => {
        this.#renewing = undefined;
      },
    );
    return this.#renewing;
  }

  forget(refused: string): void {
    if (this.#renewed === refused) this.#renewed = undefined;
  }
}

/** One question to a token function. Its signal costs something only where it is looked at. */
class Question implements TokenRequest {
  readonly refused: string | undefined;
  readonly logger: Logger | undefined;
  readonly #source: TokenSource;
  #own: AbortController | undefined;

  constructor(source: TokenSource, refused: string | undefined) {
    this.#source = source;
    this.refused = refused;
    this.logger = source.logger;
  }

  get signal(): AbortSignal {
    this.#own ??= new AbortController();
    return this.#own.signal;
  }

  readonly call: Call = (call) => this.#source.call({ signal: this.signal, ...call });

  /** Asks; what the function gives or throws is held to what it should. */
  ask(): string | Promise<string> {
    const { provider, token } = this.#source;
    let given: unknown;
    let isLater: boolean;
    try {
      given = token(this);
      isLater = isThenable(given);
    } catch (thrown) {
      throw toTokenFailure(provider, thrown);
    }
    return isLater ? waitForToken(provider, given) : checkToken(provider, given);
  }

  /** Lets several wait for what was given. */
  fly(given: Promise<string>, onEnd: () => void): Flight<string> {
    return new Flight((signal) => {
      onAbort(signal, () => this.#own?.abort(signal.reason));
      return given;
    }, onEnd);
  }
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
  /** For how long it is good, in ms from when it was asked for; absent: until it is refused. */
  readonly expiresInMs?: number | undefined;
}

/** How {@link cachedToken} keeps a token. */
export interface TokenCacheOptions {
  /**
   * How long before its end a token is no longer given, in ms; never more than half of its life.
   * By `Date.now()`, which also counts the time that a process is frozen. @default 30_000
   */
  readonly marginMs?: number | undefined;
  /** How much longer a question may take when nobody waits for its answer any more, in ms. @default 0 */
  readonly graceMs?: number | undefined;
}

const cacheTable = {
  marginMs: between(0, LONGEST_TIMER_MS).or(30_000),
  graceMs: between(0, LONGEST_TIMER_MS),
} satisfies TableOf<TokenCacheOptions>;

/**
 * Makes a token source of a grant: it keeps the token until shortly before it ends or until it is
 * refused, and asks once for all who need one meanwhile.
 *
 * A failed question is not kept: the next caller asks again. Who repeats: the calls that the grant
 * makes with `request.call`, as their `repeat` says.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 */
export function cachedToken(
  fetchToken: (request: TokenRequest) => Promise<IssuedToken>,
  options?: TokenCacheOptions,
): (request: TokenRequest) => string | Promise<string> {
  if (typeof fetchToken !== "function") {
    throw new AckloopError("config", "cachedToken: give a function that fetches a token");
  }
  const { marginMs, graceMs } = checkOptions("cachedToken", options, cacheTable);
  let cached: { readonly token: string; readonly endsAt: number } | undefined;
  let flight: Flight<string> | undefined;
  const ask = async (request: TokenRequest, signal: AbortSignal): Promise<string> => {
    const askedAt = Date.now();
    const call: Call = (each) => request.call({ ...each, signal });
    const { refused, logger } = request;
    const issued = await fetchToken({ refused, logger, signal, call });
    const { token, expiresInMs = Number.POSITIVE_INFINITY } = issued;
    if (!(expiresInMs >= 0)) {
      throw new AckloopError("config", "cachedToken: `expiresInMs` must be a number of ms from 0");
    }
    // What can never be sent is not kept, nor what a question brings that was cut: another was asked since.
    if (!isToken(token) || signal.aborted) return token;
    cached = { token, endsAt: askedAt + expiresInMs - Math.min(marginMs, expiresInMs / 2) };
    return token;
  };
  return (request) => {
    // A late refusal of an older token says nothing of a newer one.
    const isOver = cached && (request.refused === cached.token || Date.now() >= cached.endsAt);
    if (isOver) cached = undefined;
    if (cached !== undefined) return cached.token;
    flight ??= new Flight(
      (signal) => ask(request, signal),
      () => {
        flight = undefined;
      },
      graceMs,
    );
    return flight.join(request.signal);
  };
}

function createFixedCredential(token: string): Credential {
  return {
    renewable: false,
    current: () => token,
    renew: () => token,
    forget: () => {},
  };
}

/** The message never repeats the token. */
function checkToken(provider: string, token: unknown): string {
  if (isToken(token)) return token;
  if (token === undefined || token === null || token === "") {
    const given = token === "" ? "empty" : `missing (${token})`;
    throw wrong(provider, `the token is ${given}; is the environment variable set?`);
  }
  throw wrong(provider, `the token must be ${tokenRule.must}`);
}
