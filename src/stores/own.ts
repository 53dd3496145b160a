import type { StoreSet } from "../core/stores.ts";
import { checkedStores as checkedSet } from "./checked.ts";

/**
 * Puts the checks of all arguments, and the way an abort ends a call, before stores of one's own.
 *
 * A store behind it is never called with a wrong argument or after its signal has fired. A caller whose
 * signal fires is let go at once, with the signal's reason; the call itself ends as it does.
 *
 * **Shape**: the stores that were given, by their names in a `StoreSet`.
 */
export function checkedStores<Kind extends keyof StoreSet>(
  stores: Pick<StoreSet, Kind>,
): Pick<StoreSet, Kind> {
  const none = { cursors: {}, deadLetters: {}, dedupe: {}, leases: {}, inbox: {} };
  const all = checkedSet({ ...none, ...stores } as StoreSet);
  const given = Object.keys(stores) as Kind[];
  return Object.fromEntries(given.map((kind) => [kind, all[kind]])) as Pick<StoreSet, Kind>;
}
