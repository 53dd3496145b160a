import type { DeadLetterStore, DedupeStore, LeaseStore } from "../../../src/core/stores.ts";
import { numberOf } from "../process.ts";
import { callLater, isRefused } from "./calls.ts";
import type { Service } from "./plan.ts";
import type { Reader } from "./reader.ts";

/** The stores as one process has them. */
export interface ReaderStores {
  readonly deadLetters: DeadLetterStore;
  readonly dedupe: DedupeStore;
  readonly leases: LeaseStore;
}

type Ask = <Result>(
  service: Service,
  signal: AbortSignal | undefined,
  effect: () => Promise<Result>,
  n?: number,
) => Promise<Result>;

/** Puts delays and troubles around the stores that outlive a process. */
export function storesOf(reader: Reader): ReaderStores {
  const latencyMs = reader.world.plan.settings.storeMs;
  const ask: Ask = (service, signal, effect, n) =>
    callLater(reader, { service, signal, n, latencyMs, effect });
  return {
    deadLetters: deadLettersOf(reader, ask),
    dedupe: dedupeOf(reader, ask),
    leases: leasesOf(reader, ask),
  };
}

function deadLettersOf(reader: Reader, ask: Ask): DeadLetterStore {
  const { world, number: process } = reader;
  const { deadLetters } = world.stores;
  return {
    put(letter, options) {
      const n = numberOf(letter.raw) ?? -1;
      world.ledger.letter(n, letter);
      const effect = async (): Promise<void> => {
        await deadLetters.put(letter);
        world.ledger.stored(n);
        reader.paces.progress();
        world.note("letter", { process, n, what: letter.reason });
      };
      return ask("put", options?.signal, effect, n);
    },
    list: (key, query) => ask("letters", query?.signal, () => deadLetters.list(key, query)),
    get: (key, options) => ask("letters", options?.signal, () => deadLetters.get(key)),
    remove(key, options) {
      const taken = callLater(reader, {
        service: "remove",
        signal: options?.signal,
        latencyMs: world.plan.settings.storeMs,
        onTrouble: (trouble) => {
          if (isRefused(trouble)) reader.refused([key.identity]);
        },
        effect: async () => {
          world.removing(reader, key.identity);
          await deadLetters.remove(key);
        },
      });
      return taken.then(() => {
        // An answer that came after its time was not heard: the letter is taken off again.
        if (!options?.signal?.aborted) reader.removed(key.identity);
      });
    },
  };
}

function dedupeOf(reader: Reader, ask: Ask): DedupeStore {
  const { world } = reader;
  const { dedupe } = world.stores;
  const nOf = (identity: string): number | undefined => world.numberOf(identity);
  return {
    begin: (key, markMs, options) =>
      ask(
        "begin",
        options?.signal,
        async () => {
          const begun = await dedupe.begin(key, markMs, { mark: options?.mark });
          const n = nOf(key.identity);
          if (begun.status === "begun" && n !== undefined)
            world.ledger.marked(reader, n, begun.mark);
          return begun;
        },
        nOf(key.identity),
      ),
    renew: (key, mark, markMs, options) =>
      ask("renew", options?.signal, () => dedupe.renew(key, mark, markMs), nOf(key.identity)),
    finish: (key, mark, { signal, retentionMs }) =>
      ask("finish", signal, () => dedupe.finish(key, mark, { retentionMs }), nOf(key.identity)),
    forget: (key, mark, options) =>
      ask(
        "forget",
        options?.signal,
        async () => {
          await dedupe.forget(key, mark);
          const n = nOf(key.identity);
          if (n !== undefined) world.ledger.unmarked(n, mark);
        },
        nOf(key.identity),
      ),
  };
}

function leasesOf(reader: Reader, ask: Ask): LeaseStore {
  const { world } = reader;
  const { leases } = world.stores;
  return {
    acquire: (key, holder, leaseMs, options) =>
      ask("acquire", options?.signal, async () => {
        const grant = await leases.acquire(key, holder, leaseMs);
        if (grant.status === "held") world.leased(reader, leaseMs);
        return grant;
      }),
    renew: (key, fence, leaseMs, options) =>
      ask("renewLease", options?.signal, async () => {
        const isHeld = await leases.renew(key, fence, leaseMs);
        if (isHeld) world.leased(reader, leaseMs);
        else world.mustBeOver(reader);
        return isHeld;
      }),
    release: (key, fence, options) =>
      ask("release", options?.signal, async () => {
        await leases.release(key, fence);
        world.released(reader);
      }),
  };
}
