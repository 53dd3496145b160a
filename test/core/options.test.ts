import * as vm from "node:vm";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import * as z from "zod/mini";
import { editDistance } from "../../src/core/edit-distance.ts";
import { isAckloopError } from "../../src/core/errors.ts";
import type { FilledOf, GivenOf, Table, TableOf } from "../../src/core/options.ts";
import {
  aFunction,
  between,
  checkOptions,
  flag,
  group,
  list,
  milliseconds,
  moment,
  name,
  oneOf,
  orFalse,
  schema,
  signal,
  text,
  whole,
  withMethods,
} from "../../src/core/options.ts";

interface Store {
  get(): string;
}

const store: Store = { get: () => "kept" };

const table = {
  concurrency: whole(1, 1000).or(5),
  consumer: name.required(),
  mode: oneOf("halt", "drop"),
  retry: group({ attempts: whole(1, 10).or(3), delayMs: milliseconds(0) }),
  keep: group({ store: withMethods<Store>("get").required(), markMs: milliseconds(1).or(60) }),
  breaker: orFalse(group({ after: whole(1).or(20) })),
};

const check = (options: unknown) => checkOptions("test", options, table);

/** What is said of one value under one rule. */
const judge = (rule: Table[string], value: unknown) =>
  checkOptions("test", { x: value }, { x: rule });

/** Objects that throw when they are read. */
function hostile(): readonly unknown[] {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const fail = (): never => {
    throw new Error("hunter2");
  };
  const named = {
    get x() {
      return fail();
    },
  };
  return [revoked.proxy, new Proxy({}, { ownKeys: fail }), named];
}

describe("options", () => {
  it("are filled in, frozen, and can be checked again", () => {
    const filled = check({ consumer: "billing", retry: { delayMs: 7 } });

    expect(filled).toEqual({
      concurrency: 5,
      consumer: "billing",
      mode: undefined,
      retry: { attempts: 3, delayMs: 7 },
      keep: undefined,
      breaker: { after: 20 },
    });
    expect(Object.isFrozen(filled) && Object.isFrozen(filled.retry)).toBe(true);
    expect(check(filled)).toEqual(filled);
  });

  it("have a default for a group that needs nothing, and none for one that does", () => {
    expect(check({ consumer: "b" })).toMatchObject({ retry: { attempts: 3 }, keep: undefined });
    expect(check({ consumer: "b", keep: { store } }).keep).toEqual({ store, markMs: 60 });
  });

  it("take undefined for left out, and null for wrong", () => {
    const given = { consumer: "b", concurrency: undefined, misspelt: undefined };

    expect(check(given).concurrency).toBe(5);
    expect(() => check({ ...given, concurrency: null })).toThrow("option `concurrency` must be");
    expect(() => check(undefined)).toThrow("option `consumer` is required: a name of 1 to 500");
  });

  it("are the object's own", () => {
    expect(() => check(Object.create({ concurrency: 9 }, own("consumer", "b")))).toThrow(
      "option `concurrency` must be a member of the object itself",
    );
    expect(() => check(JSON.parse('{"consumer":"b","__proto__":{"concurrency":9}}'))).toThrow(
      "option `__proto__` is unknown",
    );
    expect(() => check({ consumer: "b", toString: 1 })).toThrow("option `toString` is unknown");
  });

  it("are read once each", () => {
    let reads = 0;
    const given = {
      get consumer() {
        reads += 1;
        return "b";
      },
    };

    check(given);

    expect(reads).toBe(1);
  });

  it.each([null, 5, "fast", [], () => {}])("are an object, and not %j", (options) => {
    expect(() => check(options)).toThrow("test: the options must be an object");
  });

  it("have typed rules", () => {
    expectTypeOf<FilledOf<typeof table>>().toEqualTypeOf<{
      readonly concurrency: number;
      readonly consumer: string;
      readonly mode: "halt" | "drop" | undefined;
      readonly retry: { readonly attempts: number; readonly delayMs: number | undefined };
      readonly keep: { readonly store: Store; readonly markMs: number } | undefined;
      readonly breaker: false | { readonly after: number };
    }>();
    expectTypeOf<GivenOf<typeof table>["consumer"]>().toEqualTypeOf<string>();
    expectTypeOf<GivenOf<typeof table>["breaker"]>().toEqualTypeOf<
      false | { readonly after?: number | undefined } | undefined
    >();
  });

  it("cannot drift from their interface", () => {
    interface Options {
      readonly size: number;
      readonly mode?: "a" | "b" | undefined;
    }
    const size = whole(1).required();
    const mode = oneOf<"a" | "b">("a", "b");

    const right = { size, mode } satisfies TableOf<Options>;
    // @ts-expect-error: an option without a rule.
    const missing = { size } satisfies TableOf<Options>;
    // @ts-expect-error: a rule without an option.
    const more = { size, mode, flag } satisfies TableOf<Options>;
    // @ts-expect-error: a needed option whose rule lets it be left out.
    const loose = { size: whole(1), mode } satisfies TableOf<Options>;
    // @ts-expect-error: a word that the interface does not have.
    const wide = { size, mode: oneOf("a", "b", "c") } satisfies TableOf<Options>;
    // @ts-expect-error: a word that the table does not have.
    const narrow = { size, mode: oneOf("a") } satisfies TableOf<Options>;

    expect([right, missing, more, loose, wide, narrow]).toHaveLength(6);
  });
});

