import { abortable } from "../core/abort.ts";
import { isEntry } from "../core/entry.ts";
import { flag, isObject, name, rule, type Table, whole } from "../core/options.ts";
import type { StoreSet } from "../core/stores.ts";
import { anObject, checkArgument, isLetter, isText, ms, timerMs } from "./check.ts";

const text = rule("a text", isText);
const texts = rule("a list of texts", listOf(isText));

const place = rule(
  "an object with `consumer` and `feed`: names of 1 to 500 characters, without NUL",
  isPlace,
);

/** An event's key; the identity may be any text that is not empty. */
const event = rule(
  `${place.must}; and an \`identity\` that is not empty`,
  (value) => isPlace(value) && isText(value["identity"]) && value["identity"] !== "",
);

/** A dead letter that could be given back. */
const letter = rule(
  `${event.must}; with a \`reason\`, a time in \`failedAt\`, a whole number of \`attempts\`, and an \`event\` with \`id\`, \`source\` and \`type\`, or none`,
  (value) => event.test(value) === true && isLetter(value),
);

/** Entries of an inbox that could be given back. */
const entries = rule(
  "a list of entries, each with an `event` with `id`, `source` and `type`, or an `unreadable` with a `message`",
  listOf(isEntry),
);

/** The rules of a call: of its arguments in their order, and of its options besides the signal. */
type Call = readonly [given: Table, options?: Table];

const page = whole(1, 1000);
const some = { limit: page.or(100), after: text };
const mark = { key: event, mark: text };
const grant = { key: place, fence: whole(1) };
const tokens = { name, tokens: texts };
const names = rule(
  `a list of names, each ${name.must}`,
  listOf((one) => name.test(one) === true),
);

const calls = {
  cursors: {
    load: [{ key: place }],
    save: [{ key: place, value: text, revision: whole(0) }],
    list: [{}, some],
  },
  deadLetters: {
    put: [{ letter }],
    list: [{ key: place }, some],
    get: [{ key: event }],
    remove: [{ key: event }],
    places: [{}, some],
    skip: [{ key: event }],
    skips: [{ key: place }, some],
    unskip: [{ key: event }],
  },
  dedupe: {
    begin: [{ key: event, markMs: ms(1) }, { mark: name }],
    renew: [{ ...mark, markMs: ms(1) }],
    finish: [mark, { retentionMs: ms(0).required() }],
    forget: [mark],
  },
  leases: {
    acquire: [{ key: place, holder: name, leaseMs: ms(1) }],
    renew: [{ ...grant, leaseMs: ms(1) }],
    release: [grant],
    list: [{}, some],
  },
  inbox: {
    add: [{ name, entries }],
    claim: [{ name, limit: page, leaseMs: ms(1) }],
    finish: [tokens],
    release: [{ ...tokens, afterMs: ms(0) }],
    extend: [{ ...tokens, leaseMs: ms(1) }],
    wait: [
      { names, waitMs: ms(0) },
      { pollMs: timerMs.or(1000), first: flag.or(false) },
    ],
    claimFirst: [{ names, limit: page, leaseMs: ms(1) }],
    partitions: [{ name }],
    list: [{}, some],
    entries: [{ name }, some],
  },
} satisfies { [Kind in keyof StoreSet]: { [Name in keyof StoreSet[Kind]]-?: Call } };

/** The methods that a store may leave out. */
const optional = {
  cursors: ["list"],
  deadLetters: ["places", "skip", "skips", "unskip"],
  dedupe: [],
  leases: ["list"],
  inbox: ["claimFirst", "partitions", "wait", "list", "entries"],
} satisfies { [Kind in keyof StoreSet]: readonly OptionalOf<StoreSet[Kind]>[] };

type OptionalOf<Store> = {
  [Name in keyof Store]-?: undefined extends Store[Name] ? Name : never;
}[keyof Store];

/**
 * Puts the checks of all arguments, and the way an abort ends a call, before stores of one's own.
 *
 * A store behind it is never called with a wrong argument or after its signal has fired. A caller whose
 * signal fires is let go at once, with the signal's reason; the call itself ends as it does.
 *
 * **Shape**: the stores that were given, by their names in a `StoreSet`. An optional method that a store
 * leaves out is left out here too.
 */
export function checkedStores<Kind extends keyof StoreSet>(
  stores: Pick<StoreSet, Kind>,
): Pick<StoreSet, Kind> {
  const kinds = Object.keys(calls).filter((kind) => kind in stores) as Kind[];
  const checked = kinds.map((kind) => {
    const left: readonly string[] = optional[kind].filter(
      (operation) => typeof Reflect.get(stores[kind], operation) !== "function",
    );
    const methods = Object.entries<Call>(calls[kind])
      .filter(([operation]) => !left.includes(operation))
      .map(([operation, call]) => [operation, checkedMethod(stores[kind], operation, call)]);
    return [kind, Object.fromEntries(methods)];
  });
  return Object.fromEntries(checked) as Pick<StoreSet, Kind>;
}

function listOf(isItem: (value: unknown) => boolean): (value: unknown) => boolean {
  // Not by `every` alone, which passes over the holes of a list.
  return (value) => Array.isArray(value) && Array.from(value).every(isItem);
}

function isPlace(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    isObject(value) && [value["consumer"], value["feed"]].every((one) => name.test(one) === true)
  );
}

type Method = (...given: readonly unknown[]) => Promise<unknown>;

function checkedMethod(store: object, operation: string, [given, options = {}]: Call): Method {
  const rules = Object.entries(given);
  return async (...all) => {
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
    const asked = store as Readonly<Record<string, Method>>;
    return await abortable(last, async () =>
      asked[operation]?.(...all.slice(0, rules.length), filled),
    );
  };
}
