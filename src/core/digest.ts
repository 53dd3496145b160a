import type { MaybePromise } from "./guard.ts";
import { nodeModule } from "./node-module.ts";

/**
 * The SHA-256 of bytes, in hexadecimal: at once where the runtime has a way to, since WebCrypto makes a job
 * of each, for another thread, that costs more than to read a request.
 */
export function sha256(bytes: Uint8Array): MaybePromise<string> {
  return nodeModule("node:crypto")?.hash?.("sha256", bytes, "hex") ?? sha256ByWebCrypto(bytes);
}

async function sha256ByWebCrypto(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