describe("a rule", () => {
  const otherRealm = vm.runInNewContext("({ date: new Date(), list: [1] })");

  it.each([
    ["whole", whole(1, 10), [1, 10], [0, 11, 1.5, Number.NaN, "5", 5n, null, {}]],
    ["whole, open", whole(1), [1, Number.MAX_SAFE_INTEGER], [0, 2 ** 53, Infinity]],
    ["between", between(0, 1), [0, 0.5, 1], [-0.1, 1.1, Number.NaN, "0"]],
    ["milliseconds", milliseconds(10), [10, 10.5, 365 * 86_400_000], [9, Infinity, "10"]],
    ["text", text(0, 3), ["", "abc"], ["abcd", 5, null, new String("abc")]],
    ["name", name, ["a", "x".repeat(500)], ["", "x".repeat(501), "a\0b", 5, null]],
    ["oneOf", oneOf("a", "b"), ["a", "b"], ["c", "A", "", null, ["a"]]],
    ["flag", flag, [true, false], [0, "true", null]],
    ["aFunction", aFunction(), [() => {}, class {}], [{}, "f", null]],
    ["withMethods", withMethods<Store>("get"), [store, new Map()], [{}, { get: 1 }, null, "get"]],
    [
      "signal",
      signal,
      [new AbortController().signal, { aborted: false, addEventListener() {} }],
      [{}, true, null, { aborted: false }, { aborted: 1, addEventListener() {} }],
    ],
    [
      "schema",
      schema,
      [z.string(), Object.assign(() => {}, { "~standard": z.string()["~standard"] })],
      [{}, null, { "~standard": { version: 2, validate() {} } }, { "~standard": { version: 1 } }],
    ],
    ["list", list(whole(1, 5)), [[], [1, 5], otherRealm.list], [5, "12", { length: 0 }, null]],
    ["orFalse", orFalse(whole(1, 5)), [false, 1], [true, 0, null]],
    [
      "moment",
      moment({ pastMs: 1000, aheadMs: 60_000 }),
      [Date.now(), new Date(Date.now() + 30_000), otherRealm.date],
      [Number.NaN, new Date("never"), "soon", 0, Date.now() - 2000, Date.now() + 90_000, null],
    ],
  ])("lets through what is right, and nothing else: %s", (_, rule, right, wrong) => {
    for (const value of right) expect(() => judge(rule, value)).not.toThrow();
    for (const value of [...wrong, ...hostile().slice(0, 1)]) {
      expect(() => judge(rule, value)).toThrow("test: option `x` must be");
    }
  });

  it.each([
    [whole(1, 10), 0, "must be a whole number from 1 to 10"],
    [whole(1), 0, "must be a whole number from 1"],
    [between(0, 1), 2, "must be a number from 0 to 1"],
    [milliseconds(0, 10), 11, "must be a number of milliseconds from 0 to 10"],
    [text(1, 5), "", "must be a text of 1 to 5 characters"],
    [name, "a\0", "must be a name of 1 to 500 characters; it may hold no NUL"],
    [oneOf("a"), "b", 'must be "a"'],
    [oneOf("a", "b", "c"), "d", 'must be "a", "b" or "c"'],
    [flag, 1, "must be true or false"],
    [withMethods<Store>("get"), {}, "must be an object with the functions get"],
    [schema, {}, "must be a Standard Schema (zod, valibot)"],
    [list(whole(1, 5)), 1, "must be a list, each item a whole number from 1 to 5"],
    [orFalse(whole(1, 5)), 0, "must be false or a whole number from 1 to 5"],
    [group({}), 5, "must be an object"],
  ])("says what is right: %#", (rule, value, message) => {
    expect(() => judge(rule, value)).toThrow(new RegExp(`: option \`x\` ${escaped(message)}$`));
  });

  it.each([
    [50_000, "; this looks like a duration"],
    [Math.floor(Date.now() / 1000), "; this looks like epoch seconds"],
    [Date.now() - 86_400_000, "; this is long past"],
    [Date.now() * 1000, "; this is too far ahead"],
  ])("says what a moment looks like: %s", (at, message) => {
    expect(() => judge(moment({ pastMs: 1000, aheadMs: 1000 }), at)).toThrow(
      `must be a Date or epoch milliseconds, such as Date.now() + 50_000${message}`,
    );
  });

  it("names an item by its place, and copies the list", () => {
    const given = [1, 2];
    const { x } = checkOptions("test", { x: given }, { x: list(whole(1, 5)) });

    expect(x).toEqual(given);
    expect(x).not.toBe(given);
    expect(() => judge(list(whole(1, 5)), [1, 6])).toThrow("option `x[1]` must be a whole number");
    expect(() => judge(list(whole(1, 5)), Array(1))).toThrow("option `x[0]` is required");
    expect(() => judge(list(group({ a: flag })), [{ a: 1 }])).toThrow("option `x[0].a` must be");
  });

  it("gives a moment as epoch ms", () => {
    const at = new Date();
    const { x } = checkOptions("test", { x: at }, { x: moment({ pastMs: 1e5, aheadMs: 1e5 }) });

    expect(x).toBe(at.getTime());
  });

  it("says how a group is given that lacks what it needs", () => {
    const must = "an object with a store: give { store }";
    const grouped = group({ store: withMethods<Store>("get").required() }, must);

    for (const wrong of [{}, store, new Map(), 5, true, { store: undefined }]) {
      expect(() => judge(grouped, wrong)).toThrow(`option \`x\` must be ${must}`);
    }
    expect(() => judge(grouped, { store: 5 })).toThrow("option `x.store` must be an object with");
  });
});

