import { AckloopError } from "../../core/errors.ts";
import { foreignLimitMs, kindOf, tell } from "../../core/foreign.ts";
import { ask } from "../../core/guard.ts";
import type { Logger } from "../../core/logger.ts";
import { oneOf, type TableOf, text } from "../../core/options.ts";
import { urlRule } from "../../http/options.ts";
import { replyOf } from "../../http/reply.ts";
import { cachedToken, type IssuedToken } from "../../http/token.ts";
import type { Repeat, ReplyReader, Token, TokenRequest } from "../../http/types.ts";
import { isRefusal } from "./error.ts";
import { type WireToken, wireToken } from "./wire.ts";

/** An app of Tiki's open platform, and how it proves itself at the token endpoint. */
export interface TikiApp {
  /** The app's id. */
  readonly clientId: string;
  /** The app's secret. */
  readonly clientSecret: string;
  /**
   * The app's setting "token endpoint auth method": the secret as a Basic header or in the form. The
   * wrong one is refused. @default "basic"
   */
  readonly authentication?: "basic" | "post" | undefined;
  /** The token endpoint. @default "https://api.tiki.vn/sc/oauth2/token" */
  readonly tokenUrl?: string | undefined;
}

/**
 * How long a question that uses up its grant may take, and how much longer when nobody waits for it any more,
 * in ms: its answer holds the only way to the next token.
 */
const rotating = { timeoutMs: 60_000, graceMs: 5_000 } as const;

/** Takes the new refresh token, to store it. */
export type TikiOnRefresh = (refreshToken: string) => void | Promise<void>;

/** The fields of a question to the token endpoint. */
export type Form = Readonly<Record<string, string>>;

/** An app with its defaults filled in. */
export type CheckedApp = Required<{ readonly [Name in keyof TikiApp]: NonNullable<TikiApp[Name]> }>;

const need = "a text; is the environment variable set?";

/** The options of every grant: what is right, and the defaults. */
export const appTable = {
  clientId: text(1, 10_000).required(need),
  clientSecret: text(1, 10_000).required(need),
  authentication: oneOf("basic", "post").or("basic"),
  // The client says later whether `http:` is allowed.
  tokenUrl: urlRule.or("https://api.tiki.vn/sc/oauth2/token"),
} satisfies TableOf<TikiApp>;

/** Makes the question for a new token from a refresh token. */
export function toRefreshForm(token: string): Form {
  return { grant_type: "refresh_token", refresh_token: token };
}

/**
 * Makes a token whose grant is replaced by the refresh token of each answer.
 *
 * An answer is held until `onRefresh` has stored its refresh token, whatever else is odd about it: asking
 * again would use up one that nobody has kept. Only then is the answer judged.
 */
export function rotatingToken(app: CheckedApp, first: Form, onRefresh: TikiOnRefresh): Token {
  let next: Form | undefined = first;
  let held: Answered | undefined;
  return cachedToken(
    async (request) => {
      if (next === undefined) throw authorisationEnded();
      // A code, and perhaps a refresh token, is good once: it is sent again only if it did not arrive.
      held ??= await askGrant(app, next, "unsent", request, rotating.timeoutMs);
      const answer = held;
      const { refreshToken, judge } = answer;
      if (refreshToken !== undefined) await store(refreshToken, onRefresh, request.logger);
      // Where this one was cut while it was stored, another has stored it since, and may have gone on.
      if (held === answer) {
        next = toNextForm(next, refreshToken);
        held = undefined;
      }
      return toIssued(judge());
    },
    { graceMs: rotating.graceMs },
  );
}

/** A refresh token without a successor stays good; a code does not. */
function toNextForm(form: Form, refreshToken: string | undefined): Form | undefined {
  if (refreshToken) return toRefreshForm(refreshToken);
  return form["grant_type"] === "refresh_token" ? form : undefined;
}

async function store(
  token: string,
  onRefresh: TikiOnRefresh,
  logger: Logger | undefined,
): Promise<void> {
  const asking = { what: "onRefresh", whom: "tiki", limitMs: foreignLimitMs };
  const answer = await ask(asking, () => onRefresh(token));
  if (answer.kind === "answered") return;
  // The error is let go: the message of a database's often holds what it was to store.
  const kind = "thrown" in answer ? kindOf(answer.thrown) : "no answer";
  const what = `onRefresh failed (${kind}); the new token is not used yet`;
  const facts = { provider: "tiki", operation: "token", retryable: true };
  const error = new AckloopError("auth", what, facts);
  tell(logger, "warn", error.message);
  throw error;
}

function authorisationEnded(): AckloopError {
  return new AckloopError(
    "auth",
    "the authorisation has ended, as its scope has no offline; the seller must authorise again",
    { provider: "tiki", operation: "token" },
  );
}

/** An answer of the token endpoint, not judged yet. */
interface Answered {
  /** The refresh token in it, whatever else it holds. */
  readonly refreshToken: string | undefined;
  /** Reads the rest of it. Throws `auth` for a refusal, and `schema` for an answer without a token. */
  readonly judge: () => WireToken;
}

/** Asks the token endpoint for a token to use at once. */
export async function askToken(...question: Parameters<typeof askGrant>): Promise<WireToken> {
  return (await askGrant(...question)).judge();
}

/** Asks the token endpoint. The app's id goes into the form with both ways to prove the app. */
function askGrant(
  { clientId, clientSecret, authentication, tokenUrl }: CheckedApp,
  grant: Form,
  repeat: Repeat,
  request: TokenRequest,
  timeoutMs?: number,
): Promise<Answered> {
  const form = { ...grant, client_id: clientId };
  return request.call({
    operation: "token",
    method: "POST",
    baseUrl: tokenUrl,
    path: [],
    repeat,
    timeoutMs,
    reply: (body, facts) => ({
      refreshToken: refreshTokenIn(body),
      judge: () => readToken(body, facts),
    }),
    ...(authentication === "post"
      ? { form: { ...form, client_secret: clientSecret } }
      : { form, headers: { authorization: toBasic(clientId, clientSecret) } }),
  });
}

/** RFC 6749, section 2.3.1: both are encoded first, which leaves letters, digits, `-` and `_` alone. */
function toBasic(clientId: string, clientSecret: string): string {
  return `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}`;
}

function refreshTokenIn(body: unknown): string | undefined {
  const { refresh_token: token } = Object(body) as Readonly<Record<string, unknown>>;
  const text = typeof token === "number" ? String(token) : token;
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** Reads the answer. Live code looks for `error` whatever the status is, and so does this. */
const readToken: ReplyReader<WireToken> = (body, facts) => {
  const error =
    typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  if (!isRefusal(error)) return replyOf(wireToken)(body, facts);
  const { provider, operation, status } = facts;
  throw new AckloopError("auth", `the app or its grant was refused: ${error}`, {
    provider,
    operation,
    status,
  });
};

/** Takes from an answer what the cache needs. */
export function toIssued({ access_token, expires_in }: WireToken): IssuedToken {
  return {
    token: access_token,
    // None at all, and none left, cannot be meant: it is good until it is refused.
    expiresInMs: expires_in && expires_in > 0 ? expires_in * 1_000 : undefined,
  };
}
