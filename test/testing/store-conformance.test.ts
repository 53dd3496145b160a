import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type {
  CursorStore,
  DeadLetterStore,
  DedupeStore,
  Inbox,
  InboxClaim,
  LeaseStore,
  StoreKey,
  StoreSet,
} from "../../src/core/stores.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { storeConformance, storeLaws } from "../../src/testing/store-conformance.ts";

interface Faults {
  readonly cursors?: (good: CursorStore) => Partial<CursorStore>;
  readonly deadLetters?: (good: DeadLetterStore) => Partial<DeadLetterStore>;
  readonly dedupe?: (good: DedupeStore) => Partial<DedupeStore>;
  readonly leases?: (good: LeaseStore) => Partial<LeaseStore>;
  readonly inbox?: (good: Inbox) => Partial<Inbox>;
}

/** Good stores with one method replaced. */
function broken(faults: Faults): StoreSet {
  const good = memoryStores({ inboxMaxEntries: 20 });
  return {
    cursors: { ...good.cursors, ...faults.cursors?.(good.cursors) },
    deadLetters: { ...good.deadLetters, ...faults.deadLetters?.(good.deadLetters) },
    dedupe: { ...good.dedupe, ...faults.dedupe?.(good.dedupe) },
    leases: { ...good.leases, ...faults.leases?.(good.leases) },
    inbox: { ...good.inbox, ...faults.inbox?.(good.inbox) },
  };
}

/** The ids of the laws that stores break. */
async function brokenLaws(faults: Faults): Promise<readonly string[]> {
  const found: string[] = [];
  for (const law of Object.values(storeLaws).flat()) {
    const stores = broken(faults);
    const advance = async (ms: number): Promise<void> => {
      await vi.advanceTimersByTimeAsync(ms);
    };
    try {
      await law.run({ stores, others: stores, inboxMaxEntries: 20, advance });
    } catch {
      found.push(law.id);
    }
  }
  return found;
}

const hourMs = 3_600_000;

/** Leases that know who was granted what last. */
function remembering(good: LeaseStore) {
  const grants = new Map<string, { readonly holder: string; readonly fence: number }>();
  const acquire: LeaseStore["acquire"] = async (key, holder, leaseMs, options) => {
    const grant = await good.acquire(key, holder, leaseMs, options);
    if (grant.status === "held") grants.set(JSON.stringify(key), { holder, fence: grant.fence });
    return grant;
  };
  return { acquire, newest: (key: StoreKey) => grants.get(JSON.stringify(key)) };
}

/** A store that makes one of its calls although the signal has fired, and then leaves with its reason. */
function tooLate<Store extends object>(good: Store, method: string): Store {
  const call = Reflect.get(good, method) as (...given: unknown[]) => Promise<unknown>;
  const late = async (...given: unknown[]): Promise<unknown> => {
    const options = given.at(-1);
    if (typeof options !== "object" || options === null || !("signal" in options)) {
      return await call(...given);
    }
    const { signal, ...others } = options as { readonly signal?: AbortSignal };
    const answer = await call(...given.slice(0, -1), others);
    signal?.throwIfAborted();
    return answer;
  };
  return { ...good, [method]: late };
}

