import { storeError } from "./error.ts";

/** Writes a value as JSON, or says which argument cannot be. */
export function toJson(operation: string, argument: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // The error of the engine would quote the payload's field names.
  }
  if (text !== undefined) return text;
  const wrong = `\`${argument}\` cannot be written as JSON (a BigInt or a cycle?)`;
  throw storeError("config", operation, wrong);
}

/** Reads JSON; `undefined` for what is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
