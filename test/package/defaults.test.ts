import { describe, expect, it } from "vitest";
import { beside, sources, textOf, valuesIn } from "./code-values.ts";

/** A number that a docstring calls a member's default. */
interface Told {
  readonly file: string;
  readonly name: string;
  readonly value: number;
}

/** Every `@default` that is a number, with the member below its docstring. */
function toldIn(file: string): readonly Told[] {
  const docstrings = textOf(file).matchAll(
    /\/\*\*((?:(?!\*\/).)*?)\*\/\s*(?:readonly )?(\w+)\??:/gs,
  );
  return [...docstrings].flatMap(([, text = "", name = ""]) => {
    const [, value] = /@default ([\d_]+(?: \d{3})*)(?=\s*(?:[(,*]|$))/.exec(text) ?? [];
    return value === undefined ? [] : [{ file, name, value: Number(value.replace(/[_ ]/g, "")) }];
  });
}

const told = sources.flatMap(toldIn);

/**
 * What the code gives to a member, in the file that tells of it and in those beside it; of a contract, in
 * those of everybody who keeps it.
 */
function givenTo({ file, name }: Told): readonly number[] {
  const near = file.startsWith("src/core/")
    ? []
    : beside(file).flatMap((other) => valuesIn(other, name));
  return near.length > 0 ? near : sources.flatMap((other) => valuesIn(other, name));
}

describe("the defaults in the docstrings", () => {
  it("are found", () => {
    expect(told.length).toBeGreaterThan(80);
  });

  it.each(told.map((one) => [`${one.file}: ${one.name}`, one] as const))(
    "are those of the code: %s",
    (_, one) => {
      expect(givenTo(one)).toContain(one.value);
    },
  );
});
