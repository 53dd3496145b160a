import { AckloopError } from "../core/errors.ts";

/**
 * Reads what a store wrote as JSON.
 *
 * @throws {AckloopError} `schema` when it is not JSON, or of another shape.
 */
function fromJson<Value>(
  operation: string,
  text: string,
  is: (json: unknown) => json is Value,
): Value {
  try {
    const json: unknown = JSON.parse(text);
    if (is(json)) return json;
  } catch {
    // Said below, as of JSON of another shape.
  }
  throw new AckloopError("schema", "a row is damaged; restore it from a backup, or delete it", {
    provider: "stores",
    operation,
  });
}

/** Reads a text that a store wrote as JSON. */
export function textFromJson(operation: string, text: string): string {
  return fromJson(operation, text, (json) => typeof json === "string");
}

/** Reads a list of texts that a store wrote as JSON. */
export function textsFromJson(operation: string, text: string): readonly string[] {
  return fromJson(operation, text, isTexts);
}

function isTexts(json: unknown): json is readonly string[] {
  return Array.isArray(json) && json.every((item) => typeof item === "string");
}
