import { AckloopError } from "../../core/errors.ts";

/**
 * The runtime's WebCrypto. The DOM that tests are run in may have none, nor has a page of plain HTTP.
 *
 * @throws {AckloopError} `config` where there is none.
 */
export function webCryptoOf(provider: string): SubtleCrypto {
  const { subtle } = (globalThis.crypto ?? {}) as Partial<Crypto>;
  if (subtle !== undefined) return subtle;
  const what = "this runtime has no WebCrypto, which ids and signatures need: `crypto.subtle`";
  throw new AckloopError("config", what, { provider, operation: "receive" });
}
