import { checkOptions, Rule, type TableOf, text } from "../../core/options.ts";
import { cachedToken } from "../../http/token.ts";
import type { Token } from "../../http/types.ts";
import {
  appTable,
  askToken,
  rotatingToken,
  type TikiApp,
  type TikiOnRefresh,
  toIssued,
  toRefreshForm,
} from "./grant.ts";

/** What {@link clientCredentials} needs. */
export interface ClientCredentialsOptions extends TikiApp {
  /** Scopes, separated by spaces. @default those of the app */
  readonly scope?: string | undefined;
}

/** What {@link authorizationCode} needs. */
export interface AuthorizationCodeOptions extends TikiApp {
  /** The `code` that came back to the redirect address. Good for one exchange. */
  readonly code: string;
  /** The redirect address of the request that gave the code, to the letter. */
  readonly redirectUri: string;
  /** As with {@link refreshToken}; without it the authorisation ends with the process. */
  readonly onRefresh?: TikiOnRefresh | undefined;
}

/** What {@link refreshToken} needs. */
export interface RefreshTokenOptions extends TikiApp {
  /** The newest refresh token. */
  readonly refreshToken: string;
  /**
   * Stores the new refresh token that comes with every refresh. Awaited before the access token is
   * used, for at most 30 s, and called also where whoever asked has gone; when it fails the call fails, the
   * client's logger is told, and the same refresh token is handed over again next time.
   */
  readonly onRefresh: TikiOnRefresh;
}

/**
 * The token of an in-house app, or of a public app for its own queues.
 *
 * Asked for when first needed, kept until shortly before it ends, and asked for again after a 401. One
 * question at a time for all callers. Give the same one to several clients to share its token.
 *
 * @throws {AckloopError} `config` here; `auth` in calls when Tiki refuses the app.
 * Source: Tiki, "Client credentials flow", read 2026-11.
 */
export function clientCredentials(options: ClientCredentialsOptions): Token {
  const { scope, ...app } = checkOptions("tiki clientCredentials", options, credentialsTable);
  const form = { grant_type: "client_credentials", ...(scope ? { scope } : {}) };
  return cachedToken(async (request) => toIssued(await askToken(app, form, "safe", request)));
}

/**
 * A seller's token, from the code that an authorisation gave.
 *
 * The code is exchanged once; with the scope `offline` the token is refreshed afterwards, as by
 * {@link refreshToken}. Without it, its end is the end: `auth`, and the seller authorises again.
 *
 * @throws {AckloopError} `config` here; `auth` in calls when Tiki refuses the code.
 * Source: Tiki, "Authorization code flow", read 2026-11.
 */
export function authorizationCode(options: AuthorizationCodeOptions): Token {
  const checked = checkOptions("tiki authorizationCode", options, codeTable);
  const { code, redirectUri, onRefresh, ...app } = checked;
  const form = { grant_type: "authorization_code", code, redirect_uri: redirectUri };
  return rotatingToken(app, form, onRefresh);
}

/**
 * A seller's token, from a refresh token.
 *
 * Each refresh gives a new refresh token, and `onRefresh` must store it: Assumed, as the documents do
 * not say, that the old one is dead at once. So there is one refresh at a time, and one process to a
 * refresh token. A call that Tiki accepts with the old one would show this wrong.
 *
 * @throws {AckloopError} `config` here; `auth` in calls when Tiki refuses the refresh token, and
 * (retryable) when `onRefresh` failed.
 * Source: Tiki, "Refresh token", read 2026-11.
 */
export function refreshToken(options: RefreshTokenOptions): Token {
  const checked = checkOptions("tiki refreshToken", options, refreshTable);
  const { refreshToken: first, onRefresh, ...app } = checked;
  return rotatingToken(app, toRefreshForm(first), onRefresh);
}

/** What {@link authorizeUrl} needs. */
export interface AuthorizeUrlOptions {
  /** The app's id. */
  readonly clientId: string;
  /** One of the redirect addresses that the app has registered, to the letter. */
  readonly redirectUri: string;
  /** Scopes, separated by spaces, such as `"offline order product"`. */
  readonly scope: string;
  /** Random text, at least 8 characters; it comes back with the code and must be compared. */
  readonly state: string;
  /** The authorisation page. @default "https://api.tiki.vn/sc/oauth2/auth" */
  readonly authUrl?: string | undefined;
}

/**
 * Gives the address where a seller's browser goes to authorise a public app.
 *
 * @throws {AckloopError} `config`.
 * Source: Tiki, "Authorization code flow", read 2026-11.
 */
export function authorizeUrl(options: AuthorizeUrlOptions): string {
  const checked = checkOptions("tiki authorizeUrl", options, authorizeTable);
  const { clientId, redirectUri, scope, state, authUrl } = checked;
  const url = new URL(authUrl);
  url.searchParams.set("response_type", "code");
  url.searchParams.set("client_id", clientId);
  url.searchParams.set("redirect_uri", redirectUri);
  url.searchParams.set("scope", scope);
  url.searchParams.set("state", state);
  return url.href;
}

const aText = text(1, 100_000);

const aUrl: Rule<string> = new Rule({
  must: "an absolute URL",
  test: (value) => typeof value === "string" && URL.canParse(value),
});

const onRefresh: Rule<TikiOnRefresh> = new Rule({
  must: "a function that stores the new refresh token",
  test: (value) => typeof value === "function",
});

const credentialsTable = {
  ...appTable,
  scope: text(0, 10_000),
} satisfies TableOf<ClientCredentialsOptions>;

const codeTable = {
  ...appTable,
  code: aText.required(),
  redirectUri: aUrl.required(),
  onRefresh: onRefresh.or(() => {}),
} satisfies TableOf<AuthorizationCodeOptions>;

const refreshTable = {
  ...appTable,
  refreshToken: aText.required(),
  onRefresh: onRefresh.required(),
} satisfies TableOf<RefreshTokenOptions>;

const authorizeTable = {
  clientId: aText.required(),
  redirectUri: aUrl.required(),
  scope: aText.required(),
  state: text(8, 10_000).required("random text of at least 8 characters"),
  authUrl: aUrl.or("https://api.tiki.vn/sc/oauth2/auth"),
} satisfies TableOf<AuthorizeUrlOptions>;
