/** The options that every emulator takes. */
export const frameOptions: readonly string[] = ["seed", "journal", "clock"];

/** Refuses a name that nobody knows: a misspelt one would silently leave a default in force. */
export function checkNames(place: string, given: object, known: readonly string[]): void {
  const other = Object.keys(given).find((name) => !known.includes(name));
  if (other === undefined) return;
  throw new TypeError(`${place} has no ${other}; it has ${known.join(", ")}`);
}

/** Refuses a number that is out of its range; what is left out is right. */
export function checkRange(name: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return;
  if (typeof value === "number" && value >= min && value <= max) return;
  throw new TypeError(`${name} must be a number from ${min} to ${max}`);
}
