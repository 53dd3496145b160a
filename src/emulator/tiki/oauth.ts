import type { Route } from "../definition.ts";
import { type BasicCredential, json, readBasic } from "../exchange.ts";
import type { TikiEmulatorApp, TikiSeller } from "./accounts.ts";
import type { TikiOperation } from "./operation.ts";
import type { Grant, TokenStore } from "./tokens.ts";

/**
 * Assumed: the errors of these endpoints have the shape of RFC 6749; the documents show none. A true
 * refusal would show it.
 */
class OauthError extends Error {
  override readonly name = "OauthError" as const;
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, description: string) {
    super(description);
    this.status = status;
    this.code = code;
  }
}

const refuse = (code: string, description: string): OauthError =>
  new OauthError(400, code, description);

/** What the endpoints need. */
export interface OauthState {
  /** The registered apps. */
  readonly apps: readonly TikiEmulatorApp[];
  /** The sellers; the first one is who uses the browser. */
  readonly sellers: readonly TikiSeller[];
  /** The codes and tokens. */
  readonly tokens: TokenStore;
}

/** Reads scopes; all of the app's when none are asked for. */
function readScopes(app: TikiEmulatorApp, scope: string | null): readonly string[] {
  const asked = (scope ?? "").split(" ").filter(Boolean);
  if (asked.length === 0) return app.scopes;
  const other = asked.find((each) => !app.scopes.includes(each));
  if (other === undefined) return asked;
  throw refuse("invalid_scope", "The app may not ask for one of the scopes.");
}

/** The name and password as they came, and as RFC 6749 would have encoded them. */
function readProofs(request: Request): readonly BasicCredential[] {
  const basic = readBasic(request);
  if (!basic) return [];
  try {
    const [name, password] = [basic.name, basic.password].map((text) => decodeURIComponent(text));
    return [basic, { name, password } as BasicCredential];
  } catch {
    return [basic];
  }
}

function isOf(app: TikiEmulatorApp | undefined, { name, password }: BasicCredential): boolean {
  return name === app?.clientId && password === app.clientSecret;
}

/**
 * Finds the app by the one method that it is set to.
 *
 * A `client_id` beside the Basic header is what the documented form for a code has; a secret is not.
 */
function authenticate(
  apps: readonly TikiEmulatorApp[],
  request: Request,
  form: URLSearchParams,
): TikiEmulatorApp {
  const proofs = readProofs(request);
  const id = form.get("client_id");
  const app = apps.find(({ clientId }) =>
    id === null ? proofs.some(({ name }) => name === clientId) : id === clientId,
  );
  const byBasic = proofs.some((proof) => isOf(app, proof)) && !form.has("client_secret");
  const byPost =
    form.get("client_secret") === app?.clientSecret && !request.headers.has("authorization");
  if (app && (app.authentication === "basic" ? byBasic : byPost)) return app;
  throw new OauthError(401, "invalid_client", "Client authentication failed.");
}

function exchangeCode(tokens: TokenStore, app: TikiEmulatorApp, form: URLSearchParams): Grant {
  const grant = tokens.takeCode(form.get("code") ?? "");
  const fits = grant?.app === app && grant.redirectUri === form.get("redirect_uri");
  if (grant && fits && form.get("client_id") === app.clientId) return grant;
  throw refuse("invalid_grant", "The code is wrong, used or expired, or the redirect differs.");
}

function toGrant(tokens: TokenStore, app: TikiEmulatorApp, form: URLSearchParams): Grant {
  const type = form.get("grant_type");
  if (type === "client_credentials") return { app, scopes: readScopes(app, form.get("scope")) };
  if (type === "authorization_code") return exchangeCode(tokens, app, form);
  if (type !== "refresh_token") {
    throw refuse("unsupported_grant_type", "The grant type is missing or unknown.");
  }
  const grant = tokens.useRefreshToken(form.get("refresh_token") ?? "");
  if (grant?.app === app) return grant;
  throw refuse("invalid_grant", "The refresh token is wrong, used or expired.");
}

async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    throw refuse("invalid_request", "The body must be a form.");
  }
  return new URLSearchParams(await request.text());
}

function toErrorReply(error: unknown): Response {
  if (!(error instanceof OauthError)) throw error;
  const headers: Record<string, string> =
    error.status === 401 ? { "www-authenticate": "Basic" } : {};
  return json({ error: error.code, error_description: error.message }, error.status, headers);
}

/** Reads the address of the browser, and throws where the page would show an error. */
function readAuthorization({ apps, sellers }: OauthState, query: URLSearchParams) {
  const app = apps.find(({ clientId }) => clientId === query.get("client_id"));
  if (!app) throw refuse("invalid_client", "No app has this client_id.");
  const { redirectUri } = app;
  if (query.get("redirect_uri") !== redirectUri) {
    throw refuse("invalid_request", "redirect_uri must equal the registered one.");
  }
  if (query.get("response_type") !== "code") {
    throw refuse("unsupported_response_type", "response_type must be code.");
  }
  const state = query.get("state") ?? "";
  if (state.length < 8) throw refuse("invalid_state", "state must have 8 characters or more.");
  const sid = app.kind === "inHouse" ? app.sid : sellers[0]?.sid;
  const grant = { app, redirectUri, sid, scopes: readScopes(app, query.get("scope")) };
  return { grant, state };
}

/** The routes of OAuth: the browser's page, where the first seller always agrees, and the tokens. */
export function oauthRoutes(state: OauthState): readonly Route<TikiOperation>[] {
  const { apps, tokens } = state;
  return [
    {
      operation: "authorize",
      method: "GET",
      path: "/sc/oauth2/auth",
      handle({ url }) {
        try {
          const { grant, state: echoed } = readAuthorization(state, url.searchParams);
          const target = new URL(grant.redirectUri);
          target.searchParams.set("code", tokens.addCode(grant));
          target.searchParams.set("state", echoed);
          return new Response(null, { status: 302, headers: { location: target.href } });
        } catch (error) {
          return toErrorReply(error);
        }
      },
    },
    {
      operation: "token",
      method: "POST",
      path: "/sc/oauth2/token",
      async handle({ request }) {
        try {
          const form = await readForm(request);
          const app = authenticate(apps, request, form);
          const reply = tokens.addTokens(toGrant(tokens, app, form));
          return json(reply, 200, { "cache-control": "no-store" });
        } catch (error) {
          return toErrorReply(error);
        }
      },
    },
  ];
}
