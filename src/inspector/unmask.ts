import { MASK } from "./mask.ts";

/**
 * Puts back what was masked into what a person made of it: where a value is as it was shown, it is as it was, and
 * what was not shown at all is there again. `undefined` where that cannot be told: what stands for a masked value
 * is in another place now, with what is around it or alone, or a list in which something was masked has another length.
 */
export function unmask(edited: unknown, shown: unknown, original: unknown): unknown {
  // As it was shown: what JSON leaves out was not.
  const seen: unknown = shown === undefined ? shown : JSON.parse(JSON.stringify(shown));
  const masks: Masks = { values: new Set(), holders: new Set() };
  gatherMasks(seen, original, masks);
  return putBack(edited, seen, original, masks);
}

interface Masks {
  /** What stands for another value. */
  readonly values: Set<unknown>;
  /** The objects and lists that are shown with such a value in them, as JSON. */
  readonly holders: Set<string>;
}

/** Takes in whatever is shown in the place of another value. */
function gatherMasks(shown: unknown, original: unknown, masks: Masks): void {
  if (isSame(shown, original)) return;
  const { values, holders } = masks;
  values.add(MASK);
  if (typeof shown === "object" && shown !== null) {
    holders.add(JSON.stringify(shown));
    for (const [name, member] of Object.entries(shown)) {
      gatherMasks(member, memberOf(original, name), masks);
    }
    return;
  }
  // What was added says nothing, unless it is a text.
  const stands = typeof shown === "string" || original !== undefined;
  if (shown !== undefined && stands) values.add(shown);
}

function putBack(edited: unknown, shown: unknown, original: unknown, masks: Masks): unknown {
  if (isSame(edited, shown)) return original;
  if (typeof edited !== "object" || edited === null) {
    return hasMask(edited, masks) ? undefined : edited;
  }
  // It was moved, or copied, with what is masked in it.
  if (masks.holders.has(JSON.stringify(edited))) return undefined;
  if (Array.isArray(edited)) return putBackList(edited, shown, original, masks);
  const kept = Object.entries(edited).filter(([name, member]) => {
    return !isAdded(name, shown, original) || !isSame(member, memberOf(shown, name));
  });
  const members = kept.map(([name, member]) => {
    return [name, putBack(member, memberOf(shown, name), memberOf(original, name), masks)] as const;
  });
  if (members.some(([, member]) => member === undefined)) return undefined;
  return Object.fromEntries([...lostOf(edited, shown, original), ...members]);
}

function putBackList(
  edited: readonly unknown[],
  shown: unknown,
  original: unknown,
  masks: Masks,
): unknown {
  if (!Array.isArray(shown) || shown.length !== edited.length || isOfOtherLength(shown, original)) {
    const isToBeTold = hasLost(shown, original) || hasMaskInside(edited, masks);
    return isToBeTold ? undefined : edited;
  }
  const items = edited.map((item, at) => {
    return putBack(item, shown[at], memberOf(original, `${at}`), masks);
  });
  return items.includes(undefined) ? undefined : items;
}

/** The members that were not shown. */
function lostOf(edited: object, shown: unknown, original: unknown): [string, unknown][] {
  if (!isRecord(shown) || !isRecord(original)) return [];
  return Object.entries(original).filter(([name, member]) => {
    return member !== undefined && !Object.hasOwn(shown, name) && !Object.hasOwn(edited, name);
  });
}

/** Whether something was shown that is not there. */
function isAdded(name: string, shown: unknown, original: unknown): boolean {
  return (
    isRecord(original) &&
    !Object.hasOwn(original, name) &&
    isRecord(shown) &&
    Object.hasOwn(shown, name)
  );
}

/** Whether something was left out of what is shown, at any depth. */
function hasLost(shown: unknown, original: unknown): boolean {
  if (typeof shown !== "object" || shown === null) return false;
  if (lostOf({}, shown, original).length > 0 || isOfOtherLength(shown, original)) return true;
  return Object.entries(shown).some(([name, member]) => hasLost(member, memberOf(original, name)));
}

function isOfOtherLength(shown: unknown, original: unknown): boolean {
  const [one, other] = [shown, original].map((each) => Array.isArray(each) && each.length);
  return one !== false && other !== false && one !== other;
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A text this short is part of too much else. */
const LEAST = 3;

function hasMask(value: unknown, { values }: Masks): boolean {
  if (values.has(value)) return true;
  if (typeof value !== "string") return false;
  return [...values].some((mask) => {
    return typeof mask === "string" && mask.length >= LEAST && value.includes(mask);
  });
}

function hasMaskInside(value: unknown, masks: Masks): boolean {
  if (typeof value !== "object" || value === null) return hasMask(value, masks);
  return Object.values(value).some((member) => hasMaskInside(member, masks));
}

function memberOf(value: unknown, name: string): unknown {
  const isThere = typeof value === "object" && value !== null && Object.hasOwn(value, name);
  return isThere ? (value as Record<string, unknown>)[name] : undefined;
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || (other !== undefined && JSON.stringify(one) === JSON.stringify(other));
}
