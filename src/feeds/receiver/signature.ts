import { AckloopError } from "../../core/errors.ts";
import { type FilledOf, list, milliseconds, Rule, type TableOf } from "../../core/options.ts";
import { isSame } from "./secret.ts";
import { webCryptoOf } from "./web-crypto.ts";

/** How the signatures of requests are verified. */
export interface SignatureOptions {
  /**
   * What a signature may be made with, one entry or several: give the old and the new one while a secret is
   * changed. `whsec_` and base64, or the base64 alone, of 16 bytes or more, is a secret that the sender has
   * too (`v1`, HMAC-SHA256). `whpk_` and base64, of 32 bytes, is the sender's public key (`v1a`, ed25519).
   */
  readonly secrets: readonly string[];
  /** How far the signed time may be from this machine's clock, both ways, in ms. @default 300_000 */
  readonly toleranceMs?: number | undefined;
  /**
   * What the names of the three headers begin with, before `id`, `timestamp` and `signature`: `"svix-"` for
   * senders that say `svix-id`. @default "webhook-"
   */
  readonly headerPrefix?: string | undefined;
}

/** Bytes that own their memory, as WebCrypto takes them. */
type Bytes = Uint8Array<ArrayBuffer>;

/** One way to sign. Source: Standard Webhooks specification, "Signature scheme". */
interface Scheme {
  /** How many bytes a signature has. */
  readonly sizeBytes: number;
  readonly importKey: (secret: Bytes) => Promise<CryptoKey>;
  /** How many of the signatures fit: each is looked at. */
  readonly count: (key: CryptoKey, given: readonly Bytes[], content: Bytes) => Promise<number>;
}

/** The ways to sign, by what stands before a signature. */
const schemes = {
  v1: {
    sizeBytes: 32,
    importKey: (secret) =>
      crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
    count: async (key, given, content) => {
      const expected = new Uint8Array(await crypto.subtle.sign("HMAC", key, content));
      return countOf(given.map((signature) => isSame(signature, expected)));
    },
  },
  v1a: {
    sizeBytes: 64,
    importKey: (secret) => crypto.subtle.importKey("raw", secret, "Ed25519", false, ["verify"]),
    count: async (key, given, content) => {
      const verify = (signature: Bytes) => crypto.subtle.verify("Ed25519", key, signature, content);
      return countOf(await Promise.all(given.map(verify)));
    },
  },
} satisfies Record<string, Scheme>;

type Version = keyof typeof schemes;

/** The most signatures of one version in a request: what anybody sends must not cost more. */
const mostSignatures = 16;

function countOf(fits: readonly boolean[]): number {
  return fits.filter(Boolean).length;
}

/** A secret as it was given, decoded. */
interface Secret {
  readonly version: Version;
  readonly bytes: Bytes;
}

/** One that is to sign or verify with; the message never holds what was given. */
const secret: Rule<string> = new Rule({
  must: "of the form whsec_ and base64, of 16 bytes or more, or whpk_ and base64, of 32 bytes",
  test: (value) => {
    if (typeof value !== "string") return false;
    if (value.startsWith("whsk_")) return "whsk_ is the sender's own key: give its whpk_";
    return toSecret(value) !== undefined;
  },
});

