import type {
  CursorStore,
  DeadLetterStore,
  DedupeStore,
  Inbox,
  LeaseStore,
  StoreSet,
} from "../core/stores.ts";
import { abortable } from "./abortable.ts";
import {
  checkEventKey,
  checkKey,
  checkLetter,
  checkMs,
  checkName,
  checkObject,
  checkText,
  checkTexts,
  checkWhole,
} from "./check.ts";

/**
 * Puts the checks of all arguments, and the way an abort ends a call, before stores that have neither:
 * one place for every implementation.
 */
export function checkedStores(bare: StoreSet): StoreSet {
  return {
    cursors: checkedCursors(bare.cursors),
    deadLetters: checkedDeadLetters(bare.deadLetters),
    dedupe: checkedDedupe(bare.dedupe),
    leases: checkedLeases(bare.leases),
    inbox: checkedInbox(bare.inbox),
  };
}

function checkedCursors(bare: CursorStore): CursorStore {
  return {
    async load(key, options) {
      checkKey("load", key);
      return await abortable(options, () => bare.load(key));
    },
    async save(key, value, revision, options) {
      checkKey("save", key);
      checkText("save", "value", value);
      checkWhole("save", "revision", revision, 0);
      return await abortable(options, () => bare.save(key, value, revision));
    },
  };
}

function checkedDeadLetters(bare: DeadLetterStore): DeadLetterStore {
  return {
    async put(letter, options) {
      checkLetter("put", letter);
      await abortable(options, () => bare.put(letter));
    },
    async list(key, query) {
      checkKey("list", key);
      const { limit = 100, after, signal } = query ?? {};
      checkWhole("list", "limit", limit, 1, 1000);
      if (after !== undefined) checkText("list", "after", after);
      return await abortable({ signal }, () => bare.list(key, { limit, after }));
    },
    async get(key, options) {
      checkEventKey("get", key);
      return await abortable(options, () => bare.get(key));
    },
    async remove(key, options) {
      checkEventKey("remove", key);
      await abortable(options, () => bare.remove(key));
    },
  };
}

function checkedDedupe(bare: DedupeStore): DedupeStore {
  return {
    async begin(key, markMs, options) {
      checkEventKey("begin", key);
      checkMs("begin", "markMs", markMs);
      const { mark = crypto.randomUUID() } = options ?? {};
      checkName("begin", "mark", mark);
      return await abortable(options, () => bare.begin(key, markMs, { mark }));
    },
    async renew(key, mark, markMs, options) {
      checkEventKey("renew", key);
      checkText("renew", "mark", mark);
      checkMs("renew", "markMs", markMs);
      return await abortable(options, () => bare.renew(key, mark, markMs));
    },
    async finish(key, mark, options) {
      checkEventKey("finish", key);
      checkText("finish", "mark", mark);
      checkObject("finish", "options", options);
      checkMs("finish", "retentionMs", options.retentionMs, 0);
      const { retentionMs, transaction } = options;
      return await abortable(options, () => bare.finish(key, mark, { retentionMs, transaction }));
    },
    async forget(key, mark, options) {
      checkEventKey("forget", key);
      checkText("forget", "mark", mark);
      await abortable(options, () => bare.forget(key, mark));
    },
  };
}

function checkedLeases(bare: LeaseStore): LeaseStore {
  return {
    async acquire(key, holder, leaseMs, options) {
      checkKey("acquire", key);
      checkName("acquire", "holder", holder);
      checkMs("acquire", "leaseMs", leaseMs);
      return await abortable(options, () => bare.acquire(key, holder, leaseMs));
    },
    async renew(key, fence, leaseMs, options) {
      checkKey("renew", key);
      checkWhole("renew", "fence", fence, 1);
      checkMs("renew", "leaseMs", leaseMs);
      return await abortable(options, () => bare.renew(key, fence, leaseMs));
    },
    async release(key, fence, options) {
      checkKey("release", key);
      checkWhole("release", "fence", fence, 1);
      await abortable(options, () => bare.release(key, fence));
    },
  };
}

function checkedInbox(bare: Inbox): Inbox {
  return {
    async add(name, entries, options) {
      checkName("add", "name", name);
      await abortable(options, () => bare.add(name, entries));
    },
    async claim(name, limit, leaseMs, options) {
      checkName("claim", "name", name);
      checkWhole("claim", "limit", limit, 1, 1000);
      checkMs("claim", "leaseMs", leaseMs);
      return await abortable(options, () => bare.claim(name, limit, leaseMs));
    },
    async finish(name, tokens, options) {
      checkTokens("finish", name, tokens);
      return await abortable(options, () => bare.finish(name, tokens));
    },
    async release(name, tokens, afterMs, options) {
      checkTokens("release", name, tokens);
      checkMs("release", "afterMs", afterMs, 0);
      await abortable(options, () => bare.release(name, tokens, afterMs));
    },
    async extend(name, tokens, leaseMs, options) {
      checkTokens("extend", name, tokens);
      checkMs("extend", "leaseMs", leaseMs);
      await abortable(options, () => bare.extend(name, tokens, leaseMs));
    },
  };
}

function checkTokens(operation: string, name: string, tokens: readonly string[]): void {
  checkName(operation, "name", name);
  checkTexts(operation, "tokens", tokens);
}
