import type { DeadLetter, DeadLetterStore, ListQuery, StoreKey } from "../../core/stores.ts";
import {
  check,
  cut,
  equal,
  eventOf,
  freshKey,
  isPlaceOf,
  oddEventKeys,
  oddIds,
  oddKeys,
  refused,
  type StoreLaw,
  walkAll,
  wrongLists,
} from "./law.ts";

/** The laws of a `DeadLetterStore`. */
export const deadLetterLaws: readonly StoreLaw<"deadLetters">[] = [
  {
    id: "letter.round",
    title: "keeps a letter until it is removed, and gives it back whole",
    async run({ stores, others }) {
      const letter = letterOf(freshKey(), "a");
      equal(await stores.deadLetters.get(letter), undefined, "it is not there at first");
      await stores.deadLetters.put(letter);
      equal(await others.deadLetters.get(letter), letter, "another sees it whole");
      await others.deadLetters.remove(letter);
      equal(await stores.deadLetters.get(letter), undefined, "it is gone once removed");
      await stores.deadLetters.remove(letter);
      const { letters } = await stores.deadLetters.list(letter);
      equal(letters, [], "to remove what is gone is a success");
    },
  },
  {
    id: "letter.unreadable",
    title: "keeps what could not be read, with the provider's object",
    async run({ stores, others }) {
      const { event: _, ...facts } = letterOf(freshKey(), "a");
      const letter = { ...facts, raw: "<not json>", code: "schema" };
      await stores.deadLetters.put(letter);
      equal(await others.deadLetters.get(letter), letter, "it comes back without an event");
    },
  },
  {
    id: "letter.replace",
    title: "replaces a letter that is put again, in its place",
    async run({ stores, others }) {
      const key = freshKey();
      for (const id of ["a", "b", "c"]) await stores.deadLetters.put(letterOf(key, id));
      const again = { ...letterOf(key, "a"), attempts: 9, reason: "failed again" };
      await others.deadLetters.put(again);
      const { letters } = await stores.deadLetters.list(key);
      equal(letters, [again, letterOf(key, "b"), letterOf(key, "c")], "one letter, same place");
    },
  },
  {
    id: "letter.pages",
    title: "lists in the order of the first put, page by page, also while letters are taken off",
    async run({ stores, others }) {
      const key = freshKey();
      const ids = ["e", "d", "c", "b", "a"];
      for (const id of ids) await stores.deadLetters.put(letterOf(key, id));
      equal(await walk(others.deadLetters, key, 2, false), ids, "a walk meets each letter once");
      equal((await stores.deadLetters.list(key)).next, undefined, "a last page has no next");
      equal((await stores.deadLetters.list(key, { limit: 5 })).next, undefined, "nor a full one");
      equal(await walk(stores.deadLetters, key, 2, true), ids, "taking off skips none");
      equal((await others.deadLetters.list(key)).letters, [], "all are taken off");
    },
  },
  {
    id: "letter.hundred",
    title: "lists a hundred letters where no limit is given, and up to a thousand",
    async run({ stores, others }) {
      const key = freshKey();
      const ids = Array.from({ length: 101 }, (_, at) => `event ${at}`);
      await Promise.all(ids.map((id) => stores.deadLetters.put(letterOf(key, id))));
      const first = await others.deadLetters.list(key);
      equal(first.letters.length, 100, "a page has a hundred letters");
      const second = await others.deadLetters.list(key, { after: first.next });
      equal(second.letters.length, 1, "the next page has the rest");
      const { letters } = await others.deadLetters.list(key, { limit: 1000 });
      equal(letters.length, 101, "a page has as many as it is asked for");
    },
  },
  {
    id: "letter.own",
    title: "keeps a letter as JSON, and shares nothing with what was put or given",
    async run({ stores, others }) {
      const raw = { order: 1, at: new Date(0) };
      const letter = { ...letterOf(freshKey(), "a"), raw };
      await stores.deadLetters.put(letter);
      raw.order = 2;
      const kept = { ...letter, raw: { order: 1, at: "1970-01-01T00:00:00.000Z" } };
      for (const store of [stores, others]) {
        const found = await store.deadLetters.get(letter);
        equal(found, kept, "it is as it was put");
        const given = found?.raw as typeof kept.raw;
        check(typeof given.at === "string", "and is plain JSON");
        given.order = 3;
      }
      const { letters } = await others.deadLetters.list(letter);
      equal(letters, [kept], "what was given can be changed");
    },
  },
  {
    id: "letter.race",
    title: "keeps every letter that is put at the same time, and one of two with one id, whole",
    async run({ stores, others }) {
      const key = freshKey();
      const ids = Array.from({ length: 12 }, (_, at) => `event ${at}`);
      const one = { ...letterOf(key, "same"), reason: "one", attempts: 1 };
      const two = { ...letterOf(key, "same"), reason: "two", attempts: 2 };
      await Promise.all([
        ...ids.map((id, at) => (at % 2 ? stores : others).deadLetters.put(letterOf(key, id))),
        stores.deadLetters.put(one),
        others.deadLetters.put(two),
      ]);
      const { letters } = await stores.deadLetters.list(key);
      const found = letters.map(({ identity }) => identity).sort();
      equal(found, [...ids, "same"].sort(), "every letter is there once");
      const same = letters.find(({ identity }) => identity === "same");
      equal(same, same?.reason === "one" ? one : two, "one of the two is whole");
    },
  },
  {
    id: "letter.keys",
    title: "keeps consumers, feeds and ids apart, whatever the ids are",
    async run({ stores, others }) {
      const key = freshKey();
      const letters = oddEventKeys().map((one, at) => letterOf(one, one.identity, at));
      await Promise.all(letters.map((letter) => stores.deadLetters.put(letter)));
      for (const letter of letters) {
        const found = await others.deadLetters.get(letter);
        const isOwn = found?.identity === letter.identity && found.attempts === letter.attempts;
        check(isOwn, "every odd key has a letter of its own");
      }
      await stores.deadLetters.put(letterOf(key, "a"));
      const other = { ...key, consumer: `${key.consumer}-2` };
      equal(
        (await stores.deadLetters.list(other)).letters,
        [],
        "another consumer has none of them",
      );
      const feed = { ...key, feed: `${key.feed}2` };
      equal((await stores.deadLetters.list(feed)).letters, [], "another feed has none of them");
    },
  },
  {
    id: "letter.large",
    title: "keeps a letter of 5 MB, and payloads that a text of a database cannot hold",
    async run({ stores, others }) {
      const key = freshKey();
      const large = { ...letterOf(key, "large"), raw: '\0é🎉\\"'.repeat(700_000) };
      await stores.deadLetters.put(large);
      const found = await others.deadLetters.get(large);
      check(found?.raw === large.raw, "5 MB come back as they were");
      const odd = { ...letterOf(key, "odd"), raw: oddIds, event: eventOf("odd", oddIds) };
      await stores.deadLetters.put(odd);
      equal(await others.deadLetters.get(odd), odd, "odd texts come back as they were");
    },
  },
  {
    id: "letter.arguments",
    title: "refuses wrong arguments",
    async run({ stores: { deadLetters } }) {
      const letter = letterOf(freshKey(), "a");
      for (const bad of [{ ...letter, identity: "" }, { ...letter, feed: "" }, undefined]) {
        await refused(() => deadLetters.put(bad as DeadLetter), "config", "a wrong key");
      }
      const wrong = [
        { reason: undefined },
        { attempts: Number.POSITIVE_INFINITY },
        { attempts: 0.5 },
        { failedAt: 1 },
        { event: { ...eventOf("a"), type: undefined } },
      ];
      for (const facts of wrong) {
        const bad = { ...letter, ...facts } as DeadLetter;
        await refused(() => deadLetters.put(bad), "config", "what cannot be given back");
      }
      const cycle: Record<string, unknown> = {};
      cycle["self"] = cycle;
      await refused(() => deadLetters.put({ ...letter, raw: cycle }), "config", "a cycle");
      await refused(() => deadLetters.put({ ...letter, raw: 1n }), "config", "a BigInt");
      for (const limit of [0, 1001, 1.5]) {
        await refused(() => deadLetters.list(letter, { limit }), "config", "a wrong limit");
      }
      await refused(() => deadLetters.list(letter, { after: "x" }), "config", "a wrong `after`");
      equal((await deadLetters.list(letter)).letters, [], "what was refused wrote nothing");
    },
  },
  {
    id: "letter.cut",
    title: "leaves with the reason of a signal that has fired before, and does nothing",
    async run({ stores: { deadLetters } }) {
      const letter = letterOf(freshKey(), "a");
      await deadLetters.put(letter);
      await cut((call) => deadLetters.put(letterOf(letter, "b"), call), "put");
      await cut((call) => deadLetters.list(letter, call), "list");
      await cut((call) => deadLetters.get(letter, call), "get");
      await cut((call) => deadLetters.remove(letter, call), "remove");
      equal((await deadLetters.list(letter)).letters, [letter], "what was cut changed nothing");
    },
  },
  {
    id: "letter.places",
    title: "lists every consumer and feed that has letters, with how many and since when",
    methods: ["places"],
    async run({ stores, others }) {
      const places = async (key: StoreKey) => {
        const list = async (query: ListQuery) =>
          (await others.deadLetters.places?.(query)) ?? { items: [] };
        return (await walkAll(list, 3)).filter((one) => isPlaceOf(one, key));
      };
      const keys = [...oddKeys().slice(0, 8), freshKey(), longKey()];
      for (const key of keys) await stores.deadLetters.put(letterOf(key, "a"));
      const [key = freshKey()] = keys;
      const later = { ...letterOf(key, "b"), failedAt: "2026-11-03T10:00:00.000Z" };
      await stores.deadLetters.put(later);
      const oldestAt = letterOf(key, "a").failedAt;
      for (const [at, each] of keys.entries()) {
        const letters = at === 0 ? 2 : 1;
        equal(await places(each), [{ ...each, letters, oldestAt, skips: 0 }], "each is there once");
      }
      await stores.deadLetters.remove(letterOf(key, "a"));
      const rest = { ...key, letters: 1, oldestAt: later.failedAt, skips: 0 };
      equal(await places(key), [rest], "what was taken off does not count");
      await stores.deadLetters.remove(later);
      equal(await places(key), [], "where none is left it is none");
    },
  },
  {
    id: "letter.skips",
    title: "remembers what is to be skipped until that is taken back, beside the letters",
    methods: ["skip", "skips", "unskip"],
    async run({ stores, others }) {
      const key = freshKey();
      const skips = async (of: StoreKey) => {
        const list = async (query: ListQuery) =>
          (await others.deadLetters.skips?.(of, query)) ?? { items: [] };
        return await walkAll(list, 2);
      };
      const idsIn = async (of: StoreKey) => (await skips(of)).map(({ identity }) => identity);
      await stores.deadLetters.put(letterOf(key, "b"));
      for (const identity of ["c", "b", "a"]) await stores.deadLetters.skip?.({ ...key, identity });
      const before = await skips(key);
      equal(await idsIn(key), ["c", "b", "a"], "in the order in which they were said");
      check(before.every(isSkipOf(key)), "each with its key, and the time when it was said");
      await others.deadLetters.skip?.({ ...key, identity: "b" });
      equal(await skips(key), before, "the same again changes nothing");
      equal(
        (await stores.deadLetters.list(key)).letters,
        [letterOf(key, "b")],
        "no skip is a letter",
      );
      await stores.deadLetters.remove({ ...key, identity: "a" });
      equal(await idsIn(key), ["c", "b", "a"], "to take off a letter takes back no skip");
      await others.deadLetters.unskip?.({ ...key, identity: "b" });
      await others.deadLetters.unskip?.({ ...key, identity: "b" });
      equal(await idsIn(key), ["c", "a"], "one that is taken back is gone");
      const letter = await stores.deadLetters.get({ ...key, identity: "b" });
      equal(letter, letterOf(key, "b"), "and its letter stays");
      equal(await idsIn({ ...key, feed: `${key.feed}2` }), [], "another feed has none of them");
    },
  },
  {
    id: "letter.skip-keys",
    title: "keeps skips apart, whatever their consumers, feeds and ids are, and counts them",
    methods: ["places", "skip", "skips", "unskip"],
    async run({ stores, others }) {
      const keys = [...oddEventKeys(), { ...longKey(), identity: "z".repeat(20_000) }];
      await Promise.all(keys.map((key) => stores.deadLetters.skip?.(key)));
      const list = async (query: ListQuery) =>
        (await others.deadLetters.places?.(query)) ?? { items: [] };
      const all = await walkAll(list, 100);
      for (const { consumer, feed } of keys) {
        const key = { consumer, feed };
        const found = (await others.deadLetters.skips?.(key, { limit: 1000 }))?.items ?? [];
        const own = keys.filter((each) => isPlaceOf(each, key)).map(({ identity }) => identity);
        const ids = found.map(({ identity }) => identity);
        equal([...ids].sort(), [...own].sort(), "every odd key has a skip of its own");
        const places = all.filter((one) => isPlaceOf(one, key));
        equal(places, [{ ...key, letters: 0, skips: own.length }], "each place is told once");
      }
      for (const key of keys) await others.deadLetters.unskip?.(key);
      const left = (await walkAll(list, 100)).filter((one) =>
        keys.some((key) => isPlaceOf(one, key)),
      );
      equal(left, [], "where all are taken back none is left");
    },
  },
  {
    id: "letter.list-arguments",
    title: "refuses wrong arguments of places and skips, and calls whose signal has fired",
    methods: ["places", "skip", "skips", "unskip"],
    async run({ stores: { deadLetters } }) {
      const key = { ...freshKey(), identity: "a" };
      await wrongLists(async (query) => deadLetters.places?.(query));
      await wrongLists(async (query) => deadLetters.skips?.(key, query));
      const wrong = { ...key, identity: "" };
      await refused(async () => deadLetters.skip?.(wrong), "config", "a wrong key of a skip");
      await refused(async () => deadLetters.unskip?.(wrong), "config", "a wrong key of an unskip");
      await refused(async () => deadLetters.skips?.({ ...key, feed: "" }), "config", "a wrong key");
      await cut(async (call) => deadLetters.skip?.(key, call), "skip");
      equal((await deadLetters.skips?.(key))?.items, [], "what was refused or cut wrote nothing");
      await deadLetters.skip?.(key);
      await cut(async (call) => deadLetters.unskip?.(key, call), "unskip");
      equal((await deadLetters.skips?.(key))?.items.length, 1, "nor took anything back");
      await deadLetters.unskip?.(key);
    },
  },
];

/** A key of more bytes than an index of a database may take. */
function longKey(): StoreKey {
  return { consumer: `é${crypto.randomUUID()}`.padEnd(500, "日"), feed: "本".repeat(500) };
}

function isSkipOf(key: StoreKey): (skip: StoreKey & { readonly at: string }) => boolean {
  return (skip) => isPlaceOf(skip, key) && !Number.isNaN(Date.parse(skip.at));
}

function letterOf({ consumer, feed }: StoreKey, id: string, attempts = 3): DeadLetter {
  return {
    consumer,
    feed,
    identity: id,
    event: eventOf(id),
    raw: { id, unknown: [null, 1] },
    reason: "the handler failed",
    attempts,
    failedAt: "2026-11-02T10:00:00.000Z",
  };
}

async function walk(
  store: DeadLetterStore,
  key: StoreKey,
  limit: number,
  takesOff: boolean,
): Promise<readonly string[]> {
  const met: string[] = [];
  let after: string | undefined;
  do {
    const page = await store.list(key, { limit, after });
    for (const letter of page.letters) {
      met.push(letter.identity);
      if (takesOff) await store.remove(letter);
    }
    after = page.next;
  } while (after !== undefined && met.length < 100);
  return met;
}