/** The name of a header, or what names of headers begin with. */
export const headerName: Rule<string> = new Rule({
  must: "the name of a header",
  test: (value) => typeof value === "string" && /^[\w!#$%&'*+.^`|~-]{1,1000}$/.test(value),
});

/** The rules of {@link SignatureOptions}. */
export const signatureTable = {
  secrets: new Rule<readonly string[], readonly string[]>({
    ...list(secret),
    must: "a list that holds a secret",
    test: (value) => Array.isArray(value) && value.length > 0,
  }).required(),
  toleranceMs: milliseconds(1).or(300_000),
  headerPrefix: headerName.or("webhook-"),
} satisfies TableOf<SignatureOptions>;

/** What a request says of itself in its headers. */
export interface SignatureClaim {
  /** The message's id, stable over redelivery; to be believed once it is verified. */
  readonly id: string;
  /** Whether a signature fits the id, the time and the body. */
  readonly verify: (body: Uint8Array) => Promise<boolean>;
}

/** Reads the headers of one request; why they can never be right, where that is so whatever the body is. */
export type SignatureCheck = (headers: Headers) => SignatureClaim | string;

/**
 * Makes the check of Standard Webhooks signatures.
 *
 * The bytes are verified as they came. One of several signatures with one of several secrets is
 * enough; each secret costs one HMAC for each request, whatever the request holds, and each public key one
 * verification for each signature of its version.
 *
 * Source: Standard Webhooks specification, standardwebhooks.com, version 1, read 2026-11.
 */
export function createSignatureCheck(
  options: FilledOf<typeof signatureTable> & { readonly provider: string },
): SignatureCheck {
  const { headerPrefix: prefix, toleranceMs } = options;
  const secrets = options.secrets.map(toSecret).filter((each) => each !== undefined);
  const versions = [...new Set(secrets.map(({ version }) => version))];
  // Importing a key costs three times as much as signing with it, and cannot be done at creation.
  let keys: Promise<readonly Key[]> | undefined;
  return (headers) => {
    const id = headers.get(`${prefix}id`);
    const timestamp = headers.get(`${prefix}timestamp`);
    const header = headers.get(`${prefix}signature`);
    if (!id || !timestamp || !header)
      return `it lacks a signature: ${prefix}id, ${prefix}timestamp and ${prefix}signature`;
    const encoded = new Map(versions.map((version) => [version, encodedOf(header, version)]));
    const most = Math.max(...[...encoded.values()].map((each) => each.length));
    if (most === 0) return `it lacks a signature of version ${versions.join(" or ")}`;
    if (most > mostSignatures) return `it holds more than ${mostSignatures} signatures`;
    // Full stops part what is signed: with one of its own, one message's signature would fit another.
    if (id.includes(".")) return `its ${prefix}id holds a full stop`;
    if (!isRecent(timestamp, toleranceMs))
      return `its ${prefix}timestamp is too far from now; is the clock of this machine right?`;
    return {
      id,
      verify: async (body) => {
        keys ??= importKeys(secrets, options.provider);
        return hasRightSignature(encoded, await keys, signedContent(id, timestamp, body));
      },
    };
  };
}

interface Key {
  readonly version: Version;
  readonly key: CryptoKey;
}

/** @throws {AckloopError} `config` where the runtime knows no ed25519, or has no WebCrypto at all. */
async function importKeys(secrets: readonly Secret[], provider: string): Promise<readonly Key[]> {
  webCryptoOf(provider);
  const imported = secrets.map(async ({ version, bytes }) => {
    return { version, key: await schemes[version].importKey(bytes) };
  });
  try {
    return await Promise.all(imported);
  } catch {
    const what = "this runtime's WebCrypto takes no ed25519 key, or not one of the whpk_ keys";
    throw new AckloopError("config", what, { provider, operation: "receive" });
  }
}

async function hasRightSignature(
  encoded: ReadonlyMap<Version, readonly string[]>,
  keys: readonly Key[],
  content: Bytes,
): Promise<boolean> {
  let found = 0;
  for (const { version, key } of keys) {
    const given = encoded.get(version)?.map(decodeBase64) ?? [];
    found += await schemes[version].count(key, given, content);
  }
  return found > 0;
}

function signedContent(id: string, timestamp: string, body: Uint8Array): Bytes {
  const head = new TextEncoder().encode(`${id}.${timestamp}.`);
  const content = new Uint8Array(head.length + body.length);
  content.set(head);
  content.set(body, head.length);
  return content;
}

function isRecent(timestamp: string, toleranceMs: number): boolean {
  if (!/^\d{1,12}$/.test(timestamp)) return false;
  // Whole seconds on both sides, as the specification counts.
  const nowMs = Math.floor(Date.now() / 1_000) * 1_000;
  return Math.abs(nowMs - Number(timestamp) * 1_000) <= toleranceMs;
}

/**
 * The signatures of one version, in base64; what has another length is none. Two headers of one name are joined
 * by a comma and a blank.
 */
function encodedOf(header: string, version: Version): readonly string[] {
  const length = Math.ceil((schemes[version].sizeBytes * 4) / 3);
  return (
    header
      .split(" ")
      // Looked at by its length first: what anybody sends may be long.
      .filter((part) => part.startsWith(`${version},`) && part.length < length + 10)
      .map((part) => part.slice(version.length + 1).replace(/[=,]+$/, ""))
      .filter((text) => text.length === length)
  );
}

function toSecret(given: string): Secret | undefined {
  const version: Version = given.startsWith("whpk_") ? "v1a" : "v1";
  const bytes = decodeBase64(given.replace(/^wh(sec|pk)_/, ""));
  const isRight = version === "v1a" ? bytes.length === 32 : bytes.length >= 16;
  return isRight ? { version, bytes } : undefined;
}

/** Nothing where it is no base64: what it says must not be printed, since it may be a secret. */
function decodeBase64(text: string): Bytes {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
