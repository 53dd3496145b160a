import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type {
  CursorStore,
  DeadLetterStore,
  DedupeStore,
  Inbox,
  InboxClaim,
  LeaseStore,
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
        "dedupe.taken",
        "dedupe.late",
        "dedupe.renew",
        "dedupe.keys",
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
      ["dedupe.again"],
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
      ["dedupe.killed"],
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
              return { ...begun, starts: begun.starts + (forgotten.get(key.id) ?? 0) };
            },
            async forget(key, mark, options) {
              await good.forget(key, mark, options);
              forgotten.set(key.id, (forgotten.get(key.id) ?? 0) + 1);
            },
          };
        },
      },
      ["dedupe.forget"],
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
      ["dedupe.taken"],
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
      ["dedupe.busy", "dedupe.killed", "dedupe.taken"],
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
      ["lease.one", "lease.race", "lease.fence", "lease.renew", "lease.keys"],
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
      ["lease.fence", "lease.ended", "lease.release"],
    ],
    [
      "a lease that is renewed after its end",
      {
        leases: (good) => ({
          async renew(key, holder, leaseMs, options) {
            if (await good.renew(key, holder, leaseMs, options)) return true;
            return holder === "a" && (await good.acquire(key, holder, leaseMs)).status === "held";
          },
        }),
      },
      ["lease.ended", "lease.release"],
    ],
    [
      "a release by a stranger",
      {
        leases: (good) => ({
          async release(key, holder, options) {
            for (const one of ["a", "b"]) await good.release(key, one);
            await good.release(key, holder, options);
          },
        }),
      },
      ["lease.one", "lease.fence"],
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
});