describe("store conformance", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("finds no fault in good stores", async () => {
    expect(await brokenLaws({})).toEqual([]);
  });

  it("closes the harness after each law, and gives the runner one test for each", async () => {
    const tests: (() => Promise<void>)[] = [];
    let closed = 0;
    const stores = memoryStores({ inboxMaxEntries: 20 });

    storeConformance(
      { describe: (_, define) => define(), it: (_, run) => tests.push(run) },
      () => ({
        stores,
        others: stores,
        inboxMaxEntries: 20,
        close: async () => {
          closed += 1;
        },
      }),
    );
    await tests[0]?.();

    expect(tests).toHaveLength(Object.values(storeLaws).flat().length);
    expect(closed).toBe(1);
  });

  it.each<[string, Faults, readonly string[]]>([
    [
      "a save without compare-and-set",
      {
        cursors: (good) => ({
          async save(key, value, _, options) {
            for (;;) {
              const revision = (await good.load(key, options))?.revision ?? 0;
              const save = await good.save(key, value, revision, options);
              if (save.status === "saved") return save;
            }
          },
        }),
      },
      ["cursor.stale", "cursor.repeat", "cursor.race", "cursor.count", "cursor.arguments"],
    ],
    [
      "a save that takes every equal value for its own",
      {
        cursors: (good) => ({
          async save(key, value, revision, options) {
            const save = await good.save(key, value, revision, options);
            const isEqual = save.status === "conflict" && save.current?.value === "one";
            return isEqual ? { status: "saved", revision: 1 } : save;
          },
        }),
      },
      ["cursor.repeat"],
    ],
    [
      "a cursor store that knows feeds only",
      {
        cursors: (good) => ({
          load: (key, options) => good.load(key && { ...key, consumer: "x" }, options),
          save: (key, value, revision, options) =>
            good.save({ ...key, consumer: "x" }, value, revision, options),
        }),
      },
      ["cursor.stale", "cursor.keys", "cursor.values", "cursor.arguments"],
    ],
    [
      "a put that forgets",
      { deadLetters: () => ({ put: async () => {} }) },
      [
        "letter.round",
        "letter.unreadable",
        "letter.replace",
        "letter.pages",
        "letter.race",
        "letter.keys",
        "letter.large",
        "letter.arguments",
        "letter.cut",
      ],
    ],
    [
      "a put that moves a replaced letter to the end",
      {
        deadLetters: (good) => ({
          async put(letter, options) {
            const known = await good.get(letter, options).catch(() => undefined);
            if (known) await good.remove(letter);
            await good.put(letter, options);
          },
        }),
      },
      ["letter.replace"],
    ],
    [
      "a put that keeps the first letter",
      {
        deadLetters: (good) => ({
          async put(letter, options) {
            const known = await good.get(letter, options);
            if (!known) await good.put(letter, options);
          },
        }),
      },
      ["letter.replace"],
    ],
    [
      "pages that count letters instead of places",
      {
        deadLetters: (good) => ({
          async list(key, query = {}) {
            const { letters } = await good.list(key, { ...query, limit: 1000, after: undefined });
            if (query.after === "x" || !query.limit || query.limit > 1000 || query.limit < 2) {
              return await good.list(key, query);
            }
            const from = Number(query.after ?? 0);
            const to = from + query.limit;
            const page = letters.slice(from, to);
            return letters.length > to ? { letters: page, next: String(to) } : { letters: page };
          },
        }),
      },
      ["letter.pages"],
    ],
    [
      "a put that takes what it will not give out",
      {
        deadLetters: (good) => ({
          async put(letter, options) {
            if (letter?.attempts !== Number.POSITIVE_INFINITY) await good.put(letter, options);
          },
        }),
      },
      ["letter.arguments"],
    ],
    [
      "a begin that gives to two",
      {
        dedupe: (good) => ({
          async begin(key, markMs, options) {
            const begun = await good.begin(key, markMs, options);
            return begun.status === "busy" ? { status: "begun", mark: "m", starts: 1 } : begun;
          },
        }),
      },
      [
        "dedupe.busy",
        "dedupe.again",
        "dedupe.race",
        "dedupe.forgotten",
        "dedupe.told",
        "dedupe.taken",
        "dedupe.late",
        "dedupe.renew",
        "dedupe.keys",
        "dedupe.cut",
      ],
    ],
    [
      "a begin that does not know its own mark",
      {
        dedupe: (good) => ({
          async begin(key, markMs, options) {
            if (options?.mark === "") return await good.begin(key, markMs, options);
            return await good.begin(key, markMs, { signal: options?.signal });
          },
        }),
      },
      ["dedupe.again", "dedupe.forgotten"],
    ],
    [
      "a begin that does not count",
      {
        dedupe: (good) => ({
          async begin(key, markMs, options) {
            const begun = await good.begin(key, markMs, options);
            return begun.status === "begun" ? { ...begun, starts: 1 } : begun;
          },
        }),
      },
      ["dedupe.killed", "dedupe.cut"],
    ],
    [
      "a forget that leaves the start counted",
      {
        dedupe: (good) => {
          const forgotten = new Map<string, number>();
          return {
            async begin(key, markMs, options) {
              const begun = await good.begin(key, markMs, options);
              if (begun.status !== "begun") return begun;
              return { ...begun, starts: begun.starts + (forgotten.get(key.identity) ?? 0) };
            },
            async forget(key, mark, options) {
              await good.forget(key, mark, options);
              forgotten.set(key.identity, (forgotten.get(key.identity) ?? 0) + 1);
            },
          };
        },
      },
      ["dedupe.forget", "dedupe.forgotten"],
    ],
    [
      "a begin that sets what was forgotten",
      {
        dedupe: (good) => {
          const others = new Map<string, string>();
          const own = (mark: string) => others.get(mark) ?? mark;
          return {
            async begin(key, markMs, options) {
              const { mark = crypto.randomUUID() } = options ?? {};
              const begun = await good.begin(key, markMs, { ...options, mark: own(mark) });
              return begun.status === "begun" ? { ...begun, mark } : begun;
            },
            renew: (key, mark, markMs, options) => good.renew(key, own(mark), markMs, options),
            finish: (key, mark, options) => good.finish(key, own(mark), options),
            async forget(key, mark, options) {
              await good.forget(key, own(mark), options);
              others.set(mark, crypto.randomUUID());
            },
          };
        },
      },
      ["dedupe.forgotten"],
    ],
    [
      "a forget that leaves no trace of a mark that has not come yet",
      {
        dedupe: (good) => ({
          async forget(key, mark, options) {
            if (await good.renew(key, mark, hourMs, options)) await good.forget(key, mark);
          },
        }),
      },
      ["dedupe.forgotten"],
    ],
    [
      "a begin that remembers the last forgotten mark alone",
      {
        dedupe: (good) => {
          const last = new Map<string, string>();
          return {
            async begin(key, markMs, options) {
              const begun = await good.begin(key, markMs, options);
              const isLate = begun.status === "busy" && begun.endsInMs === 0;
              if (!isLate || options?.mark === last.get(key.identity)) return begun;
              return await good.begin(key, markMs, { signal: options?.signal });
            },
            async forget(key, mark, options) {
              await good.forget(key, mark, options);
              last.set(key.identity, mark);
            },
          };
        },
      },
      ["dedupe.forgotten"],
    ],
    [
      "a mark that tells its time rounded up",
      {
        dedupe: (good) => ({
          async begin(key, markMs, options) {
            const begun = await good.begin(key, markMs, options);
            if (begun.status !== "busy") return begun;
            return { ...begun, endsInMs: Math.ceil(begun.endsInMs) };
          },
        }),
      },
      ["dedupe.told"],
    ],
    [
      "a finish that an old mark can do",
      {
        dedupe: (good) => ({
          async finish(key, mark, options) {
            return (await good.finish(key, mark, options)) || mark.length > 30;
          },
        }),
      },
      ["dedupe.forget", "dedupe.taken"],
    ],
    [
      "a finish that forgets",
      {
        dedupe: (good) => ({
          async finish(key, mark, options) {
            const isOurs = await good.renew(key, mark, 1, options);
            if (options.retentionMs < 0 || options.transaction) {
              return await good.finish(key, mark, options);
            }
            await good.forget(key, mark);
            return isOurs;
          },
        }),
      },
      ["dedupe.again", "dedupe.done", "dedupe.late", "dedupe.repeat"],
    ],
    [
      "a forget that any mark can do",
      {
        dedupe: (good) => {
          const marks = new Map<string, string>();
          return {
            async begin(key, markMs, options) {
              const begun = await good.begin(key, markMs, options);
              if (begun.status === "begun") marks.set(JSON.stringify(key), begun.mark);
              return begun;
            },
            forget: (key, mark, options) =>
              good.forget(key, marks.get(JSON.stringify(key)) ?? mark, options),
          };
        },
      },
      ["dedupe.forgotten", "dedupe.taken"],
    ],
    [
      "a renewal that does nothing",
      {
        dedupe: (good) => ({
          renew: async (key, mark, markMs, options) =>
            (await good.renew(key, mark, markMs, options)) && good.renew(key, mark, 1, options),
        }),
      },
      ["dedupe.renew"],
    ],
    [
      "a mark that never ends",
      {
        dedupe: (good) => ({
          begin: (key, markMs, options) =>
            good.begin(key, typeof markMs === "number" ? markMs * hourMs : markMs, options),
        }),
      },
      ["dedupe.busy", "dedupe.told", "dedupe.killed", "dedupe.taken", "dedupe.cut"],
    ],
    [
      "a lease that everybody gets",
      {
        leases: (good) => ({
          async acquire(key, holder, leaseMs, options) {
            const grant = await good.acquire(key, holder, leaseMs, options);
            return grant.status === "taken" ? { status: "held", fence: 99 } : grant;
          },
        }),
      },
      [
        "lease.one",
        "lease.again",
        "lease.race",
        "lease.fence",
        "lease.renew",
        "lease.told",
        "lease.keys",
        "lease.cut",
      ],
    ],
    [
      "a lease without fencing",
      {
        leases: (good) => ({
          async acquire(key, holder, leaseMs, options) {
            const grant = await good.acquire(key, holder, leaseMs, options);
            return grant.status === "held" ? { ...grant, fence: 1 } : grant;
          },
        }),
      },
      ["lease.again", "lease.fence", "lease.ended", "lease.release"],
    ],
    [
      "a lease that is renewed after its end",
      {
        leases: (good) => ({
          async renew(key, fence, leaseMs, options) {
            if (await good.renew(key, fence, leaseMs, options)) return true;
            const grant = await good.acquire(key, crypto.randomUUID(), leaseMs);
            return grant.status === "held";
          },
        }),
      },
      ["lease.ended", "lease.release"],
    ],
    [
      "a release that looks at no fence",
      {
        leases: (good) => {
          const { acquire, newest } = remembering(good);
          return {
            acquire,
            release: (key, fence, options) =>
              good.release(key, newest(key)?.fence ?? fence, options),
          };
        },
      },
      ["lease.one", "lease.again", "lease.fence"],
    ],
    [
      "a renewal that looks at no fence",
      {
        leases: (good) => {
          const { acquire, newest } = remembering(good);
          return {
            acquire,
            renew: (key, fence, leaseMs, options) =>
              good.renew(key, newest(key)?.fence ?? fence, leaseMs, options),
          };
        },
      },
      ["lease.one", "lease.again", "lease.fence"],
    ],
    [
      "a grant that lasts when its holder acquires again",
      {
        leases: (good) => {
          const { acquire, newest } = remembering(good);
          return {
            async acquire(key, holder, leaseMs, options) {
              const old = newest(key);
              if (old?.holder === holder && (await good.renew(key, old.fence, leaseMs, options))) {
                return { status: "held", fence: old.fence };
              }
              return await acquire(key, holder, leaseMs, options);
            },
          };
        },
      },
      ["lease.again"],
    ],
    [
      "a lease that tells its time rounded up",
      {
        leases: (good) => ({
          async acquire(key, holder, leaseMs, options) {
            const grant = await good.acquire(key, holder, leaseMs, options);
            if (grant.status === "held") return grant;
            return { ...grant, endsInMs: Math.ceil(grant.endsInMs) };
          },
        }),
      },
      ["lease.told"],
    ],
    [
      "a claim without hiding",
      {
        inbox: (good) => {
          const given = new Map<string, readonly InboxClaim[]>();
          return {
            async claim(name, limit, leaseMs, options) {
              const fresh = await good.claim(name, limit, leaseMs, options);
              const all = [...(given.get(name) ?? []), ...fresh];
              given.set(name, all);
              return all.slice(0, limit);
            },
            async finish(name, tokens, options) {
              const rest = (given.get(name) ?? []).filter(({ token }) => !tokens.includes(token));
              given.set(name, rest);
              return await good.finish(name, tokens, options);
            },
          };
        },
      },
      [
        "inbox.order",
        "inbox.race",
        "inbox.finish",
        "inbox.killed",
        "inbox.release",
        "inbox.extend",
        "inbox.full",
      ],
    ],
    [
      "an add that keeps no ids",
      {
        inbox: (good) => ({
          add: (name, entries, options) =>
            good.add(
              name,
              Array.isArray(entries)
                ? entries.map((entry) => (entry?.event ? { ...entry, idDerived: true } : entry))
                : entries,
              options,
            ),
        }),
      },
      ["inbox.same", "inbox.full"],
    ],
    [
      "an add that goes by the id alone",
      {
        inbox: (good) => ({
          add: (name, entries, options) =>
            good.add(
              name,
              Array.isArray(entries)
                ? entries.map((entry) =>
                    entry?.event?.source === "/other"
                      ? { ...entry, event: { ...entry.event, source: "/discue/queues/orders" } }
                      : entry,
                  )
                : entries,
              options,
            ),
        }),
      },
      ["inbox.same"],
    ],
    [
      "an add that takes what it will not give out",
      {
        inbox: (good) => ({
          async add(name, entries, options) {
            const isAny = Array.isArray(entries) && entries.some((one) => one?.event?.id === "b");
            if (!isAny || entries.every(({ event }) => event?.type)) {
              await good.add(name, entries, options);
            }
          },
        }),
      },
      ["inbox.arguments"],
    ],
    [
      "a finish that takes any token",
      {
        inbox: (good) => ({
          finish: async (name, tokens, options) =>
            (await good.finish(name, tokens, options)).map(() => true),
        }),
      },
      ["inbox.finish", "inbox.killed", "inbox.release", "inbox.names"],
    ],
    [
      "an inbox without a limit",
      {
        inbox: (good) => {
          const more = memoryStores().inbox;
          return {
            ...more,
            add: (name, entries, options) =>
              name === "" ? good.add(name, entries, options) : more.add(name, entries, options),
          };
        },
      },
      ["inbox.full"],
    ],
    [
      "an extension that does nothing",
      {
        inbox: (good) => ({
          extend: async (name, tokens, ms, options) =>
            await good.extend(name, name && ms === 600_000 ? [] : tokens, ms, options),
        }),
      },
      ["inbox.extend"],
    ],
  ])("catches %s", async (_, faults, laws) => {
    expect(await brokenLaws(faults)).toEqual(laws);
  });

  it.each([
    ["cursors", "save", "cursor.cut"],
    ["deadLetters", "put", "letter.cut"],
    ["deadLetters", "remove", "letter.cut"],
    ["dedupe", "begin", "dedupe.cut"],
    ["dedupe", "renew", "dedupe.cut"],
    ["dedupe", "finish", "dedupe.cut"],
    ["dedupe", "forget", "dedupe.cut"],
    ["leases", "acquire", "lease.cut"],
    ["leases", "renew", "lease.cut"],
    ["leases", "release", "lease.cut"],
    ["inbox", "add", "inbox.cut"],
    ["inbox", "claim", "inbox.cut"],
    ["inbox", "finish", "inbox.cut"],
    ["inbox", "release", "inbox.cut"],
    ["inbox", "extend", "inbox.cut"],
  ])(
    "catches %s that make a call to `%s` after its signal has fired",
    async (kind, method, law) => {
      const faults = { [kind]: (good: object) => tooLate(good, method) };

      expect(await brokenLaws(faults)).toEqual([law]);
    },
  );
});
