/** The SHA-256 of a text, as 64 hex digits. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * One key made of several texts, of fixed length and without a clash.
 *
 * JSON keeps the parts apart, and writes NUL and lone surrogates as escapes, which UTF-8 cannot.
 */
export function hashOf(...parts: readonly string[]): Promise<string> {
  return sha256(JSON.stringify(parts));
}
