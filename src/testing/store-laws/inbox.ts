import type { Inbox, InboxClaim, InboxItem, ListQuery } from "../../core/stores.ts";
import {
  check,
  cut,
  entryOf,
  equal,
  eventOf,
  freshName,
  letPass,
  letShortEnd,
  longMs,
  oddIds,
  refused,
  type StoreLaw,
  shortMs,
  walkAll,
  wrongLists,
} from "./law.ts";

/** The laws of an `Inbox`. */
export const inboxLaws: readonly StoreLaw<"inbox">[] = [
  {
    id: "inbox.order",
    title: "gives what was added, oldest first, and hides it from all others",
    async run({ stores, others }) {
      const name = freshName();
      equal(await stores.inbox.claim(name, 10, longMs), [], "an empty inbox gives nothing");
      await stores.inbox.add(name, [entryOf("c"), entryOf("a")]);
      await others.inbox.add(name, [entryOf("b")]);
      await others.inbox.add(name, []);
      const first = await others.inbox.claim(name, 2, longMs);
      equal(idsOf(first), ["c", "a"], "the oldest come first");
      equal(idsOf(await stores.inbox.claim(name, 10, longMs)), ["b"], "a claim hides");
      equal(await others.inbox.claim(name, 10, longMs), [], "all are with a worker");
      const [claim] = first;
      equal(claim?.event, eventOf("c"), "an event comes back whole");
      equal([claim?.raw, claim?.attempt], [eventOf("c").data, 1], "with its raw object, at first");
    },
  },
  {
    id: "inbox.race",
    title: "gives every entry to one of many workers",
    async run({ stores, others, inboxMaxEntries }) {
      const name = freshName();
      const ids = Array.from({ length: Math.min(20, inboxMaxEntries) }, (_, at) => `event ${at}`);
      for (const id of ids) await stores.inbox.add(name, [entryOf(id)]);
      const workers = [stores, others, stores, others, stores, others, stores, others];
      const claims = await Promise.all(workers.map(({ inbox }) => inbox.claim(name, 4, longMs)));
      const rest = await stores.inbox.claim(name, 100, longMs);
      const met = [...claims.flat(), ...rest].map(({ event }) => event?.id).sort();
      equal(met, [...ids].sort(), "every entry is with one worker");
    },
  },
  {
    id: "inbox.finish",
    title: "settles an entry for good, once",
    async run(harness) {
      const { stores, others } = harness;
      const name = freshName();
      await stores.inbox.add(name, [entryOf("a"), entryOf("b")]);
      const [a, b] = tokensOf(await stores.inbox.claim(name, 10, shortMs));
      const finished = await others.inbox.finish(name, ["no token", a ?? ""]);
      equal(finished, [false, true], "each token has a verdict of its own");
      equal(await stores.inbox.finish(name, [a ?? ""]), [false], "what is finished is gone");
      equal(await stores.inbox.finish(name, []), [], "nothing is settled by nothing");
      await letShortEnd(harness);
      equal(idsOf(await others.inbox.claim(name, 10, longMs)), ["b"], "it does not come again");
      check(b !== a, "every entry has a token of its own");
    },
  },
  {
    id: "inbox.killed",
    title: "gives an entry to another when the lease of a killed worker ends, and counts",
    async run(harness) {
      const { stores, others } = harness;
      const name = freshName();
      await stores.inbox.add(name, [entryOf("a")]);
      const old = tokensOf(await stores.inbox.claim(name, 1, shortMs));
      await letShortEnd(harness);
      const [again] = await others.inbox.claim(name, 1, longMs);
      equal([again?.event?.id, again?.attempt], ["a", 2], "it comes again, as attempt 2");
      equal(await stores.inbox.finish(name, old), [false], "the old worker cannot settle it");
      await stores.inbox.release(name, old, 0);
      await stores.inbox.extend(name, old, 1);
      await letShortEnd(harness);
      equal(await stores.inbox.claim(name, 1, longMs), [], "nor free it, nor change its lease");
      equal(await others.inbox.finish(name, [again?.token ?? ""]), [true], "the new worker can");
    },
  },
  {
    id: "inbox.late",
    title: "takes what was done after the lease ended, as long as no other has it",
    async run(harness) {
      const { inbox } = harness.stores;
      const name = freshName();
      await inbox.add(name, [entryOf("a")]);
      const tokens = tokensOf(await inbox.claim(name, 1, shortMs));
      await letShortEnd(harness);
      await inbox.extend(name, tokens, longMs);
      equal(await harness.others.inbox.claim(name, 1, longMs), [], "it can be hidden again");
      await inbox.extend(name, tokens, shortMs);
      await letShortEnd(harness);
      equal(await inbox.finish(name, tokens), [true], "a late finish counts");
      equal(await harness.others.inbox.claim(name, 1, longMs), [], "it does not come again");
    },
  },
  {
    id: "inbox.same",
    title: "stores an event once, while it is there and after it was finished",
    async run({ stores, others }) {
      const name = freshName();
      await stores.inbox.add(name, [entryOf("a"), entryOf("a")]);
      await others.inbox.add(name, [entryOf("a"), entryOf("b")]);
      const claims = await stores.inbox.claim(name, 10, longMs);
      equal(idsOf(claims), ["a", "b"], "each event is there once");
      await others.inbox.add(name, [entryOf("a")]);
      await stores.inbox.finish(name, tokensOf(claims));
      await others.inbox.add(name, [entryOf("a"), entryOf("b")]);
      equal(await stores.inbox.claim(name, 10, longMs), [], "a finished one is not stored again");
      const elsewhere = { event: { ...eventOf("a"), source: "/other" }, raw: 1 };
      await stores.inbox.add(name, [elsewhere]);
      equal(idsOf(await others.inbox.claim(name, 10, longMs)), ["a"], "another source is another");
    },
  },
  {
    id: "inbox.derived",
    title: "stores an event with a derived id every time, and what could not be read too",
    async run({ stores, others }) {
      const name = freshName();
      const derived = { event: eventOf("a"), raw: 1, idDerived: true } as const;
      const unreadable = { raw: "<x>", unreadable: { message: "no JSON", path: "[0]" } };
      await stores.inbox.add(name, [derived, unreadable]);
      await stores.inbox.add(name, [derived, unreadable]);
      const claims = await others.inbox.claim(name, 10, longMs);
      const found = claims.map(({ token: _, attempt: __, ...entry }) => entry);
      equal(found, [derived, unreadable, derived, unreadable], "all four are there, as they were");
      const anew = claims.map((claim) => claim.again?.() ?? found[claims.indexOf(claim)]);
      equal(anew, found, "and are the same when they are read anew");
      const finished = await others.inbox.finish(name, tokensOf(claims));
      equal(finished, [true, true, true, true], "and settled each for itself");
    },
  },
  {
    id: "inbox.own",
    title: "keeps an entry as JSON, and shares nothing with what was added or given",
    async run({ stores, others }) {
      const name = freshName();
      const [raw, data] = [{ order: 1 }, { order: 1 }];
      await stores.inbox.add(name, [{ event: eventOf("a", data), raw }]);
      Object.assign(raw, { order: 2 });
      Object.assign(data, { order: 2 });
      const [claim] = await others.inbox.claim(name, 1, longMs);
      equal(
        [claim?.event?.data, claim?.raw],
        [{ order: 1 }, { order: 1 }],
        "it is as it was added",
      );
      Object.assign(claim?.raw as object, { order: 3 });
      const anew = claim?.again?.();
      equal(anew ?? entryOf("a", { order: 1 }), entryOf("a", { order: 1 }), "read anew as well");
      await others.inbox.release(name, [claim?.token ?? ""], 0);
      const [again] = await stores.inbox.claim(name, 1, longMs);
      equal(again?.raw, { order: 1 }, "it comes again as it was added");
    },
  },
  {
    id: "inbox.release",
    title: "gives an entry back at once or later, and takes the token away",
    async run(harness) {
      const { stores, others } = harness;
      const name = freshName();
      await stores.inbox.add(name, [entryOf("a"), entryOf("b")]);
      const [a = "", b = ""] = tokensOf(await stores.inbox.claim(name, 2, longMs));
      await stores.inbox.release(name, [a], 0);
      await stores.inbox.release(name, [b], shortMs * 20);
      equal(await stores.inbox.finish(name, [a]), [false], "what was given back is not settled");
      const again = await others.inbox.claim(name, 10, longMs);
      equal(idsOf(again), ["a"], "it comes at once, or not before its time");
      equal(again[0]?.attempt, 2, "as attempt 2");
      await letPass(harness, shortMs * 22);
      equal(idsOf(await others.inbox.claim(name, 10, longMs)), ["b"], "it comes after its time");
    },
  },
  {
    id: "inbox.extend",
    title: "keeps an entry hidden for longer",
    async run(harness) {
      const { stores, others } = harness;
      const name = freshName();
      await stores.inbox.add(name, [entryOf("a")]);
      const tokens = tokensOf(await stores.inbox.claim(name, 1, shortMs * 10));
      await stores.inbox.extend(name, tokens, longMs);
      await letPass(harness, shortMs * 12);
      equal(await others.inbox.claim(name, 1, longMs), [], "it is still hidden");
      equal(await stores.inbox.finish(name, tokens), [true], "and still the worker's");
    },
  },
  {
    id: "inbox.names",
    title: "keeps every inbox apart, and any text in events as it is",
    async run({ stores, others }) {
      const name = freshName();
      const other = `${name}'/..\\ é${"x".repeat(450)}`.slice(0, 500);
      await stores.inbox.add(name, [entryOf("a")]);
      for (const [at, text] of oddIds.entries()) {
        await stores.inbox.add(other, [{ event: eventOf(text, text), raw: text }]);
        const [claim, more] = await others.inbox.claim(other, 10, longMs);
        check(more === undefined, "the other inbox has its own entries only");
        check(claim?.raw === text && claim.event?.id === text, `odd text ${at} comes back`);
        equal(await others.inbox.finish(name, [claim.token]), [false], "a token is for its inbox");
        equal(await others.inbox.finish(other, [claim.token]), [true], "and settles there");
      }
      equal(idsOf(await stores.inbox.claim(name, 10, longMs)), ["a"], "nothing was mixed up");
    },
  },
  {
    id: "inbox.full",
    title: "refuses more than its limit, stores none of it, and takes more when there is room",
    async run({ stores, others, inboxMaxEntries }) {
      const name = freshName();
      for (let at = 0; at < inboxMaxEntries; at += 1) {
        await stores.inbox.add(name, [entryOf(`event ${at}`)]);
      }
      await refused(() => others.inbox.add(name, [entryOf("x")]), "rateLimit", "a full inbox");
      await others.inbox.add(name, [entryOf("event 0")]);
      const claims = await stores.inbox.claim(name, 100, longMs);
      equal(claims.length, inboxMaxEntries, "nothing was added");
      await refused(() => others.inbox.add(name, [entryOf("x")]), "rateLimit", "claims count");
      await stores.inbox.finish(name, tokensOf(claims.slice(0, 1)));
      await others.inbox.add(name, [entryOf("x")]);
      equal(idsOf(await stores.inbox.claim(name, 100, longMs)), ["x"], "then there was room");
    },
  },
  {
    id: "inbox.arguments",
    title: "refuses wrong arguments, and stores all or none",
    async run({ stores: { inbox } }) {
      const name = freshName();
      const { type: _, ...untyped } = eventOf("b");
      const bad = [
        null,
        {},
        { event: { id: 1 }, raw: 1 },
        { event: untyped, raw: 1 },
        { unreadable: {}, raw: 1 },
        { ...entryOf("b"), raw: 1n },
      ];
      for (const entry of bad) {
        const entries = [entryOf("a"), entry] as Parameters<Inbox["add"]>[1];
        await refused(() => inbox.add(name, entries), "config", "a wrong entry");
      }
      await refused(() => inbox.add("", []), "config", "a wrong name");
      await refused(() => inbox.add(name, {} as never), "config", "no list");
      for (const limit of [0, 1001, 1.5]) {
        await refused(() => inbox.claim(name, limit, 1), "config", "a wrong limit");
      }
      await refused(() => inbox.claim(name, 1, 0), "config", "a wrong lease");
      await refused(() => inbox.finish(name, "x" as never), "config", "no list");
      await refused(() => inbox.release(name, [], -1), "config", "a wrong time");
      await refused(() => inbox.extend(name, [1 as never], 1), "config", "no texts");
      equal(await inbox.claim(name, 10, 1), [], "what was refused wrote nothing");
    },
  },
  {
    id: "inbox.cut",
    title: "leaves with the reason of a signal that has fired before, and does nothing",
    async run(harness) {
      const { inbox } = harness.stores;
      const name = freshName();
      await inbox.add(name, [entryOf("a")]);
      await cut((call) => inbox.add(name, [entryOf("b")], call), "add");
      await cut((call) => inbox.claim(name, 1, longMs, call), "claim");
      const [claim, more] = await inbox.claim(name, 10, shortMs * 10);
      check(claim?.attempt === 1 && more === undefined, "what was cut added and claimed nothing");
      const tokens = [claim.token];
      await cut((call) => inbox.finish(name, tokens, call), "finish");
      await cut((call) => inbox.release(name, tokens, 0, call), "release");
      await cut((call) => inbox.extend(name, tokens, longMs, call), "extend");
      equal(await inbox.claim(name, 10, longMs), [], "nor released anything");
      await letPass(harness, shortMs * 12);
      equal(idsOf(await inbox.claim(name, 10, longMs)), ["a"], "nor finished or extended it");
    },
  },
  {
    id: "inbox.first",
    title:
      "gives the first entry of each of several inboxes, and nothing behind it before it is finished",
    methods: ["claimFirst"],
    async run(harness) {
      const { stores, others, inboxMaxEntries } = harness;
      const [one, two, none] = [freshName(), freshName(), freshName()];
      const names = [one, two, none];
      const first = async (limit = 10, ms = longMs) =>
        (await others.inbox.claimFirst?.(names, limit, ms)) ?? [];
      equal(await first(), [], "empty inboxes give nothing");
      await stores.inbox.add(two, [entryOf("a"), entryOf("b")]);
      await stores.inbox.add(one, [entryOf("c"), entryOf("d")]);
      const [a, more] = await first(1);
      equal([a?.event?.id, a?.name, a?.attempt, more], ["a", two, 1, undefined], "oldest first");
      const [c] = await first();
      equal([c?.event?.id, c?.name], ["c", one], "of each inbox its first");
      equal(await first(), [], "nothing passes by what is held");
      await stores.inbox.release(two, [a?.token ?? ""], shortMs * 20);
      await stores.inbox.finish(one, [c?.token ?? ""]);
      equal(idsOf(await first()), ["d"], "nor by what is given back for later");
      await letPass(harness, shortMs * 22);
      const [again] = await first(10, shortMs);
      equal([again?.event?.id, again?.attempt], ["a", 2], "it comes when its time is over");
      await letShortEnd(harness);
      const third = await first();
      equal(
        third.map(({ attempt }) => attempt),
        [3],
        "and when its worker was killed",
      );
      await others.inbox.finish(two, tokensOf(third));
      equal(idsOf(await first()), ["b"], "the next one comes when it is finished");
      check(inboxMaxEntries >= 2, "the laws add two entries at a time");
    },
  },
  {
    id: "inbox.first-race",
    title: "gives the first entry of an inbox to one of many workers",
    methods: ["claimFirst"],
    async run({ stores, others }) {
      const name = freshName();
      const ids = Array.from({ length: 10 }, (_, at) => `event ${at}`);
      for (const id of ids) await stores.inbox.add(name, [entryOf(id)]);
      for (const id of ids) {
        const workers = [stores, others, stores, others, stores, others];
        const claims = await Promise.all(
          workers.map(({ inbox }) => inbox.claimFirst?.([name], 5, longMs)),
        );
        const met = claims.flatMap((some) => some ?? []);
        equal(idsOf(met), [id], "one has it, and it is the first");
        await others.inbox.finish(name, tokensOf(met));
      }
    },
  },
  {
    id: "inbox.partitions",
    title: "names those of an inbox and its partitions that hold something",
    methods: ["partitions"],
    async run({ stores, others }) {
      const name = freshName();
      const names = [name, `${name} (1 of 2)`, `${name} (10 of 16)`];
      for (const each of [...names, `${name}s`, `${name}s (1 of 2)`]) {
        await stores.inbox.add(each, [entryOf("a")]);
      }
      const found = (await others.inbox.partitions?.(name)) ?? [];
      equal([...found].sort(), names, "each once, and no other");
      for (const each of names) {
        const claims = await stores.inbox.claim(each, 1, longMs);
        await stores.inbox.finish(each, tokensOf(claims));
      }
      equal(await others.inbox.partitions?.(name), [], "none that holds nothing");
    },
  },
  {
    id: "inbox.wait",
    title: "ends a wait when something may be claimed, and when its time or its caller's is over",
    methods: ["wait"],
    async run(harness) {
      const { stores } = harness;
      const name = freshName();
      const waits = (ms: number) => stores.inbox.wait?.([name], ms, { pollMs: shortMs });
      await stores.inbox.add(name, [entryOf("a")]);
      equal(await waits(longMs), true, "at once where something is there");
      await stores.inbox.finish(name, tokensOf(await stores.inbox.claim(name, 1, longMs)));
      await cut((call) => stores.inbox.wait?.([name], longMs, call) ?? Promise.resolve(), "wait");
    },
  },
  {
    id: "inbox.list",
    title: "lists every inbox that holds something, with how much waits, is held, and the oldest",
    methods: ["list"],
    async run(harness) {
      const { stores, others } = harness;
      const name = freshName();
      const shown = async () => {
        const list = async (query: ListQuery) =>
          (await others.inbox.list?.(query)) ?? { items: [] };
        return (await walkAll(list, 2)).filter((one) => one.name === name);
      };
      equal(await shown(), [], "an inbox that holds nothing is none");
      await stores.inbox.add(name, [entryOf("a"), entryOf("b"), entryOf("c")]);
      const oldest = { ...entryOf("a"), attempts: 0, hiddenMs: 0 };
      equal(await shown(), [{ name, waiting: 3, held: 0, oldest }], "all wait at first");
      const [first, second] = await stores.inbox.claim(name, 2, longMs);
      const [one, ...more] = await shown();
      check(one !== undefined && more.length === 0, "it is there once");
      equal([one.waiting, one.held], [1, 2], "what a worker has is held");
      isHeld(one.oldest, "a");
      await stores.inbox.finish(name, first ? [first.token] : []);
      await stores.inbox.release(name, second ? [second.token] : [], 0);
      const again = { ...entryOf("b"), attempts: 1, hiddenMs: 0 };
      const left = [{ name, waiting: 2, held: 0, oldest: again }];
      equal(await shown(), left, "what is finished does not count, and what is given back waits");
      const rest = await stores.inbox.claim(name, 2, longMs);
      await stores.inbox.finish(name, tokensOf(rest));
      equal(await shown(), [], "where all is finished it is none again");
    },
  },
  {
    id: "inbox.entries",
    title: "lists the entries of an inbox that are not finished, oldest first, and claims none",
    methods: ["entries"],
    async run(harness) {
      const { stores, others } = harness;
      const name = freshName();
      await stores.inbox.add(name, [
        entryOf("a"),
        { raw: "<x>", unreadable: { message: "no JSON" } },
        ...["b", "c", "d"].map((id) => entryOf(id)),
      ]);
      await stores.inbox.add(`${name}2`, [entryOf("of another")]);
      const claims = await stores.inbox.claim(name, 3, longMs);
      await stores.inbox.finish(name, tokensOf(claims.slice(0, 1)));
      const list = async (query: ListQuery) =>
        (await others.inbox.entries?.(name, query)) ?? { items: [] };
      const [first, second, ...rest] = await walkAll(list, 2);
      check(first?.unreadable?.message === "no JSON", "what cannot be read is there too");
      check(first.attempts === 1 && first.hiddenMs > longMs / 2, "and is held");
      isHeld(second, "b");
      const waiting = ["c", "d"].map((id) => ({ ...entryOf(id), attempts: 0, hiddenMs: 0 }));
      equal(rest, waiting, "the others wait, as they were stored");
      const next = await stores.inbox.claim(name, 10, longMs);
      equal(idsOf(next), ["c", "d"], "a look claims none");
    },
  },
  {
    id: "inbox.entries-given-back",
    title: "tells an entry that a worker holds from one that was given back for later",
    methods: ["entries"],
    async run({ stores, others }) {
      const name = freshName();
      await stores.inbox.add(
        name,
        ["held", "later", "soon"].map((id) => entryOf(id)),
      );
      const [held, later, soon] = tokensOf(await stores.inbox.claim(name, 10, longMs));
      check(held !== undefined && later !== undefined && soon !== undefined, "all are claimed");
      await stores.inbox.release(name, [later], longMs);
      await stores.inbox.release(name, [soon], 0);
      const { items } = (await others.inbox.entries?.(name)) ?? { items: [] };
      const states = items.map(({ event, hiddenMs, isGivenBack }) => {
        return [event?.id, hiddenMs > longMs / 2, isGivenBack];
      });
      equal(
        states,
        [
          ["held", true, undefined],
          ["later", true, true],
          ["soon", false, undefined],
        ],
        "which of them nobody holds",
      );
    },
  },
  {
    id: "inbox.list-arguments",
    title: "refuses wrong arguments of a listing, and one whose signal has fired",
    methods: ["list", "entries"],
    async run({ stores: { inbox } }) {
      await wrongLists(async (query) => inbox.list?.(query));
      await wrongLists(async (query) => inbox.entries?.(freshName(), query));
      await refused(async () => inbox.entries?.(""), "config", "a wrong name");
    },
  },
];

function isHeld(item: InboxItem | undefined, id: string): void {
  check(item !== undefined, "a claimed entry is shown");
  const { attempts, hiddenMs, ...entry } = item;
  equal({ ...entry, attempts }, { ...entryOf(id), attempts: 1 }, "a claimed entry is shown whole");
  check(hiddenMs > longMs / 2 && hiddenMs <= longMs, "with what is left of its lease");
}

function idsOf(claims: readonly InboxClaim[]): readonly (string | undefined)[] {
  return claims.map(({ event }) => event?.id);
}

function tokensOf(claims: readonly InboxClaim[]): string[] {
  return claims.map(({ token }) => token);
}
