import { AckloopError } from "../../src/core/errors.ts";
import type {
  CursorStore,
  DeadLetterStore,
  DedupeStore,
  LeaseStore,
} from "../../src/core/stores.ts";
import type { StoreName } from "./plan.ts";
import { never, numberOf, type Process } from "./process.ts";

/** The stores as one process has them. */
export interface ProcessStores {
  readonly cursors: CursorStore;
  readonly deadLetters: DeadLetterStore;
  readonly dedupe: DedupeStore;
  readonly leases: LeaseStore;
}

/** Puts the edges, the delays and the failures of a process around the stores that outlive it. */
export function storesOf(process: Process): ProcessStores {
  const { world, number } = process;
  const { stores } = world;
  const call = <Result>(
    name: StoreName,
    signal: AbortSignal | undefined,
    work: () => Promise<Result>,
  ): Promise<Result> => process.cross(() => callStore(process, name, signal, work));

  return {
    cursors: {
      load: (key, options) => call("cursors", options?.signal, () => stores.cursors.load(key)),
      save: (key, value, revision, options) =>
        call("cursors", options?.signal, async () => {
          const result = await stores.cursors.save(key, value, revision);
          if (result.status === "saved") world.saved(process, value);
          return result;
        }),
    },
    deadLetters: {
      ...stores.deadLetters,
      put: (letter, options) =>
        call("deadLetters", options?.signal, async () => {
          await stores.deadLetters.put(letter);
          const n = numberOf(letter.event ?? letter.raw);
          world.settled(n);
          world.note("letter", { process: number, n, what: letter.reason });
        }),
    },
    dedupe: {
      begin: (key, markMs, options) =>
        call("dedupe", options?.signal, () =>
          stores.dedupe.begin(key, markMs, { mark: options?.mark }),
        ),
      renew: (key, mark, markMs, options) =>
        call("dedupe", options?.signal, () => stores.dedupe.renew(key, mark, markMs)),
      finish: (key, mark, options) =>
        call("dedupe", options.signal, async () => {
          const { retentionMs } = options;
          const finished = await stores.dedupe.finish(key, mark, { retentionMs });
          if (finished) world.note("finished", { process: number, id: idOf(key.identity) });
          return finished;
        }),
      forget: (key, mark, options) =>
        call("dedupe", options?.signal, () => stores.dedupe.forget(key, mark)),
    },
    leases: {
      acquire: (key, holder, leaseMs, options) =>
        call("leases", options?.signal, async () => {
          const grant = await stores.leases.acquire(key, holder, leaseMs);
          if (grant.status === "held") world.watch.leased(process, leaseMs);
          return grant;
        }),
      renew: (key, fence, leaseMs, options) =>
        call("leases", options?.signal, async () => {
          const isHeld = await stores.leases.renew(key, fence, leaseMs);
          if (isHeld) world.watch.leased(process, leaseMs);
          return isHeld;
        }),
      release: (key, fence, options) =>
        call("leases", options?.signal, async () => {
          await stores.leases.release(key, fence);
          world.watch.released(process);
        }),
    },
  };
}

/** The id in an identity, which is a source and an id. */
function idOf(identity: string): string {
  return identity.slice(identity.indexOf(" ") + 1);
}

async function callStore<Result>(
  process: Process,
  name: StoreName,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  const { world, number } = process;
  const trouble = world.trouble(name);
  await world.storeDelay(signal);
  if (process.dead && !process.late) return never();
  if (trouble && !process.dead) world.note("storeFailed", { process: number, what: name });
  if (trouble && !trouble.after) throw storeError(trouble.plain, false);
  const result = await work();
  if (trouble) throw storeError(trouble.plain, true);
  await world.storeDelay(signal);
  return result;
}

function storeError(isPlain: boolean, outcomeUnknown: boolean): Error {
  if (isPlain) return new Error("the store is away");
  return new AckloopError("transport", "the store is away", { retryable: true, outcomeUnknown });
}
