import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type {
  CursorStore,
  DeadLetter,
  DeadLetterStore,
  DedupeStore,
  EventKey,
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

  it("tries the laws of the kinds that are named, and asks for no other store", async () => {
    const tests: (() => Promise<void>)[] = [];
    const opened: string[] = [];
    const runner = {
      describe: (name: string, define: () => void) => {
        opened.push(name);
        define();
      },
      it: (_: string, run: () => Promise<void>) => tests.push(run),
    };
    const { cursors } = memoryStores();

    storeConformance(runner, () => ({ stores: { cursors }, others: { cursors } }), ["cursors"]);
    for (const run of tests) await run();

    expect(opened).toEqual(["cursors"]);
    expect(tests).toHaveLength(storeLaws.cursors.length);
  });

  it("skips the laws of methods that a store leaves out, and says so where it can", async () => {
    const tests = new Map<string, (...context: unknown[]) => Promise<void>>();
    const runner = {
      describe: (_: string, define: () => void) => define(),
      it: (name: string, run: () => Promise<void>) => tests.set(name, run),
    };
    const { load, save } = memoryStores().cursors;
    const stores = { cursors: { load, save } };
    storeConformance(runner, () => ({ stores, others: stores }), ["cursors"]);
    const notes: string[] = [];

    for (const run of tests.values()) {
      await run();
      await run({ skip: (note: string) => notes.push(note) });
    }

    const note = "the store has no `list`, which is optional";
    expect(notes).toEqual([note, note]);
    expect(
      [...tests.keys()].filter((name) => name.endsWith("(where the store has `list`)")),
    ).toHaveLength(2);
    expect([...tests.values()].every(({ length }) => length === 0)).toBe(true);
  });

  it.each([[[]], [["cursor"]], [["toString"]]])("refuses the kinds %j", (kinds) => {
    const define = () =>
      storeConformance({ describe, it }, () => ({ ...broken({}) }) as never, kinds as never);

    expect(define).toThrow("the kinds are cursors, deadLetters, dedupe, leases, inbox");
  });

  it("says which store a harness has not", async () => {
    const tests: (() => Promise<void>)[] = [];
    const runner = {
      describe: (_: string, define: () => void) => define(),
      it: (_: string, run: () => Promise<void>) => tests.push(run),
    };

    storeConformance(runner, () => ({ stores: {}, others: {} }) as never);

    await expect(tests[0]?.()).rejects.toThrow("the harness has no cursors; name the kinds it has");
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
      ["cursor.stale", "cursor.keys", "cursor.values", "cursor.arguments", "cursor.list"],
    ],
    [
      "a conflict that tells what was there before",
      {
        cursors: (good) => ({
          async save(key, value, revision, options) {
            const before = await good.load(key, options).catch(() => undefined);
            const save = await good.save(key, value, revision, options);
            return save.status === "conflict" ? { ...save, current: before } : save;
          },
        }),
      },
      ["cursor.race"],
    ],
    [
      "a cursor store that cuts long values",
      {
        cursors: (good) => ({
          save: (key, value, revision, options) =>
            good.save(key, value.slice?.(0, 30_000) ?? value, revision, options),
        }),
      },
      ["cursor.values"],
    ],
    [
      "a cursor store whose keys are joined texts",
      {
        cursors: (good) => {
          const joined = (key: StoreKey) => ({
            ...key,
            consumer: `${key.consumer}/${key.feed}`,
            feed: "x",
          });
          const isShort = (key: StoreKey) => key?.consumer && key.feed?.length < 50;
          return {
            load: (key, options) => good.load(isShort(key) ? joined(key) : key, options),
            save: (key, value, revision, options) =>
              good.save(isShort(key) ? joined(key) : key, value, revision, options),
          };
        },
      },
      ["cursor.keys", "cursor.list"],
    ],
    [
      "a put that forgets",
      { deadLetters: () => ({ put: async () => {} }) },
      [
        "letter.round",
        "letter.unreadable",
        "letter.replace",
        "letter.pages",
        "letter.hundred",
        "letter.own",
        "letter.race",
        "letter.keys",
        "letter.large",
        "letter.arguments",
        "letter.cut",
        "letter.places",
        "letter.skips",
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
      "a put that keeps the object it was given",
      {
        deadLetters: (good) => {
          const kept = new Map<string, DeadLetter>();
          const nameOf = ({ consumer, feed, identity }: EventKey) =>
            JSON.stringify([consumer, feed, identity]);
          const known = (letter: DeadLetter) => kept.get(nameOf(letter)) ?? letter;
          return {
            async put(letter, options) {
              await good.put(letter, options);
              kept.set(nameOf(letter), letter);
            },
            async get(key, options) {
              const letter = await good.get(key, options);
              return letter && known(letter);
            },
          };
        },
      },
      ["letter.own"],
    ],
    [
      "a page of ten where no limit is given",
      {
        deadLetters: (good) => ({
          list: (key, query = {}) => good.list(key, { ...query, limit: query.limit ?? 10 }),
        }),
      },
      ["letter.hundred", "letter.race"],
    ],
    [
      "puts at one time that mix their letters",
      {
        deadLetters: (good) => ({
          async put(letter, options) {
            if (letter?.reason !== "two") return await good.put(letter, options);
            const other = await good.get(letter, options);
            await good.put({ ...letter, attempts: other?.attempts ?? 1 }, options);
          },
        }),
      },
      ["letter.race"],
    ],
    [
      "dead letters that know no consumers' names of odd characters",
      {
        deadLetters: (good) => {
          const plain = <Key extends StoreKey>(key: Key): Key =>
            key?.consumer ? { ...key, consumer: key.consumer.replaceAll(/[^\w-]/g, "_") } : key;
          return {
            put: (letter, options) => good.put(plain(letter), options),
            async get(key, options) {
              const letter = await good.get(plain(key), options);
              return letter && { ...letter, consumer: key.consumer };
            },
          };
        },
      },
      ["letter.keys", "letter.places"],
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
        "dedupe.hundred",
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
      ["dedupe.again", "dedupe.forgotten", "dedupe.hundred"],
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
      ["dedupe.forgotten", "dedupe.hundred"],
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
      ["dedupe.forgotten", "dedupe.hundred"],
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
      ["dedupe.forgotten", "dedupe.hundred"],
    ],
    [
      "a begin that knows no more than fifty forgotten marks",
      {
        dedupe: (good) => {
          const last: string[] = [];
          return {
            async begin(key, markMs, options) {
              const isKnown = !options?.mark || last.slice(-50).includes(options.mark);
              if (isKnown || !last.includes(options.mark))
                return await good.begin(key, markMs, options);
              return await good.begin(key, markMs, { signal: options.signal });
            },
            async forget(key, mark, options) {
              await good.forget(key, mark, options);
              last.push(mark);
            },
          };
        },
      },
      ["dedupe.hundred"],
    ],
    [
      "a begin that gives an event back to any mark it was ever begun with",
      {
        dedupe: (good) => {
          const begun = new Set<string>();
          return {
            async begin(key, markMs, options) {
              const found = await good.begin(key, markMs, options);
              const { mark = "" } = options ?? {};
              if (found.status === "busy" && found.endsInMs > 0 && begun.has(mark)) {
                return { status: "begun", mark, starts: 1 };
              }
              if (found.status === "begun") begun.add(found.mark);
              return found;
            },
          };
        },
      },
      ["dedupe.taken"],
    ],
    [
      "a finish that needs no begin",
      {
        dedupe: (good) => {
          const known = new Set<string>();
          const nameOf = ({ consumer, identity }: EventKey) => consumer + identity;
          return {
            async begin(key, markMs, options) {
              const begun = await good.begin(key, markMs, options);
              known.add(nameOf(key));
              return begun;
            },
            async finish(key, mark, options) {
              if (!known.has(nameOf(key))) await good.begin(key, hourMs, { mark });
              return await good.finish(key, mark, options);
            },
          };
        },
      },
      ["dedupe.arguments"],
    ],
    [
      "a dedupe store that knows no feeds",
      {
        dedupe: (good) => {
          const all = <Key extends EventKey>(key: Key): Key =>
            key?.feed ? { ...key, feed: "x" } : key;
          return {
            begin: (key, markMs, options) => good.begin(all(key), markMs, options),
            renew: (key, mark, markMs, options) => good.renew(all(key), mark, markMs, options),
            finish: (key, mark, options) => good.finish(all(key), mark, options),
            forget: (key, mark, options) => good.forget(all(key), mark, options),
          };
        },
      },
      ["dedupe.keys"],
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
      ["dedupe.forget", "dedupe.taken", "dedupe.arguments"],
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
      ["lease.again", "lease.fence", "lease.ended", "lease.release", "lease.list"],
    ],
    [
      "a lease that knows feeds only",
      {
        leases: (good) => {
          const all = <Key extends StoreKey>(key: Key): Key =>
            key?.consumer ? { ...key, consumer: "x" } : key;
          return {
            acquire: (key, holder, leaseMs, options) =>
              good.acquire(all(key), holder, leaseMs, options),
            renew: (key, fence, leaseMs, options) => good.renew(all(key), fence, leaseMs, options),
            release: (key, fence, options) => good.release(all(key), fence, options),
          };
        },
      },
      ["lease.keys", "lease.list"],
    ],
    [
      "a fence that is no whole number",
      {
        leases: (good) => ({
          async acquire(key, holder, leaseMs, options) {
            const grant = await good.acquire(key, holder, leaseMs, options);
            return grant.status === "held" ? { ...grant, fence: grant.fence + 0.5 } : grant;
          },
        }),
      },
      [
        "lease.one",
        "lease.again",
        "lease.fence",
        "lease.ended",
        "lease.release",
        "lease.renew",
        "lease.told",
        "lease.keys",
        "lease.cut",
        "lease.list",
      ],
    ],
    [
      "a fence that begins far above 1",
      {
        leases: (good) => {
          const { acquire } = good;
          const moved = (fence: number) => (fence > 1000 ? fence - 1000 : fence);
          return {
            async acquire(...given) {
              const grant = await acquire(...given);
              return grant.status === "held" ? { ...grant, fence: grant.fence + 1000 } : grant;
            },
            renew: (key, fence, leaseMs, options) =>
              good.renew(key, moved(fence), leaseMs, options),
            release: (key, fence, options) => good.release(key, moved(fence), options),
            async list(query) {
              const { items = [], next } = (await good.list?.(query)) ?? {};
              return { items: items.map((one) => ({ ...one, fence: one.fence + 1000 })), next };
            },
          };
        },
      },
      // None: a fence grows, from wherever.
      [],
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
        "inbox.late",
        "inbox.own",
        "inbox.release",
        "inbox.extend",
        "inbox.full",
        "inbox.list",
        "inbox.entries",
      ],
    ],
    [
      "a claim that gives the same object every time",
      {
        inbox: (good) => {
          const first = new Map<string, unknown>();
          return {
            async claim(name, limit, leaseMs, options) {
              const claims = await good.claim(name, limit, leaseMs, options);
              return claims.map((claim) => {
                const id = JSON.stringify([name, claim.event?.id, claim.raw === null]);
                if (typeof claim.raw !== "object" || !claim.event || claim.idDerived) return claim;
                if (!first.has(id)) first.set(id, claim.raw);
                return { ...claim, raw: first.get(id) };
              });
            },
          };
        },
      },
      ["inbox.own"],
    ],
    [
      "an extension that is too late when the lease has ended",
      {
        inbox: (good) => {
          const ends = new Map<string, number>();
          return {
            async claim(name, limit, leaseMs, options) {
              const claims = await good.claim(name, limit, leaseMs, options);
              for (const { token } of claims) ends.set(token, Date.now() + leaseMs);
              return claims;
            },
            async extend(name, tokens, leaseMs, options) {
              const open = Array.isArray(tokens)
                ? tokens.filter(
                    (token) => (ends.get(token) ?? Number.NaN) > Date.now() || token === 1,
                  )
                : tokens;
              await good.extend(name, open, leaseMs, options);
            },
          };
        },
      },
      ["inbox.late"],
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
      ["inbox.same", "inbox.own", "inbox.full", "inbox.list", "inbox.entries"],
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
      ["inbox.arguments", "inbox.entries"],
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
      ["inbox.late", "inbox.extend"],
    ],
    [
      "a list of cursors that is its first page",
      {
        cursors: (good) => ({
          list: async (query) => ({ items: (await good.list?.(query))?.items ?? [] }),
        }),
      },
      ["cursor.list"],
    ],
    [
      "a list of leases that knows no end",
      {
        leases: (good) => ({
          async list(query) {
            const { items = [], next } = (await good.list?.(query)) ?? {};
            return { items: items.map((lease) => ({ ...lease, endsInMs: 1000 })), next };
          },
        }),
      },
      ["lease.list"],
    ],
    [
      "places that count what was taken off",
      {
        deadLetters: (good) => {
          let removed = 0;
          return {
            async remove(key, options) {
              await good.remove(key, options);
              removed += 1;
            },
            async places(query) {
              const { items = [], next } = (await good.places?.(query)) ?? {};
              return {
                items: items.map((one) => ({ ...one, letters: one.letters + removed })),
                next,
              };
            },
          };
        },
      },
      ["letter.places"],
    ],
    [
      "a letter that is taken off with its skip",
      {
        deadLetters: (good) => ({
          async remove(key, options) {
            await good.remove(key, options);
            await good.unskip?.(key, options);
          },
        }),
      },
      ["letter.skips"],
    ],
    [
      "a skip that is a letter",
      {
        deadLetters: (good) => ({
          async skip(key, options) {
            await good.skip?.(key, options);
            const { consumer, feed, identity } = key;
            const facts = { raw: 1, reason: "skipped", attempts: 0, failedAt: "" };
            await good.put({ consumer, feed, identity, ...facts }, options);
          },
        }),
      },
      ["letter.skips", "letter.skip-keys"],
    ],
    [
      "skips whose ids are cut",
      {
        deadLetters: (good) => {
          const cutIds = (key: EventKey) =>
            key?.identity?.length > 1000 ? { ...key, identity: key.identity.slice(0, 1000) } : key;
          return {
            skip: async (key, options) => await good.skip?.(cutIds(key), options),
            unskip: async (key, options) => await good.unskip?.(cutIds(key), options),
          };
        },
      },
      ["letter.skip-keys"],
    ],
    [
      "a list of inboxes that takes what is held for waiting",
      {
        inbox: (good) => ({
          async list(query) {
            const { items = [], next } = (await good.list?.(query)) ?? {};
            const wrong = ({ waiting, held }: { waiting: number; held: number }) => waiting + held;
            return { items: items.map((one) => ({ ...one, waiting: wrong(one), held: 0 })), next };
          },
        }),
      },
      ["inbox.list"],
    ],
    [
      "a look into an inbox that claims",
      {
        inbox: (good) => ({
          async entries(name, query) {
            const page = await good.entries?.(name, query);
            await good.claim(name, 1, hourMs);
            return page ?? { items: [] };
          },
        }),
      },
      ["inbox.entries"],
    ],
    [
      "a look into an inbox that calls what was given back held",
      {
        inbox: (good) => ({
          async entries(name, query) {
            const page = (await good.entries?.(name, query)) ?? { items: [] };
            return { ...page, items: page.items.map(({ isGivenBack: _, ...item }) => item) };
          },
        }),
      },
      ["inbox.entries-given-back"],
    ],
  ])("catches %s", async (_, faults, laws) => {
    expect(await brokenLaws(faults)).toEqual(laws);
  });

  it.each([
    ["cursors", "save", "cursor.cut"],
    ["deadLetters", "skip", "letter.list-arguments"],
    ["deadLetters", "unskip", "letter.list-arguments"],
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
