import type { EmulatorTools } from "../definition.ts";
import { randomHex } from "../random.ts";
import type { TikiEmulatorApp } from "./accounts.ts";
import type { TikiAssumptions } from "./assumptions.ts";

/** What a token or a code was given for. */
export interface Grant {
  /** The app. */
  readonly app: TikiEmulatorApp;
  /** The seller who authorised it; absent for the app's own token. */
  readonly sid?: string | undefined;
  /** The scopes. */
  readonly scopes: readonly string[];
}

/** A code may be used once, under the address that it was sent to. */
export interface CodeGrant extends Grant {
  /** The address. */
  readonly redirectUri: string;
}

/** The reply of the token endpoint. */
export interface TokenReply {
  /** The access token. */
  readonly access_token: string;
  /** Always `bearer`. */
  readonly token_type: "bearer";
  /** How long the access token lives, in seconds. */
  readonly expires_in: number;
  /** The scopes, separated by spaces. */
  readonly scope: string;
  /** Only where a seller granted the scope `offline`. */
  readonly refresh_token?: string;
}

/** The codes and tokens that were given out, with their ends. */
export interface TokenStore {
  /** Gives a code. */
  addCode(grant: CodeGrant): string;
  /** Takes a code; undefined when it was used, has expired, or never was. */
  takeCode(code: string): CodeGrant | undefined;
  /** Gives an access token, and a refresh token where the grant has both seller and `offline`. */
  addTokens(grant: Grant): TokenReply;
  /** What an access token is for; undefined when it has expired, was revoked, or never was. */
  find(accessToken: string): Grant | undefined;
  /** Uses a refresh token; undefined when it is not good any more. */
  useRefreshToken(refreshToken: string): Grant | undefined;
  /** Ends all access tokens; refresh tokens stay good. */
  revokeAccess(): void;
}

interface Ending<Value> {
  readonly value: Value;
  readonly endsAt: number;
}

/** Makes the store of codes and tokens. Their ends are by the emulator's clock. */
export function createTokenStore(
  { clock, random }: EmulatorTools,
  assumptions: TikiAssumptions,
): TokenStore {
  const codes = new Map<string, Ending<CodeGrant>>();
  const access = new Map<string, Ending<Grant>>();
  const refresh = new Map<string, Ending<Grant>>();

  function put<Value>(map: Map<string, Ending<Value>>, value: Value, seconds: number): string {
    const key = randomHex(random("token"), 40).toLowerCase();
    map.set(key, { value, endsAt: clock.now() + seconds * 1000 });
    return key;
  }

  function read<Value>(map: Map<string, Ending<Value>>, key: string): Value | undefined {
    const found = map.get(key);
    if (found && found.endsAt > clock.now()) return found.value;
    map.delete(key);
    return undefined;
  }

  return {
    addCode: (grant) => put(codes, grant, assumptions.codeLifetimeSeconds),
    takeCode(code) {
      const grant = read(codes, code);
      codes.delete(code);
      return grant;
    },
    addTokens(grant) {
      const { tokenLifetimeSeconds, refreshTokenLifetimeSeconds } = assumptions;
      const offline = grant.sid !== undefined && grant.scopes.includes("offline");
      return {
        access_token: put(access, grant, tokenLifetimeSeconds),
        token_type: "bearer",
        expires_in: tokenLifetimeSeconds,
        scope: grant.scopes.join(" "),
        ...(offline && { refresh_token: put(refresh, grant, refreshTokenLifetimeSeconds) }),
      };
    },
    find: (accessToken) => read(access, accessToken),
    useRefreshToken(refreshToken) {
      const grant = read(refresh, refreshToken);
      if (assumptions.usedRefreshToken === "ends") refresh.delete(refreshToken);
      return grant;
    },
    revokeAccess: () => access.clear(),
  };
}