describe("a misspelt option", () => {
  it.each([
    [{ concurency: 1 }, "`concurency` is unknown; did you mean `concurrency`?"],
    [{ Concurrency: 1 }, "`Concurrency` is unknown; did you mean `concurrency`?"],
    [{ mdoe: 1 }, "`mdoe` is unknown; did you mean `mode`?"],
    [{ attempts: 1 }, "`attempts` is unknown; did you mean `retry.attempts`?"],
    [{ retry: { atempts: 1 } }, "`retry.atempts` is unknown; did you mean `retry.attempts`?"],
    [{ retry: { xyz: 1 } }, "`retry.xyz` is unknown; known are retry.attempts, retry.delayMs"],
    [{ nothingLike: 1 }, "`nothingLike` is unknown; known are concurrency, consumer, mode, retry"],
    [{ ["x".repeat(70)]: 1 }, `\`${"x".repeat(60)}…\` is unknown; known are concurrency`],
  ])("is told with what was nearest: %j", (options, message) => {
    expect(() => check({ consumer: "b", ...options })).toThrow(`test: option ${message}`);
  });

  it.each([
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["abc", "abc", 0],
    ["abc", "acb", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3],
  ])("is as near as the edits between: %j and %j", (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
    expect(editDistance(to, from)).toBe(distance);
  });
});

