import { isRecord } from "./exchange.ts";

/** The options that every emulator takes. */
export const frameOptions: readonly string[] = ["seed", "journal", "clock"];

/** Refuses a name that nobody knows: a misspelt one would silently leave a default in force. */
export function checkNames(place: string, given: unknown, known: readonly string[]): void {
  if (!isRecord(given)) throw new TypeError(`${place}: an object of ${known.join(", ")} is wanted`);
  const other = Object.keys(given).find((name) => !known.includes(name));
  if (other === undefined) return;
  throw new TypeError(`${place} has no ${other}; it has ${known.join(", ")}`);
}

/** The values that options can have: those listed, or what a test finds right. */
export type Choices<Options> = {
  readonly [Name in keyof Options]-?: readonly unknown[] | ((value: unknown) => boolean);
};

/** Refuses names that nobody knows, and values that an option cannot have; what is left out is right. */
export function checkChoices<Options extends object>(
  place: string,
  given: Partial<Options>,
  choices: Choices<Options>,
): void {
  checkNames(place, given, Object.keys(choices));
  for (const [name, value] of Object.entries(given) as [keyof Options & string, unknown][]) {
    const right = choices[name];
    if (value === undefined) continue;
    const isRight = typeof right === "function" ? right(value) : right.includes(value);
    if (isRight) continue;
    const what = typeof right === "function" ? "" : `; it is one of ${right.join(", ")}`;
    throw new TypeError(`${place}: ${name} cannot have this value${what}`);
  }
}

/** The same for a thing that is whole: what is not `optional` is there. */
export function checkWhole<Options extends object>(
  place: string,
  given: Partial<Options>,
  choices: Choices<Options>,
  optional: readonly (keyof Options)[] = [],
): void {
  checkChoices(place, given, choices);
  for (const name of Object.keys(choices) as (keyof Options & string)[]) {
    if (given[name] === undefined && !optional.includes(name)) {
      throw new TypeError(`${place} needs ${name}`);
    }
  }
}

/** A list, which JavaScript and JSON may give as something else. */
export function asList<Item>(place: string, value: readonly Item[]): readonly Item[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`${place} must be a list`);
}

export const isFlag: readonly unknown[] = [true, false];
export const isText = (value: unknown): boolean => typeof value === "string";
export const isName = (value: unknown): boolean => isText(value) && value !== "";
export const isAmount = (value: unknown): boolean => typeof value === "number" && value >= 1;
export const isWhole = (value: unknown): boolean =>
  Number.isSafeInteger(value) && Number(value) >= 1;
/** A whole number from 1, or `Infinity` for no limit. */
export const isCount = (value: unknown): boolean =>
  value === Number.POSITIVE_INFINITY || isWhole(value);
export const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

/** Whether a value is an object of headers that HTTP can send. */
export function isHeaders(value: unknown): boolean {
  return (
    isRecord(value) &&
    isTexts(Object.values(value)) &&
    can(() => new Headers(value as Record<string, string>))
  );
}

/** Whether a value is a method that HTTP has, with a body or without. */
export function isMethod(value: unknown, body: string | null = null): boolean {
  return isName(value) && can(() => new Request("http://x", { method: String(value), body }));
}

function can(make: () => unknown): boolean {
  try {
    make();
    return true;
  } catch {
    return false;
  }
}

/** Refuses a number that is out of its range; what is left out is right. */
export function checkRange(name: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return;
  if (typeof value === "number" && value >= min && value <= max) return;
  throw new TypeError(`${name} must be a number from ${min} to ${max}`);
}
