import { wrong } from "../../http/options.ts";

/**
 * Checks an option or argument that must be text, also for callers without types: `undefined` must not
 * become a queue of that name.
 *
 * @throws {AckloopError} `config`, which names it and never repeats its value.
 */
export function checkText(operation: string, name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw wrong("tiki", `${name} must be a non-empty text`, operation);
}
