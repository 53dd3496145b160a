import { isGivenIn, maskIn, maskSame, plainly } from "./mask-text.ts";

/** What stands in the place of a value that is not shown. */
export const MASK = "[masked]";

/** Deeper than this nobody looks: it is masked. */
const DEEPEST = 500;

/** The names that lead to a value, or what is left of them. */
export type Path = readonly string[];

/** What is masked, and what was. */
interface Masking {
  /** What is masked at any depth. */
  readonly names: ReadonlySet<string>;
  /** Gets each text that was masked. */
  readonly masked: Set<string>;
  /** What the value is in, from the outermost on: it may hold itself. */
  readonly inside: Set<object>;
}

/** What is told to people, and is no data. */
const told: readonly string[] = ["reason", "text"];

/**
 * A copy of a thing in which what the paths lead to is masked; a path of one name, what has that name at any depth.
 * What was masked is masked in `reason` and `text` too, and in `raw`, where a provider has it in its own form.
 */
export function maskPaths<Thing extends object>(
  thing: Thing,
  paths: readonly Path[],
): { readonly value: Thing; readonly isMasked: boolean } {
  const names = new Set(paths.filter(({ length }) => length === 1).map(([name = ""]) => name));
  const longer = paths.filter(({ length }) => length > 1);
  const masking: Masking = { names, masked: new Set(), inside: new Set([thing]) };
  const { masked } = masking;
  const members = Object.entries(thing).map(([name, member]): [string, unknown] => {
    const isTold = typeof member === "string" && told.includes(name) && !names.has(name);
    return [name, isTold ? member : maskMember(name, member, longer, masking)];
  });
  const value = new Map(members);
  for (const name of told) {
    const text = value.get(name);
    if (typeof text === "string") value.set(name, maskIn(text, masked, MASK));
  }
  if (value.has("raw")) value.set("raw", maskSame(value.get("raw"), masked, MASK));
  return { value: Object.fromEntries(value) as Thing, isMasked: masked.size > 0 };
}

function mask(value: unknown, paths: readonly Path[], masking: Masking): unknown {
  if (typeof value === "string") return maskJson(value, paths, masking);
  if (typeof value !== "object" || value === null) return value;
  const { inside } = masking;
  // Nobody can look through bytes.
  const isHidden = inside.size > DEEPEST || inside.has(value) || ArrayBuffer.isView(value);
  if (isHidden) return maskWhole(value, masking);
  inside.add(value);
  const copy = isWrittenAnew(value)
    ? mask(value.toJSON(), paths, masking)
    : maskMembers(value, paths, masking);
  inside.delete(value);
  return copy;
}

function maskMembers(value: object, paths: readonly Path[], masking: Masking): unknown {
  if (Array.isArray(value)) {
    return value.map((item, at) => maskMember(`${at}`, item, paths, masking));
  }
  const isNamed = isPairOf(value, masking.names);
  const members = Object.entries(value).map(([name, member]) => {
    const isMeant = isNamed && name === "value" && member !== undefined;
    return [name, isMeant ? maskWhole(member, masking) : maskMember(name, member, paths, masking)];
  });
  // Not by assignment: JSON may hold the name `__proto__`.
  return Object.fromEntries(members);
}

/** Whether it has one of the names itself, and a value beside it, as fields of forms and headers are kept. */
function isPairOf(
  { name, key }: { name?: unknown; key?: unknown },
  names: ReadonlySet<string>,
): boolean {
  return [name, key].some((each) => typeof each === "string" && names.has(each));
}

/** Whether JSON holds something else of it, as of a `Date`. */
function isWrittenAnew(value: object): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === "function";
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
    return maskWhole(member, masking);
  }
  const rest = further.map(([, ...more]) => more);
  return mask(member, rest, masking);
}

/** A text may hold an object, as a body that was kept as it came: what it has under a name is masked as well. */
function maskJson(text: string, paths: readonly Path[], masking: Masking): string {
  const names = [...masking.names, ...paths.map((path) => path.at(-1) ?? "")];
  const plain = plainly(text);
  if (!names.some((name) => name === "*" || plain.includes(name))) return text;
  const before = masking.masked.size;
  try {
    const value: unknown = JSON.parse(text);
    // A text that holds a text may hold an object further within.
    if (typeof value !== "object" && typeof value !== "string") return text;
    const copy = JSON.stringify(mask(value, paths, masking));
    return masking.masked.size === before && !copy.includes(MASK) ? text : copy;
  } catch {
    // It is no JSON, but may have been some before it was cut, or is written in another way.
    return names.some((name) => isGivenIn(plain, name)) ? maskWhole(text, masking) : text;
  }
}

function maskWhole(value: unknown, { masked }: Masking): string {
  // Not by calling itself: it may be of any depth.
  const seen = new Set<object>();
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== "object" || next === null) masked.add(String(next));
    else if (!seen.has(next)) {
      seen.add(next);
      for (const member of membersOf(next)) waiting.push(member);
    }
  }
  return MASK;
}

/** A name that is longer, and no word, may be what nobody is to know. */
const WORD = /^.{0,3}$|^[\p{L}_$][\p{L}\p{N}_$ -]*$/u;

/** What is in an object, whatever it is. */
function* membersOf(value: object): Generator<unknown, undefined> {
  if (ArrayBuffer.isView(value)) yield new TextDecoder().decode(value);
  // A list, a map, a set.
  else if (isIterable(value)) yield* value;
  else if (isWrittenAnew(value)) yield value.toJSON();
  else {
    yield* Object.values(value);
    yield* Object.keys(value).filter((name) => !WORD.test(name));
  }
}

function isIterable(value: object): value is Iterable<unknown> {
  return typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === "function";
}
