import { UsageError } from "./failure.ts";
import { nearest } from "./nearest.ts";

/** An option or argument of a command; its key in the table is its name, `perPage` written `--per-page`. */
export interface Option<Value> {
  /** What `--help` says of it. */
  readonly about: string;
  /** What stands for its value in `--help`, such as `file`; none for a switch. */
  readonly value?: string | undefined;
  /** What its default is, for people, where there is one. */
  readonly shownDefault?: string | undefined;
  /** Whether the command refuses to run without it. */
  readonly isRequired?: true;
  /** Reads what was typed; `undefined` where nothing was. `name` is how it is called in a message. */
  readonly read: (typed: string | true | undefined, name: string) => Value;
}

/** The options of a command by their names. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** What a command's options were set to. */
export type ValuesOf<Table extends Options> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never;
};

/** A switch, off unless it is typed. */
export function flag(about: string): Option<boolean> {
  return { about, read: (typed) => typed === true };
}

/** A text; `undefined` where it is not given. `value` stands for it in `--help`. */
export function text(value: string, about: string): Option<string | undefined> {
  return { about, value, read: (typed) => notEmpty(typed) };
}

/** The option with a value where none is given. */
export function withDefault<Value>(
  option: Option<Value | undefined>,
  fallback: Value,
  shownDefault = String(fallback),
): Option<Value> {
  const read = (typed: string | true | undefined, name: string): Value =>
    option.read(typed, name) ?? fallback;
  return { ...option, shownDefault, read };
}

/** The option, without which the command does not run. */
export function required<Value>(option: Option<Value | undefined>): Option<Value> {
  const read = (typed: string | true | undefined, name: string): Value => {
    const value = option.read(typed, name);
    if (value === undefined) throw new UsageError(`give ${name}: ${option.about}`);
    return value;
  };
  return { ...option, isRequired: true, read };
}

/** A whole number from `min` to `max`. */
export function whole(
  value: string,
  about: string,
  min: number,
  max: number,
): Option<number | undefined> {
  return {
    about,
    value,
    read(typed, name) {
      const said = notEmpty(typed);
      if (said === undefined) return undefined;
      const number = Number(said);
      if (/^-?\d+$/.test(said) && number >= min && number <= max) return number;
      throw new UsageError(`${name} must be a whole number from ${min} to ${max}, not "${said}"`);
    },
  };
}

/** One of some words. */
export function oneOf<Word extends string>(
  value: string,
  about: string,
  words: readonly Word[],
): Option<Word | undefined> {
  return {
    about,
    value,
    read(typed, name) {
      const said = notEmpty(typed);
      return said === undefined ? undefined : checkWord(said, name, words);
    },
  };
}

/** Some of some words, separated by commas, each once. */
export function someOf<Word extends string>(
  value: string,
  about: string,
  words: readonly Word[],
): Option<readonly Word[] | undefined> {
  return {
    about,
    value,
    read(typed, name) {
      const said = notEmpty(typed)?.split(",");
      return said && [...new Set(said.map((word) => checkWord(word.trim(), name, words)))];
    },
  };
}

/** A moment, as RFC 3339 or a date, or so long ago: `90s`, `15m`, `2h`, `7d`. In epoch ms. */
export function moment(value: string, about: string): Option<number | undefined> {
  return {
    about,
    value,
    read(typed, name) {
      const said = notEmpty(typed);
      if (said === undefined) return undefined;
      const [, count, unit = ""] = /^(\d+)([smhd])$/.exec(said) ?? [];
      const lengths: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
      if (count) return Date.now() - Number(count) * (lengths[unit] ?? 0) * 1000;
      const time = /^\d{4}-\d{2}-\d{2}/.test(said) ? Date.parse(said) : Number.NaN;
      if (!Number.isNaN(time)) return time;
      const right = 'a time such as 2026-11-30T08:00:00Z, or so long ago, such as "2h"';
      throw new UsageError(`${name} must be ${right}, not "${said}"`);
    },
  };
}

function checkWord<Word extends string>(said: string, name: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === said);
  if (found !== undefined) return found;
  throw new UsageError(`${name} knows ${words.join(", ")}, not "${said}"${nearest(said, words)}`);
}

function notEmpty(typed: string | true | undefined): string | undefined {
  return typeof typed === "string" && typed !== "" ? typed : undefined;
}

/** How an option is written on a command line. */
export function toFlag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
