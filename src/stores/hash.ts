/**
 * One key made of several texts: the SHA-256 of them, as 64 hex digits, without a clash.
 *
 * JSON keeps the parts apart, and writes NUL and lone surrogates as escapes, which UTF-8 cannot.
 */
export async function hashOf(...parts: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
