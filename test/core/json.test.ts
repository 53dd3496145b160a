import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isCutJson, parseJson } from "../../src/core/json.ts";

describe("parseJson", () => {
  it.each([
    ["9007199254740991", 9007199254740991],
    ["-9007199254740991", -9007199254740991],
    ["9007199254740992", "9007199254740992"],
    ["9007199254740993", "9007199254740993"],
    ["-9007199254740993", "-9007199254740993"],
    ["12345678901234567890", "12345678901234567890"],
    ["12345678901234567.5", "12345678901234567.5"],
    ["1234567890123456e-3", 1234567890123.456],
    ["0.12345678901234567890", Number("0.12345678901234567890")],
    ["1e20", 1e20],
    ['"12345678901234567890"', "12345678901234567890"],
    [String.raw`"a\"12345678901234567890"`, 'a"12345678901234567890'],
    [String.raw`["\\", 12345678901234567890]`, ["\\", "12345678901234567890"]],
    [
      '{"12345678901234567890":12345678901234567890}',
      { "12345678901234567890": "12345678901234567890" },
    ],
    [" [ 1 ,\n12345678901234567890 , 2 ] ", [1, "12345678901234567890", 2]],
  ])("reads %s", (text, value) => {
    const parsed = parseJson(text);

    expect(parsed).toEqual(value);
  });

  it("reads every value as JSON.parse does when no long run of digits is there", async () => {
    const values = fc.json({ maxDepth: 5 }).filter((text) => !/\d{16}/.test(text));
    await fc.assert(
      fc.property(values, (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("keeps the text of every whole number past 2^53, wherever it stands", async () => {
    const whole = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
    const filler = fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), {
      maxLength: 6,
    });
    await fc.assert(
      fc.property(filler, whole, filler, fc.nat(20), (before, number, after, spaces) => {
        const list = [
          ...before.map((v) => JSON.stringify(v)),
          String(number),
          ...after.map((v) => JSON.stringify(v)),
        ];

        const parsed = parseJson(`${" ".repeat(spaces)}[${list.join(",")}]`);

        const isSafe = number >= -9007199254740991n && number <= 9007199254740991n;
        expect(parsed).toEqual([...before, isSafe ? Number(number) : String(number), ...after]);
      }),
    );
  });

  it("leaves strings alone, whatever digits, quotes and backslashes they hold", async () => {
    const awkward = fc.string({
      unit: fc.constantFrom('"', "\\", "1", "12345678901234567890", "-", "{", "]", ",", "é", "\n"),
    });
    await fc.assert(
      fc.property(fc.array(awkward), (strings) => {
        const parsed = parseJson(JSON.stringify({ strings, id: 1 }));

        expect(parsed).toEqual({ strings, id: 1 });
      }),
    );
  });

  it("makes a key __proto__ an ordinary property", () => {
    const parsed = parseJson('{"__proto__":{"polluted":12345678901234567890}}') as object;

    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    expect(Object.hasOwn(parsed, "__proto__")).toBe(true);
    expect("polluted" in {}).toBe(false);
  });

  it("throws a SyntaxError for what is not JSON", () => {
    expect(() => parseJson("<html>")).toThrow(SyntaxError);
    expect(() => parseJson('{"id":12345678901234567890')).toThrow(SyntaxError);
  });

  it("reads a long string of backslashes without a deep recursion", () => {
    const long = "\\".repeat(1_000_000);

    const parsed = parseJson(JSON.stringify([long, 1]).replace(",1]", ",12345678901234567890]"));

    expect(parsed).toEqual([long, "12345678901234567890"]);
  });
});

describe("isCutJson", () => {
  it("knows the beginning of an object or list, wherever it was cut", () => {
    const whole = String.raw`{"events":[{"id":"a\"]}","n":1},{}],"ack_id":null}`;

    for (let length = 1; length < whole.length; length += 1) {
      expect(isCutJson(whole.slice(0, length))).toBe(true);
    }
    expect(isCutJson(whole)).toBe(false);
  });

  it.each(["", "  ", "<html>", "nope", '"text', '{"a": nope}', "[1,]", "]"])(
    "does not take %j for one",
    (text) => {
      expect(isCutJson(text)).toBe(false);
    },
  );
});
