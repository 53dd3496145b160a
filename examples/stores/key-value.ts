/**
 * Stores of one's own over any key-value store that has an atomic "write if unchanged": cursors, dedupe
 * and leases. `redis.ts` and `dynamodb.ts` beside this file are two of them; Deno KV, etcd, Consul,
 * Cosmos DB or Durable Objects are others.
 *
 * Every key has a state, and every call is a step: read the state, decide, write it unless somebody was
 * faster, else read again. So a write whose answer was lost, and which the client repeats by itself, is
 * met by the next read, and counts once.
 */
import { AckloopError, type EventKey, type StoredCursor, type StoreKey } from "ackloop";
import { checkedStores, type StoreSet } from "ackloop/stores";
import * as steps from "./steps.ts";

/** A text, and how often its key was written. */
export interface Versioned {
  readonly text: string;
  readonly revision: number;
}

/** What a key-value store must be able to do. */
export interface KeyValue {
  /** Reads what was written last, by whomever: from no replica that lags behind, from no cache. */
  read(key: string): Promise<Versioned | undefined>;
  /**
   * Writes a text durably if what is there has the revision `next.revision - 1` (0: nothing is there);
   * false where it has another. The text may be deleted at `unusedAt`, in ms since 1970, or never.
   */
  write(key: string, next: Versioned, unusedAt: number | undefined): Promise<boolean>;
  /** The time, in ms since 1970: the store's own where it has one. */
  now(): Promise<number>;
}

type Key = readonly [kind: string, consumer: string, feed: string, identity?: string];

/** Makes the stores. `checkedStores` adds the checks of arguments, and the way an abort ends a call. */
export function keyValueStores(kv: KeyValue): Pick<StoreSet, "cursors" | "dedupe" | "leases"> {
  return checkedStores({ cursors: cursors(kv), dedupe: dedupe(kv), leases: leases(kv) });
}

function cursors(kv: KeyValue): StoreSet["cursors"] {
  return {
    async load({ consumer, feed }) {
      return (await read<StoredCursor>(kv, ["cursor", consumer, feed])).state;
    },
    save: ({ consumer, feed }, value, revision) =>
      change(kv, ["cursor", consumer, feed], (state: StoredCursor | undefined) =>
        steps.save(state, value, revision),
      ),
  };
}

function dedupe(kv: KeyValue): StoreSet["dedupe"] {
  type Decide<Answer> = (
    known: steps.Mark | undefined,
    now: number,
  ) => steps.Step<steps.Mark, Answer>;
  const step = <Answer>({ consumer, feed, identity }: EventKey, decide: Decide<Answer>) =>
    change(kv, ["event", consumer, feed, identity], decide);
  return {
    begin: (key, ms, { mark = crypto.randomUUID() } = {}) =>
      step(key, (known, now) => steps.begin(known, now, mark, ms)),
    renew: (key, mark, ms) => step(key, (known, now) => steps.renewMark(known, now, mark, ms)),
    async finish(key, mark, { retentionMs, transaction }) {
      if (transaction !== undefined) {
        throw new AckloopError("config", "this store has no transactions", { operation: "finish" });
      }
      return await step(key, (known, now) => steps.finish(known, now, mark, retentionMs));
    },
    forget: (key, mark) => step(key, (known, now) => steps.forget(known, now, mark)),
  };
}

function leases(kv: KeyValue): StoreSet["leases"] {
  type Decide<Answer> = (
    lease: steps.Lease | undefined,
    now: number,
  ) => steps.Step<steps.Lease, Answer>;
  const step = <Answer>({ consumer, feed }: StoreKey, decide: Decide<Answer>) =>
    change(kv, ["lease", consumer, feed], decide);
  return {
    acquire: (key, holder, ms) => step(key, (lease, now) => steps.acquire(lease, now, holder, ms)),
    renew: (key, fence, ms) => step(key, (lease, now) => steps.renewLease(lease, now, fence, ms)),
    release: (key, fence) => step(key, (lease) => steps.release(lease, fence)),
  };
}

/** Decides on what is there until nobody was faster. Of those that race, one gets on each time. */
async function change<State, Answer>(
  kv: KeyValue,
  key: Key,
  decide: (state: State | undefined, now: number) => steps.Step<State, Answer>,
): Promise<Answer> {
  for (;;) {
    const { name, state, revision } = await read<State>(kv, key);
    const { answer, next, unusedAt } = decide(state, await kv.now());
    if (next === undefined) return answer;
    const written = { text: JSON.stringify(next), revision: revision + 1 };
    if (await kv.write(name, written, unusedAt)) return answer;
  }
}

async function read<State>(kv: KeyValue, key: Key) {
  const name = await nameOf(key);
  const found = await kv.read(name);
  // JSON writes NUL and lone surrogates as escapes: UTF-8 and databases change them otherwise.
  const state = found && (JSON.parse(found.text) as State);
  return { name, state, revision: found?.revision ?? 0 };
}

/** One short name for a key whose parts are any texts, without a clash. */
async function nameOf([kind, ...parts]: Key): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `${kind}:${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
