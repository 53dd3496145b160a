import type { AckloopError } from "../../core/errors.ts";
import { wrong } from "../../http/options.ts";

/** What one option may be: a test, and the words that end "`name` must be ...". */
export interface OptionRule {
  /** Whether the value is right. */
  readonly fits: (value: unknown) => boolean;
  /** What is right, for people. */
  readonly be: string;
}

/** One rule for each option there is. */
export type OptionRules<Options> = { readonly [Name in keyof Options]-?: OptionRule };

/**
 * Checks options once, at creation. An option that is `undefined` counts as absent.
 *
 * @throws {AckloopError} `config` that names the option and says what is right; never its value.
 */
export function checkOptions<Options extends object>(
  operation: string,
  options: Options,
  rules: OptionRules<Options>,
): void {
  const byName = new Map<string, OptionRule>(Object.entries(rules));
  for (const [name, value] of Object.entries(options)) {
    const rule = byName.get(name);
    if (!rule) {
      throw wrongOption(
        operation,
        `there is no option \`${name}\`; there are ${[...byName.keys()].join(", ")}`,
      );
    }
    if (value !== undefined && !rule.fits(value)) {
      throw wrongOption(operation, `\`${name}\` must be ${rule.be}`);
    }
  }
}

/** Makes the error for a wrong option. */
export function wrongOption(operation: string, what: string): AckloopError {
  return wrong("discue", what, operation);
}

/** A text that is not empty. */
export const text: OptionRule = {
  fits: (value) => typeof value === "string" && value !== "",
  be: "a text that is not empty",
};

/** True or false. */
export const flag: OptionRule = { fits: (value) => typeof value === "boolean", be: "a boolean" };

/** A function. */
export const callable: OptionRule = {
  fits: (value) => typeof value === "function",
  be: "a function",
};

/** An object. */
export const object: OptionRule = {
  fits: (value) => typeof value === "object" && value !== null,
  be: "an object",
};

/** A whole number between two bounds, both included. */
export function whole(min: number, max: number): OptionRule {
  return {
    fits: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
    be: `a whole number from ${min} to ${max}`,
  };
}

/** One of some words. */
export function oneOf(words: readonly string[]): OptionRule {
  return {
    fits: (value) => typeof value === "string" && words.includes(value),
    be: `one of ${words.map((word) => JSON.stringify(word)).join(", ")}`,
  };
}

/** A list that is not empty, of what a rule allows. */
export function listOf(rule: OptionRule): OptionRule {
  return {
    fits: (value) => Array.isArray(value) && value.length > 0 && value.every(rule.fits),
    be: `a list that is not empty, each ${rule.be}`,
  };
}

/** Anything: checked elsewhere. */
export const anything: OptionRule = { fits: () => true, be: "anything" };