describe("members that would be passed over", () => {
  class Settings {
    get consumer(): string {
      return "hunter2";
    }
  }
  const unseen = Object.defineProperty({}, "consumer", { value: "hunter2" });

  it.each([
    ["a getter of a class", new Settings()],
    ["what it was made from", Object.create({ consumer: "hunter2" })],
    ["a member that is not enumerable", unseen],
    ["another realm's", vm.runInNewContext('Object.create({ consumer: "hunter2" })')],
  ])("are refused by name: %s", (_, options) => {
    const message = "option `consumer` must be a member of the object itself, not inherited";

    expect(() => check(options)).toThrow(`test: ${message}`);
    expect(() => judge(group({ consumer: name }), options)).toThrow(message.replace("`c", "`x.c"));
  });

  it.each([
    [Promise.resolve({ consumer: "b" }), "a promise of them has to be awaited"],
    [vm.runInNewContext("(async () => ({}))()"), "a promise of them has to be awaited"],
    [new Map([["consumer", "b"]]), "a map is none"],
    [new Headers(), "a map is none"],
    [new AbortController().signal, "a signal is one of them: { signal }"],
  ])("are told of, whoever has them: %#", (options, more) => {
    const rules = { x: group({ y: flag }) };

    expect(() => checkOptions("test", options, rules)).toThrow(
      `test: the options must be an object; ${more}`,
    );
    expect(() => checkOptions("test", { x: options }, rules)).toThrow(
      `test: option \`x\` must be an object; ${more}`,
    );
  });

  it("are none where an object of a class has its own, or no prototype", () => {
    class Own {
      readonly consumer = "b";
      toString(): string {
        return "mine";
      }
    }

    for (const options of [new Own(), Object.assign(Object.create(null), { consumer: "b" })]) {
      expect(check(options).consumer).toBe("b");
    }
  });
});

describe("what cannot be read", () => {
  it("is a config error as well, and what it threw is told nowhere", () => {
    const rules = { x: whole(1), inner: group({ x: whole(1) }), list: list(whole(1)) };
    for (const value of hostile()) {
      for (const options of [value, { inner: value }, { list: value }, { x: value }]) {
        const error = thrownBy(() => checkOptions("test", options, rules));

        expect(isAckloopError(error) && error.code).toBe("config");
        expect(JSON.stringify([error, String(error)])).not.toContain("hunter2");
      }
    }
  });

  it("is named", () => {
    const [revoked, , named] = hostile();

    expect(() => check(revoked)).toThrow("test: the options must be an object");
    expect(() => check({ consumer: "b", retry: named })).toThrow(
      "test: option `retry.x` cannot be read",
    );
  });

  it("never shows a value, and never throws anything else", () => {
    for (const value of odd()) {
      for (const each of Object.keys(table)) {
        const error = thrownBy(() => check({ consumer: "b", [each]: value }));

        if (error !== undefined) expect(isAckloopError(error) && error.code).toBe("config");
        expect(String(error)).not.toContain("hunter2");
      }
    }
  });

  it("is refused or filled in, whatever it is", () => {
    const inner = fc.oneof(
      fc.anything(),
      fc.record({ attempts: fc.integer(), store: fc.anything() }),
    );
    const given = fc.record(
      {
        consumer: fc.oneof(fc.string(), fc.anything()),
        concurrency: fc.oneof(fc.integer({ min: 0, max: 1001 }), fc.anything()),
        retry: inner,
        keep: inner,
        breaker: fc.oneof(fc.constant(false), fc.record({ after: fc.integer() }), inner),
      },
      { requiredKeys: [] },
    );

    fc.assert(
      fc.property(fc.oneof(given, fc.anything()), (options) => {
        const error = thrownBy(() => expect(check(check(options))).toEqual(check(options)));

        return error === undefined || (isAckloopError(error) && error.code === "config");
      }),
    );
  });
});

function own(key: string, value: unknown): PropertyDescriptorMap {
  return { [key]: { value, enumerable: true } };
}

function escaped(message: string): string {
  return message.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** What JavaScript callers give. */
function odd(): readonly unknown[] {
  return [
    "hunter2",
    Symbol("hunter2"),
    5n,
    Number.NaN,
    -0,
    null,
    [],
    ["hunter2"],
    { hunter: "hunter2" },
    { store: "hunter2" },
    Object.create(null),
    () => "hunter2",
    new Date("never"),
    new Error("hunter2"),
    Promise.resolve("hunter2"),
    new Proxy({}, {}),
    ...hostile(),
  ];
}
