import type { Provider } from "./provider.ts";
import { discue } from "./providers/discue.ts";
import { kekker } from "./providers/kekker.ts";
import { tiki } from "./providers/tiki.ts";
import { workato } from "./providers/workato.ts";

/** Every provider, by its name. */
export const providers: Readonly<Record<string, Provider>> = Object.freeze({
  tiki,
  kekker,
  discue,
  workato,
});

export const providerNames: readonly string[] = Object.keys(providers);
