import { list, milliseconds, Rule, type TableOf } from "../../core/options.ts";
import { isSame } from "./secret.ts";

/** How the requests of a relay that signs are verified. */
export interface DiscueSignatureOptions {
  /**
   * The secrets that a signature may be made with, each `whsec_` and base64, 16 bytes or more: give
   * the old and the new one while a secret is changed.
   */
  readonly secrets: readonly string[];
  /** How far the signed time may be from this machine's clock, both ways, in ms. @default 300_000 */
  readonly toleranceMs?: number | undefined;
}

/** The bytes of a secret; the message never holds what was given. */
const secret: Rule<string> = new Rule({
  must: "of the form whsec_ and base64, of 16 bytes or more",
  test: (value) => {
    const bytes = typeof value === "string" ? decodeSecret(value) : undefined;
    return bytes !== undefined && bytes.length >= 16;
  },
});

/** The rules of {@link DiscueSignatureOptions}. */
export const signatureTable = {
  secrets: new Rule<readonly string[], readonly string[]>({
    ...list(secret),
    must: "a list that holds a secret",
    test: (value) => Array.isArray(value) && value.length > 0,
  }).required(),
  toleranceMs: milliseconds(1).or(300_000),
} satisfies TableOf<DiscueSignatureOptions>;

/** The facts that a right signature vouches for. */
export interface Signed {
  /** The message's id, from the header `webhook-id`; stable over redelivery. */
  readonly id: string;
}

/** What a request says of itself in its headers; `verify` gives `undefined` when no signature fits its body. */
export interface SignatureClaim {
  readonly verify: (body: Uint8Array) => Promise<Signed | undefined>;
}

/** Reads the headers of one request; why they can never be right, where that is so whatever the body is. */
export type SignatureCheck = (headers: Headers) => SignatureClaim | string;

/**
 * Makes the check of Standard Webhooks signatures.
 *
 * The bytes are verified as they came. One of several signatures with one of several secrets is
 * enough; each secret costs one HMAC for each request, whatever the request holds.
 *
 * Source: Standard Webhooks specification, standardwebhooks.com, version 1, read 2026-11.
 */
export function createSignatureCheck(options: {
  readonly secrets: readonly string[];
  readonly toleranceMs: number;
}): SignatureCheck {
  const secrets = options.secrets.map((each) => decodeSecret(each) ?? new Uint8Array());
  // Importing a key costs three times as much as signing with it, and cannot be done at creation.
  let keys: Promise<readonly CryptoKey[]> | undefined;
  return (headers) => {
    const id = headers.get("webhook-id");
    const timestamp = headers.get("webhook-timestamp");
    const given = givenSignatures(headers.get("webhook-signature"));
    if (!id || !timestamp || given.length === 0) return "it lacks a signature";
    // Full stops part what is signed: with one of its own, one message's signature would fit another.
    if (id.includes(".")) return "its webhook-id holds a full stop";
    if (!isRecent(timestamp, options.toleranceMs))
      return "its webhook-timestamp is too far from now";
    return {
      verify: async (body) => {
        keys ??= Promise.all(secrets.map(importKey));
        const content = signedContent(id, timestamp, body);
        return (await hasRightSignature(given, await keys, content)) ? { id } : undefined;
      },
    };
  };
}

async function hasRightSignature(
  given: readonly Uint8Array[],
  keys: readonly CryptoKey[],
  content: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  let found = 0;
  for (const key of keys) {
    const expected = new Uint8Array(await crypto.subtle.sign("HMAC", key, content));
    for (const signature of given) found |= isSame(signature, expected) ? 1 : 0;
  }
  return found === 1;
}

function signedContent(id: string, timestamp: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
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

/** How many bytes a signature of version 1 has. */
const signatureBytes = 32;

/** The signatures of version 1 in the header; those of other versions, or of another length, are left out. */
function givenSignatures(header: string | null): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const part of (header ?? "").split(" ")) {
    if (!part.startsWith("v1,")) continue;
    const bytes = decodeBase64(part.slice("v1,".length));
    if (bytes?.length === signatureBytes) found.push(bytes);
  }
  return found;
}

function importKey(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

function decodeSecret(given: string): Uint8Array<ArrayBuffer> | undefined {
  return given.startsWith("whsec_") ? decodeBase64(given.slice("whsec_".length)) : undefined;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    // Not base64; what it says must not be printed, since it may be a secret.
    return undefined;
  }
}
