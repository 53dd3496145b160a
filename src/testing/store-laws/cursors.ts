import type { CursorStore, ListQuery } from "../../core/stores.ts";
import {
  check,
  cut,
  equal,
  freshKey,
  isPlaceOf,
  oddIds,
  oddKeys,
  refused,
  type StoreLaw,
  walkAll,
  wrongLists,
} from "./law.ts";

/** The laws of a `CursorStore`. */
export const cursorLaws: readonly StoreLaw<"cursors">[] = [
  {
    id: "cursor.round",
    title: "gives nothing before the first save, and then what was saved last",
    async run({ stores, others }) {
      const key = freshKey();
      equal(await stores.cursors.load(key), undefined, "nothing is saved at first");
      const first = await stores.cursors.save(key, "one", 0);
      equal(first, { status: "saved", revision: 1 }, "the first revision is 1");
      equal(await others.cursors.load(key), { value: "one", revision: 1 }, "another sees it");
      const second = await others.cursors.save(key, "two", 1);
      equal(second, { status: "saved", revision: 2 }, "the next revision is 2");
      equal(await stores.cursors.load(key), { value: "two", revision: 2 }, "the last save counts");
    },
  },
  {
    id: "cursor.stale",
    title: "refuses a save on an old revision, says what is there, and writes nothing",
    async run({ stores, others }) {
      const key = freshKey();
      await stores.cursors.save(key, "one", 0);
      await stores.cursors.save(key, "two", 1);
      const current = { value: "two", revision: 2 };
      for (const revision of [0, 1, 3]) {
        const save = await others.cursors.save(key, "old", revision);
        equal(save, { status: "conflict", current }, `a save on revision ${revision} is refused`);
      }
      equal(await stores.cursors.load(key), current, "a refused save writes nothing");
      const lost = await stores.cursors.save(freshKey(), "x", 4);
      equal(lost, { status: "conflict" }, "a save on what is not there is refused");
    },
  },
  {
    id: "cursor.repeat",
    title: "takes the repeat of one's own save for a success, and only that",
    async run({ stores }) {
      const key = freshKey();
      await stores.cursors.save(key, "one", 0);
      const again = await stores.cursors.save(key, "one", 0);
      equal(again, { status: "saved", revision: 1 }, "the repeat of a first save is a success");
      await stores.cursors.save(key, "two", 1);
      const repeat = await stores.cursors.save(key, "two", 1);
      equal(repeat, { status: "saved", revision: 2 }, "the repeat of a later save is a success");
      await stores.cursors.save(key, "one", 2);
      const old = await stores.cursors.save(key, "one", 0);
      equal(old.status, "conflict", "an equal value two revisions on is another's");
      equal((await stores.cursors.load(key))?.revision, 3, "a repeat counts no revision");
    },
  },
  {
    id: "cursor.race",
    title: "lets one of many writers on one revision win, and tells the others what is there",
    async run({ stores, others }) {
      const key = freshKey();
      const writers = [stores, others, stores, others, stores, others];
      const saves = await Promise.all(
        writers.map((store, at) => store.cursors.save(key, `writer ${at}`, 0)),
      );
      const winners = saves.flatMap(({ status }, at) => (status === "saved" ? [at] : []));
      equal(winners.length, 1, "exactly one save is made");
      const current = { value: `writer ${winners[0]}`, revision: 1 };
      equal(await stores.cursors.load(key), current, "what the winner saved is there");
      for (const save of saves.filter(({ status }) => status === "conflict")) {
        equal(save, { status: "conflict", current }, "the others are told of it");
      }
    },
  },
  {
    id: "cursor.count",
    title: "loses no update of writers that load, save and try again",
    async run({ stores, others }) {
      const key = freshKey();
      const writers = [stores, others, stores, others];
      await Promise.all(writers.map((store) => countUp(store.cursors, key, 10)));
      const last = await stores.cursors.load(key);
      equal(last?.revision, 40, "40 saves are counted");
      equal(Number.parseInt(last?.value ?? "", 10), 40, "40 updates are there");
    },
  },
  {
    id: "cursor.keys",
    title: "keeps every consumer and feed apart, whatever their names are",
    async run({ stores, others }) {
      const keys = oddKeys();
      await Promise.all(keys.map((key, at) => stores.cursors.save(key, String(at), 0)));
      for (const [at, key] of keys.entries()) {
        const cursor = await others.cursors.load(key);
        equal(cursor, { value: String(at), revision: 1 }, `key ${at} has a place of its own`);
      }
    },
  },
  {
    id: "cursor.values",
    title: "keeps any text of up to 50,000 characters as it is",
    async run({ stores, others }) {
      for (const value of ["", ...oddIds, "z".repeat(50_000)]) {
        const key = freshKey();
        await stores.cursors.save(key, value, 0);
        check((await others.cursors.load(key))?.value === value, "a value comes back as it was");
      }
    },
  },
  {
    id: "cursor.arguments",
    title: "refuses wrong arguments",
    async run({ stores: { cursors } }) {
      const key = freshKey();
      const wrong = [{ ...key, consumer: "" }, { ...key, feed: "a\0" }, null, { consumer: "a" }];
      for (const bad of wrong) {
        await refused(() => cursors.load(bad as typeof key), "config", "a wrong key");
      }
      const long = { ...key, feed: "x".repeat(501) };
      await refused(() => cursors.load(long), "config", "a long name");
      await refused(() => cursors.save(key, 1 as never, 0), "config", "a wrong value");
      for (const revision of [-1, 0.5, Number.NaN, "0" as never]) {
        await refused(() => cursors.save(key, "x", revision), "config", "a wrong revision");
      }
      equal(await cursors.load(key), undefined, "what was refused wrote nothing");
    },
  },
  {
    id: "cursor.cut",
    title: "leaves with the reason of a signal that has fired before, and does nothing",
    async run({ stores: { cursors } }) {
      const key = freshKey();
      await cursors.save(key, "one", 0);
      await cut((call) => cursors.load(key, call), "load");
      await cut((call) => cursors.save(key, "two", 1, call), "save");
      equal(await cursors.load(key), { value: "one", revision: 1 }, "what was cut changed nothing");
    },
  },
  {
    id: "cursor.list",
    title: "lists every saved place once, page by page",
    methods: ["list"],
    async run({ stores, others }) {
      const keys = [...oddKeys().slice(0, 8), freshKey()];
      for (const [at, key] of keys.entries()) await stores.cursors.save(key, `at ${at}`, 0);
      const [first = freshKey()] = keys;
      await others.cursors.save(first, "moved on", 1);
      const list = async (query: ListQuery) =>
        (await others.cursors.list?.(query)) ?? { items: [] };
      const all = await walkAll(list, 3);
      const found = keys.map((key) => all.filter((one) => isPlaceOf(one, key)));
      const saved = keys.map((key, at) => [{ ...key, value: `at ${at}`, revision: 1 }]);
      saved[0] = [{ ...first, value: "moved on", revision: 2 }];
      equal(found, saved, "each place is there once, as it was saved last");
      const shown = all.map(({ consumer, feed }) => JSON.stringify([consumer, feed]));
      equal(new Set(shown).size, shown.length, "a walk meets no place twice");
    },
  },
  {
    id: "cursor.list-arguments",
    title: "refuses wrong arguments of a listing, and one whose signal has fired",
    methods: ["list"],
    async run({ stores: { cursors } }) {
      await wrongLists(async (query) => cursors.list?.(query));
    },
  },
];

async function countUp(
  cursors: CursorStore,
  key: { readonly consumer: string; readonly feed: string },
  times: number,
): Promise<void> {
  for (let done = 0; done < times; ) {
    const current = await cursors.load(key);
    // Each value is the writer's own: two that save an equal value on one revision both succeed.
    const next = `${Number.parseInt(current?.value ?? "0", 10) + 1} ${crypto.randomUUID()}`;
    const { status } = await cursors.save(key, next, current?.revision ?? 0);
    if (status === "saved") done += 1;
  }
}
