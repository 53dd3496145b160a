import { AckloopError } from "../../core/errors.ts";

/** Reads what a store wrote as JSON. */
export function fromJson<Value>(operation: string, text: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch {
    throw new AckloopError("schema", "a row is damaged; restore it from a backup, or delete it", {
      provider: "stores",
      operation,
    });
  }
}
