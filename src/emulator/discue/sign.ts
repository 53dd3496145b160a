/** What is signed. */
export interface Signable {
  readonly id: string;
  /** Epoch ms. */
  readonly at: number;
  readonly body: string;
}

/**
 * The headers of a Standard Webhooks signature.
 *
 * Source: Standard Webhooks specification, standardwebhooks.com, version 1, read 2026-11.
 */
export async function signatureHeaders(
  secret: string,
  { id, at, body }: Signable,
): Promise<Readonly<Record<string, string>>> {
  const timestamp = String(Math.floor(at / 1_000));
  const bytes = Uint8Array.from(atob(secret.replace(/^whsec_/, "")), (char) => char.charCodeAt(0));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
  const content = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, content));
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${btoa(String.fromCharCode(...signature))}`,
  };
}
