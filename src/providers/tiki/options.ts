import { wrong } from "../../http/options.ts";

/** Every name that options may have; a name that is missing here does not compile. */
export type Names<Options> = { readonly [Name in keyof Required<Options>]: true };

/**
 * Checks that options are an object and have no name but the known ones.
 *
 * @throws {AckloopError} `config`, which tells the names that are allowed.
 */
export function checkNames<Options extends object>(
  operation: string,
  options: Options,
  names: Names<Options>,
): void {
  const allowed = Object.keys(names);
  if (typeof options !== "object" || options === null) {
    throw wrong("tiki", `options must be an object with ${allowed.join(", ")}`, operation);
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(names, name));
  if (unknown === undefined) return;
  throw wrong("tiki", `no option ${unknown}; it has ${allowed.join(", ")}`, operation);
}

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

/**
 * Checks an option that must be an absolute URL.
 *
 * @throws {AckloopError} `config`, which names it and never repeats its value.
 */
export function checkUrl(operation: string, name: string, value: unknown): string {
  if (typeof value === "string" && URL.canParse(value)) return value;
  throw wrong("tiki", `${name} must be an absolute URL`, operation);
}
