import { maskIn, maskSame } from "./mask-text.ts";

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
  if (inside.size > DEEPEST || inside.has(value)) return maskWhole(value, masking);
  inside.add(value);
  const copy = Array.isArray(value)
    ? value.map((item, at) => maskMember(`${at}`, item, paths, masking))
    : // Not by assignment: JSON may hold the name `__proto__`.
      Object.fromEntries(
        Object.entries(value).map(([name, member]) => {
          return [name, maskMember(name, member, paths, masking)];
        }),
      );
  inside.delete(value);
  return copy;
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
  if (!names.some((name) => name === "*" || text.includes(name))) return text;
  const before = masking.masked.size;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object") return text;
    const copy = JSON.stringify(mask(value, paths, masking));
    return masking.masked.size === before && !copy.includes(MASK) ? text : copy;
  } catch {
    // It is no JSON, but may have been some before it was cut, or is written in another way.
    return names.some((name) => isGivenIn(text, name)) ? maskWhole(text, masking) : text;
  }
}

/** Whether a text gives something under a name: `"name": …`, `name=…`, `<name>…`. */
function isGivenIn(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    const isWhole = !/[\p{L}\p{N}_]$/u.test(text.slice(Math.max(0, at - 2), at));
    const after = text.slice(at + name.length, at + name.length + 20);
    if (isWhole && /^["'\\]*\s*[=:>]/.test(after)) return true;
  }
  return false;
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
      for (const member of Object.values(next)) waiting.push(member);
    }
  }
  return MASK;
}
