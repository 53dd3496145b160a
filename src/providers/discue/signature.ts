import type { AckloopError } from "../../core/errors.ts";
import { wrongOption } from "./options.ts";
import { isSame } from "./secret.ts";

/** How the requests of a relay that signs are verified. */
export interface SignatureOptions {
  /**
   * The secrets that a signature may be made with, each `whsec_` and base64, 16 bytes or more: give
   * the old and the new one while a secret is changed.
   */
  readonly secrets: readonly string[];
  /** How far the signed time may be from this machine's clock, both ways, in ms. @default 300_000 */
  readonly toleranceMs?: number | undefined;
}

/** The facts that a right signature vouches for. */
export interface Signed {
  /** The message's id, from the header `webhook-id`; stable over redelivery. */
  readonly id: string;
}

/** Verifies one request; `undefined` when no signature fits. */
export type SignatureCheck = (headers: Headers, body: Uint8Array) => Promise<Signed | undefined>;

const defaultToleranceMs = 300_000;

/**
 * Makes the check of Standard Webhooks signatures.
 *
 * The bytes are verified as they came. One of several signatures with one of several secrets is
 * enough; each secret costs one HMAC for each request, whatever the request holds.
 *
 * @throws {AckloopError} `config` for a secret that cannot be one.
 * Source: Standard Webhooks specification, standardwebhooks.com, version 1, read 2026-11.
 */
export function createSignatureCheck(options: SignatureOptions): SignatureCheck {
  const { secrets, toleranceMs = defaultToleranceMs } = options;
  if (!Array.isArray(secrets) || secrets.length === 0) throw wrongSecret("must hold a secret");
  if (!(toleranceMs > 0)) {
    throw wrongOption("receiver", "`signature.toleranceMs` must be above 0");
  }
  const secretBytes = secrets.map(decodeSecret);
  // Importing a key costs three times as much as signing with it, and cannot be done at creation.
  let keys: Promise<readonly CryptoKey[]> | undefined;
  return async (headers, body) => {
    const id = headers.get("webhook-id");
    const timestamp = headers.get("webhook-timestamp");
    if (!id || !timestamp || !isRecent(timestamp, toleranceMs)) return undefined;
    keys ??= Promise.all(secretBytes.map(importKey));
    const given = givenSignatures(headers.get("webhook-signature"));
    const fits = await hasRightSignature(given, await keys, signedContent(id, timestamp, body));
    return fits ? { id } : undefined;
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

/** The signatures of version 1 in the header; those of other versions are left out. */
function givenSignatures(header: string | null): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const part of (header ?? "").split(" ")) {
    if (!part.startsWith("v1,")) continue;
    const bytes = decodeBase64(part.slice("v1,".length));
    if (bytes) found.push(bytes);
  }
  return found;
}

function importKey(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

function decodeSecret(secret: string): Uint8Array<ArrayBuffer> {
  const bytes = secret.startsWith("whsec_") ? decodeBase64(secret.slice("whsec_".length)) : null;
  if (!bytes) throw wrongSecret("must be of the form whsec_ and base64");
  if (bytes.length < 16) throw wrongSecret("must be of 16 bytes or more");
  return bytes;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    // Not base64; what it says must not be printed, since it may be a secret.
    return null;
  }
}

function wrongSecret(what: string): AckloopError {
  return wrongOption("receiver", `\`signature.secrets\` ${what}`);
}
