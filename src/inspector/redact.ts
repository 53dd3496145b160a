import { copyPlain } from "../core/plain.ts";

/** What stands in the place of a value that is not shown. */
export const MASK = "[masked]";

/**
 * What nobody is shown. A name such as `email` masks what any object has under it, at any depth; a path such as
 * `event.data.customer.email` masks that one place, with `*` for any one name or position. A function gets a copy
 * of each thing before it is shown (a dead letter, an entry of an inbox, an error of a run) and gives what
 * may be shown of it.
 */
export type Redact = readonly string[] | ((shown: unknown) => unknown);

/** A thing as it may be shown. */
export interface Redacted<Thing> {
  readonly value: Thing;
  /** Whether something of it was masked, or is another. */
  readonly isMasked: boolean;
}

/** Makes of things what may be shown of them. */
export interface Redactor {
  /**
   * Masks a thing. What stands under `text` or `reason` at its top, for people, is masked where it holds a text that
   * was masked.
   */
  <Thing extends object>(thing: Thing): Redacted<Thing>;
  /** Whether nothing of a text can be masked without the event that it tells of. */
  readonly needsEvent: boolean;
}

/** Makes a redactor; what is not given masks nothing. */
export function toRedactor(redact: Redact | undefined): Redactor {
  if (redact === undefined) {
    return Object.assign(<Thing>(value: Thing) => ({ value, isMasked: false }), {
      needsEvent: false,
    });
  }
  if (typeof redact === "function") {
    const byFunction = <Thing>(thing: Thing): Redacted<Thing> => {
      return { value: redact(copyPlain(thing)) as Thing, isMasked: true };
    };
    return Object.assign(byFunction, { needsEvent: false });
  }
  const paths = redact.map((path) => path.split("."));
  const byPaths = <Thing extends object>(thing: Thing): Redacted<Thing> => maskPaths(thing, paths);
  return Object.assign(byPaths, { needsEvent: redact.length > 0 });
}

type Path = readonly string[];

function maskPaths<Thing extends object>(thing: Thing, paths: readonly Path[]): Redacted<Thing> {
  const masked = new Set<string>();
  const names = new Set(paths.filter(({ length }) => length === 1).map(([name = ""]) => name));
  const longer = paths.filter(({ length }) => length > 1);
  const value = mask(thing, longer, { names, masked, count: 0 }) as Record<string, unknown>;
  for (const name of ["reason", "text"]) {
    const text = value[name];
    if (typeof text === "string") value[name] = maskIn(text, masked);
  }
  return { value: value as Thing, isMasked: masked.size > 0 };
}

interface Masking {
  /** What is masked at any depth. */
  readonly names: ReadonlySet<string>;
  /** Gets each text that was masked. */
  readonly masked: Set<string>;
  /** How often something was masked. */
  count: number;
}

/** A copy in which what the paths lead to is masked. */
function mask(value: unknown, paths: readonly Path[], masking: Masking): unknown {
  if (typeof value === "string") return maskJson(value, paths, masking);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((item, at) => maskMember(`${at}`, item, paths, masking));
  }
  const members = Object.entries(value).map(([name, member]) => {
    return [name, maskMember(name, member, paths, masking)];
  });
  // Not by assignment: JSON may hold the name `__proto__`.
  return Object.fromEntries(members);
}

function maskMember(
  name: string,
  member: unknown,
  paths: readonly Path[],
  masking: Masking,
): unknown {
  if (member === undefined) return undefined;
  const further = paths.filter(([first]) => first === name || first === "*");
  if (masking.names.has(name) || further.some(({ length }) => length === 1)) {
    gather(member, masking.masked);
    masking.count += 1;
    return MASK;
  }
  const rest = further.map(([, ...more]) => more);
  return mask(member, rest, masking);
}

/** The text, or where it is JSON in which something is masked, that. */
function maskJson(text: string, paths: readonly Path[], masking: Masking): string {
  if (!/^\s*[[{]/.test(text)) return text;
  const before = masking.count;
  try {
    const value = mask(JSON.parse(text), paths, masking);
    return masking.count === before ? text : JSON.stringify(value);
  } catch (error) {
    // It is no JSON, or nests so deep that nobody can look into it.
    return Object(error).name === "SyntaxError" ? text : MASK;
  }
}

/** Takes in every text and number that is masked. */
function gather(value: unknown, masked: Set<string>): void {
  if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) gather(member, masked);
  } else masked.add(String(value));
}

/** Shorter than this it is part of too much else. */
const LEAST = 4;

function maskIn(text: string, masked: ReadonlySet<string>): string {
  const found = [...masked].filter((each) => each.length >= LEAST && text.includes(each));
  return found
    .toSorted((one, other) => other.length - one.length)
    .reduce((rest, each) => rest.replaceAll(each, MASK), text);
}

/**
 * Puts back what was masked into what a person made of it: where a value is as it was shown, it is as it was.
 * `undefined` where that cannot be told, since a list was masked inside and has another length now.
 */
export function unmask(edited: unknown, shown: unknown, original: unknown): unknown {
  if (isSame(edited, shown)) return original;
  if (edited === MASK) return undefined;
  if (typeof edited !== "object" || edited === null) return edited;
  if (Array.isArray(edited)) return unmaskList(edited, shown, original);
  const members = Object.entries(edited).map(([name, member]) => {
    return [name, unmask(member, memberOf(shown, name), memberOf(original, name))] as const;
  });
  return members.some(([, member]) => member === undefined)
    ? undefined
    : Object.fromEntries(members);
}

function unmaskList(edited: readonly unknown[], shown: unknown, original: unknown): unknown {
  if (!Array.isArray(shown) || shown.length !== edited.length) {
    return JSON.stringify(edited).includes(MASK) ? undefined : edited;
  }
  const items = edited.map((item, at) => unmask(item, shown[at], memberOf(original, `${at}`)));
  return items.includes(undefined) ? undefined : items;
}

function memberOf(value: unknown, name: string): unknown {
  const isThere = typeof value === "object" && value !== null && Object.hasOwn(value, name);
  return isThere ? (value as Record<string, unknown>)[name] : undefined;
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || (other !== undefined && JSON.stringify(one) === JSON.stringify(other));
}
