import { name, type Rule, whole } from "../core/options.ts";
import type { StoreSet } from "../core/stores.ts";
import { abortable } from "./abortable.ts";
import {
  anObject,
  anyText,
  checkArgument,
  eventKey,
  letterRule,
  ms,
  storeKey,
  texts,
} from "./check.ts";

type AnyRule = Pick<Rule<never>, "must" | "test" | "byDefault" | "need">;
type Rules = Readonly<Record<string, AnyRule>>;

/** The rules of a call: of its arguments in their order, and of its options besides the signal. */
type Call = readonly [given: Rules, options?: Rules];

const page = whole(1, 1000);
const mark = { key: eventKey, mark: anyText };
const grant = { key: storeKey, fence: whole(1) };
const tokens = { name, tokens: texts };

const calls = {
  cursors: {
    load: [{ key: storeKey }],
    save: [{ key: storeKey, value: anyText, revision: whole(0) }],
  },
  deadLetters: {
    put: [{ letter: letterRule }],
    list: [{ key: storeKey }, { limit: page.or(100), after: anyText }],
    get: [{ key: eventKey }],
    remove: [{ key: eventKey }],
  },
  dedupe: {
    begin: [{ key: eventKey, markMs: ms(1) }, { mark: name }],
    renew: [{ ...mark, markMs: ms(1) }],
    finish: [mark, { retentionMs: ms(0).required() }],
    forget: [mark],
  },
  leases: {
    acquire: [{ key: storeKey, holder: name, leaseMs: ms(1) }],
    renew: [{ ...grant, leaseMs: ms(1) }],
    release: [grant],
  },
  inbox: {
    add: [{ name, entries: anObject }],
    claim: [{ name, limit: page, leaseMs: ms(1) }],
    finish: [tokens],
    release: [{ ...tokens, afterMs: ms(0) }],
    extend: [{ ...tokens, leaseMs: ms(1) }],
  },
} satisfies { [Kind in keyof StoreSet]: { [Name in keyof StoreSet[Kind]]: Call } };

/**
 * Puts the checks of all arguments, and the way an abort ends a call, before stores that have neither:
 * one place for every implementation.
 */
export function checkedStores(bare: StoreSet): StoreSet {
  return {
    cursors: checked(bare.cursors, calls.cursors),
    deadLetters: checked(bare.deadLetters, calls.deadLetters),
    dedupe: checked(bare.dedupe, calls.dedupe),
    leases: checked(bare.leases, calls.leases),
    inbox: checked(bare.inbox, calls.inbox),
  };
}

type Method = (...given: readonly unknown[]) => Promise<unknown>;

function checked<Store>(bare: Store, known: { readonly [Name in keyof Store]: Call }): Store {
  const methods = Object.entries<Call>(known).map(([operation, [given, options = {}]]) => {
    const rules = Object.entries(given);
    const call: Method = async (...all) => {
      for (const [at, [argument, rule]] of rules.entries()) {
        checkArgument(operation, argument, all[at], rule);
      }
      const last = all[rules.length] ?? {};
      checkArgument(operation, "options", last, anObject);
      const filled: Record<string, unknown> = { ...last };
      for (const [option, rule] of Object.entries(options)) {
        filled[option] ??= rule.byDefault;
        if (filled[option] === undefined && rule.need === undefined) continue;
        checkArgument(operation, option, filled[option], rule);
      }
      // Asked at each call, and on the store itself, which may be a class.
      const store = bare as Readonly<Record<string, Method>>;
      return await abortable(last, async () =>
        store[operation]?.(...all.slice(0, rules.length), filled),
      );
    };
    return [operation, call] as const;
  });
  return Object.fromEntries(methods) as Store;
}
