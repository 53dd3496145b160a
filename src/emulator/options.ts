/** The options that every emulator takes. */
export const frameOptions: readonly string[] = ["seed", "journal", "clock"];

/** Refuses a name that nobody knows: a misspelt one would silently leave a default in force. */
export function checkNames(place: string, given: object, known: readonly string[]): void {
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

export const isFlag: readonly unknown[] = [true, false];
export const isText = (value: unknown): boolean => typeof value === "string";
export const isAmount = (value: unknown): boolean => typeof value === "number" && value >= 1;
export const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

/** Refuses a number that is out of its range; what is left out is right. */
export function checkRange(name: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return;
  if (typeof value === "number" && value >= min && value <= max) return;
  throw new TypeError(`${name} must be a number from ${min} to ${max}`);
}
